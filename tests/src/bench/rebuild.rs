//! A view rebuilt while its service runs, from the order to the swap, against one bare reader that
//! reads the same log with the same client and does nothing with it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_nats::jetstream::consumer::{DeliverPolicy, pull::OrderedConfig};
use futures_util::StreamExt;
use helmstream_projections::edition::Edition;
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        projection::{SwapRequest, ViewRequest},
    },
    local::plane::Plane,
};
use helmstream_stream::{Connection, append::EVENTS, read::extent};

use crate::{
    Scale,
    cores::Used,
    fill::{Message, fill},
    report::{Goal, Line, Report, Unit},
    rounds::Duel,
    sample::{self, Sample},
    serving::Serving,
    stand::Stand,
};

/// Events of each run.
const EVENTS_EACH: u64 = 20;

/// Runs that are under way at a time.
const AT_A_TIME: usize = 50;

/// How often the edition that is being built is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    let runs = scale.of(50_000, 2_500);
    let connection = stand.connect("run").await?;
    build(&connection, runs).await?;
    let head = extent(&connection, EVENTS).await?.last;
    let serving = Serving::start(&stand, &["run"])?;
    let manner =
        Manner { publisher: OPERATOR.to_owned(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let client = Direct::new(Plane::open(stand.plane.directory())?, manner)?;
    level(&client, |edition| edition == "run_v1", head).await?;
    let reader = stand.connect("ledger").await?;
    let (mut duel, mut note) = (Duel::default(), String::new());
    for _ in 0..scale.of(5, 1) {
        let bare = read(&reader, head).await?;
        let used = Used::with(&stand, Some(serving.process_id()));
        let ours = rebuild(&client, head).await?;
        note = used.since().to_string();
        let rate = |time: Duration| head as f64 / time.as_secs_f64();
        duel.round(rate(ours), rate(bare));
    }
    report.add(Line {
        bench: "rebuild",
        case: format!("{head} events of {runs} runs, swap included"),
        unit: Unit::EventsASecond,
        figures: vec![("ours", duel.ours()), ("bare reader", duel.bare())],
        ratio: Some(duel.ratio()),
        goals: vec![Goal::Ratio(0.8)],
        note: format!("the service held {} MB at most; {note}", serving.memory_mb_max()),
    });
    Ok(())
}

/// The log: some runs at a time, one event of each in turn.
async fn build(connection: &Connection, runs: usize) -> Result<()> {
    let samples = Sample::first(EVENTS_EACH)?;
    let names: Vec<_> = (0..runs).map(|n| sample::run("built", n)).collect();
    let begun = Instant::now();
    let mut unique = 0;
    for group in names.chunks(AT_A_TIME) {
        let pairs = samples.iter().flat_map(|sample| group.iter().map(move |run| (sample, run)));
        let events = pairs.map(|(sample, run)| {
            unique += 1;
            Message::from(sample.event(run, unique))
        });
        fill(connection, events).await?;
    }
    eprintln!("  {unique} events stored in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

async fn read(connection: &Connection, head: u64) -> Result<Duration> {
    let stream = connection.jetstream.get_stream_no_info(EVENTS).await?;
    let begun = Instant::now();
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: 1 },
        ..Default::default()
    };
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    let (mut count, mut bytes) = (0, 0);
    while count < head {
        let message = messages.next().await.context("the reader ended")??;
        bytes += message.payload.len();
        count += 1;
    }
    ensure!(bytes > 0, "nothing was read");
    Ok(begun.elapsed())
}

async fn rebuild(client: &Direct, head: u64) -> Result<Duration> {
    let begun = Instant::now();
    let request = ViewRequest { view: "run".to_owned() };
    let Edition { edition, .. } = client.projection_make(request).await?;
    level(client, |name| name == edition, head).await?;
    let swap = SwapRequest { view: "run".to_owned(), edition: Some(edition) };
    client.projection_swap(swap).await?;
    Ok(begun.elapsed())
}

/// Waits until an edition has read to the end.
async fn level(client: &Direct, is_it: impl Fn(&str) -> bool, head: u64) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let standings = client.projection_list().await?.answer.projections;
        if standings.iter().any(|at| is_it(&at.line.edition) && at.line.read_to_seq >= head) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    anyhow::bail!("the view did not become level within {PATIENCE:?}")
}
