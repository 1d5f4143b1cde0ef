//! The services as they run in earnest: the program `helmstream serve` in a process of its own,
//! all services in it or some. It is asked to end when this is dropped.

use std::{
    env,
    fs::File,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{memory, stand::Stand};

/// Environment variable with the path of the program; `cargo xtask bench` sets it.
const PROGRAM_VARIABLE: &str = "HELMSTREAM_BIN";

pub(crate) struct Serving {
    child: Child,
}

impl Serving {
    /// Starts some services of a plane; all if none are named.
    pub(crate) fn start(stand: &Stand, services: &[&str]) -> Result<Self> {
        let program = match env::var_os(PROGRAM_VARIABLE) {
            Some(program) => PathBuf::from(program),
            None => {
                env::current_exe().context("cannot find this program")?.with_file_name("helmstream")
            }
        };
        let plane = stand.plane.directory();
        let log =
            File::create(plane.join("log").join("serve.log")).context("cannot open the log")?;
        let child = Command::new(&program)
            .arg("--plane")
            .arg(plane)
            .args(["serve", "--accept-power-loss"])
            .args(services)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| {
                format!("cannot run {}; {PROGRAM_VARIABLE} says where it is", program.display())
            })?;
        Ok(Self { child })
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it has held so far.
    pub(crate) fn memory_mb_max(&self) -> u64 {
        memory::of_process_mb_max(self.process_id())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
