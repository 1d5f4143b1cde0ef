//! The same commands and rows by two other libraries, `cqrs-es` and `disintegrate`, beside ours on
//! the same servers. What is compared and what is not is said in `tests/peers/src/main.rs`. The
//! sides take turns; a peer that cannot be built or does not get through is shown with its error.

mod build;
mod ours;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use helmstream_services::local::{Durability, credentials};
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use self::{build::Built, ours::Ours};
use crate::{
    Scale,
    report::{Line, Report, Unit},
    rounds::median,
    stand::Stand,
};

/// How much there is to do, for every side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    runs: usize,
    /// Reports of each run.
    steps: u64,
    /// Commands under way at a time.
    at_once: usize,
}

/// As many as let the slowest side end a round within two minutes.
const RUNS: usize = 500;

/// A library and the packages whose versions are said.
struct Peer {
    name: &'static str,
    packages: [&'static str; 2],
}

const PEERS: [Peer; 2] = [
    Peer { name: "cqrs-es", packages: ["cqrs-es", "postgres-es"] },
    Peer { name: "disintegrate", packages: ["disintegrate", "disintegrate-postgres"] },
];

/// How a peer is set up.
#[derive(Clone, Copy)]
struct Setting {
    name: &'static str,
    connections: u32,
    synchronous_commit: bool,
    /// The main ones are measured in every round, and their events are folded too, once: a row an
    /// event and a commit a row take minutes. The others are measured once.
    is_main: bool,
}

/// First the pool that both libraries have when nobody says another.
const SETTINGS: [Setting; 3] = [
    Setting { name: "pool of 10", connections: 10, synchronous_commit: true, is_main: true },
    Setting { name: "pool of 64", connections: 64, synchronous_commit: true, is_main: false },
    Setting {
        name: "pool of 10, synchronous_commit off",
        connections: 10,
        synchronous_commit: false,
        is_main: true,
    },
];

/// What the lock of the peers' own workspace says.
const LOCK: &str = include_str!("../../peers/Cargo.lock");

/// One line to be: a figure a round.
#[derive(Default)]
struct Case {
    name: String,
    commands: Vec<f64>,
    folded: Vec<f64>,
    note: String,
}

/// What a peer's program says.
#[derive(Debug, Deserialize)]
struct Figures {
    commands_a_second: f64,
    events_folded_a_second: Option<f64>,
    conflicts: u64,
    behind: u64,
    remark: String,
}

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let built = build::build(&PEERS.map(|peer| peer.name))?;
    let work = Work { runs: scale.of(RUNS, RUNS / 5), steps: 16, at_once: 64 };
    let rounds = scale.of(3, 1);
    let mut synced = Case::named("helmstream, in place, NATS syncs always");
    {
        let stand = Stand::start_with(report, Durability::Power).await?;
        let mut ours = Ours::new(work)?;
        for _ in 0..rounds {
            synced.commands.push(ours.in_place(&stand).await?);
        }
        synced.note = "64 at once; every event on disk before it is confirmed".into();
    }
    let mut stand = Stand::start(report).await?;
    let mut ours = Ours::serving(work, &mut stand).await?;
    let mut served = Case::named("helmstream, through COMMANDS as `serve` does it");
    let mut in_place = Case::named("helmstream, in place");
    in_place.note = "64 at once; on disk within two minutes; folded out of memory".into();
    let mut theirs: Vec<Case> = cases().map(|(peer, setting)| Case::of(peer, setting)).collect();
    for _ in 0..rounds {
        let (rate, note) = ours.served(&stand).await?;
        served.commands.push(rate);
        served.note = note;
        in_place.commands.push(ours.in_place(&stand).await?);
        in_place.folded.push(ours.folded(&stand).await?);
        for ((peer, setting), case) in cases().zip(&mut theirs) {
            case.round(&built, &stand, (peer, setting), work).await?;
        }
    }
    ours.stop().await?;
    for case in [served, in_place, synced].into_iter().chain(theirs) {
        report.add(case.line());
    }
    Ok(())
}

fn cases() -> impl Iterator<Item = (&'static Peer, Setting)> {
    PEERS.iter().flat_map(|peer| SETTINGS.into_iter().map(move |setting| (peer, setting)))
}

impl Case {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    fn of(peer: &Peer, setting: Setting) -> Self {
        let versions =
            peer.packages.map(|name| format!("{name} {}", version(name).unwrap_or("unknown")));
        Self::named(&format!("{}, {}", versions.join(" with "), setting.name))
    }

    /// A round of a peer, or the reason why there is none.
    async fn round(
        &mut self,
        built: &Built,
        stand: &Stand,
        (peer, setting): (&Peer, Setting),
        work: Work,
    ) -> Result<()> {
        let program = match &built.program {
            Some(program) if !built.missing.contains_key(peer.name) => program,
            _ => {
                self.note = built.why_not(peer.name);
                return Ok(());
            }
        };
        if !setting.is_main && !self.commands.is_empty() {
            return Ok(());
        }
        eprintln!("  {} …", self.name);
        let workload = json!({
            "runs": work.runs, "steps": work.steps, "at_once": work.at_once,
            "connections": setting.connections, "synchronous_commit": setting.synchronous_commit,
            "fold": setting.is_main && self.folded.is_empty(),
        });
        match ask(program, stand, peer.name, &workload.to_string()).await {
            Ok(figures) => {
                self.commands.push(figures.commands_a_second);
                self.folded.extend(figures.events_folded_a_second);
                let commands = work.runs as u64 * work.steps;
                let Figures { conflicts, behind, remark, .. } = figures;
                let pause = if remark.is_empty() { "" } else { "; " };
                self.note = format!(
                    "{commands} commands, tried again: {conflicts} turned away, {behind} decided on an older state{pause}{remark}"
                );
            }
            Err(error) => self.note = build::cell("does not get through", &format!("{error:#}")),
        }
        Ok(())
    }

    fn line(self) -> Line {
        Line {
            bench: "peers",
            case: self.name,
            unit: Unit::EventsASecond,
            figures: vec![
                ("commands", median(&self.commands)),
                ("events folded", median(&self.folded)),
            ],
            ratio: None,
            goals: vec![],
            note: self.note,
        }
    }
}

/// Runs the peers' program once. Where Postgres is, and the password, it has by its environment.
async fn ask(program: &Path, stand: &Stand, peer: &str, workload: &str) -> Result<Figures> {
    let login = stand.plane.login(credentials::OWNER)?;
    let output = Command::new(program)
        .args([peer, workload])
        .env("PGHOST", &login.host)
        .env("PGPORT", login.port.to_string())
        .env("PGUSER", &login.role)
        .env("PGPASSWORD", &login.password)
        .env("PGDATABASE", &login.database)
        .env("PGSSLMODE", "disable")
        // Of an error the last lines are shown.
        .env("RUST_BACKTRACE", "0")
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    serde_json::from_slice(&output.stdout).context("it says no figures")
}

/// The version of a package in the peers' lock.
fn version(package: &str) -> Option<&'static str> {
    let (_, after) = LOCK.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_has_a_version_in_the_lock() {
        for package in PEERS.iter().flat_map(|peer| peer.packages) {
            assert!(version(package).is_some(), "{package}");
        }
    }
}
