//! The plane's own NATS server, on loopback, with the users of `nats/permissions`. It makes no
//! streams; `setup` does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{
    Durability, credentials, free_port, is_free,
    orphans::end_all_in,
    plane::{Places, Plane, write_whole},
    process::{Process, dying_with_us},
};

/// The largest message the server takes. A dead letter of 2 MiB with its headers must fit; more
/// would only cost memory.
pub const MAX_PAYLOAD_BYTES: u64 = 2_621_440;

/// How nats-server is asked to end, after it has written what it holds.
const SIGNAL: &str = "TERM";

/// The configuration's file in the plane's `nats` folder; it includes `accounts.conf` beside it.
const CONFIG: &str = "server.conf";

/// What a configuration says of a server that acknowledges only what is on its disk.
pub const SYNCS_ALWAYS: &str = "always";

/// A running NATS server; ended when dropped.
pub struct NatsServer {
    program: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    port: u16,
    process: Process,
}

impl NatsServer {
    /// Starts `program` for this plane, on the plane's port or, if somebody else has that, on
    /// another one, which the plane then remembers. Returns when the server answers.
    pub async fn start(program: &Path, plane: &mut Plane, durability: Durability) -> Result<Self> {
        plane.hold()?;
        let folder = plane.directory().join("nats");
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        end_all_in(&folder, &name, SIGNAL)?;
        credentials::write_accounts(&plane.secrets(), &plane.accounts_file())?;
        let log = plane.directory().join("log").join("nats.log");
        let mut port = port_of(&plane.places().nats_url)?;
        loop {
            if !is_free(port) {
                port = free_port()?;
                plane.move_to(Places {
                    nats_url: format!("nats://127.0.0.1:{port}"),
                    ..plane.places().clone()
                })?;
            }
            write_whole(&folder.join(CONFIG), &server_config(&folder, port, durability))?;
            let mut process = launch(program, &folder, &log)?;
            match process.until_ready(async || answers(port).await).await {
                Ok(()) => {
                    return Ok(Self { program: program.to_owned(), folder, log, port, process });
                }
                // Somebody was faster; the port is taken now, so the next round takes another.
                Err(_) if process.words().contains("address already in use") && !is_free(port) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts `program` by the configuration that lies in `folder` already, by which it listens on
    /// `port` of loopback: one of several servers of a plane. Returns when the server answers.
    pub async fn start_in(program: &Path, folder: &Path, log: &Path, port: u16) -> Result<Self> {
        let (program, folder, log) = (program.to_owned(), folder.to_owned(), log.to_owned());
        let mut process = launch(&program, &folder, &log)?;
        process.until_ready(async || answers(port).await).await?;
        Ok(Self { program, folder, log, port, process })
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
        self.process = launch(&self.program, &self.folder, &self.log)?;
        let port = self.port;
        self.process.until_ready(async || answers(port).await).await
    }
}

fn launch(program: &Path, folder: &Path, log: &Path) -> Result<Process> {
    let mut command = Command::new(program);
    command.arg("--config").arg(folder.join(CONFIG));
    let mut command = dying_with_us(command, SIGNAL);
    command.current_dir(folder);
    Process::start("nats-server", command, SIGNAL, log)
}

fn server_config(folder: &Path, port: u16, durability: Durability) -> String {
    let store = json!(folder.join("data"));
    let sync = match durability {
        Durability::Process => "",
        Durability::Power => ", sync_interval: always",
    };
    format!(
        "listen: \"127.0.0.1:{port}\"\nserver_name: helmstream\nmax_payload: {MAX_PAYLOAD_BYTES}\n\
         jetstream {{ store_dir: {store}{sync} }}\ninclude accounts.conf\n"
    )
}

/// When the plane's servers write through to their disks, by the configurations that they are started
/// with here: of several the weakest. Nothing if the plane's address is another server's.
pub fn sync_interval(plane: &Plane) -> Option<String> {
    let nats = plane.directory().join("nats");
    let below = fs::read_dir(&nats).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = [nats.clone()].into_iter().chain(below).map(|folder| folder.join(CONFIG));
    let configs: Vec<String> = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
    weakest(&configs, &plane.places().nats_url)
}

/// Of all servers of an address with commas. One that is not here may be as weak as any, so where all
/// that are here sync always nothing is known.
fn weakest(configs: &[String], url: &str) -> Option<String> {
    let synced = url.split(',').map(|url| {
        let port = port_of(url.trim()).ok()?;
        configs.iter().find_map(|config| synced(config, port))
    });
    let all: Vec<Option<String>> = synced.collect();
    let weak = all.iter().flatten().find(|interval| *interval != SYNCS_ALWAYS);
    weak.cloned().or_else(|| all.into_iter().collect::<Option<Vec<_>>>()?.pop())
}

fn synced(config: &str, port: u16) -> Option<String> {
    if !config.contains(&format!("listen: \"127.0.0.1:{port}\"")) {
        return None;
    }
    let after = config.split_once("sync_interval:").map(|(_, after)| after);
    let stated = after.and_then(|after| after.split(['}', ',', '\n']).next());
    // The server's own default.
    Some(stated.map_or("2m", str::trim).to_owned())
}

/// The server greets whoever connects, and opens its port only when its streams are recovered.
async fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let mut greeting = [0; 5];
    stream.read_exact(&mut greeting).await.is_ok() && &greeting == b"INFO "
}

fn port_of(url: &str) -> Result<u16> {
    let port = url.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok());
    port.with_context(|| format!("cannot find the port in {url}, the plane's own NATS address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_listens_on_loopback_only_and_syncs_always_only_when_asked() {
        let config = server_config(Path::new("/p/nats"), 4222, Durability::Process);
        assert!(
            config.contains("listen: \"127.0.0.1:4222\"") && !config.contains("sync_interval"),
            "{config}"
        );
        assert!(
            server_config(Path::new("/p/nats"), 1, Durability::Power)
                .contains("sync_interval: always")
        );
    }

    #[test]
    fn when_it_syncs_is_read_from_the_configuration_of_this_port_and_no_other() {
        let synced_of = |durability| synced(&server_config(Path::new("/p"), 7, durability), 7);
        assert_eq!(synced_of(Durability::Process).as_deref(), Some("2m"));
        assert_eq!(synced_of(Durability::Power).as_deref(), Some("always"));
        assert_eq!(synced(&server_config(Path::new("/p"), 7, Durability::Power), 8), None);
    }

    #[test]
    fn of_several_servers_the_weakest_counts_and_one_that_is_not_here_is_not_taken_for_strong() {
        let of = |port, durability| server_config(Path::new("/p"), port, durability);
        let strong = of(7, Durability::Power);
        let both = "nats://127.0.0.1:7, nats://127.0.0.1:8";
        let weak = [strong.clone(), of(8, Durability::Process)];
        assert_eq!(weakest(&weak, both).as_deref(), Some("2m"));
        let all = [strong.clone(), of(8, Durability::Power)];
        assert_eq!(weakest(&all, both).as_deref(), Some(SYNCS_ALWAYS));
        assert_eq!(weakest(&[strong], both), None);
    }

    #[test]
    fn a_port_is_read_from_the_end_of_the_address() {
        assert_eq!(port_of("nats://127.0.0.1:4222").expect("a port"), 4222);
        assert!(port_of("nats://127.0.0.1").is_err());
    }
}
