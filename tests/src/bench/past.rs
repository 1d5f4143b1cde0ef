//! A list of runs at a random moment of a long log: the nearest base restored and what came after
//! it read from the log and folded, nothing of it reused. Every run has its events all over the log,
//! so that no base is like the one before it. Beside it what of that time restoring the base takes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use helmstream_projections::{Projector, Run, past};
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        run::ListRequest,
    },
    local::{credentials::PAST, plane::Plane},
};
use helmstream_stream::{
    Connection,
    append::EVENTS,
    read::{extent, read},
};
use uuid::Uuid;

use crate::{
    Scale,
    fill::{Message, fill},
    report::{Goal, Line, Report, Unit},
    rounds::Times,
    sample::{self, Sample},
    stand::Stand,
};

/// Events of each run.
const EVENTS_EACH: usize = 100;

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let runs = scale.of(100_000, 2_000);
    let stand = Stand::start(report).await?;
    let connection = stand.connect("run").await?;
    build(&connection, runs).await?;
    fold(&stand, &connection).await?;
    let head = extent(&connection, EVENTS).await?.last;
    let manner = Manner {
        publisher: OPERATOR.into(),
        wait: Some(Duration::from_secs(60)),
        outcome_wait: Duration::from_secs(60),
    };
    let client = Direct::new(Plane::open(stand.plane.directory())?, manner)?;
    let (mut lists, mut restores) = (Times::default(), Times::default());
    let rounds: u64 = scale.of(31, 11);
    for round in 0..rounds {
        // All over the second half, where there are all runs, and at all distances from a base.
        let at = head / 2 + (head / 2) * (2 * round + 1) / (2 * rounds) + round * 7_919 % 1_000;
        let begun = Instant::now();
        let request = ListRequest { limit: 50, at: Some(at), ..ListRequest::default() };
        let listed = client.run_list(request).await?.answer.runs.len();
        lists.add(begun.elapsed());
        anyhow::ensure!(listed == 50, "{listed} runs are listed as of {at}");
        let begun = Instant::now();
        let database = stand.database(PAST)?;
        let building = past::begin::<Run>(&database, at, stand.epoch).await?;
        restores.add(begun.elapsed());
        past::give_up(&database, building).await?;
    }
    let note = format!(
        "{rounds} moments, {} events of {runs} runs, of it {:.0} ms to restore the base (p50)",
        runs * EVENTS_EACH,
        restores.share(0.5)
    );
    report.add(Line {
        bench: "past",
        case: "run list at a random moment".to_owned(),
        unit: Unit::Milliseconds,
        figures: lists.figures(),
        ratio: None,
        goals: vec![Goal::Under("p50", 1_000.0)],
        note,
    });
    Ok(())
}

/// The log: round after round, one event of every run.
async fn build(connection: &Connection, runs: usize) -> Result<()> {
    let begun = Instant::now();
    for (number, sample) in Sample::first(EVENTS_EACH as u64)?.iter().enumerate() {
        let events = (0..runs).map(|n| {
            Message::from(sample.event(&sample::run("long", n), (number * runs + n) as u128))
        });
        fill(connection, events).await?;
    }
    eprintln!("  {} events stored in {:.0} s", runs * EVENTS_EACH, begun.elapsed().as_secs_f64());
    Ok(())
}

/// The view of runs, as its service folds it.
async fn fold(stand: &Stand, connection: &Connection) -> Result<()> {
    let begun = Instant::now();
    let database = stand.database("run")?;
    let mut projector =
        Projector::<Run>::open(&database, EVENTS, Uuid::new_v4(), stand.epoch).await?;
    let head = extent(connection, EVENTS).await?.last;
    let mut reader = read(connection, EVENTS, 1).await?.only(&["evt.run.*"]);
    while projector.checkpoint().read_to_seq < head {
        let batch = reader.next().await?;
        let applied = projector.apply_to(&batch.records, batch.read_to).await?;
        anyhow::ensure!(applied.parked == 0, "{} were parked", applied.parked);
    }
    let owner = stand.owner().await?;
    // What a server that runs on does by itself.
    owner.batch_execute("ANALYZE; CHECKPOINT").await.context("cannot analyse")?;
    eprintln!("  folded in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}
