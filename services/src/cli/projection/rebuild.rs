//! A view folded anew: watched until it is level, then put in the place of the one that serves.

use std::time::Instant;

use anyhow::Result;
use helmstream_projections::edition::Edition;
use serde_json::json;

use super::super::{
    bar::Bar,
    ending::Ending,
    output::{Format, Screen, json as to_json},
    when,
};
use crate::client::{
    Client,
    limits::{REBUILD_LOOK_EVERY, SWAP_LAG_MAX},
    projection::{SwapRequest, Swapped, ViewRequest},
};

pub(super) async fn rebuild(client: &impl Client, screen: &Screen, view: String) -> Result<Ending> {
    let edition = client.projection_make(ViewRequest { view: view.clone() }).await?;
    tracing::info!("building {}; its service folds it", edition.edition);
    watch(client, screen, &edition).await?;
    let request = SwapRequest { view, edition: Some(edition.edition) };
    tell(screen, &client.projection_swap(request).await?)
}

/// Says which edition serves now.
pub(super) fn tell(screen: &Screen, swapped: &Swapped) -> Result<Ending> {
    if screen.format != Format::Table {
        screen.data(swapped, "")?;
        return Ok(Ending::Done);
    }
    let Swapped { serving, standby } = swapped;
    screen.print(&format!(
        "{} serves; {} stands by: helmstream projection swap-back {}\n",
        serving.edition, standby.edition, serving.projection
    ))?;
    Ok(Ending::Done)
}

/// How far an edition has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Come {
    read: u64,
    head: u64,
}

/// Waits until an edition is nearly level, and shows how far it is.
async fn watch(client: &impl Client, screen: &Screen, edition: &Edition) -> Result<()> {
    let bar = Bar::new(Some(1));
    let mut begun: Option<(Instant, u64)> = None;
    loop {
        let (come, is_whole) = come(client, edition).await?;
        let (since, from) = *begun.get_or_insert((Instant::now(), come.read));
        let seconds_left =
            estimate(come, come.read - from.min(come.read), since.elapsed().as_secs_f64());
        bar.towards(come.read, come.head);
        let left = seconds_left.map(|seconds| {
            format!(", {} left", when::span(std::time::Duration::from_secs(seconds)))
        });
        bar.advance(
            come.read,
            format!(
                "{} {} of {}{}",
                edition.edition,
                come.read,
                come.head,
                left.unwrap_or_default()
            ),
        );
        if screen.format == Format::Json || screen.format == Format::Ndjson {
            let building = json!({"building": {
                "edition": edition.edition, "read": come.read, "head": come.head,
                "seconds_left": seconds_left,
            }});
            screen.print(&(to_json(&building, false)? + "\n"))?;
        }
        if is_whole && come.head - come.read.min(come.head) <= SWAP_LAG_MAX {
            bar.clear();
            return Ok(());
        }
        tokio::time::sleep(REBUILD_LOOK_EVERY).await;
    }
}

/// How far an edition is, over all its streams, and whether it has begun on all of them.
async fn come(client: &impl Client, edition: &Edition) -> Result<(Come, bool)> {
    let standings = client.projection_list().await?.answer.projections;
    let of_view = standings.iter().filter(|at| at.line.projection == edition.projection);
    let (mut come, mut streams, mut begun) =
        (Come::default(), std::collections::BTreeSet::new(), 0);
    for at in of_view {
        if streams.insert(at.line.stream.clone()) {
            come.head += at.head_seq;
        }
        if at.line.edition == edition.edition {
            come.read += at.line.read_to_seq;
            begun += 1;
        }
    }
    Ok((come, begun == streams.len()))
}

/// Seconds until an edition is level, from what was read so far; nothing is known at first.
fn estimate(come: Come, read: u64, seconds: f64) -> Option<u64> {
    let left = come.head.checked_sub(come.read)?;
    (read > 0 && seconds > 0.0).then(|| (left as f64 * seconds / read as f64).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_estimated_from_what_was_read() {
        let come = Come { read: 300, head: 1_000 };
        assert_eq!(estimate(come, 100, 2.0), Some(14));
        assert_eq!(estimate(come, 0, 2.0), None);
        assert_eq!(estimate(Come { read: 1_000, head: 1_000 }, 100, 2.0), Some(0));
        assert_eq!(estimate(Come { read: 2, head: 1 }, 1, 1.0), None);
    }
}
