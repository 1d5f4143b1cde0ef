//! What the operating system says of this process and of a disk. Where it does not say it, nothing is
//! told.

use std::{fs, path::Path};

/// What the process has taken.
pub(super) struct Usage {
    pub(super) resident_bytes: u64,
    pub(super) open_files: f64,
    pub(super) cpu_seconds: f64,
    pub(super) began_at_seconds: f64,
}

/// How much room there is.
#[derive(Clone, Copy)]
pub(crate) struct Disk {
    pub(crate) size_bytes: u64,
    pub(crate) free_bytes: u64,
}

/// The room on the disk that holds a folder, as somebody without privileges has it.
pub(crate) fn disk(folder: &Path) -> Option<Disk> {
    let found = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Disk { size_bytes: bytes(found.f_blocks), free_bytes: bytes(found.f_bavail) })
}

/// What Linux says under /proc; nothing elsewhere.
pub(super) fn usage() -> Option<Usage> {
    let (memory, stat, machine) = (text("self/statm")?, text("self/stat")?, text("stat")?);
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let stat = stat_of(&stat)?;
    let began =
        machine.lines().find_map(|line| line.strip_prefix("btime ")?.parse::<f64>().ok())?;
    Some(Usage {
        resident_bytes: memory.split(' ').nth(1)?.parse::<u64>().ok()?
            * rustix::param::page_size() as u64,
        open_files: fs::read_dir("/proc/self/fd").ok()?.count() as f64,
        cpu_seconds: stat.cpu_ticks / ticks,
        began_at_seconds: began + stat.began_ticks / ticks,
    })
}

fn text(name: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{name}")).ok()
}

struct Stat {
    cpu_ticks: f64,
    began_ticks: f64,
}

/// The program's name comes second, in parentheses, and may hold anything; what follows is numbers.
fn stat_of(text: &str) -> Option<Stat> {
    let after_name = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // As in proc(5), which counts from 1: 14 and 15 are computing time, 22 is when it began.
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(Stat { cpu_ticks: field(14)? + field(15)?, began_ticks: field(22)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_numbers() {
        let line = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 4 0 5000 1000 50";
        let stat = stat_of(line).unwrap();
        assert_eq!((stat.cpu_ticks, stat.began_ticks), (42.0, 5000.0));
        assert!(stat_of("7 (a").is_none());
    }
}
