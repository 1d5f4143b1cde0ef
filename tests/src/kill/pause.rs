//! A process that stands still for a while, with all that it has started: nobody answers, and no
//! connection is closed. Unlike death nothing tells its peers.

use std::{
    fs,
    process::{Command, Stdio},
};

/// A process that stands still until it is told to go on, at the latest when this is dropped.
pub struct Paused(Vec<u32>);

impl Paused {
    /// SIGSTOP, the process before those it has started, so that it starts no more of them.
    pub fn new(process: u32) -> Self {
        let mut all = vec![process];
        send("STOP", process);
        let mut at = 0;
        while at < all.len() {
            let children = children(all[at]);
            children.iter().for_each(|child| send("STOP", *child));
            all.extend(children);
            at += 1;
        }
        Self(all)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.iter().rev().for_each(|process| send("CONT", *process));
    }
}

fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of_thread = threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| {
            text.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()
        });
    of_thread.collect()
}

fn send(signal: &str, process: u32) {
    let _ = Command::new("kill")
        .args([&format!("-{signal}"), &process.to_string()])
        .stderr(Stdio::null())
        .status();
}
