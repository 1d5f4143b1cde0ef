//! A plane of one's own on this machine: its directory, its credentials, and the two servers it
//! stands on, all on loopback. For `helmstream up` and for tests. It installs nothing, and it is
//! not how a plane is run in earnest: it survives the death of any process but not the loss of
//! power unless asked to.

pub mod accounts;
mod cluster;
pub mod credentials;
pub mod nats;
mod orphans;
pub mod plane;
pub mod postgres;
mod process;

use std::{env, net::TcpListener, path::PathBuf};

use anyhow::{Context, Result};

use crate::client::failure::{Code, Failure};

/// Environment variable with the path of the nats-server program.
pub const NATS_SERVER_VARIABLE: &str = "HELMSTREAM_NATS_SERVER";

/// Environment variable with the folder that holds `postgres` and `initdb`.
pub const POSTGRES_BIN_VARIABLE: &str = "HELMSTREAM_POSTGRES_BIN";

/// What something that a server has confirmed outlives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The death of any process. NATS syncs every two minutes, which is its default; Postgres not
    /// at all, and after a loss of power its cluster may be broken.
    Process,
    /// Loss of power too. On one node this costs NATS most of its throughput.
    Power,
}

/// The nats-server program: what the environment names, else the first on the PATH.
pub fn nats_server_program() -> Result<PathBuf> {
    match env::var_os(NATS_SERVER_VARIABLE) {
        Some(program) => Ok(existing(PathBuf::from(program), NATS_SERVER_VARIABLE)?),
        None => Ok(on_path("nats-server", NATS_SERVER_VARIABLE)?),
    }
}

/// The folder of PostgreSQL's programs: what the environment names, else where `postgres` on the
/// PATH really is.
pub fn postgres_folder() -> Result<PathBuf> {
    let postgres = match env::var_os(POSTGRES_BIN_VARIABLE) {
        Some(folder) => existing(PathBuf::from(folder).join("postgres"), POSTGRES_BIN_VARIABLE)?,
        None => on_path("postgres", POSTGRES_BIN_VARIABLE)?,
    };
    // Distributions link single programs onto the PATH; the others stand beside the real one.
    let postgres =
        postgres.canonicalize().with_context(|| format!("cannot follow {}", postgres.display()))?;
    postgres
        .parent()
        .map(PathBuf::from)
        .with_context(|| format!("cannot find the folder of {}", postgres.display()))
}

/// A port of loopback on which nothing listens at this moment.
pub fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port on 127.0.0.1")?;
    Ok(listener.local_addr().context("cannot read the free port")?.port())
}

/// Whether nothing listens on a port of loopback at this moment.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn existing(program: PathBuf, variable: &str) -> Result<PathBuf, Failure> {
    if program.is_file() {
        return Ok(program);
    }
    let what = format!("cannot start {}", program.display());
    let hint = format!("set {variable} to where it is, or leave it out");
    Err(Failure::new(Code::Setting, what, "there is no such file", hint))
}

fn on_path(name: &str, variable: &str) -> Result<PathBuf, Failure> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found =
        env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.ok_or_else(|| {
        let hint = format!("`cargo xtask up` installs it, or set {variable}");
        Failure::new(Code::Setting, format!("cannot find {name} on the PATH"), "", hint)
    })
}
