//! A log with a bit of everything on it, read by views that save a base every few events; and the
//! same log as somebody sees it who has only its first events.

use std::time::Duration;

use helmstream_projections::{
    self as views, Connect, Database, Projection, Projector,
    setup::{Login, Role},
};
use helmstream_schemas::{Id, Record};
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        past::{Request, Standing},
    },
    local::{credentials::OWNER, plane::Plane},
};
use helmstream_stream::{append::EVENTS, founding};
use helmstream_tests::{
    audit::read_by,
    faber::{said, whole},
    harness::TestPlane,
    patience::PATIENCE,
    publisher::Publisher,
    race::now,
    running::{ALL, Running},
    sql,
};
use serde_json::{Value, json};
use tokio_postgres::Client as Owner;
use uuid::Uuid;

/// Events between two bases: a small log crosses many.
pub(crate) const BASE_EVERY: u64 = 7;

/// The views that can be had as they were.
pub(crate) const KEYED: [&str; 7] =
    ["access", "alias", "approval", "dead_letter", "deadline", "deployment", "run"];

/// Everything that a run, an approval or a unit is called on the log.
pub(crate) const RUNS: [&str; 8] =
    ["acme/0", "acme/1", "acme/2", "plan-9", "run-9", "guarded", "second", "gone"];
pub(crate) const UNITS: [&str; 4] =
    ["application/prod/shop", "application/test/shop", "deploy-1", "deploy-2"];

/// A plane whose log is at its end, whose views were folded with bases in between.
pub(crate) struct Log {
    pub(crate) plane: Running,
    pub(crate) records: Vec<Record>,
    pub(crate) epoch: Uuid,
}

pub(crate) async fn log() -> Log {
    let mut plane = TestPlane::start_running(&ALL).await;
    fill(&plane).await;
    for service in ALL {
        plane.stop(service).await.expect("it ends in order");
    }
    let epoch = founding::epoch(&plane.operator).await.expect("the log answers").expect("founded");
    let records = plane.events(">").await;
    let log = Log { plane, records, epoch };
    log.fold_with_bases::<views::Access>("access").await;
    log.fold_with_bases::<views::Alias>("ledger").await;
    log.fold_with_bases::<views::Approval>("approval").await;
    log.fold_with_bases::<views::DeadLetter>("dead_letter").await;
    log.fold_with_bases::<views::Deadline>("deadline").await;
    log.fold_with_bases::<views::Deployment>("deployment").await;
    log.fold_with_bases::<views::Run>("run").await;
    log
}

fn ask(kind: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::new_v4(), "source": "/test",
        "type": format!("helmstream.{kind}.v1"), "data": data,
    })
}

async fn tell(publisher: &mut Publisher, events: &[Value]) {
    for event in events {
        let sequence = publisher.publish(event).await;
        publisher.hear(sequence).await;
    }
}

async fn fill(plane: &Running) {
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    tell(&mut faber, &whole("acme/0")).await;
    // Two that prove to be one, and names before they have a life.
    for (name, number, word) in
        [("plan-9", 1, "workflow_start"), ("run-9", 2, "checkpoint"), ("run-9", 3, "checkpoint")]
    {
        tell(&mut faber, &[said(name, number, word, json!({}))]).await;
    }
    let known = json!({"metadata": {"aliases": ["second"]}});
    tell(&mut faber, &[said("acme/1", 1, "workflow_start", known)]).await;
    let unit = |id: &str, environment: &str, at: &str| {
        json!({"id": id, "domain": "app", "environment": environment, "unit": "shop",
            "deployed_at": at, "resources": [{"type": "lambda", "name": "checkout"}]})
    };
    let register = |entry| ask("deployment.register", entry);
    tell(&mut operator, &[register(unit("deploy-1", "prod", "2026-03-01T10:00:00Z"))]).await;
    let known = json!({"metadata": {"plan_run_id": "plan-9"}});
    tell(&mut faber, &[said("run-9", 4, "checkpoint", known)]).await;
    tell(&mut faber, &[said("second", 2, "checkpoint", json!({}))]).await;
    let gate = json!({"phase": "release", "step": "merge"});
    let guarded = [
        said("guarded", 1, "workflow_start", json!({"metadata": {"autonomy": "guarded"}})),
        said("guarded", 2, "approval_request", gate.clone()),
        said("guarded", 3, "step_start", gate),
    ];
    tell(&mut faber, &guarded).await;
    let request = |run: &str| ask("approval.request", json!({"run": run, "phase": "release"}));
    tell(&mut faber, &[request("acme/0"), request("acme/1")]).await;
    tell(&mut operator, &[register(unit("deploy-2", "prod", "2026-03-02T10:00:00Z"))]).await;
    let token = |id: &str, actor: &str, day: u64| {
        let expires_at = now().plus(Duration::from_hours(24 * day)).to_string();
        ask(
            "access.create",
            json!({"id": id, "actor": actor, "kind": "human", "role": "viewer",
            "label": "main", "expires_at": expires_at, "sha256": "5e".repeat(32)}),
        )
    };
    let revoke = json!({"holder": "dana/main", "id": "tokenOfDana1"});
    let tokens = [
        token("tokenOfDana1", "dana", 1),
        token("tokenOfPipe1", "pipe", 2),
        token("tokenOfDana2", "dana", 3),
        token("tokenOfDana3", "dana", 4),
        ask("access.revoke", revoke),
        token("tokenOfDana4", "dana", 5),
    ];
    tell(&mut operator, &tokens).await;
    let answer = |word: &str, id: &str| ask(&format!("approval.{word}"), json!({"approval": id}));
    tell(&mut operator, &[answer("grant", "acme/0@release"), answer("deny", "acme/1@release")])
        .await;
    // What should not have been asked: an answer by a pipeline, and one to what is closed.
    tell(&mut faber, &[answer("grant", "acme/1@release")]).await;
    tell(&mut operator, &[answer("deny", "acme/0@release")]).await;
    tell(&mut operator, &[register(unit("deploy-3", "test", "2026-03-03T10:00:00Z"))]).await;
    tell(&mut operator, &[ask("deployment.retire", json!({"unit": "app/test/shop"}))]).await;
    tell(&mut faber, &[request("acme/1")]).await;
    tell(&mut faber, &whole("acme/2")).await;
    // What cannot be read, by two of them in turn.
    for n in 0..4 {
        let publisher = if n % 2 == 0 { &mut faber } else { &mut operator };
        let sequence = publisher.publish_bytes(format!("{n} {{").into_bytes()).await;
        publisher.hear(sequence).await;
    }
    plane.level().await;
}

impl Log {
    pub(crate) fn head(&self) -> u64 {
        self.records.last().expect("there are some").sequence
    }

    /// Somebody who asks the plane.
    pub(crate) fn client(&self) -> Direct {
        let manner = Manner {
            publisher: OPERATOR.into(),
            wait: Some(PATIENCE),
            outcome_wait: Duration::from_secs(40),
        };
        let place = Plane::open(self.plane.plane.plane.directory()).expect("the plane is there");
        Direct::new(place, manner).expect("the operator may ask")
    }

    /// The database as a role of the plane sees it.
    pub(crate) fn database(&self, role: &str) -> Database {
        self.plane.plane.plane.database(role).expect("the role has a password")
    }

    /// The test's own look.
    pub(crate) async fn owner(&self) -> Owner {
        let login = self.plane.plane.login(OWNER);
        sql::connect(&login, &login.database).await
    }

    async fn fold_with_bases<P: Projection>(&self, role: &str) {
        let (owner, name) = (self.owner().await, P::NAME);
        let tables = ["checkpoint", "parked", "base", "held", name]
            .map(|table| format!("{name}_v1.{table}"));
        sql::rows(&owner, &format!("TRUNCATE {}", tables.join(", "))).await;
        if name == "deployment" {
            sql::rows(&owner, "TRUNCATE deployment_v1.registered").await;
        }
        let database = self.database(role);
        let projector = Projector::<P>::open(&database, EVENTS, Uuid::new_v4(), self.epoch).await;
        let mut projector = projector.expect("nobody else folds").with_base_every(BASE_EVERY);
        // In parts that end anywhere, as a reader hands them on.
        for part in self.records.chunks(5) {
            apply(&mut projector, part).await;
        }
        let bases =
            sql::rows(&owner, &format!("SELECT seq FROM {name}_v1.base ORDER BY seq")).await;
        let bases: Vec<u64> =
            bases.iter().filter_map(|row| row[0].as_deref()?.parse().ok()).collect();
        assert!(
            bases.len() > 3 && bases.iter().all(|base| base % BASE_EVERY == 0),
            "{name} has bases at {bases:?}"
        );
    }

    /// Builds a view as it was; the schema that holds it.
    pub(crate) async fn built(&self, client: &Direct, view: &str, at: u64) -> String {
        let request = Request { view: view.into(), at };
        while let Standing::Building { .. } =
            client.past(request.clone()).await.expect("it can be built")
        {}
        let sql = format!(
            "SELECT edition FROM plane.past WHERE projection = '{view}' AND seq = {at} AND is_ready"
        );
        let rows = sql::rows(&self.owner().await, &sql).await;
        assert_eq!(rows.len(), 1, "{view} as of {at} is there once: {rows:?}");
        rows[0][0].clone().expect("a name")
    }

    /// The same log, seen by somebody who has read none of it yet.
    pub(crate) async fn fresh(&self) -> Fresh {
        let login = self.plane.plane.login(OWNER);
        let name = format!("test_scratch_{}", Uuid::new_v4().simple());
        sql::rows(&self.owner().await, &format!("CREATE DATABASE {name}")).await;
        let database = Database::new(Connect {
            host: login.host.clone(),
            port: login.port,
            database: name.clone(),
            user: login.role.clone(),
            password: login.password.clone(),
            tls: login.tls.clone(),
        });
        let login_of = |role: Role| Login {
            role,
            name: role.name().into(),
            password: self.plane.plane.login(role.name()).password,
        };
        let logins: Vec<Login> = Role::ALL.into_iter().map(login_of).collect();
        views::setup::setup(&database, &logins).await.expect("it can be set up");
        let owner = sql::connect(&login, &name).await;
        Fresh { database, owner, name, read_to: 0 }
    }
}

/// A database that saw only the first events of a log.
pub(crate) struct Fresh {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    name: String,
    read_to: u64,
}

impl Fresh {
    pub(crate) async fn read_on(&mut self, log: &Log, to: u64) {
        let read = |record: &&Record| record.sequence > self.read_to && record.sequence <= to;
        let part: Vec<Record> = log.records.iter().filter(read).cloned().collect();
        self.fold::<views::Access>(log.epoch, &part).await;
        self.fold::<views::Alias>(log.epoch, &part).await;
        self.fold::<views::Approval>(log.epoch, &part).await;
        self.fold::<views::DeadLetter>(log.epoch, &part).await;
        self.fold::<views::Deadline>(log.epoch, &part).await;
        self.fold::<views::Deployment>(log.epoch, &part).await;
        self.fold::<views::Ledger>(log.epoch, &part).await;
        self.fold::<views::Run>(log.epoch, &part).await;
        self.read_to = to;
    }

    async fn fold<P: Projection>(&self, epoch: Uuid, part: &[Record]) {
        let opened = Projector::<P>::open(&self.database, EVENTS, Uuid::new_v4(), epoch).await;
        apply(&mut opened.expect("nobody else folds"), part).await;
    }

    pub(crate) async fn drop(self, log: &Log) {
        let Self { database, owner, name, .. } = self;
        drop((database, owner));
        sql::rows(&log.owner().await, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

async fn apply<P: Projection>(projector: &mut Projector<P>, part: &[Record]) {
    let Some(last) = part.last() else { return };
    let read = read_by::<P>(part);
    let applied = projector.apply_to(&read, last.sequence).await.expect("it can be folded");
    assert_eq!(applied.parked, 0, "{} parks", P::NAME);
}

pub(crate) fn id(text: &str) -> Id {
    Id::new(text).expect("an id")
}
