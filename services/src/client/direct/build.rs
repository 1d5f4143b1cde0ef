//! Builds views as they were, each in a task of its own that tells how far it is. Whoever asks for
//! the same at the same time in this process waits for the same task.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use helmstream_projections::{
    Access, Alias, Approval, Database, DeadLetter, Deadline, Deployment, Projection, Run,
    past::{self, Building, Past},
};
use helmstream_stream::{
    Connection, StreamError,
    append::EVENTS,
    read::{Batch, read},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use uuid::Uuid;

use super::{super::failure::Failure, patience::Patience};
use crate::{
    limits::{BUILD_BATCH_RECORDS, BUILD_BATCHES_AHEAD},
    patience::Interrupted,
};

/// Where one is built.
#[derive(Clone)]
pub(super) struct World {
    pub(super) log: Connection,
    /// As the role `past`.
    pub(super) database: Database,
    pub(super) epoch: Uuid,
    pub(super) wait: Option<Duration>,
}

/// How far one is.
#[derive(Debug, Clone)]
pub(super) enum Told {
    Building { from: u64, read_to: u64 },
    Ready(Past),
    Failed(Failure),
}

/// What is being built, by view and position.
#[derive(Default)]
pub(super) struct Builds(Mutex<HashMap<(String, u64), watch::Receiver<Told>>>);

impl Builds {
    /// Joins a build, or begins it.
    pub(super) fn join(&self, world: &World, view: &str, at: u64) -> watch::Receiver<Told> {
        let mut builds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        builds.retain(|_, told| {
            matches!(*told.borrow(), Told::Building { .. }) && told.has_changed().is_ok()
        });
        let begin = || {
            let (tell, told) = watch::channel(Told::Building { from: 0, read_to: 0 });
            let (world, view) = (world.clone(), view.to_owned());
            tokio::spawn(async move {
                let built = build(&world, &view, at, &tell).await;
                tell.send_replace(built.map_or_else(Told::Failed, Told::Ready));
            });
            told
        };
        builds.entry((view.to_owned(), at)).or_insert_with(begin).clone()
    }
}

/// The view as it was, if it is there.
pub(super) async fn find(world: &World, view: &str, at: u64) -> Result<Option<Past>, Failure> {
    let World { database, epoch, wait, .. } = world;
    let patience = Patience::new(*wait);
    match view {
        "access" => patience.with("Postgres", || past::find::<Access>(database, at, *epoch)).await,
        "alias" => patience.with("Postgres", || past::find::<Alias>(database, at, *epoch)).await,
        "approval" => {
            patience.with("Postgres", || past::find::<Approval>(database, at, *epoch)).await
        }
        "dead_letter" => {
            patience.with("Postgres", || past::find::<DeadLetter>(database, at, *epoch)).await
        }
        "deadline" => {
            patience.with("Postgres", || past::find::<Deadline>(database, at, *epoch)).await
        }
        "deployment" => {
            patience.with("Postgres", || past::find::<Deployment>(database, at, *epoch)).await
        }
        "run" => patience.with("Postgres", || past::find::<Run>(database, at, *epoch)).await,
        other => Err(no_view(other)),
    }
}

async fn build(
    world: &World,
    view: &str,
    at: u64,
    tell: &watch::Sender<Told>,
) -> Result<Past, Failure> {
    match view {
        "access" => patiently::<Access>(world, at, tell).await,
        "alias" => patiently::<Alias>(world, at, tell).await,
        "approval" => patiently::<Approval>(world, at, tell).await,
        "dead_letter" => patiently::<DeadLetter>(world, at, tell).await,
        "deadline" => patiently::<Deadline>(world, at, tell).await,
        "deployment" => patiently::<Deployment>(world, at, tell).await,
        "run" => patiently::<Run>(world, at, tell).await,
        other => Err(no_view(other)),
    }
}

fn no_view(name: &str) -> Failure {
    let hint = "views are access, alias, approval, dead_letter, deadline, deployment, run";
    Failure::not_found(format!("no view `{name}` can be had as it was"), hint)
}

async fn patiently<P: Projection>(
    world: &World,
    at: u64,
    tell: &watch::Sender<Told>,
) -> Result<Past, Failure> {
    Patience::new(world.wait)
        .with("NATS or Postgres", || async {
            if let Some(past) = past::find::<P>(&world.database, at, world.epoch).await? {
                return Ok(past);
            }
            let from = past::needed_from::<P>(&world.database, at, world.epoch).await?;
            let reading = Reading::begin::<P>(world, from, at);
            let mut building = past::begin::<P>(&world.database, at, world.epoch).await?;
            match read_on(world, at, &mut building, reading, tell).await {
                Ok(()) => Ok(past::finish(&world.database, building).await?),
                Err(error) => {
                    // What it leaves otherwise is dropped later, by whoever builds then.
                    let _ = past::give_up(&world.database, building).await;
                    Err(error)
                }
            }
        })
        .await
}

/// Hands on every record from the base up to the position, and none behind it.
async fn read_on<P: Projection>(
    world: &World,
    at: u64,
    building: &mut Building<P>,
    mut reading: Reading,
    tell: &watch::Sender<Told>,
) -> Result<(), Interrupted> {
    let projector = &mut building.projector;
    let from = projector.next_seq();
    tell.send_replace(Told::Building { from, read_to: from - 1 });
    if reading.from != from {
        reading = Reading::begin::<P>(world, from, at);
    }
    let (mut records, mut read_to) = (Vec::new(), from - 1);
    while read_to < at {
        let batch = reading.next().await?;
        read_to = batch.read_to;
        records.extend(batch.records);
        if read_to == at || records.len() >= BUILD_BATCH_RECORDS {
            projector.apply_to(&records, read_to).await?;
            records.clear();
        }
        tell.send_replace(Told::Building { from, read_to });
    }
    Ok(())
}

/// Reads ahead of whoever applies what was read, and already while a base is restored.
struct Reading {
    from: u64,
    batches: mpsc::Receiver<Result<Batch, StreamError>>,
    _reads: Ends,
}

impl Reading {
    fn begin<P: Projection>(world: &World, from: u64, at: u64) -> Self {
        let (send, batches) = mpsc::channel(BUILD_BATCHES_AHEAD);
        let log = world.log.clone();
        let reads = tokio::spawn(async move {
            let mut reader = match read(&log, EVENTS, from).await {
                Ok(reader) => reader.only(P::READS.subjects()),
                Err(error) => return drop(send.send(Err(error)).await),
            };
            let mut read_to = from - 1;
            while read_to < at {
                let batch = reader.next().await.map(|batch| up_to(at, batch));
                read_to = batch.as_ref().map_or(at, |batch| batch.read_to);
                if send.send(batch).await.is_err() {
                    return;
                }
            }
        });
        Self { from, batches, _reads: Ends(reads) }
    }

    async fn next(&mut self) -> Result<Batch, StreamError> {
        let ended =
            || StreamError::Cut { stream: EVENTS.into(), detail: "the reader ended".into() };
        self.batches.recv().await.unwrap_or_else(|| Err(ended()))
    }
}

/// Without what lies behind the position.
fn up_to(at: u64, mut batch: Batch) -> Batch {
    batch.records.retain(|record| record.sequence <= at);
    batch.read_to = batch.read_to.min(at);
    batch
}

/// A task that nobody waits for any more is of no use.
struct Ends(JoinHandle<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl From<Interrupted> for Failure {
    fn from(error: Interrupted) -> Self {
        match error {
            Interrupted::Log(error) => error.into(),
            Interrupted::View(error) => error.into(),
        }
    }
}
