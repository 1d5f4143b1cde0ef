//! How much memory processes hold, from what the kernel counts.

use std::fs;

/// The most that a process has held so far.
pub(crate) fn of_process_mb_max(id: u32) -> u64 {
    in_kb(&format!("/proc/{id}/status"), "VmHWM:") / 1024
}

/// What a process and its children hold now; of what they share, each its share.
pub(crate) fn of_family_mb(parent: u32) -> u64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    let family = ids.filter(|id| *id == parent || parent_of(*id) == u64::from(parent));
    family.map(|id| in_kb(&format!("/proc/{id}/smaps_rollup"), "Pss:")).sum::<u64>() / 1024
}

fn parent_of(id: u32) -> u64 {
    in_kb(&format!("/proc/{id}/status"), "PPid:")
}

/// A number in a line of such a file; 0 if there is none.
fn in_kb(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
