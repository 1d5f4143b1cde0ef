//! Services as processes, one each, that can be killed, told where to die, and started again. One
//! that ends without having been told to is a failure of the test.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use helmstream_services::local::plane::Plane;

/// The services of a plane, each a process.
pub struct Mortals {
    program: PathBuf,
    plane: PathBuf,
    accepts_power_loss: bool,
    running: BTreeMap<&'static str, Mortal>,
}

struct Mortal {
    child: Child,
    /// Where it was told to die.
    point: Option<&'static str>,
}

impl Mortals {
    /// Nobody yet. `program` is built with the points at which it can die. A plane of one server
    /// accepts that a power loss costs something.
    pub fn new(program: &Path, plane: &Path) -> Self {
        let open = Plane::open(plane).expect("a plane is here");
        Self {
            program: program.to_owned(),
            plane: plane.to_owned(),
            accepts_power_loss: open.places().replicas == 1,
            running: BTreeMap::new(),
        }
    }

    /// Starts a service, to die at a point when it passes it for the n-th time, if one is named.
    pub fn start(&mut self, service: &'static str, dies_at: Option<(&'static str, u64)>) {
        // If this process dies, they do.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
        command.arg("--plane").arg(&self.plane).args(["serve", service]);
        if self.accepts_power_loss {
            command.arg("--accept-power-loss");
        }
        let log =
            OpenOptions::new().create(true).append(true).open(self.log(service)).expect("a log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr::<File>(log);
        let _ = fs::remove_file(self.last_words(service));
        if let Some((point, passes)) = dies_at {
            command.env("HELMSTREAM_CRASH_AT", format!("{point}:{passes}"));
            command.env("HELMSTREAM_CRASH_LOG", self.last_words(service));
        }
        let child = command.spawn().expect("a service can be started");
        let mortal = Mortal { child, point: dies_at.map(|(point, _)| point) };
        let before = self.running.insert(service, mortal);
        assert!(before.is_none(), "{service} runs already");
    }

    /// SIGKILL.
    pub fn kill(&mut self, service: &'static str) {
        let mut mortal = self.running.remove(service).expect("it runs");
        mortal.child.kill().expect("it can be killed");
        mortal.child.wait().expect("it can be waited for");
    }

    /// Its process, for what is done to it without an end: pausing.
    pub fn process_id(&self, service: &str) -> u32 {
        self.running.get(service).expect("it runs").child.id()
    }

    /// Whether a service was told where to die and has not yet.
    pub fn is_doomed(&self, service: &str) -> bool {
        self.running.get(service).is_some_and(|mortal| mortal.point.is_some())
    }

    /// Who has died where it was told, and where. Panics if one has ended that was not told to.
    pub fn dead(&mut self) -> Vec<(&'static str, &'static str)> {
        let mut dead = Vec::new();
        for (service, mortal) in &mut self.running {
            if let Some(status) = mortal.child.try_wait().expect("it can be looked at") {
                dead.push((*service, mortal.point, status));
            }
        }
        let died_as_told =
            |(service, point, status): (&'static str, Option<&'static str>, ExitStatus)| {
                let last_words = fs::read_to_string(self.last_words(service)).unwrap_or_default();
                let point = point.filter(|point| *point == last_words);
                let point = point.unwrap_or_else(|| {
                    panic!("{service} ended by itself ({status}): {}", self.said(service))
                });
                (service, point)
            };
        let dead: Vec<_> = dead.into_iter().map(died_as_told).collect();
        for (service, _) in &dead {
            self.running.remove(service);
        }
        dead
    }

    fn log(&self, service: &str) -> PathBuf {
        self.plane.join("log").join(format!("{service}.log"))
    }

    fn last_words(&self, service: &str) -> PathBuf {
        self.plane.join("log").join(format!("{service}.died"))
    }

    fn said(&self, service: &str) -> String {
        fs::read_to_string(self.log(service)).unwrap_or_default()
    }
}

impl Drop for Mortals {
    fn drop(&mut self) {
        for mortal in self.running.values_mut() {
            let _ = mortal.child.kill();
            let _ = mortal.child.wait();
        }
    }
}
