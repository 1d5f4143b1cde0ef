//! A plane of processes of two versions, what is published to it meanwhile, and what has to be true of
//! it afterwards. As the tests are of this version, so is every question asked here; the last word is
//! the next version's.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
    time::Duration,
};

use helmstream_core::NewCommand;
use helmstream_projections::{
    Database,
    questions::{
        event::{EventName, event_show},
        outcome::outcomes,
        projection::projection_list,
        run::run_show,
    },
};
use helmstream_schemas::{ActorKind, Context, Id, Record};
use helmstream_stream::{
    Connection, append::EVENTS, connect, get, headers::to_headers, publish::store, read::extent,
};
use helmstream_tests::{
    harness::TestPlane,
    kill::load::Load,
    next::Next,
    roll::{Fleet, Version},
    running::ALL,
};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

/// Publishes a second: what two versions of everything take on two cores with room to spare.
const RATE: u64 = 40;

/// How long anything may take: the server pins another instance after five seconds, and what is put
/// back comes again after half a minute at the latest.
const PATIENCE: Duration = Duration::from_secs(180);

/// Contexts whose commands are decided.
const DECIDED: [&str; 6] = ["run", "approval", "deployment", "dead_letter", "access", "external"];

pub(super) struct Rolling {
    pub(super) fleet: Fleet,
    plane: TestPlane,
    operator: Connection,
    annotator: Connection,
    database: Database,
    load: Load,
    /// Every annotation that was asked: the command's id, and the run's.
    asked: Vec<Annotation>,
    begun: Instant,
}

/// A command of the next version's, as it was stored.
#[derive(Debug, Clone)]
pub(super) struct Annotation {
    command: Uuid,
    run: Id,
}

impl Rolling {
    /// Two instances of each service, of this version, and somebody who publishes all the time.
    pub(super) async fn begin(next: &Next) -> Self {
        let mut plane = TestPlane::start_empty().await;
        // The door of a version that takes annotations from outside would ask for them; its permission
        // is a line in its file.
        let permissions = json!({
            "publish": {"allow": ["cmd.run.annotate.*"]}, "subscribe": {"allow": ["_INBOX_annotator.>"]}
        });
        plane.add_user("annotator", Some(permissions)).await;
        plane.set_up().await;
        let this = Path::new(env!("CARGO_BIN_EXE_helmstream-tested"));
        let mut fleet = Fleet::new(this, &next.program, plane.plane.directory());
        for service in ALL {
            for number in [0, 1] {
                fleet.start(service, number, Version::This);
            }
        }
        let annotator = plane.plane.address("annotator");
        Self {
            fleet,
            operator: plane.connect("operator").await,
            annotator: connect(&annotator).await.expect("the server knows the annotator"),
            database: plane.plane.database("operator").expect("a password"),
            load: Load::begin_at(plane.connect("faber").await, 7, RATE),
            plane,
            asked: Vec::new(),
            begun: Instant::now(),
        }
    }

    pub(super) fn said(&self, what: &str) {
        let (published, after) = (self.load.acknowledged(), self.begun.elapsed());
        println!("{after:6.1?}, {published:5} published: {what}");
    }

    /// `helmstream setup` of the next version.
    pub(super) fn set_up_next(&mut self) {
        let told = self.fleet.command(Version::Next).arg("setup").output().expect("it runs");
        let words = String::from_utf8_lossy(&told.stderr);
        assert!(told.status.success(), "setup of the next version: {words}");
    }

    /// Waits until so many more were published, admitted and brought to their outcome.
    pub(super) async fn goes_on(&mut self, more: u64) {
        let wanted = extent(&self.operator, EVENTS).await.expect("the log answers").last + more;
        self.until(&format!("EVENTS at {wanted}"), async |rolling| {
            let head = extent(&rolling.operator, EVENTS).await.expect("the log answers").last;
            (head >= wanted).then_some(())
        })
        .await;
    }

    /// Asks for annotations of runs that are reported on meanwhile.
    pub(super) async fn annotate(&mut self, count: u64) -> Vec<Annotation> {
        let mut all = Vec::new();
        for run in 1..=count {
            let run = Id::new(format!("load/{run}")).expect("a name");
            let (command, text) = (Uuid::new_v4(), format!("note {}", self.asked.len()));
            let asked = NewCommand::new(
                (Context::Run, "annotate", run.clone()),
                command,
                "/test",
                ("annotator", ActorKind::Human),
                json!({ "text": text }).to_string().into_bytes(),
            );
            let (subject, headers) = (asked.subject().to_string(), to_headers(&asked.attributes));
            store(&self.annotator, &subject, headers, asked.payload.into()).await.expect("stored");
            all.push(Annotation { command, run });
            self.asked.push(Annotation { command, run: all[all.len() - 1].run.clone() });
        }
        all
    }

    /// Waits until each of them has its event.
    pub(super) async fn annotated(&mut self, wanted: Vec<Annotation>) {
        self.until("annotations that are decided", async |rolling| {
            (rolling.decided(&wanted).await == wanted.len()).then_some(())
        })
        .await;
    }

    /// How many of them have an event; none may have been refused.
    pub(super) async fn decided(&self, of: &[Annotation]) -> usize {
        let mut decided = 0;
        for annotation in of {
            let log = self.log(&annotation.run).await;
            let cause = annotation.command.to_string();
            let caused =
                log.iter().filter(|event| event.attributes.get("causationid") == Some(&cause));
            let names: Vec<String> = caused.map(name).collect();
            assert!(names.len() <= 1 && names.iter().all(|name| name == "annotated"), "{names:?}");
            decided += names.len();
        }
        decided
    }

    /// Waits until a view of this version has parked what it does not know.
    pub(super) async fn parks(&mut self) {
        self.until("a view that parks", async |rolling| {
            let lines = projection_list(&rolling.database).await.ok()?;
            lines.iter().any(|line| line.parked > 0).then_some(())
        })
        .await;
    }

    /// Whoever asks this version about an event that it does not know is shown it as it is stored.
    pub(super) async fn this_version_answers(&mut self, about: &[Annotation]) {
        let run = &about[0].run;
        let log = self.log(run).await;
        let event = log.iter().find(|event| name(event) == "annotated").expect("there is one");
        let id = event.attributes.uuid().expect("an id");
        let shown =
            event_show(&self.database, EventName::Id(id)).await.expect("the ledger answers");
        assert!(shown.answer.is_some(), "the event is shown");
        let shown = run_show(&self.database, run, None).await.expect("the views answer");
        assert!(shown.answer.is_some(), "the run is shown");
    }

    /// Ends the load and works everything off; then nothing was lost, doubled or told as an error, and
    /// the next version finds every row and every decision as it would make them.
    pub(super) async fn ends(self, next: &Next) {
        assert_eq!(self.load.failed(), 0, "publishes were told an error");
        self.said("the load ends");
        let Self { load, .. } = self;
        let acknowledged = load.end().await;
        let mut rest =
            Drained { fleet: self.fleet, operator: self.operator, database: self.database };
        rest.drain().await;
        let mut words: BTreeMap<&str, usize> = BTreeMap::new();
        let mut positions = BTreeSet::new();
        for part in acknowledged.chunks(1_000) {
            let asked: Vec<u64> = part.iter().map(|one| one.inbox_sequence).collect();
            let found = outcomes(&rest.database, &asked).await.expect("the views answer");
            for (sequence, outcome) in found {
                let outcome = outcome.unwrap_or_else(|| panic!("INBOX {sequence} has no outcome"));
                assert!(!matches!(outcome.word(), "refused" | "lost"), "{sequence}: {outcome:?}");
                *words.entry(outcome.word()).or_default() += 1;
                positions.insert(sequence);
            }
        }
        assert_eq!(positions.len(), acknowledged.len(), "each has a position of its own");
        println!("{words:?}");
        let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for event in get::all(&rest.operator, EVENTS, "evt.run.*", 1).await.expect("the log") {
            if name(&event) == "annotated" {
                let held: Value = serde_json::from_slice(&event.payload).expect("JSON");
                let of_run = numbers.entry(event.subject).or_default();
                of_run.push(held["number"].as_u64().expect("a number"));
            }
        }
        assert_eq!(numbers.values().map(Vec::len).sum::<usize>(), self.asked.len());
        for (run, numbers) in numbers {
            let wanted: Vec<u64> = (1..=numbers.len() as u64).collect();
            assert_eq!(numbers, wanted, "{run}: somebody decided on a state without annotations");
        }
        let audit = Command::new(&next.audit).arg(self.plane.plane.directory()).output();
        let audit = audit.expect("the audit can be run");
        let words = String::from_utf8_lossy(&audit.stderr);
        assert!(audit.status.success(), "as the next version says: {words}");
        println!("audited after {:?}", self.begun.elapsed());
    }

    async fn log(&self, run: &Id) -> Vec<Record> {
        let subject = format!("evt.run.{}", run.token());
        get::all(&self.operator, EVENTS, &subject, 1).await.expect("the log answers")
    }

    async fn until<T>(&mut self, what: &str, mut look: impl AsyncFnMut(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.fleet.assert_alive();
            if let Some(found) = look(self).await {
                return found;
            }
            assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn name(event: &Record) -> String {
    event.attributes.kind().expect("a type of ours").name
}

/// A plane to which nobody publishes any more.
struct Drained {
    fleet: Fleet,
    operator: Connection,
    database: Database,
}

impl Drained {
    /// Waits until everything is admitted, decided and folded, and nothing is parked.
    async fn drain(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.fleet.assert_alive();
            let (waiting, behind) = (self.waiting().await, self.behind().await);
            if waiting == 0 && behind.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "not worked off: {waiting} wait, {behind:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn waiting(&self) -> u64 {
        let mut all = extent(&self.operator, "INBOX").await.expect("the log answers").messages;
        for context in DECIDED {
            for partition in 0..4 {
                let subject = format!("$JS.API.CONSUMER.INFO.COMMANDS.{context}-{partition}");
                let answer = self.operator.client.request(subject, "".into()).await;
                let answer = answer.expect("the log answers");
                let info: Value = serde_json::from_slice(&answer.payload).expect("JSON");
                let count = |field: &str| info[field].as_u64().expect("a number");
                all += count("num_pending") + count("num_ack_pending");
            }
        }
        all
    }

    /// Views that have still to read, or that hold something parked.
    async fn behind(&self) -> Vec<String> {
        let mut behind = Vec::new();
        for line in projection_list(&self.database).await.expect("the views answer") {
            let head = extent(&self.operator, &line.stream).await.expect("the log answers").last;
            if line.parked > 0 || line.read_to_seq < head {
                behind.push(format!("{line:?}"));
            }
        }
        behind
    }
}
