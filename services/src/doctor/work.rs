//! The work: what waits and for how long, what was not armed, what could not be read or applied.

use std::{collections::BTreeMap, time::Duration};

use helmstream_projections::{edition::EditionState, questions::doctor::Armed, views::VIEWS};
use helmstream_schemas::Timestamp;

use super::{
    Finding, Severity,
    facts::{Deadlines, Facts, Nats, Postgres},
    lasting,
    limits::{DOCTOR_DEADLINES_MAX, LAG_AGE_MAX, LAG_AGE_TOLD},
    named,
};
use crate::{
    amounts::{counted, counted_as},
    limits::{DEADLINE_OVERDUE_AFTER, INBOX_AGE_MAX},
};

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    let nats = facts.nats.as_ref().ok();
    // What lies in schemas of another version is not known.
    let postgres = facts.postgres.as_ref().ok().filter(|postgres| postgres.unfit.is_empty());
    if let (Some(nats), Some(postgres)) = (nats, postgres) {
        all.extend(views(facts.now, nats, postgres));
    }
    if let Some(nats) = nats {
        all.extend(durables(facts.now, nats));
        all.extend(inbox(facts.now, nats));
    }
    all.extend(facts.deadlines.iter().flat_map(|found| match found {
        Ok(found) => deadlines(found),
        Err(reason) => vec![not_compared(reason)],
    }));
    if let Some(postgres) = postgres {
        all.extend([dead_letters(facts.now, postgres), parked(postgres), editions(postgres)]);
    }
    all
}

fn of_age(age: Option<Duration>) -> Severity {
    match age {
        Some(age) if age > LAG_AGE_MAX => Severity::Wrong,
        Some(age) if age > LAG_AGE_TOLD => Severity::Warning,
        _ => Severity::Fine,
    }
}

/// Each edition beside the end of its streams; a view without any position was never begun.
fn views(now: Timestamp, nats: &Nats, postgres: &Postgres) -> Vec<Finding> {
    let head = |stream: &str| {
        nats.streams.iter().find(|found| found.name == stream).map_or(0, |found| found.last)
    };
    let mut level = 0_u64;
    let mut behind = Vec::new();
    let mut say = |edition: &str, stream: &str, read_to: u64| {
        let end = head(stream);
        if read_to > end {
            behind.push(beyond(edition, stream, read_to, end));
            return;
        }
        let lag = end - read_to;
        if lag == 0 {
            level += 1;
            return;
        }
        let unread = nats.unread.iter().find(|one| one.edition == edition && one.stream == stream);
        let age = unread.and_then(|unread| now.since(unread.since));
        let waits =
            age.map_or_else(String::new, |age| format!(", the next since {}", lasting(age)));
        let what =
            format!("{edition} has {} of {stream} still to read{waits}", counted(lag, "record"));
        let severity = of_age(age);
        let told = Finding::new("lag", severity, what)
            .figure("edition", edition)
            .figure("stream", stream)
            .figure("lag", lag)
            .figure("oldest_age_seconds", age.map(|age| age.as_secs()));
        behind.push(match severity {
            Severity::Fine => told,
            _ => told.advised(
                "see whether the service that folds it runs and is well",
                "alerts/view-lags.md",
            ),
        });
    };
    for line in &postgres.positions {
        say(&line.edition, &line.stream, line.read_to_seq);
    }
    for view in VIEWS {
        for stream in view.streams {
            let begun = |line: &&_| is_of(line, view.name, stream);
            if postgres.positions.iter().find(begun).is_none() {
                say(&view.schema(1), stream, 0);
            }
        }
    }
    let level_told = (level > 0).then(|| {
        let what =
            format!("{} of views stand at the end of their streams", counted(level, "position"));
        Finding::new("lag", Severity::Fine, what).figure("level", level)
    });
    level_told.into_iter().chain(behind).collect()
}

/// The views were looked at before the log: one that has read further was folded from a longer log, or from
/// another one.
fn beyond(edition: &str, stream: &str, read_to: u64, end: u64) -> Finding {
    let what = format!(
        "{edition} stands at {read_to} of {stream}, which ends at {end}: it does not fit the log"
    );
    Finding::new("lag", Severity::Wrong, what)
        .figure("edition", edition)
        .figure("stream", stream)
        .figure("read_to", read_to)
        .figure("end", end)
        .advised(
            "`helmstream verify` names the first difference; put the log back or rebuild the view, and drop an edition that only stands by",
            "HS-0011.md",
        )
}

fn is_of(
    line: &helmstream_projections::questions::projection::ProjectionLine,
    view: &str,
    stream: &str,
) -> bool {
    line.projection == view && line.stream == stream
}

fn durables(now: Timestamp, nats: &Nats) -> Vec<Finding> {
    let mut idle = 0_u64;
    let mut busy = Vec::new();
    for durable in &nats.durables {
        let waiting = durable.pending + durable.unacknowledged;
        if waiting == 0 {
            idle += 1;
            continue;
        }
        // What lies in INBOX has a finding of its own.
        let age = durable.oldest_at.and_then(|at| now.since(at));
        let waits =
            age.map_or_else(String::new, |age| format!(", the oldest since {}", lasting(age)));
        let again = match durable.redelivered {
            0 => String::new(),
            again => format!(", {again} delivered again"),
        };
        let what = format!(
            "{} of {} has {} waiting and {} not acknowledged{again}{waits}",
            durable.name,
            durable.stream,
            counted(durable.pending, "message"),
            durable.unacknowledged
        );
        let severity = of_age(age).max(match durable.redelivered {
            0 => Severity::Fine,
            _ => Severity::Note,
        });
        let told = Finding::new("durable", severity, what)
            .figure("durable", durable.name.as_str())
            .figure("stream", durable.stream.as_str())
            .figure("pending", durable.pending)
            .figure("ack_pending", durable.unacknowledged)
            .figure("redelivered", durable.redelivered)
            .figure("oldest_age_seconds", age.map(|age| age.as_secs()));
        busy.push(match severity {
            Severity::Fine => told,
            _ => told.advised(
                "see whether the service of that durable runs, and what it logs",
                "alerts/durable-lags.md",
            ),
        });
    }
    let told = (idle > 0).then(|| {
        let what = format!("{} have nothing to do", counted(idle, "durable"));
        Finding::new("durable", Severity::Fine, what).figure("idle", idle)
    });
    told.into_iter().chain(busy).collect()
}

fn inbox(now: Timestamp, nats: &Nats) -> Option<Finding> {
    let inbox = nats.streams.iter().find(|stream| stream.name == "INBOX")?;
    let age = inbox.oldest_at.and_then(|at| now.since(at));
    let is_old = age.is_some_and(|age| age > INBOX_AGE_MAX);
    let what = match age {
        None => "INBOX is empty".to_owned(),
        Some(age) => format!(
            "{} in INBOX, the oldest since {}",
            counted_as(inbox.messages, "publish", "publishes"),
            lasting(age)
        ),
    };
    let severity = if is_old { Severity::Wrong } else { Severity::Fine };
    let told = Finding::new("inbox", severity, what)
        .figure("messages", inbox.messages)
        .figure("oldest_age_seconds", age.map(|age| age.as_secs()));
    Some(match is_old {
        true => told.advised(
            "see whether the service `door` runs; publishers wait meanwhile, and nothing is lost",
            "alerts/inbox-grows-old.md",
        ),
        false => told,
    })
}

fn not_compared(reason: &str) -> Finding {
    let what = format!("deadlines and schedules were not compared: {reason}");
    Finding::new("deadlines", Severity::Warning, what)
        .advised("ask again; the reason says who did not answer", "alerts/deadlines.md")
}

fn deadlines(found: &Deadlines) -> Vec<Finding> {
    let cut = if found.is_cut {
        format!(" (the first {DOCTOR_DEADLINES_MAX} were compared)")
    } else {
        String::new()
    };
    let what = format!(
        "{} armed by the view, {} at the server{cut}",
        counted(found.armed, "deadline"),
        counted(found.scheduled, "schedule")
    );
    let told = Finding::new("deadlines", Severity::Fine, what)
        .figure("armed", found.armed)
        .figure("scheduled", found.scheduled);
    let list = |armed: &[Armed]| {
        let names: Vec<String> = armed.iter().map(subject).collect();
        named(&names)
    };
    let missing = (!found.missing.is_empty()).then(|| {
        let count = counted(found.missing.len() as u64, "deadline");
        let what = format!("{count} armed and not scheduled: {}", list(&found.missing));
        Finding::new("deadlines", Severity::Wrong, what).figure("missing", found.missing.len()).advised(
            "their services arm them anew every five minutes and when they start; see whether these run, and who takes from DEADLINES",
            "alerts/deadlines.md",
        )
    });
    let overdue = (!found.overdue.is_empty()).then(|| {
        let count = counted(found.overdue.len() as u64, "deadline");
        let what = format!(
            "{count} more than {} past and still armed: {}",
            lasting(DEADLINE_OVERDUE_AFTER),
            list(&found.overdue)
        );
        Finding::new("deadlines", Severity::Warning, what)
            .figure("overdue", found.overdue.len())
            .advised(
                "see whether the services of their contexts run, and the view of deadlines is level",
                "alerts/deadlines.md",
            )
    });
    [Some(told), missing, overdue].into_iter().flatten().collect()
}

/// As subjects have it, without the stream's own token.
fn subject(armed: &Armed) -> String {
    format!("{}.{}.{}", armed.context, armed.id_token, armed.purpose)
}

fn dead_letters(now: Timestamp, postgres: &Postgres) -> Finding {
    let found = postgres.undecided;
    if found.letters == 0 {
        return Finding::new("dead_letters", Severity::Fine, "no dead letter waits for a decision")
            .figure("undecided", 0);
    }
    let age = found.oldest_at.and_then(|at| now.since(at)).unwrap_or_default();
    let what = format!(
        "{} without a decision, {} of them of the last day; the oldest since {}",
        counted(found.letters, "dead letter"),
        found.young,
        lasting(age)
    );
    Finding::new("dead_letters", Severity::Warning, what)
        .figure("undecided", found.letters)
        .figure("young", found.young)
        .figure("oldest_age_seconds", age.as_secs())
        .advised(
            "`helmstream deadletter list`, then retry or discard each; they are kept 90 days",
            "alerts/dead-letters-come.md",
        )
}

fn parked(postgres: &Postgres) -> Finding {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in &postgres.positions {
        *counts.entry(&line.edition).or_default() += line.parked;
    }
    let parked: u64 = counts.values().sum();
    if parked == 0 {
        return Finding::new("parked", Severity::Fine, "no view has parked anything")
            .figure("records", 0);
    }
    let editions: Vec<&str> =
        counts.iter().filter(|(_, count)| **count > 0).map(|(edition, _)| *edition).collect();
    let what = format!(
        "{} parked by {}; subjects: {}",
        counted(parked, "record"),
        named(&editions),
        named(&postgres.parked_subjects)
    );
    Finding::new("parked", Severity::Warning, what)
        .figure("records", parked)
        .figure("editions", editions.clone())
        .figure("subjects", postgres.parked_subjects.clone())
        .advised(
            "`helmstream projection park list` tells why; redrive them",
            "alerts/view-parks.md",
        )
}

fn editions(postgres: &Postgres) -> Finding {
    let mut left: Vec<String> = postgres
        .positions
        .iter()
        .filter(|line| line.state != EditionState::Serving)
        .map(|line| format!("{} ({})", line.edition, line.state.word()))
        .collect();
    left.dedup();
    if left.is_empty() {
        return Finding::new("editions", Severity::Fine, "no edition is left over")
            .figure("left_over", 0);
    }
    let what = format!(
        "{} beside those that serve: {}",
        counted(left.len() as u64, "edition"),
        named(&left)
    );
    Finding::new("editions", Severity::Note, what).figure("left_over", left.len()).advised(
        "each is folded and kept beside the one that serves; drop what nobody will swap back: `helmstream projection drop VIEW`",
        "doctor/editions.md",
    )
}
