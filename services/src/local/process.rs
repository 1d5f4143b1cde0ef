//! One server process of ours: started detached from the terminal, logged to a file, stopped with
//! us. It knows nothing of what the server does; whether it is ready is for the caller to ask.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::orphans::send;

/// How long a server may take until it answers. Crash recovery of a big log is the slow case.
const READY_SECONDS_MAX: u64 = 60;

/// How long a server may take to end when asked politely, before it is killed: both end in
/// milliseconds when idle.
pub(super) const STOP_SECONDS_MAX: u64 = 10;

/// How often a server that starts or ends is looked at. Nothing depends on it but delay.
pub(super) const LOOK_MS: u64 = 5;

/// The longest pause between two looks at a server that starts.
const LOOK_MS_MAX: u64 = 80;

/// How often a running server is looked at, to see that it died.
const WATCH_MS: u64 = 200;

/// How much of a log is shown when its server did not start.
const LOG_TAIL_BYTES: u64 = 2_000;

/// A running server; it is asked to end when this is dropped, and killed if it does not.
pub(super) struct Process {
    name: &'static str,
    signal: &'static str,
    log: PathBuf,
    log_start: u64,
    child: Child,
    /// The thread that started the child lives until this is dropped: on Linux a parent-death
    /// signal is sent when the starting thread ends, not when the process does.
    _keeper: mpsc::Sender<()>,
}

impl Process {
    /// Starts `command` with its output appended to `log`. `signal` is how it is asked to end.
    pub(super) fn start(
        name: &'static str,
        mut command: Command,
        signal: &'static str,
        log: &Path,
    ) -> Result<Self> {
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot open the log {}", log.display()))?;
        let log_start = output.metadata().map(|data| data.len()).unwrap_or_default();
        let errors = output
            .try_clone()
            .with_context(|| format!("cannot open the log {} twice", log.display()))?;
        // A group of its own, so that Ctrl-C reaches us first and the servers end after those who
        // use them.
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let (child, keeper) =
            spawn_kept(command).with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, signal, log: log.to_owned(), log_start, child, _keeper: keeper })
    }

    /// Waits until `ready` says so. An error when the server ends before, with the last lines of
    /// its log.
    pub(super) async fn until_ready(&mut self, ready: impl AsyncFn() -> bool) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(READY_SECONDS_MAX);
        let mut pause = Duration::from_millis(LOOK_MS);
        while !ready().await {
            if self.has_ended() {
                bail!(
                    "cannot start {}: it ended at once; its log {} says:\n{}",
                    self.name,
                    self.log.display(),
                    self.words()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "cannot start {}: no answer after {READY_SECONDS_MAX} s; see {}",
                    self.name,
                    self.log.display()
                );
            }
            tokio::time::sleep(pause).await;
            // A long recovery is not hurried by asking; Postgres logs every question it turns away.
            pause = (pause * 2).min(Duration::from_millis(LOOK_MS_MAX));
        }
        Ok(())
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no chance to tidy up. Returns when the process is gone.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the server to end and waits for it.
    pub(super) async fn stop(&mut self) {
        if !self.has_ended() {
            send(self.signal, self.child.id());
        }
        let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
        while !self.has_ended() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        }
        self.kill();
    }

    /// Returns when the server has ended, whoever ended it.
    pub(super) async fn died(&mut self) {
        while !self.has_ended() {
            tokio::time::sleep(Duration::from_millis(WATCH_MS)).await;
        }
    }

    /// What the server wrote to its log since it was started, at most the last lines of it.
    pub(super) fn words(&self) -> String {
        let read = || -> io::Result<String> {
            let mut log = File::open(&self.log)?;
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(self.log_start.max(length.saturating_sub(LOG_TAIL_BYTES))))?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_default()
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        send(self.signal, self.child.id());
        let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
        while !self.has_ended() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(LOOK_MS));
        }
        self.kill();
    }
}

/// The same program, sent `signal` by the kernel when the thread that started it ends. Whoever
/// changes the program's user does so outside of this: the kernel forgets the signal then.
/// Elsewhere than on Linux nothing is sent, and the next start ends what was left behind.
pub(super) fn dying_with_us(program: Command, signal: &str) -> Command {
    let knows_how = Command::new("setpriv")
        .args(["--pdeathsig", signal, "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !knows_how { program } else { wrapped(&["setpriv", "--pdeathsig", signal, "--"], program) }
}

/// The same program, started by another one.
pub(super) fn wrapped(outer: &[&str], program: Command) -> Command {
    let mut command = Command::new(outer[0]);
    command.args(&outer[1..]).arg(program.get_program()).args(program.get_args());
    command
}

fn spawn_kept(mut command: Command) -> Result<(Child, mpsc::Sender<()>)> {
    let (child_sender, child) = mpsc::channel();
    let (keeper, gone) = mpsc::channel();
    thread::Builder::new().name("keeper".to_owned()).spawn(move || {
        let _ = child_sender.send(command.spawn());
        let _: Result<(), mpsc::RecvError> = gone.recv();
    })?;
    let child = child.recv().context("the starting thread died")?;
    Ok((child?, keeper))
}
