//! How many cores each side keeps busy, from what the kernel has counted: it says who is the limit.

use std::{fmt, fs, time::Instant};

use crate::stand::Stand;

/// The kernel counts in hundredths of a second, whatever its own tick.
const TICKS_A_SECOND: f64 = 100.0;

/// What had been used at an instant.
pub(crate) struct Used {
    at: Instant,
    ticks: [u64; 3],
    processes: Processes,
}

/// The services, if they run in a process of their own, and both servers.
#[derive(Clone, Copy)]
struct Processes {
    services: Option<u32>,
    nats: u32,
    postgres: u32,
}

/// Cores kept busy between two instants, on the average.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    own: f64,
    nats: f64,
    postgres: f64,
}

impl Used {
    pub(crate) fn now(stand: &Stand) -> Self {
        Self::with(stand, None)
    }

    /// The same with services in a process of their own, which count as ours.
    pub(crate) fn with(stand: &Stand, services: Option<u32>) -> Self {
        let (nats, postgres) = (stand.nats.process_id(), stand.postgres.process_id());
        let processes = Processes { services, nats, postgres };
        Self { at: Instant::now(), ticks: processes.ticks(), processes }
    }

    pub(crate) fn since(&self) -> Cores {
        let seconds = self.at.elapsed().as_secs_f64();
        let ticks = self.processes.ticks();
        let busy = |n: usize| (ticks[n] - self.ticks[n]) as f64 / TICKS_A_SECOND / seconds;
        Cores { own: busy(0), nats: busy(1), postgres: busy(2) }
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cores busy: ours {:.2}, NATS {:.2}, Postgres {:.2}",
            self.own, self.nats, self.postgres
        )
    }
}

impl Processes {
    fn ticks(self) -> [u64; 3] {
        let Self { services, nats, postgres } = self;
        let own = of_process(std::process::id()) + services.map_or(0, of_process);
        [own, of_process(nats), of_process(postgres) + of_children(postgres)]
    }
}

fn of_process(id: u32) -> u64 {
    fields(&id.to_string()).map_or(0, |fields| used(&fields))
}

/// Postgres has a process a connection; what they used is added to its own when they end.
fn of_children(parent: u32) -> u64 {
    let ended = fields(&parent.to_string()).map_or(0, |fields| used(&fields[2..]));
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = entries.filter_map(|entry| fields(&entry.file_name().to_string_lossy()));
    let running = all.filter(|fields| fields.get(1).is_some_and(|id| *id == parent.to_string()));
    ended + running.map(|fields| used(&fields)).sum::<u64>()
}

/// The fields of /proc/ID/stat behind the program's name, from the process's state on.
fn fields(id: &str) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    Some(stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

/// Time as itself and time for itself in the kernel.
fn used(fields: &[String]) -> u64 {
    fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}
