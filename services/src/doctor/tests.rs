//! Facts in, findings out: tables of what is thought of what.

use std::time::Duration;

use helmstream_projections::{
    edition::EditionState,
    questions::{
        doctor::{Armed, Server, Undecided},
        projection::ProjectionLine,
    },
    setup::Unfit,
    views::VIEWS,
};
use helmstream_schemas::Timestamp;
use helmstream_stream::health::{DurableStands, StreamStands};

use super::{
    Finding, Severity, examine,
    facts::{Clock, Deadlines, Disk, Facts, Here, Nats, Postgres, Sync, Treated, Unread},
    worst,
};

const GIB: u64 = 1 << 30;
const SOON: Duration = Duration::from_secs(5);

fn now() -> Timestamp {
    Timestamp::parse("2026-05-06T07:08:09Z").unwrap()
}

fn ago(duration: Duration) -> Timestamp {
    now().minus(duration)
}

fn stream(name: &str) -> StreamStands {
    StreamStands {
        name: name.into(),
        messages: 100,
        bytes: 100_000,
        first: 1,
        last: 100,
        oldest_at: Some(ago(if name == "INBOX" { SOON } else { Duration::from_hours(20) })),
        bytes_max: (name == "INBOX").then_some(GIB),
        replicas: 3,
        behind: vec![],
    }
}

fn line(projection: &str, edition: &str, stream: &str) -> ProjectionLine {
    ProjectionLine {
        edition: edition.into(),
        state: EditionState::Serving,
        projection: projection.into(),
        version: 1,
        stream: stream.into(),
        applied_seq: 100,
        read_to_seq: 100,
        parked: 0,
        owner: Default::default(),
        epoch: Default::default(),
    }
}

/// A plane on which nothing is the matter.
fn well() -> Facts {
    let clock = Clock { ahead_nanos: 2_000_000, give_or_take: Duration::from_millis(1) };
    let positions = VIEWS.iter().flat_map(|view| {
        view.streams.iter().map(|stream| line(view.name, &view.schema(1), stream))
    });
    let server = Server {
        version: "15.6".into(),
        version_number: 150_006,
        fsync: "on".into(),
        full_page_writes: "on".into(),
        synchronous_commit: "on".into(),
        now: now(),
        database_bytes: 400_000,
    };
    Facts {
        now: now(),
        accepts_power_loss: false,
        nats: Ok(Nats {
            version: "2.14.1".into(),
            clock: Some(clock),
            streams: ["EVENTS", "COMMANDS", "JOURNAL", "INBOX"].map(stream).to_vec(),
            lately: ["EVENTS", "COMMANDS"].map(|name| (name.to_owned(), 10)).to_vec(),
            durables: vec![DurableStands {
                pending: 0,
                unacknowledged: 0,
                oldest_at: None,
                ..durable(Duration::ZERO, 0)
            }],
            files: vec![],
            unread: vec![],
            users: vec![],
        }),
        postgres: Ok(Postgres {
            server,
            clock,
            unfit: vec![],
            positions: positions.collect(),
            parked_subjects: vec![],
            undecided: Undecided::default(),
        }),
        here: Here {
            disk: Some(Disk { size_bytes: 100 * GIB, free_bytes: 50 * GIB }),
            holds_nats: true,
            holds_postgres: true,
            sync: Sync::Always,
            nats_url: "nats://127.0.0.1:4222".into(),
            postgres_tls: false,
            postgres_host: "127.0.0.1".into(),
            accounts: Some(vec![]),
            ..Here::default()
        },
        deadlines: Some(Ok(Deadlines::default())),
    }
}

fn nats(facts: &mut Facts) -> &mut Nats {
    facts.nats.as_mut().unwrap()
}

fn postgres(facts: &mut Facts) -> &mut Postgres {
    facts.postgres.as_mut().unwrap()
}

fn deadlines(facts: &mut Facts) -> &mut Deadlines {
    facts.deadlines.as_mut().unwrap().as_mut().unwrap()
}

fn durable(age: Duration, redelivered: u64) -> DurableStands {
    DurableStands {
        stream: "COMMANDS".into(),
        name: "run-0".into(),
        pending: 3,
        unacknowledged: 1,
        redelivered,
        oldest_at: Some(ago(age)),
    }
}

fn armed() -> Vec<Armed> {
    let (context, id_token) = ("run".to_owned(), "acme/a".to_owned());
    vec![Armed { context, id_token, purpose: "stalled".into(), due_at: now() }]
}

/// The worst of a check.
fn of(findings: Vec<Finding>, check: &str) -> Finding {
    let found = findings.into_iter().filter(|finding| finding.check == check);
    found.max_by_key(|finding| finding.severity).unwrap_or_else(|| panic!("nothing of {check}"))
}

#[test]
fn a_plane_that_is_well_has_only_fine_findings() {
    let findings = examine(&well());
    let bad: Vec<_> = findings.iter().filter(|one| one.severity > Severity::Fine).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(worst(&findings), Severity::Fine);
}

#[test]
fn each_thing_that_breaks_is_found_by_its_check_with_its_severity_and_says_so() {
    use Severity::{Fine, Note, Warning, Wrong};
    type Break = fn(&mut Facts);
    let table: [(&str, Severity, &str, Break); 39] = [
        ("nats", Wrong, "away", |f| f.nats = Err("it is away".into())),
        ("nats", Wrong, "it does not speak TLS", |f| {
            f.nats = Err("NATS at tls://a:4222 is not trusted: it does not speak TLS".into());
        }),
        ("postgres", Wrong, "away", |f| f.postgres = Err("it is away".into())),
        ("nats", Wrong, "2.12.9 is too old", |f| nats(f).version = "2.12.9".into()),
        ("postgres", Wrong, "too old", |f| postgres(f).server.version_number = 140_011),
        ("schema", Wrong, "run_v1", |f| {
            postgres(f).unfit = vec![Unfit { schema: "run_v1".into(), is_absent: true }];
        }),
        ("durability", Warning, "not the loss of its disk", |f| nats(f).streams[0].replicas = 1),
        ("durability", Warning, "not the power of all", |f| f.here.sync = Sync::Every("2m".into())),
        ("durability", Note, "not known", |f| f.here.sync = Sync::Unknown),
        ("durability", Wrong, "n2", |f| nats(f).streams[0].behind = vec!["n2".into()]),
        ("durability", Warning, "fsync off", |f| postgres(f).server.fsync = "off".into()),
        ("durability", Note, "fsync off", |f| {
            f.accepts_power_loss = true;
            postgres(f).server.fsync = "off".into();
        }),
        ("clock", Warning, "NATS is 5 s ahead", |f| {
            nats(f).clock.as_mut().unwrap().ahead_nanos = 5_000_000_000;
        }),
        ("clock", Wrong, "Postgres is 60 s behind", |f| {
            postgres(f).clock.ahead_nanos = -60_000_000_000;
        }),
        ("clock", Fine, "give or take", |f| {
            let give_or_take = Duration::from_secs(9);
            nats(f).clock = Some(Clock { ahead_nanos: 9_500_000_000, give_or_take });
        }),
        ("disk", Warning, "5 %", |f| f.here.disk.as_mut().unwrap().free_bytes = 5 * GIB),
        ("disk", Wrong, "full in", |f| f.here.disk.as_mut().unwrap().free_bytes = 60_000),
        ("disk", Fine, "no forecast", young),
        ("disk", Note, "elsewhere", |f| {
            (f.here.holds_nats, f.here.holds_postgres) = (false, false);
        }),
        ("growth", Wrong, "INBOX holds", |f| nats(f).streams[3].bytes = GIB - 1),
        ("lag", Warning, "7 records of EVENTS", |f| behind(f, Duration::from_mins(3))),
        ("lag", Wrong, "run_v1 has 7 records", |f| behind(f, Duration::from_mins(30))),
        ("lag", Fine, "", |f| behind(f, Duration::from_secs(1))),
        ("lag", Wrong, "stands at 107 of", |f| postgres(f).positions[0].read_to_seq = 107),
        ("durable", Warning, "oldest since 5 min", |f| {
            nats(f).durables.push(durable(Duration::from_mins(5), 0));
        }),
        ("durable", Note, "2 delivered again", |f| {
            nats(f).durables.push(durable(Duration::from_secs(1), 2));
        }),
        ("inbox", Wrong, "since 10 min", |f| {
            nats(f).streams[3].oldest_at = Some(ago(Duration::from_mins(10)));
        }),
        ("deadlines", Wrong, "run.acme/a.stalled", |f| {
            deadlines(f).missing = armed();
        }),
        ("deadlines", Warning, "still armed", |f| deadlines(f).overdue = armed()),
        ("deadlines", Warning, "not compared: too slow", |f| {
            f.deadlines = Some(Err("too slow".into()));
        }),
        ("dead_letters", Warning, "4 dead letters", |f| postgres(f).undecided.letters = 4),
        ("parked", Warning, "evt.run.a", |f| {
            postgres(f).positions[0].parked = 2;
            postgres(f).parked_subjects = vec!["evt.run.a".into()];
        }),
        ("editions", Note, "run_v1_2 (standby)", |f| {
            let state = EditionState::Standby;
            let left = ProjectionLine { state, ..line("run", "run_v1_2", "EVENTS") };
            postgres(f).positions.push(left);
        }),
        ("permissions", Wrong, "user run may", |f| {
            f.here.accounts = Some(vec!["user run may do everything".into()]);
        }),
        ("users", Wrong, "may more than their file says: run", |f| {
            nats(f).users = vec![("run".into(), Treated::Wide), ("door".into(), Treated::Confined)];
        }),
        ("secrets", Wrong, "people.key (644)", |f| {
            f.here.open_secrets = vec![("secrets/people.key".into(), 0o644)];
        }),
        ("binds", Warning, "NATS at nats://10.0.0.7:4222 without TLS", |f| {
            f.here.nats_url = "nats://10.0.0.7:4222".into();
        }),
        ("binds", Warning, "Postgres at 10.0.0.8 without TLS", |f| {
            f.here.postgres_host = "10.0.0.8".into();
        }),
        ("binds", Note, "NATS at tls://10.0.0.7:4222; Postgres at 10.0.0.8", |f| {
            f.here.nats_url = "tls://10.0.0.7:4222".into();
            (f.here.postgres_host, f.here.postgres_tls) = ("10.0.0.8".into(), true);
        }),
    ];
    for (check, severity, part, break_it) in table {
        let mut facts = well();
        break_it(&mut facts);
        let found = of(examine(&facts), check);
        assert_eq!(found.severity, severity, "{check}: {found:#?}");
        if severity > Severity::Fine {
            assert!(found.what.contains(part), "{check}: {part}: {}", found.what);
        }
        if severity > Severity::Note {
            assert!(found.what_to_do.is_some() && found.runbook.is_some(), "{found:#?}");
        }
    }
}

fn behind(facts: &mut Facts, since: Duration) {
    let run = postgres(facts).positions.iter_mut().find(|line| line.edition == "run_v1").unwrap();
    run.read_to_seq = 93;
    let (edition, stream) = ("run_v1".to_owned(), "EVENTS".to_owned());
    nats(facts).unread.push(Unread { edition, stream, since: ago(since) });
}

#[test]
fn growth_is_of_the_last_day_or_since_the_log_began_and_an_empty_database_does_not_grow() {
    let told = |change: fn(&mut Facts)| {
        let mut facts = well();
        change(&mut facts);
        let findings = examine(&facts).into_iter();
        let found = findings.filter(|one| one.figures.contains_key("log_bytes"));
        found.map(|one| one.figures).next().expect("growth")
    };
    // Twice ten messages of a thousand bytes in twenty hours.
    let figures = told(|_| {});
    assert_eq!(figures["log_bytes_a_day"], 24_000);
    assert_eq!(figures["window_seconds"], 20 * 3_600);
    // The log is old, and its last day began with silence.
    let figures = told(|f| nats(f).streams[0].oldest_at = Some(ago(Duration::from_hours(900))));
    assert_eq!(figures["log_bytes_a_day"], 20_000);
    // As much again was folded as the log holds: it is full twice as soon.
    let days = |bytes: u64| {
        let mut facts = well();
        postgres(&mut facts).server.database_bytes = bytes;
        facts.here.disk = Some(Disk { size_bytes: 2_400_000, free_bytes: 2_400_000 });
        of(examine(&facts), "disk").figures["full_in_days"].as_f64().expect("a forecast")
    };
    assert_eq!(days(10 << 20).round(), 100.0);
    assert_eq!(days((10 << 20) + 300_000).round(), 50.0);
    assert_eq!(told(young)["log_bytes_a_day"], serde_json::Value::Null);
}

/// The log began a moment ago.
fn young(facts: &mut Facts) {
    nats(facts).streams.iter_mut().for_each(|stream| stream.oldest_at = Some(ago(SOON)));
}

#[test]
fn a_view_that_was_never_begun_is_behind_by_everything() {
    let mut facts = well();
    postgres(&mut facts).positions.retain(|line| line.projection != "run");
    let findings = examine(&facts);
    let told = findings.iter().find(|one| one.figures.get("edition") == Some(&"run_v1".into()));
    assert_eq!(told.expect("it is told").figures["lag"], 100);
}

#[test]
fn what_was_not_looked_at_is_not_judged() {
    let mut facts = well();
    facts.postgres = Err("away".into());
    facts.deadlines = None;
    let findings = examine(&facts);
    for check in ["lag", "dead_letters", "parked", "editions", "schema", "deadlines"] {
        assert!(findings.iter().all(|one| one.check != check), "{check}");
    }
    for check in ["nats", "setup", "durable", "inbox", "secrets"] {
        assert!(findings.iter().any(|one| one.check == check), "{check}");
    }
}

#[test]
fn every_page_that_a_finding_names_is_there() {
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbooks");
    let text = [
        include_str!("servers.rs"),
        include_str!("growth.rs"),
        include_str!("work.rs"),
        include_str!("guard.rs"),
    ]
    .concat();
    let named: Vec<&str> = text.split('"').filter(|part| part.ends_with(".md")).collect();
    assert!(named.len() > 20, "{named:?}");
    for page in named {
        assert!(pages.join(page).is_file(), "{page}");
    }
}
