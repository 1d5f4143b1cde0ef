//! The servers: whether they answer, how old they are, whether they are set up, what survives what,
//! and what time they have.

use helmstream_stream::{limits::SERVER_VERSION_MIN, setup::is_new_enough};

use super::{
    Finding, Severity,
    facts::{Clock, Facts, Nats, Postgres, Sync},
    lasting,
    limits::{CLOCK_APART_MAX, CLOCK_APART_TOLD, POSTGRES_VERSION_NUMBER_MIN},
    named,
};
use crate::{amounts::counted_as, limits::REPLICAS_MIN};

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    match &facts.nats {
        Ok(nats) => all.extend([reached("nats", &nats.version), nats_set_up(nats)]),
        Err(reason) => all.push(away("nats", "NATS", reason)),
    }
    match &facts.postgres {
        Ok(postgres) => all.extend([postgres_version(postgres), schemas(postgres)]),
        Err(reason) => all.push(away("postgres", "Postgres", reason)),
    }
    if let Ok(nats) = &facts.nats {
        all.extend(nats_durability(facts, nats));
        all.extend(nats.clock.map(|found| clock("NATS", found)));
    }
    if let Ok(postgres) = &facts.postgres {
        all.push(postgres_durability(facts, postgres));
        all.push(clock("Postgres", postgres.clock));
    }
    all
}

fn reached(check: &'static str, version: &str) -> Finding {
    // A server that is too old does not let setup through, and says so there.
    let told = if is_new_enough(version) {
        Finding::new(check, Severity::Fine, format!("nats-server {version} answers"))
    } else {
        let (major, minor) = SERVER_VERSION_MIN;
        let what = format!("nats-server {version} is too old: {major}.{minor} or newer is needed");
        Finding::new(check, Severity::Wrong, what)
            .advised("install a newer nats-server and restart it", "HS-0010.md")
    };
    told.figure("version", version)
}

fn postgres_version(postgres: &Postgres) -> Finding {
    let server = &postgres.server;
    let told = if server.version_number >= POSTGRES_VERSION_NUMBER_MIN {
        Finding::new("postgres", Severity::Fine, format!("PostgreSQL {} answers", server.version))
    } else {
        let what = format!("PostgreSQL {} is too old: 15 or newer is needed", server.version);
        Finding::new("postgres", Severity::Wrong, what)
            .advised("upgrade it; the views can be folded anew from the log", "HS-0010.md")
    };
    told.figure("version", server.version.as_str())
}

fn away(check: &'static str, name: &str, reason: &str) -> Finding {
    let told = Finding::new(check, Severity::Wrong, format!("{name} was not looked at: {reason}"))
        .figure("reason", reason);
    if reason.contains("is not trusted") {
        return told.advised("the page says for each reason what mends it", "HS-0015.md");
    }
    let advice = format!(
        "is {name} away, start it or mend the way to it; else see to what the reason names; then ask again"
    );
    told.advised(advice, "HS-0003.md")
}

fn nats_set_up(nats: &Nats) -> Finding {
    let absent: Vec<&str> =
        nats.files.iter().filter(|found| found.is_absent).map(|found| &*found.item).collect();
    let differing: Vec<&str> = nats
        .files
        .iter()
        .filter(|found| !found.differences.is_empty())
        .map(|found| &*found.item)
        .collect();
    let told = match (absent.is_empty(), differing.is_empty()) {
        (true, true) => {
            let all = nats.files.len() as u64;
            let count = counted_as(all, "stream or consumer", "streams and consumers");
            Finding::new("setup", Severity::Fine, format!("{count} are as their files say"))
        }
        _ => {
            let mut parts = Vec::new();
            if !absent.is_empty() {
                parts.push(format!("absent: {}", named(&absent)));
            }
            if !differing.is_empty() {
                parts.push(format!("not as their files say: {}", named(&differing)));
            }
            Finding::new("setup", Severity::Wrong, format!("on NATS, {}", parts.join("; ")))
                .advised("`helmstream setup --check` tells each difference", "HS-0010.md")
        }
    };
    told.figure("absent", absent.len()).figure("differing", differing.len())
}

fn schemas(postgres: &Postgres) -> Finding {
    let names: Vec<&str> = postgres.unfit.iter().map(|unfit| &*unfit.schema).collect();
    let told = if names.is_empty() {
        Finding::new("schema", Severity::Fine, "the schemas are those of this version")
    } else {
        let what = format!("schemas that are absent or of another version: {}", named(&names));
        Finding::new("schema", Severity::Wrong, what)
            .advised("`helmstream setup --check` tells each difference", "HS-0010.md")
    };
    told.figure("unfit", names.len())
}

/// What power takes with it, said of what was found.
fn nats_durability(facts: &Facts, nats: &Nats) -> Vec<Finding> {
    let Some(events) = nats.streams.iter().find(|stream| stream.name == "EVENTS") else {
        return Vec::new();
    };
    let synced = match &facts.here.sync {
        Sync::Always => "each message is on the disk before it is acknowledged".to_owned(),
        Sync::Every(interval) => format!("the disk is written through to every {interval}"),
        Sync::Unknown => {
            "when the disk is written through to is not known: NATS tells it to nobody of the plane"
                .to_owned()
        }
    };
    let copies = counted_as(events.replicas, "copy", "copies");
    let (severity, outlives) = match (events.replicas >= REPLICAS_MIN, &facts.here.sync) {
        (true, Sync::Always) => (Severity::Fine, "outlives any one machine, and power"),
        (true, Sync::Unknown) => (Severity::Note, "outlives any one machine"),
        (true, Sync::Every(_)) => {
            (Severity::Warning, "outlives any one machine, and not the power of all")
        }
        (false, Sync::Always) => {
            (Severity::Warning, "outlives power, and not the loss of its disk")
        }
        (false, _) => (Severity::Warning, "outlives any process, and not the power of its machine"),
    };
    let severity = if facts.accepts_power_loss { severity.min(Severity::Note) } else { severity };
    let sync = match &facts.here.sync {
        Sync::Always => "always",
        Sync::Every(interval) => interval,
        Sync::Unknown => "unknown",
    };
    let what = format!("an acknowledged event {outlives}: {copies} of EVENTS, and {synced}");
    let mut told = Finding::new("durability", severity, what)
        .figure("replicas", events.replicas)
        .figure("sync_interval", sync);
    if severity >= Severity::Note {
        told = told.advised(
            format!(
                "{REPLICAS_MIN} servers in different places with sync_interval: always; or accept it with --accept-power-loss"
            ),
            "doctor/durability.md",
        );
    }
    let behind = nats.streams.iter().filter(|stream| !stream.behind.is_empty()).map(|stream| {
        let what =
            format!("copies of {} that lag or are offline: {}", stream.name, named(&stream.behind));
        Finding::new("durability", Severity::Wrong, what)
            .figure("stream", stream.name.as_str())
            .figure("behind", stream.behind.len())
            .advised("bring these servers back before another one is lost", "doctor/durability.md")
    });
    std::iter::once(told).chain(behind).collect()
}

fn postgres_durability(facts: &Facts, postgres: &Postgres) -> Finding {
    let server = &postgres.server;
    let is_on = |setting: &str| setting == "on";
    let settings = format!(
        "fsync {}, full_page_writes {}, synchronous_commit {}",
        server.fsync, server.full_page_writes, server.synchronous_commit
    );
    let told = if !is_on(&server.fsync) || !is_on(&server.full_page_writes) {
        let severity = if facts.accepts_power_loss { Severity::Note } else { Severity::Warning };
        let what = format!(
            "a loss of power may break the database; the views are folded anew from the log, personal values are not ({settings})"
        );
        Finding::new("durability", severity, what).advised(
            "set fsync and full_page_writes to on; or accept it with --accept-power-loss",
            "doctor/durability.md",
        )
    } else {
        // What a projector commits is on the log as well; what is lost of it is folded again.
        let what = format!("what is committed to Postgres outlives power ({settings})");
        let severity =
            if server.synchronous_commit == "off" { Severity::Note } else { Severity::Fine };
        Finding::new("durability", severity, what)
    };
    told.figure("fsync", server.fsync.as_str())
        .figure("full_page_writes", server.full_page_writes.as_str())
        .figure("synchronous_commit", server.synchronous_commit.as_str())
}

fn clock(name: &str, found: Clock) -> Finding {
    let apart = std::time::Duration::from_nanos(found.ahead_nanos.unsigned_abs());
    // What the way may have taken is nobody's fault.
    let surely = apart.saturating_sub(found.give_or_take);
    let direction = if found.ahead_nanos >= 0 { "ahead of" } else { "behind" };
    let what = format!(
        "the clock of {name} is {} {direction} this machine's, give or take {}",
        lasting(apart),
        lasting(found.give_or_take)
    );
    let severity = match surely {
        surely if surely > CLOCK_APART_MAX => Severity::Wrong,
        surely if surely > CLOCK_APART_TOLD => Severity::Warning,
        _ => Severity::Fine,
    };
    let told = Finding::new("clock", severity, what)
        .figure("server", name)
        .figure("ahead_ms", found.ahead_nanos / 1_000_000)
        .figure("give_or_take_ms", found.give_or_take.as_millis() as u64);
    match severity {
        Severity::Fine | Severity::Note => told,
        _ => told.advised("have all machines follow one time (NTP)", "doctor/clock.md"),
    }
}
