//! Ends servers of a plane whose owner is gone. It never touches a process that works elsewhere,
//! nor another program, such as a shell that somebody left in the plane's directory.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::process::{LOOK_MS, STOP_SECONDS_MAX};

/// Ends every process called `name` that still works in `folder`: a server that an earlier, killed
/// owner of the plane left behind, or the orphans of one that was killed itself. A server of a plane
/// has a folder of the plane as its working directory; unlike a number in a file, that cannot come to
/// mean somebody else. Does nothing where there is no `/proc`.
pub(super) fn end_all_in(folder: &Path, name: &str, signal: &str) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
    let mut asked = BTreeSet::new();
    loop {
        let running = running_in(folder, name);
        if running.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            running.iter().for_each(|pid| send("KILL", *pid));
            bail!(
                "cannot end {running:?}, which still run in {}; they were killed now, try again",
                folder.display()
            );
        }
        for pid in running {
            if asked.insert(pid) {
                send(signal, pid);
            }
        }
        thread::sleep(Duration::from_millis(LOOK_MS));
    }
}

fn running_in(folder: &Path, name: &str) -> Vec<u32> {
    let is_one = |process: &Path| {
        fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder)
            && fs::read_to_string(process.join("comm")).is_ok_and(|comm| {
                let comm = comm.trim_end();
                // The kernel keeps the first 15 bytes of a name.
                comm == name || (comm.len() == 15 && name.starts_with(comm))
            })
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    entries.filter(|entry| is_one(&entry.path())).filter_map(number).collect()
}

/// The standard library sends no signal but SIGKILL without unsafe code; every POSIX shell can.
pub(super) fn send(signal: &str, pid: u32) {
    let _ = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {pid}")])
        .stderr(Stdio::null())
        .status();
}
