//! `helmstream serve` as a process whose log is read line by line, each an object.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// Every service of a plane; `program` is the one under test. It goes when it is dropped.
pub fn serving_in_json(program: &str, plane: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--log-format", "json", "--plane"])
        .arg(plane)
        .args(["serve", "--accept-power-loss"])
        .env("HELMSTREAM_LOG", "info,helmstream_services::decides=debug")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}
