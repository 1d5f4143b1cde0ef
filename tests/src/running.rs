//! A plane that is set up and whose services run, inside this process but through their own users,
//! roles and connections. What is asserted is read from outside: from EVENTS and from the views.

use std::collections::BTreeMap;

use helmstream_projections::{
    Database,
    questions::{
        outcome::outcomes,
        projection::projection_list,
        run::{RunShown, run_show},
    },
};
use helmstream_schemas::{Id, Record, outcome::Outcome};
use helmstream_services::{local::plane::Plane, serve, setup};
use helmstream_stream::{Connection, append::EVENTS, get, read::extent};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};

use crate::{
    harness::TestPlane,
    patience::{PATIENCE, eventually},
    publisher::Publisher,
};

/// Every service.
pub const ALL: [&str; 11] = [
    "door",
    "run",
    "approval",
    "deployment",
    "dead_letter",
    "access",
    "external",
    "deadline",
    "ledger",
    "cdevents",
    "http",
];

/// How many positions each service keeps: one for each view and stream.
const POSITIONS: [(&str, usize); 7] = [
    ("run", 1),
    ("approval", 1),
    ("deployment", 1),
    ("dead_letter", 1),
    ("access", 1),
    ("deadline", 1),
    ("ledger", 4),
];

/// Roles belong to a whole Postgres, and two set-ups of two databases would alter them at once.
static SETTING_UP: Mutex<()> = Mutex::const_new(());

/// A plane whose services run.
pub struct Running {
    pub plane: TestPlane,
    /// As the operator sees it.
    pub operator: Connection,
    pub database: Database,
    services: BTreeMap<String, (watch::Sender<bool>, JoinHandle<anyhow::Result<()>>)>,
}

impl TestPlane {
    /// Both servers, set up, and these services running.
    pub async fn start_running(services: &[&str]) -> Running {
        Self::start_empty().await.into_running(services).await
    }

    /// Sets this plane up and runs services on it.
    pub async fn into_running(self, services: &[&str]) -> Running {
        self.set_up().await;
        let operator = self.connect("operator").await;
        let database = self.plane.database("operator").expect("the operator has a password");
        let mut running = Running { plane: self, operator, database, services: BTreeMap::new() };
        running.serve(services);
        running
    }

    /// Streams, consumers, the founding, schemas and roles.
    pub async fn set_up(&self) {
        let _alone = SETTING_UP.lock().await;
        let done = setup::set_up(&self.plane, Some(PATIENCE)).await;
        done.unwrap_or_else(|error| panic!("{error:?}"));
    }
}

impl Running {
    /// Runs further services, each with an end of its own.
    pub fn serve(&mut self, services: &[&str]) {
        for service in services {
            let directory = self.plane.plane.directory().to_owned();
            let wanted = vec![(*service).to_owned()];
            let (stop, stopped) = watch::channel(false);
            let task = tokio::spawn(async move {
                let plane = Plane::open(&directory)?;
                serve::run_until(&plane, &wanted, stopped).await
            });
            self.services.insert((*service).to_owned(), (stop, task));
        }
    }

    /// Ends a service in order; what it ended with.
    pub async fn stop(&mut self, service: &str) -> anyhow::Result<()> {
        let (stop, task) = self.services.remove(service).expect("the service was started");
        stop.send_replace(true);
        task.await.expect("a service does not panic")
    }

    /// Ends all services wherever they are, as a crash of their process would, and starts them anew.
    pub async fn crash(&mut self) {
        let crashed: Vec<String> = self.services.keys().cloned().collect();
        for (_, (_stop, task)) in std::mem::take(&mut self.services) {
            task.abort();
            let _ = task.await;
        }
        self.serve(&crashed.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Waits until a service ends by itself; what it ended with.
    pub async fn ended(&mut self, service: &str) -> anyhow::Result<()> {
        let (_stop, task) = self.services.remove(service).expect("the service was started");
        let ended = tokio::time::timeout(PATIENCE, task).await;
        ended.unwrap_or_else(|_| panic!("{service} goes on")).expect("a service does not panic")
    }

    /// A publisher of the plane, by its own user.
    pub async fn publisher(&self, user: &str) -> Publisher {
        Publisher::open(self.plane.connect(user).await).await
    }

    /// What became of a publish, as the views tell it.
    pub async fn outcome(&self, inbox_sequence: u64) -> Outcome {
        eventually(&format!("the outcome of INBOX {inbox_sequence}"), async || {
            let found =
                outcomes(&self.database, &[inbox_sequence]).await.expect("the views answer");
            found.into_iter().next().and_then(|(_, outcome)| outcome)
        })
        .await
    }

    /// A run, once the views have read everything that is on the log now.
    pub async fn run(&self, name: &str) -> Option<RunShown> {
        self.level().await;
        let name = Id::new(name).expect("a name");
        run_show(&self.database, &name, None).await.expect("the views answer").answer
    }

    /// Waits until every view has read every stream to the end it has now.
    pub async fn level(&self) {
        let mut heads = BTreeMap::new();
        for stream in ["EVENTS", "COMMANDS", "JOURNAL"] {
            heads.insert(
                stream,
                extent(&self.operator, stream).await.expect("the log answers").last,
            );
        }
        let running = POSITIONS.iter().filter(|(service, _)| self.services.contains_key(*service));
        let positions: usize = running.map(|(_, count)| count).sum();
        eventually(&format!("views that have read to {heads:?}"), async || {
            let lines = projection_list(&self.database).await.expect("the views answer");
            let level = lines.iter().all(|line| line.read_to_seq >= heads[line.stream.as_str()]);
            (lines.len() >= positions && level).then_some(())
        })
        .await;
    }

    /// All events of a subject; `>` for all there are.
    pub async fn events(&self, subject: &str) -> Vec<Record> {
        get::all(&self.operator, EVENTS, subject, 1).await.expect("the log answers")
    }

    /// All commands of a subject as it is stored, wildcards included.
    pub async fn commands(&self, subject: &str) -> Vec<Record> {
        get::all(&self.operator, "COMMANDS", subject, 1).await.expect("the log answers")
    }

    /// All entries of the journal.
    pub async fn journal(&self) -> Vec<Record> {
        get::all(&self.operator, "JOURNAL", "jrn.>", 1).await.expect("the log answers")
    }
}

/// The names of events, in order.
pub fn names(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.attributes.kind().expect("a type of ours").name).collect()
}
