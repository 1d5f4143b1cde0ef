//! What has to be true of a plane whatever happened to it: every event is what its command's
//! decision comes to in the state before it, no publish and no command has two outcomes, and every
//! row is what a fold from scratch gives.

use std::collections::{BTreeMap, HashMap, VecDeque};

use helmstream_core::{
    Aggregate, Decider, Decision, NewEvent, access::Access, approval::Approval,
    dead_letter::DeadLetter, deployment::Deployment, external::External, run::Run,
};
use helmstream_projections::{
    self as views, Connect, Database, Projection, Projector,
    setup::{Login, Role},
};
use helmstream_schemas::{Context, Hash, Record, Subject, attributes as ce};
use helmstream_services::local::{
    credentials::OWNER,
    plane::{Plane, PostgresLogin},
};
use helmstream_stream::{
    Connection, connect, founding,
    read::{extent, read},
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{harness::TestPlane, patience::eventually, sql};

/// How many differing rows a failure shows.
const SHOWN: usize = 3;

/// Everything on a stream, handed on in order. As the user `ledger`, who may read.
async fn each(ledger: &Connection, stream: &str, mut take: impl AsyncFnMut(Vec<Record>)) {
    let head = extent(ledger, stream).await.expect("the log answers").last;
    let mut at = 0;
    if head == 0 {
        return;
    }
    while at < head {
        // A reader's consumer lies on one server, and may go with it: then another one reads on.
        let mut reader =
            eventually("a reader", async || read(ledger, stream, at + 1).await.ok()).await;
        while at < head
            && let Ok(batch) = reader.next().await
        {
            at = batch.read_to;
            take(batch.records).await;
        }
    }
}

/// Decides every command again, in the order of what came of it. Panics unless every event of the
/// log is exactly what that comes to.
pub async fn decisions(plane: &TestPlane) {
    decisions_of(&plane.plane).await;
}

/// The same of a plane that another process holds.
pub async fn decisions_of(plane: &Plane) {
    let ledger = ledger_of(plane).await;
    let mut commands: HashMap<Hash, Record> = HashMap::new();
    each(&ledger, "COMMANDS", async |records| {
        commands.extend(records.into_iter().map(|record| (Hash::of_record(&record), record)));
    })
    .await;
    let (mut runs, mut sources) = (Replay::<Run>::default(), Replay::<External>::default());
    let (mut approvals, mut units) =
        (Replay::<Approval>::default(), Replay::<Deployment>::default());
    let mut holders = Replay::<Access>::default();
    let mut letters = Replay::<DeadLetter>::default();
    each(&ledger, "EVENTS", async |records| {
        for record in &records {
            let Ok(Subject::Event { context, .. }) = record.subject.parse() else {
                panic!("EVENTS {}: a foreign subject", record.sequence)
            };
            match context {
                Context::Run => runs.follow(record, &commands),
                Context::Access => holders.follow(record, &commands),
                Context::Approval => approvals.follow(record, &commands),
                Context::DeadLetter => letters.follow(record, &commands),
                Context::Deployment => units.follow(record, &commands),
                Context::External => sources.follow(record, &commands),
                Context::Alias | Context::Plane => {}
            }
        }
    })
    .await;
    runs.end();
    approvals.end();
    letters.end();
    holders.end();
    units.end();
    sources.end();
}

/// Aggregates folded so far, and what has to come next of each.
struct Replay<D: Decider> {
    aggregates: HashMap<String, (Aggregate<D>, VecDeque<NewEvent>)>,
}

impl<D: Decider> Default for Replay<D> {
    fn default() -> Self {
        Self { aggregates: HashMap::new() }
    }
}

impl<D: Decider> Replay<D> {
    fn follow(&mut self, record: &Record, commands: &HashMap<Hash, Record>) {
        let at = format!("EVENTS {} on {}", record.sequence, record.subject);
        let Ok(Subject::Event { id, .. }) = record.subject.parse() else {
            panic!("{at}: a foreign subject")
        };
        let (aggregate, coming) = self.aggregates.entry(record.subject.clone()).or_default();
        if coming.is_empty() {
            let cause = record
                .attributes
                .hash(ce::CAUSATIONHASH)
                .unwrap_or_else(|error| panic!("{at}: {error}"));
            let command =
                commands.get(&cause).unwrap_or_else(|| panic!("{at}: no command has hash {cause}"));
            match aggregate.decide(&id, command).unwrap_or_else(|error| panic!("{at}: {error}")) {
                Decision::Append(events) => coming.extend(events),
                other => panic!("{at}: its command comes to {other:?}"),
            }
        }
        let wanted = coming.pop_front().expect("a decision to append is not empty");
        assert_eq!(record.attributes, wanted.attributes, "{at}");
        assert_eq!(record.payload, wanted.payload, "{at}");
        aggregate.apply(record).unwrap_or_else(|error| panic!("{at}: {error}"));
    }

    fn end(self) {
        for (subject, (_, coming)) in self.aggregates {
            assert!(coming.is_empty(), "{subject} ends in the middle of a decision");
        }
    }
}

/// Looks for two outcomes of one publish or command, and for an event that is there twice. How
/// often something was told again in the same words, which is no second outcome.
pub async fn outcomes(plane: &TestPlane) -> u64 {
    outcomes_of(&plane.plane).await
}

/// The same of a plane that another process holds.
pub async fn outcomes_of(plane: &Plane) -> u64 {
    let owner = login(plane, OWNER);
    let client = sql::connect(&owner, &owner.database).await;
    for (what, sql) in [
        (
            "publishes with two outcomes",
            "SELECT inbox_seq, string_agg(what, ', ') FROM (\
                SELECT inbox_seq, 'command ' || id AS what FROM ledger.record WHERE stream = 'COMMANDS' AND inbox_seq IS NOT NULL \
                UNION SELECT inbox_seq, kind FROM ledger.record WHERE stream = 'JOURNAL' \
                    AND kind IN ('helmstream.journal.duplicate_of.v1', 'helmstream.journal.dead_letter.v1', 'helmstream.journal.lost.v1')\
             ) AS became GROUP BY inbox_seq HAVING count(*) > 1 LIMIT 5",
        ),
        (
            "commands that changed nothing and something",
            "SELECT causation_id FROM ledger.record WHERE stream = 'JOURNAL' AND causation_id IS NOT NULL \
             INTERSECT SELECT causation_id FROM ledger.record WHERE stream = 'EVENTS' AND context <> 'alias' LIMIT 5",
        ),
        (
            "events that are there twice",
            "SELECT id, count(*) FROM ledger.record WHERE stream = 'EVENTS' GROUP BY id HAVING count(*) > 1 LIMIT 5",
        ),
        (
            "commands decided on two aggregates",
            "SELECT causation_id FROM ledger.record WHERE stream = 'EVENTS' AND context <> 'alias' \
             AND causation_id IS NOT NULL GROUP BY causation_id HAVING count(DISTINCT subject) > 1 LIMIT 5",
        ),
    ] {
        let found = sql::rows(&client, sql).await;
        assert!(found.is_empty(), "{what}: {found:?}");
    }
    let again = "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM ledger.record \
                 WHERE stream = 'JOURNAL' AND inbox_seq IS NOT NULL GROUP BY inbox_seq, kind) AS told";
    let rows = sql::rows(&client, again).await;
    rows[0][0].as_deref().and_then(|text| text.parse().ok()).expect("a number")
}

/// Folds every view from the first record on, in a database of its own, and compares row by row.
pub async fn rows(plane: &TestPlane) {
    rows_of(&plane.plane).await;
}

/// The same of a plane that another process holds.
pub async fn rows_of(plane: &Plane) {
    let owner = login(plane, OWNER);
    let ledger = ledger_of(plane).await;
    let epoch =
        founding::epoch(&ledger).await.expect("the log answers").expect("the plane was founded");
    let scratch = format!("test_scratch_{}", Uuid::new_v4().simple());
    let client = sql::connect(&owner, &owner.database).await;
    sql::rows(&client, &format!("CREATE DATABASE {scratch}")).await;
    let database = database(&owner, &scratch);
    let logins: Vec<Login> = Role::ALL
        .into_iter()
        .map(|role| Login {
            role,
            name: role.name().into(),
            password: login(plane, role.name()).password,
        })
        .collect();
    views::setup::setup(&database, &logins).await.expect("the scratch database can be set up");
    fold::<views::Run>(&database, &ledger, "EVENTS", epoch).await;
    fold::<views::Approval>(&database, &ledger, "EVENTS", epoch).await;
    fold::<views::Deployment>(&database, &ledger, "EVENTS", epoch).await;
    fold::<views::Access>(&database, &ledger, "EVENTS", epoch).await;
    fold::<views::DeadLetter>(&database, &ledger, "EVENTS", epoch).await;
    fold::<views::Deadline>(&database, &ledger, "EVENTS", epoch).await;
    fold::<views::Alias>(&database, &ledger, "EVENTS", epoch).await;
    for stream in views::Ledger::STREAMS {
        fold::<views::Ledger>(&database, &ledger, stream, epoch).await;
    }
    let fresh = sql::connect(&owner, &scratch).await;
    for table in sql::tables(&fresh).await.into_iter().filter(|table| is_of_rows(table)) {
        let (found, wanted) = (sum(&client, &table).await, sum(&fresh, &table).await);
        if found != wanted {
            show_difference(&client, &fresh, &table).await;
        }
    }
    drop((database, fresh));
    sql::rows(&client, &format!("DROP DATABASE {scratch} WITH (FORCE)")).await;
}

async fn ledger_of(plane: &Plane) -> Connection {
    connect(&plane.address("ledger")).await.expect("the log answers")
}

fn login(plane: &Plane, role: &str) -> PostgresLogin {
    plane.login(role).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Every table of every view; where a view stands and what it keeps of its past are its own affair, and
/// people are no view.
fn is_of_rows(table: &str) -> bool {
    let is_own = [".checkpoint", ".base", ".held"].iter().any(|name| table.ends_with(name));
    !table.starts_with("people.") && !table.starts_with("plane.") && !is_own
}

fn database(owner: &PostgresLogin, name: &str) -> Database {
    Database::new(Connect {
        host: owner.host.clone(),
        port: owner.port,
        database: name.to_owned(),
        user: owner.role.clone(),
        password: owner.password.clone(),
        tls: owner.tls.clone(),
    })
}

async fn fold<P: Projection>(database: &Database, ledger: &Connection, stream: &str, epoch: Uuid) {
    let mut projector = Projector::<P>::open(database, stream, Uuid::new_v4(), epoch)
        .await
        .expect("nobody else folds here");
    each(ledger, stream, async |records| {
        let read_by_it = read_by::<P>(&records);
        let applied = projector.apply(&read_by_it).await.expect("it can be folded");
        assert_eq!(applied.parked, 0, "{} parks", P::NAME);
    })
    .await;
}

/// The records that a view reads. All that our views read is one token below its context.
pub fn read_by<P: Projection>(records: &[Record]) -> Vec<Record> {
    let starts: Vec<&str> =
        P::READS.subjects().iter().map(|subject| subject.trim_end_matches(['*', '>'])).collect();
    let is_read = |record: &&Record| {
        starts.is_empty() || starts.iter().any(|start| record.subject.starts_with(start))
    };
    records.iter().filter(is_read).cloned().collect()
}

/// The rows of a table as one number, in whatever order they stand.
async fn sum(client: &Client, table: &str) -> String {
    let sql =
        format!("SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {table} AS t");
    format!("{:?}", sql::rows(client, &sql).await)
}

async fn show_difference(found: &Client, wanted: &Client, table: &str) -> ! {
    let (found, wanted) = (counted(found, table).await, counted(wanted, table).await);
    let only = |these: &BTreeMap<String, i64>, those: &BTreeMap<String, i64>| -> Vec<String> {
        these
            .iter()
            .filter(|(row, n)| those.get(*row) != Some(n))
            .take(SHOWN)
            .map(|(row, n)| format!("{n} × {row}"))
            .collect()
    };
    panic!(
        "{table} is not what a fold from scratch gives\nonly there: {:#?}\nonly from scratch: {:#?}",
        only(&found, &wanted),
        only(&wanted, &found)
    )
}

async fn counted(client: &Client, table: &str) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for row in sql::dump(client, table).await {
        *all.entry(row).or_default() += 1;
    }
    all
}
