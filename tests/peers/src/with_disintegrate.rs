//! The work with `disintegrate` and `disintegrate-postgres`: a decision on a state that is queried
//! from one table of all events, appended in a serialisable transaction; a listener that folds
//! every event into a row.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use async_trait::async_trait;
use disintegrate::{
    Decision, DecisionError, Event, EventListener, NoSnapshot, PersistedEvent, StateMutate,
    StateQuery, StreamQuery, query, serde::json::Json,
};
use disintegrate_postgres::{
    Error, PgEventId, PgEventListener, PgEventListenerConfig, PgEventStore, decision_maker,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::sync::oneshot;

use crate::workload::{Driven, Figures, Gap, Report, Tried, Workload};

/// Postgres' code for a transaction that could not be put in an order with the others.
const SERIALIZATION_FAILURE: &str = "40001";

/// The first Postgres that reads the hexadecimal number in the library's own SQL.
const HEXADECIMAL_SINCE: u32 = 160_000;

/// How often the listener looks when nobody wakes it. Everything is there when it first looks.
const POLL_EVERY: Duration = Duration::from_millis(10);

/// How long folding may take.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize)]
enum RunEvent {
    StepReported {
        #[id]
        run_id: String,
        report: Report,
    },
}

#[derive(Debug, Default, Clone, StateQuery, Serialize, Deserialize)]
#[state_query(RunEvent)]
struct Run {
    #[id]
    run_id: String,
    last: u64,
}

impl StateMutate for Run {
    fn mutate(&mut self, event: Self::Event) {
        let RunEvent::StepReported { report, .. } = event;
        self.last = report.event_id;
    }
}

struct ReportStep(Report);

impl Decision for ReportStep {
    type Event = RunEvent;
    type StateQuery = Run;
    type Error = Gap;

    fn state_query(&self) -> Run {
        Run { run_id: self.0.run_id.clone(), last: 0 }
    }

    fn process(&self, state: &Run) -> Result<Vec<RunEvent>, Gap> {
        self.0.follows(state.last)?;
        let (run_id, report) = (self.0.run_id.clone(), self.0.clone());
        Ok(vec![RunEvent::StepReported { run_id, report }])
    }
}

type Store = PgEventStore<RunEvent, Json<RunEvent>>;

pub(crate) async fn measure(workload: &Workload) -> Result<Figures> {
    let pool = workload.pool("peer_disintegrate").await?;
    sqlx::raw_sql(include_str!("disintegrate.sql"))
        .execute(&pool)
        .await
        .context("cannot make the schema")?;
    let (store, remark) = open(&pool).await?;
    let maker = decision_maker(store.clone(), NoSnapshot);
    let once = move |report: Report| {
        let maker = maker.clone();
        async move {
            match maker.make(ReportStep(report)).await {
                Ok(_) => Ok(Tried::Committed),
                Err(DecisionError::Domain(Gap { .. })) => Ok(Tried::Behind),
                Err(DecisionError::StateStore(error) | DecisionError::EventStore(error))
                    if is_conflict(error.downcast_ref()) =>
                {
                    Ok(Tried::Conflict)
                }
                Err(error) => Err(anyhow!("cannot decide: {error}")),
            }
        }
    };
    workload.warm(&pool, once.clone()).await?;
    let Driven { commands_a_second, conflicts, behind } = workload.drive("run", once).await?;
    let events_folded_a_second = match workload.fold {
        true => Some(fold(workload, &pool, store).await?),
        false => None,
    };
    Ok(Figures { commands_a_second, events_folded_a_second, conflicts, behind, remark })
}

/// The library makes its own tables. What it fails at on an older Postgres, the last of it, is made
/// for it, to the same effect.
async fn open(pool: &PgPool) -> Result<(Store, &'static str)> {
    let failed = match PgEventStore::try_new(pool.clone(), Json::default()).await {
        Ok(store) => return Ok((store, "")),
        Err(error) => error,
    };
    let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(pool).await?;
    ensure!(version.parse::<u32>()? < HEXADECIMAL_SINCE, "cannot make the tables: {failed}");
    sqlx::raw_sql(include_str!("disintegrate_before_16.sql"))
        .execute(pool)
        .await
        .context("cannot make what is missing")?;
    let store = PgEventStore::new_uninitialized(pool.clone(), Json::default());
    Ok((store, "its own tables need Postgres 16, one function was made for it"))
}

/// The library names a conflict that shows at the commit; one that shows before it is an error of
/// the database.
fn is_conflict(error: Option<&Error>) -> bool {
    match error {
        Some(Error::Concurrency) => true,
        Some(Error::Database(sqlx::Error::Database(error))) => {
            error.code().as_deref() == Some(SERIALIZATION_FAILURE)
        }
        _ => false,
    }
}

/// Folds into rows, and says when it has folded all.
struct Rows {
    query: StreamQuery<PgEventId, RunEvent>,
    pool: PgPool,
    folded: AtomicU64,
    wanted: u64,
    done: std::sync::Mutex<Option<oneshot::Sender<Instant>>>,
}

#[async_trait]
impl EventListener<PgEventId, RunEvent> for Rows {
    type Error = sqlx::Error;

    fn id(&self) -> &'static str {
        "run_view"
    }

    fn query(&self) -> &StreamQuery<PgEventId, RunEvent> {
        &self.query
    }

    async fn handle(&self, event: PersistedEvent<PgEventId, RunEvent>) -> Result<(), sqlx::Error> {
        let RunEvent::StepReported { run_id, report } = event.into_inner();
        sqlx::query(include_str!("disintegrate_upsert.sql"))
            .bind(run_id)
            .bind(report.phase)
            .bind(report.step)
            .bind(report.status)
            .execute(&self.pool)
            .await?;
        if self.folded.fetch_add(1, Ordering::Relaxed) + 1 == self.wanted {
            let done = self.done.lock().ok().and_then(|mut done| done.take());
            done.map(|done| done.send(Instant::now()));
        }
        Ok(())
    }
}

async fn fold(workload: &Workload, pool: &PgPool, store: Store) -> Result<f64> {
    let (done, is_done) = oneshot::channel();
    let wanted = workload.events_stored();
    let rows = Rows {
        query: query!(RunEvent),
        pool: pool.clone(),
        folded: AtomicU64::new(0),
        wanted,
        done: std::sync::Mutex::new(Some(done)),
    };
    let begun = Instant::now();
    let listener = PgEventListener::builder(store)
        .register_listener(rows, PgEventListenerConfig::poller(POLL_EVERY));
    let (stop, stopped) = oneshot::channel::<()>();
    let listening = tokio::spawn(listener.start_with_shutdown(async {
        let _ = stopped.await;
    }));
    let ended = tokio::time::timeout(PATIENCE, is_done).await;
    let ended = ended.context("not everything was folded in time")?;
    let ended = ended.context("the listener has stopped")?;
    let _ = stop.send(());
    listening.await.context("the listener panicked")??;
    let folded: i64 =
        sqlx::query_scalar(include_str!("disintegrate_folded.sql")).fetch_one(pool).await?;
    ensure!(folded as u64 == wanted, "{folded} events were folded");
    Ok(wanted as f64 / (ended - begun).as_secs_f64())
}
