//! A process that is told to stop while something keeps it, and is told again.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::{fs::OpenOptionsExt, process::ExitStatusExt},
    process::Command,
};

use helmstream_tests::{harness::TestPlane, patience::PATIENCE, serving::serving_in_json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    time::timeout,
};

/// Listen for one signal alone in `serve::run` to see this red: it ends in order once the sign of life is
/// given up.
#[tokio::test]
async fn a_process_that_is_told_to_stop_twice_ends_at_once_and_says_so() {
    let plane = TestPlane::start_running(&[]).await;
    let directory = plane.plane.plane.directory().to_owned();
    // Somebody outside who takes a sign of life and never answers keeps the process for ten seconds.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let file = directory.join("heartbeat");
    let mut written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
    let written = written.as_mut().expect("a file of ours");
    let to = silent.local_addr().expect("its own address");
    writeln!(written, "http://{to}/ping").expect("it can be written");
    let mut command = serving_in_json(env!("CARGO_BIN_EXE_helmstream-tested"), &directory);
    let mut program =
        command.arg("--heartbeat-file").arg(&file).arg("ledger").spawn().expect("it starts");
    let process = program.id().expect("it runs").to_string();
    let tell = || {
        let told = Command::new("kill").args(["-TERM", &process]).status();
        assert!(told.expect("it can be told").success());
    };
    let mut lines = BufReader::new(program.stderr.take().expect("it is ours")).lines();
    let _kept = timeout(PATIENCE, silent.accept()).await.expect("a sign of life").expect("taken");
    tell();
    let mut said = async |words: &str| loop {
        let line = timeout(PATIENCE, lines.next_line()).await.expect("it says it");
        let line = line.expect("it can be read").unwrap_or_else(|| panic!("`{words}` is not said"));
        if line.contains(words) {
            break;
        }
    };
    said("stopping").await;
    tell();
    said("at once").await;
    let ended = timeout(PATIENCE, program.wait()).await.expect("it ends").expect("it was ours");
    assert_eq!((ended.code(), ended.signal()), (Some(143), None), "as if by the signal");
    fs::remove_file(file).expect("it is still there");
}
