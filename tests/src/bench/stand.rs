//! The plane that a bench measures: both servers on loopback, set up as any plane is, with
//! Postgres durable against loss of power and NATS with its default sync. It is gone when dropped.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use helmstream_projections::Database;
use helmstream_services::{
    local::{
        Durability, credentials, nats::NatsServer, nats_server_program, plane::Plane,
        postgres::PostgresServer, postgres_folder,
    },
    setup,
};
use helmstream_stream::{Connection, connect};
use nkeys::KeyPair;
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::report::Report;

pub(crate) struct Stand {
    pub(crate) plane: Plane,
    pub(crate) nats: NatsServer,
    pub(crate) postgres: PostgresServer,
    /// Tells this log from every other.
    pub(crate) epoch: Uuid,
}

impl Stand {
    /// Both servers, set up, and nothing on them.
    pub(crate) async fn start(report: &mut Report) -> Result<Self> {
        Self::start_with(report, Durability::Process).await
    }

    /// The same with NATS as durable as is asked.
    pub(crate) async fn start_with(report: &mut Report, nats: Durability) -> Result<Self> {
        let folder = folder()?;
        let mut plane = Plane::create(&folder).or_else(|_| {
            // What an earlier version left there, this one cannot read.
            fs::remove_file(folder.join("plane.json"))?;
            Plane::create(&folder)
        })?;
        plane.hold().context("cannot measure two things at once")?;
        clear(&folder)?;
        let postgres =
            PostgresServer::start(&postgres_folder()?, &mut plane, Durability::Power).await?;
        let nats = NatsServer::start(&nats_server_program()?, &mut plane, nats).await?;
        let epoch = setup::set_up(&plane, None).await?.epoch;
        let stand = Self { plane, nats, postgres, epoch };
        let nats_version = stand.connect("operator").await?.client.server_info().version;
        let row = stand.owner().await?.query_one("SHOW server_version", &[]).await?;
        report.servers(nats_version, row.get(0));
        Ok(stand)
    }

    /// A connection as a user of the plane.
    pub(crate) async fn connect(&self, user: &str) -> Result<Connection> {
        connect(&self.plane.address(user))
            .await
            .with_context(|| format!("cannot connect as {user}"))
    }

    /// A connection that may do everything: the plane has no such user, so one is added and the
    /// server started again.
    pub(crate) async fn admin(&mut self) -> Result<Connection> {
        let pair = KeyPair::new_user();
        fs::write(self.plane.secrets().join("admin.nkey"), pair.seed()?)
            .context("cannot write a seed")?;
        let file = self.plane.accounts_file();
        let text = fs::read_to_string(&file).context("cannot read the accounts")?;
        let accounts =
            text.trim().strip_prefix("accounts: ").context("the accounts have another form")?;
        let mut accounts: Value =
            serde_json::from_str(accounts).context("cannot read the accounts")?;
        let users = accounts["PLANE"]["users"].as_array_mut().context("the plane has no users")?;
        users.push(json!({ "nkey": pair.public_key() }));
        fs::write(&file, format!("accounts: {accounts}\n")).context("cannot write the accounts")?;
        self.nats.restart().await?;
        self.connect("admin").await
    }

    /// The database as a role of the plane sees it.
    pub(crate) fn database(&self, role: &str) -> Result<Database> {
        self.plane.database(role)
    }

    /// A connection to the database as its owner, for what is bare.
    pub(crate) async fn owner(&self) -> Result<Client> {
        let login = self.plane.login(credentials::OWNER)?;
        let mut config = tokio_postgres::Config::new();
        config
            .host(&login.host)
            .port(login.port)
            .user(&login.role)
            .password(&login.password)
            .dbname(&login.database);
        let (client, connection) = config.connect(NoTls).await.context("cannot reach Postgres")?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.nats.kill();
        self.postgres.kill();
        let _ = clear(self.plane.directory());
    }
}

/// Beside the program, so that `cargo clean` takes it along.
fn folder() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot find this program")?;
    Ok(program.with_file_name("helmstream-bench"))
}

/// What an earlier run left: everything the servers hold, but neither secrets nor the lock.
fn clear(plane: &Path) -> Result<()> {
    for folder in ["nats", "postgres"] {
        let held = plane.join(folder);
        fs::remove_dir_all(&held)
            .and_then(|()| fs::create_dir(&held))
            .with_context(|| format!("cannot clear {}", held.display()))?;
    }
    Ok(())
}
