//! The work with `cqrs-es` and `postgres-es`: an aggregate, its events in one table, loaded anew for
//! every command; a view that is replayed from all events.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context, Result, anyhow, ensure};
use cqrs_es::{
    Aggregate, AggregateError, DomainEvent, EventEnvelope, View,
    event_sink::EventSink,
    persist::{GenericQuery, PersistenceError, QueryErrorHandler, QueryReplay},
};
use postgres_es::{PostgresEventRepository, PostgresViewRepository, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::workload::{Driven, Figures, Gap, Report, Tried, Workload};

#[derive(Debug, Default, Serialize, Deserialize)]
struct Run {
    last: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum RunEvent {
    StepReported(Report),
}

impl DomainEvent for RunEvent {
    fn event_type(&self) -> String {
        "StepReported".into()
    }

    fn event_version(&self) -> String {
        "1.0".into()
    }
}

impl Aggregate for Run {
    const TYPE: &'static str = "run";
    type Command = Report;
    type Event = RunEvent;
    type Error = Gap;
    type Services = ();

    async fn handle(
        &mut self,
        command: Report,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Gap> {
        command.follows(self.last)?;
        sink.write(RunEvent::StepReported(command), self).await;
        Ok(())
    }

    fn apply(&mut self, RunEvent::StepReported(report): RunEvent) {
        self.last = report.event_id;
    }
}

/// The row of a run.
#[derive(Debug, Default, Serialize, Deserialize)]
struct RunView {
    reports: u64,
    phase: String,
    step: String,
    status: String,
}

impl View<Run> for RunView {
    fn update(&mut self, event: &EventEnvelope<Run>) {
        let RunEvent::StepReported(report) = &event.payload;
        self.reports += 1;
        self.phase.clone_from(&report.phase);
        self.step.clone_from(&report.step);
        self.status.clone_from(&report.status);
    }
}

pub(crate) async fn measure(workload: &Workload) -> Result<Figures> {
    let pool = workload.pool("peer_cqrs_es").await?;
    sqlx::raw_sql(include_str!("cqrs_es.sql"))
        .execute(&pool)
        .await
        .context("cannot make the tables")?;
    let cqrs = Arc::new(postgres_cqrs::<Run>(pool.clone(), vec![], ()));
    let once = move |report: Report| {
        let cqrs = cqrs.clone();
        async move {
            let run = report.run_id.clone();
            match cqrs.execute(&run, report).await {
                Ok(()) => Ok(Tried::Committed),
                Err(AggregateError::AggregateConflict) => Ok(Tried::Conflict),
                Err(AggregateError::UserError(Gap { .. })) => Ok(Tried::Behind),
                Err(error) => Err(anyhow!("cannot execute: {error}")),
            }
        }
    };
    workload.warm(&pool, once.clone()).await?;
    let Driven { commands_a_second, conflicts, behind } = workload.drive("run", once).await?;
    let events_folded_a_second = match workload.fold {
        true => Some(fold(workload, &pool).await?),
        false => None,
    };
    Ok(Figures { commands_a_second, events_folded_a_second, conflicts, behind, remark: "" })
}

/// Replays every event into the view, one after the other, which is how the library does it.
async fn fold(workload: &Workload, pool: &PgPool) -> Result<f64> {
    let failed = Arc::new(Mutex::new(None));
    let handler = || -> Box<QueryErrorHandler> {
        let failed = failed.clone();
        Box::new(move |error: PersistenceError| {
            failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.to_string());
        })
    };
    let views = PostgresViewRepository::<RunView, Run>::new("run_view", pool.clone());
    let mut query = GenericQuery::new(Arc::new(views));
    query.use_error_handler(handler());
    let mut replay = QueryReplay::new(PostgresEventRepository::new(pool.clone()), query);
    replay.use_error_handler(handler());
    let begun = Instant::now();
    replay.replay_all().await.map_err(|error| anyhow!("cannot replay: {error}"))?;
    let rate = workload.events_stored() as f64 / begun.elapsed().as_secs_f64();
    let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    ensure!(failed.is_none(), "cannot replay: {failed:?}");
    let folded: i64 =
        sqlx::query_scalar(include_str!("cqrs_es_folded.sql")).fetch_one(pool).await?;
    ensure!(folded as u64 == workload.events_stored(), "{folded} events were folded");
    Ok(rate)
}
