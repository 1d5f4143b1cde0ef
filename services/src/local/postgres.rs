//! The plane's own Postgres, on loopback: started, killed, stopped, started again. What stands in
//! its database is the projections' affair.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Durability,
    cluster::{as_unprivileged, make_cluster},
    credentials::OWNER,
    free_port, is_free,
    orphans::end_all_in,
    plane::{Places, Plane, PostgresPlace},
    process::{Process, dying_with_us},
};

/// How Postgres is asked to end: it rolls back what is open, writes a checkpoint and goes.
const SIGNAL: &str = "INT";

/// Every service keeps a handful of connections and tests run side by side; the default of 100 is
/// near.
const CONNECTIONS_MAX: u32 = 200;

/// A running Postgres; ended when dropped.
pub struct PostgresServer {
    folder: PathBuf,
    data: PathBuf,
    log: PathBuf,
    port: u16,
    durability: Durability,
    process: Process,
}

impl PostgresServer {
    /// Starts the programs of `folder` for this plane, on the plane's port or, if somebody else has
    /// that, on another one, which the plane then remembers. Makes the cluster when there is none.
    /// Returns when the server asks for a password.
    pub async fn start(folder: &Path, plane: &mut Plane, durability: Durability) -> Result<Self> {
        plane.hold()?;
        let home = plane.directory().join("postgres");
        let (data, log) = (home.join("data"), plane.directory().join("log").join("postgres.log"));
        end_leftovers(&data)?;
        if !data.exists() {
            make_cluster(
                folder,
                &home,
                &plane.login(OWNER)?.password,
                &plane.places().postgres.database,
                durability,
            )?;
        }
        let mut port = plane.places().postgres.port;
        loop {
            if !is_free(port) {
                port = free_port()?;
                let postgres = PostgresPlace { port, ..plane.places().postgres.clone() };
                plane.move_to(Places { postgres, ..plane.places().clone() })?;
            }
            let mut process = launch(folder, &data, &log, port, durability)?;
            match process.until_ready(async || answers(port).await).await {
                Ok(()) => {
                    return Ok(Self {
                        folder: folder.to_owned(),
                        data,
                        log,
                        port,
                        durability,
                        process,
                    });
                }
                Err(_) if lost_its_port(&process.words()) => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Returns when the server has ended without being asked to.
    pub async fn died(&mut self) {
        self.process.died().await;
    }

    /// SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends it in order.
    pub async fn stop(&mut self) {
        self.process.stop().await;
    }

    /// Starts it again after `kill` or `stop`, on the same port and with the same data.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.stop().await;
        end_leftovers(&self.data)?;
        let port = self.port;
        loop {
            self.process = launch(&self.folder, &self.data, &self.log, port, self.durability)?;
            match self.process.until_ready(async || answers(port).await).await {
                Err(_) if lost_its_port(&self.process.words()) => {}
                answer => return answer,
            }
        }
    }
}

/// A killed Postgres leaves children that need a moment to notice, and a file with its number. A
/// new server takes that number for a running one for as long as nobody has collected the dead
/// process, so the file goes once nobody is left.
fn end_leftovers(data: &Path) -> Result<()> {
    end_all_in(data, "postgres", SIGNAL)?;
    let file = data.join("postmaster.pid");
    // Where the system does not say who runs, Postgres itself knows best whether somebody does.
    if Path::new("/proc/self/cwd").exists() && file.exists() {
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}

/// Somebody was faster; the port is taken now, so the next round takes another.
fn lost_its_port(words: &str) -> bool {
    words.contains("could not bind IPv4 address")
}

fn launch(
    folder: &Path,
    data: &Path,
    log: &Path,
    port: u16,
    durability: Durability,
) -> Result<Process> {
    let mut command = Command::new(folder.join("postgres"));
    command.arg("-D").arg(data).args(["-p", &port.to_string()]);
    // No socket file: its path could be too long, and everybody comes by the port.
    let fixed = ["listen_addresses=127.0.0.1", "unix_socket_directories="].map(str::to_owned);
    let chosen =
        [format!("max_connections={CONNECTIONS_MAX}"), format!("fsync={}", on_or_off(durability))];
    for setting in fixed.iter().chain(&chosen) {
        command.args(["-c", setting]);
    }
    Process::start("postgres", as_unprivileged(dying_with_us(command, SIGNAL)), SIGNAL, log)
}

fn on_or_off(durability: Durability) -> &'static str {
    match durability {
        Durability::Power => "on",
        Durability::Process => "off",
    }
}

/// Ready is when a greeting is answered by anything but an error: while it starts, Postgres turns
/// everybody away.
async fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let words = format!("user\0{OWNER}\0database\0postgres\0\0");
    let mut greeting = Vec::new();
    // Length with itself, then the protocol's number, 3.0.
    greeting.extend((words.len() as u32 + 8).to_be_bytes());
    greeting.extend(196_608_u32.to_be_bytes());
    greeting.extend(words.as_bytes());
    stream.write_all(&greeting).await.is_ok() && matches!(stream.read_u8().await, Ok(b'R'))
}
