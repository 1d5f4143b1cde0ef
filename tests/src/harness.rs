//! A plane for one test: a NATS server of its own, a database of its own on a Postgres that the
//! test's process shares, all of it gone when the value is dropped, also by a panic. It decides
//! nothing about what is tested, and it is no fake: the servers are the real ones.

use std::{
    env,
    fs::{self, File, OpenOptions},
    ops::AsyncFnOnce,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use helmstream_services::{
    local::{
        self, Durability, credentials,
        nats::NatsServer,
        plane::{Places, Plane, PostgresLogin, PostgresPlace},
        postgres::PostgresServer,
    },
    setup::set_up as setup_all,
};
use helmstream_stream::{
    connect::{Address, Connection, connect},
    setup::setup,
};
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

mod nodes;

/// How long the end of a test waits until its database is dropped.
const DROPPED_WITHIN: Duration = Duration::from_secs(2);

/// How many test processes may share the cached Postgres clusters at a time; cargo runs them one
/// after another.
const CLUSTERS_MAX: u32 = 16;

/// How long three servers may take until they hold all streams and durables, each of which elects a leader.
const CLUSTER_PATIENCE: Duration = Duration::from_secs(180);

/// A plane under test.
pub struct TestPlane {
    pub plane: Plane,
    pub nats: NatsServer,
    /// The further servers of a cluster.
    pub others: Vec<NatsServer>,
    /// This test's own Postgres, when it was asked for; otherwise it shares one.
    pub postgres: Option<PostgresServer>,
    folder: PathBuf,
    shared_login: Option<PostgresLogin>,
}

impl TestPlane {
    /// Both servers, and the streams and consumers of `nats/`.
    pub async fn start() -> Self {
        let plane = Self::start_empty().await;
        let connection = plane.connect("setup").await;
        setup(&connection, 1)
            .await
            .unwrap_or_else(|error| panic!("cannot set the test plane up: {error}"));
        plane
    }

    /// Both servers, and nothing on them.
    pub async fn start_empty() -> Self {
        let (folder, mut plane) = new_plane();
        let shared = SHARED.get_or_init(Shared::start).await;
        let database = format!("test_{}", uuid::Uuid::new_v4().simple());
        let login = shared.owner.clone();
        execute(&login, &format!("CREATE DATABASE {database}")).await;
        for role in credentials::roles().expect("the files of nats/permissions are readable") {
            let file = format!("secrets/{role}.password");
            fs::copy(shared.folder.join(&file), folder.join(&file))
                .expect("a password can be copied");
        }
        let postgres =
            PostgresPlace { host: login.host.clone(), port: login.port, database, tls: false };
        let places = Places { postgres, ..plane.places().clone() };
        plane.move_to(places).unwrap_or_else(|error| panic!("{error:#}"));
        let nats = start_nats(&mut plane).await;
        Self { plane, nats, others: Vec::new(), postgres: None, folder, shared_login: Some(login) }
    }

    /// Like `start`, with a Postgres that no other test uses, so that it can be killed.
    pub async fn start_alone() -> Self {
        let (folder, mut plane) = new_plane();
        let programs = local::postgres_folder().unwrap_or_else(|error| missing(&error));
        let postgres = PostgresServer::start(&programs, &mut plane, Durability::Process)
            .await
            .unwrap_or_else(|error| panic!("{error:#}"));
        let nats = start_nats(&mut plane).await;
        let (others, postgres) = (Vec::new(), Some(postgres));
        let plane = Self { plane, nats, others, postgres, folder, shared_login: None };
        let connection = plane.connect("setup").await;
        setup(&connection, 1)
            .await
            .unwrap_or_else(|error| panic!("cannot set the test plane up: {error}"));
        plane
    }

    /// A plane in earnest, as `compose/cluster.yaml` has it: three NATS servers that each sync always, three
    /// copies of everything, a Postgres of its own. Nothing is on them yet.
    pub async fn start_cluster() -> Self {
        let (folder, mut plane) = new_plane();
        let programs = local::postgres_folder().unwrap_or_else(|error| missing(&error));
        let postgres = PostgresServer::start(&programs, &mut plane, Durability::Process)
            .await
            .unwrap_or_else(|error| panic!("{error:#}"));
        let mut nodes = nodes::start(&mut plane).await;
        let (nats, others) = (nodes.remove(0), nodes);
        Self { plane, nats, others, postgres: Some(postgres), folder, shared_login: None }
    }

    /// Sets a cluster up, which has to find its leaders first.
    pub async fn set_up_cluster(&self) {
        let done = setup_all(&self.plane, Some(CLUSTER_PATIENCE)).await;
        done.unwrap_or_else(|error| panic!("{error:?}"));
    }

    /// One of the NATS servers, counted from nought.
    pub fn node(&mut self, at: usize) -> &mut NatsServer {
        match at {
            0 => &mut self.nats,
            _ => &mut self.others[at - 1],
        }
    }

    /// A connection as one of the users of `nats/permissions`.
    pub async fn connect(&self, user: &str) -> Connection {
        connect(&self.plane.address(user))
            .await
            .unwrap_or_else(|error| panic!("cannot connect as {user}: {error}"))
    }

    /// One of the NATS servers alone, for one of the users.
    pub fn address_at(&self, at: usize, user: &str) -> Address {
        let port = if at == 0 { self.nats.port() } else { self.others[at - 1].port() };
        Address { url: format!("nats://127.0.0.1:{port}"), ..self.plane.address(user) }
    }

    /// How to log in to this test's database; `helmstream` owns it.
    pub fn login(&self, role: &str) -> PostgresLogin {
        self.plane.login(role).unwrap_or_else(|error| panic!("{error:#}"))
    }
}

impl Drop for TestPlane {
    fn drop(&mut self) {
        self.nats.kill();
        self.others.iter_mut().for_each(NatsServer::kill);
        if let Some(login) = self.shared_login.clone() {
            let database = self.plane.places().postgres.database.clone();
            blocking(async move || {
                execute(&login, &format!("DROP DATABASE {database} WITH (FORCE)")).await
            });
        }
        if let Some(postgres) = &mut self.postgres {
            postgres.kill();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The Postgres that the tests of this process share. It ends when the process does, and its
/// cluster is kept for the next one: making it anew would cost each test program half a second.
struct Shared {
    owner: PostgresLogin,
    folder: PathBuf,
    _server: PostgresServer,
    _plane: Plane,
}

static SHARED: OnceCell<Shared> = OnceCell::const_new();

impl Shared {
    async fn start() -> Self {
        let programs = local::postgres_folder().unwrap_or_else(|error| missing(&error));
        let mut plane = (0..CLUSTERS_MAX)
            .filter_map(|number| Plane::create(&root().join(format!("postgres-{number}"))).ok())
            .find_map(|mut plane| plane.hold().ok().map(|()| plane))
            .expect("one of the cached Postgres clusters is not in use");
        let server = PostgresServer::start(&programs, &mut plane, Durability::Process)
            .await
            .unwrap_or_else(|error| panic!("{error:#}"));
        let owner = plane.login(credentials::OWNER).unwrap_or_else(|error| panic!("{error:#}"));
        drop_leftovers(&owner).await;
        Self { owner, folder: plane.directory().to_owned(), _server: server, _plane: plane }
    }
}

/// Databases of tests that were killed.
async fn drop_leftovers(owner: &PostgresLogin) {
    let rows = query(owner, "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").await;
    for database in rows {
        execute(owner, &format!("DROP DATABASE {database} WITH (FORCE)")).await;
    }
}

fn new_plane() -> (PathBuf, Plane) {
    let folder = root().join(format!("plane-{}", uuid::Uuid::new_v4().simple()));
    let plane = Plane::create(&folder).unwrap_or_else(|error| panic!("{error:#}"));
    (folder, plane)
}

async fn start_nats(plane: &mut Plane) -> NatsServer {
    let program = local::nats_server_program().unwrap_or_else(|error| missing(&error));
    NatsServer::start(&program, plane, Durability::Process)
        .await
        .unwrap_or_else(|error| panic!("{error:#}"))
}

/// Beside the compiled tests, so that `cargo clean` takes it along.
fn root() -> PathBuf {
    static SWEPT: std::sync::Once = std::sync::Once::new();
    let program = env::current_exe().expect("a test knows its own path");
    let target = program.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent);
    let root = target.expect("a test lies in its target folder").join("helmstream-tests");
    SWEPT.call_once(|| sweep(&root));
    root
}

/// Removes the planes of tests that were killed: nobody holds their lock any more.
fn sweep(root: &Path) {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    for folder in entries.map(|entry| entry.path()) {
        let is_plane =
            folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("plane-"));
        let lock = OpenOptions::new().write(true).open(folder.join("plane.lock"));
        if is_plane && lock.is_ok_and(|lock: File| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

async fn execute(login: &PostgresLogin, statement: &str) {
    query(login, statement).await;
}

/// The first column of each row.
async fn query(login: &PostgresLogin, statement: &str) -> Vec<String> {
    let mut config = tokio_postgres::Config::new();
    config
        .host(&login.host)
        .port(login.port)
        .user(&login.role)
        .password(&login.password)
        .dbname("postgres");
    let (client, connection) = config.connect(NoTls).await.expect("the test's Postgres answers");
    let talk = tokio::spawn(connection);
    let answer = client.simple_query(statement).await;
    drop(client);
    let _ = talk.await;
    let messages = answer.unwrap_or_else(|error| panic!("{statement}: {error}"));
    let rows = messages.into_iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.collect()
}

/// Runs on a thread of its own, because a value may be dropped where waiting is forbidden. It is not
/// waited for until its end: whoever is in the middle of logging in here cannot go on meanwhile, and the
/// server waits for them. What is left over is dropped when the next program starts.
fn blocking(work: impl AsyncFnOnce() + Send + 'static) {
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work());
        let _ = ended.send(());
    });
    let _ = end.recv_timeout(DROPPED_WITHIN);
}

fn missing(error: &anyhow::Error) -> ! {
    panic!(
        "{error:#}\nrun `cargo xtask test`: it finds or installs the servers and tells the tests where they are"
    )
}
