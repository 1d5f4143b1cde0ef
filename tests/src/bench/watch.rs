//! A thousand who watch the end of the log over HTTP while events are stored by the clock: from the
//! acknowledgement of each event to its arrival at each of them. Every position has to come to
//! everybody, once and in order.

mod watcher;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use helmstream_schemas::{ActorKind, access::Role};
use helmstream_tests::web::Web;
use tokio::{sync::watch, task::JoinSet};

use self::watcher::Watcher;
use crate::{
    Scale,
    cores::Used,
    http::until_it_listens,
    report::{Goal, Line, Report, Unit},
    rounds::Times,
    serving::Serving,
    stand::Stand,
    visible::publisher::{Publisher, Way},
};

/// Events stored a second.
const RATE: u64 = 1_000;

/// How long whoever watches may take for the last event.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of every so many arrivals one counts for the times: a million a second are more than enough.
const ONE_IN: usize = 10;

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    let web = {
        let _deciding = Serving::start(&stand, &["door", "access", "http"])?;
        let directory = stand.plane.directory();
        Web::of_plane(directory, "bench", ActorKind::Service, Role::Viewer, &[]).await
    };
    let serving = Serving::start(&stand, &["http"])?;
    until_it_listens(&web).await?;
    let mut publisher = Publisher::new(&stand, Way::Log).await?;
    let readers = scale.of(1_000, 50);
    let (tell_last, last) = watch::channel(None);
    let mut watching = JoinSet::new();
    for _ in 0..readers {
        let watcher = Watcher::begin(&web).await?;
        watching.spawn(tokio::time::timeout(PATIENCE, watcher.until(last.clone())));
    }
    let duration = scale.of(Duration::from_secs(10), Duration::from_secs(2));
    let (used, begun) = (Used::with(&stand, Some(serving.process_id())), Instant::now());
    let sent = publisher.publish(RATE, duration).await?;
    let first = sent.iter().map(|sent| sent.sequence).min().context("nothing was published")?;
    let end = first + sent.len() as u64 - 1;
    tell_last.send_replace(Some(end));
    let mut acknowledged = vec![None; sent.len()];
    for sent in &sent {
        acknowledged[(sent.sequence - first) as usize] = Some(sent.acknowledged);
    }
    let (mut times, mut counted) = (Times::default(), 0);
    while let Some(watched) = watching.join_next().await {
        let arrivals = watched?.context("the events did not come in time")??;
        ensure!(arrivals.from <= first && arrivals.to == end, "events are missing");
        for (index, at) in acknowledged.iter().enumerate() {
            counted += 1;
            if counted % ONE_IN == 0 {
                let at = at.context("a position has no event")?;
                let seen = arrivals.seen(first + index as u64).context("an event did not come")?;
                times.add(seen.saturating_duration_since(at));
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    report.add(Line {
        bench: "watch",
        case: format!("{readers} watch {RATE} events a second"),
        unit: Unit::Milliseconds,
        figures: times.figures(),
        ratio: None,
        goals: vec![Goal::Under("p99", 50.0)],
        note: format!(
            "no gap in {counted} arrivals over {seconds:.0} s; the service held {} MB at most; {}",
            serving.memory_mb_max(),
            used.since()
        ),
    });
    Ok(())
}
