//! The program as an operator starts it, by the variables that OpenTelemetry names: a log in which one
//! finds what was done for a trace.

use helmstream_tests::{
    faber::said, harness::TestPlane, patience::PATIENCE, serving::serving_in_json,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{begun, receiver::Receiver, with_trace};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_work_that_is_told_in_a_trace_names_it_and_no_other_line_does() {
    let plane = TestPlane::start_running(&[]).await;
    let receiver = Receiver::start().await;
    let program = env!("CARGO_BIN_EXE_helmstream-tested");
    let mut program = serving_in_json(program, plane.plane.plane.directory())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}/", receiver.address))
        .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret")
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(program.stderr.take().expect("it is ours")).lines();
    let faber = plane.publisher("faber").await;
    let trace = begun(true);
    faber.publish(&said("acme/quiet", 1, "workflow_start", json!({}))).await;
    let told = said("acme/told", 1, "workflow_start", json!({}));
    faber.publish(&with_trace(told, &trace.to_string())).await;
    let mut read: Vec<Value> = Vec::new();
    let is_decided =
        |read: &[Value]| read.iter().filter(|line| line["message"] == "decided").count() == 2;
    while !is_decided(&read) {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {read:#?}"));
        let line = line.expect("it can be read").expect("the program goes on");
        assert!(!line.contains("s3cret"), "{line}");
        read.push(serde_json::from_str(&line).expect("an object a line"));
    }
    let telling = read.iter().find(|line| line["message"] == "telling traces").expect("it is said");
    assert_eq!(telling["to"], format!("http://{}", receiver.address));
    for line in &read {
        let is_told = line["message"] == "decided" && line["aggregate"] == "acme/told";
        let wanted = if is_told { trace.trace_hex().into() } else { Value::Null };
        assert_eq!(line["trace_id"], wanted, "{line}");
    }
    helmstream_tests::patience::eventually("spans", async || {
        (!receiver.of(&trace.trace_hex()).is_empty()).then_some(())
    })
    .await;
    assert!(receiver.head().contains("authorization: bearer s3cret\r\n"), "{}", receiver.head());
}
