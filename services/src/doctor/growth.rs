//! How fast the plane grows by the log's own times, and when what holds it is full.

use std::time::Duration;

use helmstream_stream::{health::StreamStands, setup::KEPT_FOR_EVER};

use super::{
    Finding, Severity,
    facts::{Facts, Nats},
    lasting,
    limits::{
        DATABASE_EMPTY_BYTES, DISK_DAYS_MIN, DISK_DAYS_TOLD, DISK_FREE_PERCENT_MIN, GROWTH_WINDOW,
        GROWTH_WINDOW_MIN, STREAM_FULL_PERCENT_MAX,
    },
};
use crate::amounts::bytes;

const SECONDS_A_DAY: f64 = 86_400.0;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Ok(nats) = &facts.nats {
        all.extend(full_streams(nats));
    }
    let daily = growth(facts);
    all.extend(daily.as_ref().map(Daily::told));
    all.extend(disk(facts, daily.as_ref()));
    all
}

/// What is added in a day as things go.
struct Daily {
    log_bytes: f64,
    log_bytes_now: f64,
    database_bytes: f64,
    database_bytes_now: Option<f64>,
    window: Duration,
}

/// Measured over the last day, or since the log began. What the database grows by is not on the log:
/// it is taken to grow as the log does.
fn growth(facts: &Facts) -> Option<Daily> {
    let nats = facts.nats.as_ref().ok()?;
    // What is kept for ever grows for ever.
    let kept = || nats.streams.iter().filter(|stream| KEPT_FOR_EVER.contains(&&*stream.name));
    let began = kept().filter_map(|stream| stream.oldest_at).min();
    let window = began.and_then(|began| facts.now.since(began)).unwrap_or_default();
    let window = window.min(GROWTH_WINDOW);
    let days = window.max(GROWTH_WINDOW_MIN).as_secs_f64() / SECONDS_A_DAY;
    let lately = |name: &str| {
        nats.lately.iter().find(|(stream, _)| stream == name).map_or(0, |(_, messages)| *messages)
    };
    let each = |stream: &StreamStands| stream.bytes as f64 / stream.messages.max(1) as f64;
    let added: f64 = kept().map(|stream| each(stream) * lately(&stream.name) as f64).sum();
    let log_bytes = added / days;
    let log_bytes_now: f64 = kept().map(|stream| stream.bytes as f64).sum();
    let database_bytes_now = facts.postgres.as_ref().ok();
    let database_bytes_now = database_bytes_now.map(|found| found.server.database_bytes as f64);
    let folded = database_bytes_now.unwrap_or_default() - DATABASE_EMPTY_BYTES as f64;
    let grows = if log_bytes_now > 0.0 { log_bytes / log_bytes_now } else { 0.0 };
    let database_bytes = folded.max(0.0) * grows;
    Some(Daily { log_bytes, log_bytes_now, database_bytes, database_bytes_now, window })
}

impl Daily {
    fn told(&self) -> Finding {
        let held = match self.database_bytes_now {
            Some(database) => format!(
                "the log holds {}, the database {}",
                bytes(self.log_bytes_now),
                bytes(database)
            ),
            None => format!("the log holds {}", bytes(self.log_bytes_now)),
        };
        let grows = match self.is_long_enough() {
            true => format!(
                "by the last {} the log grows by {} a day, and the database with it by about {}",
                lasting(self.window),
                bytes(self.log_bytes),
                bytes(self.database_bytes)
            ),
            false => {
                format!("less than {} of it were measured", lasting(GROWTH_WINDOW_MIN))
            }
        };
        Finding::new("growth", Severity::Fine, format!("{held}; {grows}"))
            .figure("log_bytes", self.log_bytes_now as u64)
            .figure("log_bytes_a_day", self.is_long_enough().then_some(self.log_bytes as u64))
            .figure("database_bytes", self.database_bytes_now.map(|bytes| bytes as u64))
            .figure("window_seconds", self.window.as_secs())
    }

    fn is_long_enough(&self) -> bool {
        self.window >= GROWTH_WINDOW_MIN
    }
}

fn disk(facts: &Facts, daily: Option<&Daily>) -> Option<Finding> {
    let here = &facts.here;
    let disk = here.disk?;
    let (free, size) = (disk.free_bytes as f64, disk.size_bytes.max(1) as f64);
    let percent = free / size * 100.0;
    let room = format!("{} of {} are free ({percent:.0} %)", bytes(free), bytes(size));
    if !here.holds_nats && !here.holds_postgres {
        let what = format!(
            "{room} on the disk of the plane's directory; NATS and Postgres keep what they hold elsewhere, which was not looked at"
        );
        return Some(
            Finding::new("disk", Severity::Note, what).figure("free_bytes", disk.free_bytes),
        );
    }
    let days = daily.filter(|daily| daily.is_long_enough()).and_then(|daily| {
        let log = if here.holds_nats { daily.log_bytes } else { 0.0 };
        let database = if here.holds_postgres { daily.database_bytes } else { 0.0 };
        (log + database > 0.0).then(|| free / (log + database))
    });
    let severity = match days {
        Some(days) if days < DISK_DAYS_MIN => Severity::Wrong,
        _ if percent < DISK_FREE_PERCENT_MIN => Severity::Warning,
        Some(days) if days < DISK_DAYS_TOLD => Severity::Warning,
        _ => Severity::Fine,
    };
    let forecast = match days {
        Some(days) if days > 3_650.0 => "full in more than ten years as it grows".to_owned(),
        Some(days) => format!("full in {days:.1} days as it grows"),
        None => "no forecast: nothing to measure yet".to_owned(),
    };
    let told = Finding::new("disk", severity, format!("{room}; {forecast}"))
        .figure("free_bytes", disk.free_bytes)
        .figure("size_bytes", disk.size_bytes)
        .figure("full_in_days", days);
    Some(match severity {
        Severity::Fine | Severity::Note => told,
        _ => told.advised(
            "give the disk more room; drop editions that stand by",
            "alerts/disk-fills.md",
        ),
    })
}

/// Streams with a bound, and how near they are to it.
fn full_streams(nats: &Nats) -> impl Iterator<Item = Finding> {
    nats.streams.iter().filter_map(|stream| {
        let max = stream.bytes_max?;
        let percent = stream.bytes as f64 / max as f64 * 100.0;
        let what = format!(
            "{} holds {} of {} ({percent:.0} %)",
            stream.name,
            bytes(stream.bytes as f64),
            bytes(max as f64)
        );
        let is_full = percent > STREAM_FULL_PERCENT_MAX;
        let severity = if is_full { Severity::Wrong } else { Severity::Fine };
        let told = Finding::new("growth", severity, what)
            .figure("stream", stream.name.as_str())
            .figure("bytes", stream.bytes)
            .figure("bytes_max", max);
        Some(match is_full {
            true => told.advised(
                "publishers are refused when it is full: see why it is not emptied",
                "alerts/inbox-grows-old.md",
            ),
            false => told,
        })
    })
}
