//! The log for machines, as the program writes it: each line can be read alone, says whose it is, and
//! holds nothing secret.

use std::fs;

use helmstream_tests::{
    faber::said, harness::TestPlane, patience::PATIENCE, running::ALL, serving::serving_in_json,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::test]
async fn every_line_is_an_object_that_says_when_whose_and_what_and_none_holds_a_secret() {
    let plane = TestPlane::start_running(&[]).await;
    let directory = plane.plane.plane.directory().to_owned();
    let program = env!("CARGO_BIN_EXE_helmstream-tested");
    let mut program = serving_in_json(program, &directory).spawn().expect("the program starts");
    let mut lines = BufReader::new(program.stderr.take().expect("it is ours")).lines();
    let faber = plane.publisher("faber").await;
    faber.publish(&said("acme/logged", 1, "workflow_start", json!({}))).await;
    let mut read: Vec<Value> = Vec::new();
    let mut texts = Vec::new();
    let is_complete = |read: &[Value]| {
        let says = |message: &str| read.iter().filter(|line| line["message"] == message).count();
        says("running") == ALL.len() && says("decided") == 1
    };
    while !is_complete(&read) {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {texts:#?}"));
        let line = line.expect("it can be read").expect("the program goes on");
        read.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
        texts.push(line);
    }
    let _ = program.kill().await;
    for line in &read {
        let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name} of {line}"));
        assert!(helmstream_schemas::Timestamp::parse(text("time")).is_ok(), "{line}");
        assert!(["error", "warn", "info", "debug"].contains(&text("level")), "{line}");
        assert!(!text("message").is_empty() && !text("target").is_empty(), "{line}");
    }
    for service in ALL {
        let says = |line: &&Value| line["service"] == service && line["message"] == "running";
        assert_eq!(read.iter().filter(says).count(), 1, "{service}");
        let connected =
            |line: &&Value| line["service"] == service && line["message"] == "connected to NATS";
        assert!(read.iter().any(|line| connected(&line)), "also in the client's own tasks");
    }
    let decided = read.iter().find(|line| line["message"] == "decided").expect("it was waited for");
    let told = ["service", "context", "aggregate", "outcome"].map(|name| &decided[name]);
    assert_eq!(told, ["run", "run", "acme/logged", "event"], "{decided}");
    assert!(decided["command"].as_str().is_some_and(|id| id.parse::<uuid::Uuid>().is_ok()));
    for secret in fs::read_dir(directory.join("secrets")).expect("there are secrets").flatten() {
        let held = fs::read_to_string(secret.path()).expect("a text");
        let told = texts.iter().find(|line| line.contains(held.trim()));
        assert_eq!(told, None, "{:?} stands in the log", secret.file_name());
    }
}
