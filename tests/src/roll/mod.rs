//! Services as processes, several instances of each, of this version or of the next one. An instance
//! that ends without having been told to is a failure of the test.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Which program an instance runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    This,
    Next,
}

/// The instances of a plane's services.
pub struct Fleet {
    this: PathBuf,
    next: PathBuf,
    plane: PathBuf,
    running: BTreeMap<(&'static str, u32), (Version, Child)>,
}

impl Fleet {
    /// Nobody yet; the program of each version.
    pub fn new(this: &Path, next: &Path, plane: &Path) -> Self {
        let [this, next, plane] = [this, next, plane].map(Path::to_owned);
        Self { this, next, plane, running: BTreeMap::new() }
    }

    /// A command of one version's program, about this plane. If this process dies, it does.
    pub fn command(&self, version: Version) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(match version {
            Version::This => &self.this,
            Version::Next => &self.next,
        });
        command.arg("--plane").arg(&self.plane).stdin(Stdio::null());
        command
    }

    /// Starts an instance.
    pub fn start(&mut self, service: &'static str, number: u32, version: Version) {
        let mut command = self.command(version);
        command.args(["serve", service, "--accept-power-loss"]);
        if service == "http" {
            // Each has an address of its own.
            let free = TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr());
            command.args(["--listen", &free.expect("a port is free").to_string()]);
        }
        let log = self.log(service, number);
        let log = OpenOptions::new().create(true).append(true).open(log).expect("a log");
        let child = command.stdout(Stdio::null()).stderr::<File>(log).spawn();
        let child = child.expect("a service can be started");
        let before = self.running.insert((service, number), (version, child));
        assert!(before.is_none(), "{service} {number} runs already");
    }

    /// Ends an instance in order, as a supervisor does.
    pub fn stop(&mut self, service: &'static str, number: u32) {
        let (_, mut child) = self.running.remove(&(service, number)).expect("it runs");
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "{service} {number} cannot be told");
        let ended = child.wait().expect("it can be waited for");
        assert!(
            ended.success(),
            "{service} {number} ended {ended}: {}",
            self.said(service, number)
        );
    }

    /// Ends an instance and starts one of that version in its place.
    pub fn replace(&mut self, service: &'static str, number: u32, version: Version) {
        self.stop(service, number);
        self.start(service, number, version);
    }

    /// Panics if an instance has ended by itself.
    pub fn assert_alive(&mut self) {
        let mut ended = Vec::new();
        for ((service, number), (version, child)) in &mut self.running {
            if let Some(status) = child.try_wait().expect("it can be looked at") {
                ended.push((*service, *number, *version, status));
            }
        }
        if let Some((service, number, version, status)) = ended.into_iter().next() {
            panic!(
                "{service} {number} of {version:?} ended by itself ({status}): {}",
                self.said(service, number)
            );
        }
    }

    /// Everything an instance wrote to its log.
    pub fn said(&self, service: &str, number: u32) -> String {
        fs::read_to_string(self.log(service, number)).unwrap_or_default()
    }

    fn log(&self, service: &str, number: u32) -> PathBuf {
        self.plane.join("log").join(format!("{service}-{number}.log"))
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for (_, child) in self.running.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
