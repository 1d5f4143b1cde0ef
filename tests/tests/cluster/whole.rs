//! Whether the plane is whole: who leads, who follows, what waits.

use std::{fs, path::Path, time::Duration};

use helmstream_stream::{Connection, health};
use serde_json::Value;
use tokio::time::Instant;

/// How long the next fault waits for followers to have everything again.
const CAUGHT_UP: Duration = Duration::from_secs(60);

/// Lines of each log that are told when something stands still.
const LINES_TOLD: usize = 15;

const PAUSE: Duration = Duration::from_millis(100);

/// Which node leads a stream, if one does.
pub(crate) async fn leader(operator: &Connection, stream: &str) -> Option<usize> {
    let subject = format!("$JS.API.STREAM.INFO.{stream}");
    let answer = operator.client.request(subject, "".into()).await.ok()?;
    let info: Value = serde_json::from_slice(&answer.payload).ok()?;
    info["cluster"]["leader"].as_str()?.rsplit('-').next()?.parse().ok()
}

/// Waits until every stream has all its copies again, so that the loss of one node is the loss of one;
/// not for ever, because on a busy machine that takes long. Whether they are there.
pub(crate) async fn followers(operator: &Connection) -> bool {
    let deadline = Instant::now() + CAUGHT_UP;
    loop {
        let streams = health::streams(operator).await;
        let is_whole = streams.as_ref().is_ok_and(|streams| {
            streams.len() == 9 && streams.iter().all(|one| one.behind.is_empty())
        });
        if is_whole || Instant::now() > deadline {
            if !is_whole && let Ok(streams) = streams {
                let behind = streams.iter().filter(|one| !one.behind.is_empty());
                let behind: Vec<String> =
                    behind.map(|one| format!("{} {:?}", one.name, one.behind)).collect();
                println!("      still catching up: {}", behind.join(", "));
            }
            return is_whole;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How everything stands, for whoever has to find out why it stands still.
pub(crate) async fn tell(operator: &Connection, plane: &Path) {
    println!("streams: {:#?}", health::streams(operator).await);
    let durables = health::durables(operator).await.unwrap_or_default();
    for one in durables.iter().filter(|one| one.pending + one.unacknowledged > 0) {
        println!("{one:?}");
    }
    for entry in fs::read_dir(plane.join("log")).into_iter().flatten().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("[INF]")).collect();
        println!("{}:", entry.path().display());
        lines[lines.len().saturating_sub(LINES_TOLD)..]
            .iter()
            .for_each(|line| println!("  {line}"));
    }
}
