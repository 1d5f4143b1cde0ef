//! The numbers of a real plane under some load: every one is documented, every documented one is told,
//! and they are those of what happened.

use std::{fs, path::PathBuf, process::Stdio};

use helmstream_schemas::{ActorKind, access::Role, outcome::Outcome};
use helmstream_services::{
    client::{Code, Failure},
    heartbeat::HeartbeatArgs,
    listen::Listen,
    metrics::{Metrics, listen},
};
use helmstream_stream::{append::EVENTS, publish::store, read::extent};
use helmstream_tests::{
    faber::{external, said, whole},
    harness::TestPlane,
    patience::eventually,
    running::Running,
    scrape::{Process, Scrape},
    web::Web,
};
use serde_json::json;

use super::{beats::Receiver, documented, promtool};

/// Publishes that become events: ten runs of nine.
const EVENTS_OF_RUNS: usize = 90;

async fn scraped(process: &Process) -> Scrape {
    eventually("metrics", async || process.scrape().await).await
}

/// A hundred publishes: 94 that are taken, 3 repeats, 2 that are refused, and one that cannot be read.
async fn publish_a_hundred(plane: &Running) {
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let runs: Vec<_> = (0..10).flat_map(|run| whole(&format!("acme/{run}"))).collect();
    assert_eq!(runs.len(), EVENTS_OF_RUNS);
    let facts = (0..4).map(|n| external("/sensors/7", &format!("{n}"), json!({ "n": n })));
    let taken: Vec<_> = runs.into_iter().chain(facts).collect();
    let mut sequences = Vec::new();
    for event in taken.iter().chain(&taken[..3]) {
        sequences.push(faber.publish(event).await);
    }
    sequences.push(faber.publish_bytes(b"{\"specversion\":".to_vec()).await);
    for sequence in sequences {
        faber.hear(sequence).await;
    }
    for unit in ["nothing", "neither"] {
        let sequence = operator
            .publish(&json!({
                "specversion": "1.0", "id": unit, "source": "/tests/metrics",
                "type": "helmstream.deployment.retire.v1", "data": { "unit": unit },
            }))
            .await;
        let told = operator.hear(sequence).await;
        assert!(matches!(told, Outcome::Refused { .. }), "{told:?}");
    }
}

/// Every view has read everything, and every durable has done everything.
async fn at_rest(process: &Process) -> Scrape {
    eventually("a plane at rest", async || {
        let told = process.scrape().await?;
        let views = told.all("helmstream_view_lag_sequences", &[]).count();
        let durables = told.all("helmstream_durable_lag_sequences", &[]).count();
        let is_level = told.sum("helmstream_view_lag_sequences", &[]) == 0.0;
        let is_done = told.sum("helmstream_durable_lag_sequences", &[]) == 0.0;
        let is_ready = told.sum("helmstream_service_ready", &[])
            == helmstream_services::serve::services().len() as f64;
        (views >= 10 && durables > 20 && is_level && is_done && is_ready).then_some(told)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_publishes_are_told_as_what_became_of_each_and_nothing_else() {
    let plane = TestPlane::start_running(&[]).await;
    let process = Process::of(&plane, HeartbeatArgs::default());
    publish_a_hundred(&plane).await;
    let told = at_rest(&process).await;

    let publishes = |publisher, outcome| {
        let labels = [("publisher", publisher), ("outcome", outcome)];
        told.value("helmstream_publishes_total", &labels).unwrap_or_else(|| panic!("{labels:?}"))
    };
    assert_eq!(publishes("faber", "command"), 94.0);
    assert_eq!(publishes("faber", "duplicate"), 3.0);
    assert_eq!(publishes("faber", "dead_letter"), 1.0);
    assert_eq!(publishes("operator", "command"), 2.0);
    assert_eq!(told.sum("helmstream_publishes_total", &[]), 100.0, "and nobody else published");
    assert_eq!(told.sum("helmstream_door_batch_messages_sum", &[]), 100.0);

    let commands = |context, outcome| {
        told.sum("helmstream_commands_total", &[("context", context), ("outcome", outcome)])
    };
    assert_eq!(commands("run", "event"), EVENTS_OF_RUNS as f64);
    assert_eq!(commands("external", "external_fact"), 4.0);
    assert_eq!(commands("deployment", "refused"), 2.0);
    assert_eq!(told.sum("helmstream_commands_total", &[("outcome", "refused")]), 2.0);

    // What the log holds is the proof: nothing is counted twice and nothing is left out.
    for (stream, durables) in
        [("COMMANDS", Some("helmstream_commands_total")), (EVENTS, None), ("JOURNAL", None)]
    {
        let last = extent(&plane.operator, stream).await.expect("the log answers").last as f64;
        let ledger = [("view", "ledger"), ("stream", stream)];
        assert_eq!(told.sum("helmstream_view_records_total", &ledger), last, "{stream}");
        assert_eq!(told.value("helmstream_view_position_sequences", &ledger), Some(last));
        if let Some(durables) = durables {
            assert_eq!(told.sum(durables, &[]), last);
        }
    }
    let door = [("service", "door"), ("durable", "door")];
    assert_eq!(told.value("helmstream_messages_handled_total", &door), Some(100.0));
    assert_eq!(told.value("helmstream_inbox_messages", &[]), Some(0.0));
    assert_eq!(told.value("helmstream_inbox_age_seconds", &[]), Some(0.0));
    assert_eq!(told.sum("helmstream_view_records_total", &[("outcome", "parked")]), 0.0);
    process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlines_and_requests_are_counted_as_they_come() {
    let plane = TestPlane::start_running(&[]).await;
    let process = Process::of(&plane, HeartbeatArgs::default());
    let mut faber = plane.publisher("faber").await;
    let now = helmstream_services::clock::now().to_string();
    let young = said("acme/young", 1, "workflow_start", json!({ "timestamp": now }));
    let sequence = faber.publish(&young).await;
    assert!(matches!(faber.hear(sequence).await, Outcome::Event { .. }));
    let armed =
        |told: &Scrape| told.value("helmstream_deadlines_armed_total", &[("service", "run")]);
    eventually("a deadline that is armed", async || {
        (armed(&scraped(&process).await) == Some(1.0)).then_some(())
    })
    .await;
    // Fired by another run's schedule, and then by its own: long before its time, so that it changes
    // nothing and is armed anew.
    let run = plane.plane.connect("run").await;
    for schedule in ["sch.run.other.stalled", "sch.run.acme/young.stalled"] {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Nats-Schedule", "@at 2020-01-01T00:00:00Z");
        headers.insert("Nats-Schedule-Target", "due.run.acme/young.stalled");
        headers.insert("Nats-TTL", "never");
        store(&run, schedule, headers, Default::default()).await.expect("the run may arm");
    }
    let told = eventually("deadlines that were taken", async || {
        let told = scraped(&process).await;
        (told.value("helmstream_deadline_delay_seconds_count", &[("context", "run")]) == Some(1.0)
            && armed(&told) == Some(2.0))
        .then_some(told)
    })
    .await;
    let fired = |outcome| {
        told.value("helmstream_deadlines_fired_total", &[("context", "run"), ("outcome", outcome)])
    };
    assert_eq!((fired("taken"), fired("not_believed")), (Some(1.0), Some(1.0)));

    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    let runs = |told: &Scrape, line, status| {
        told.value("helmstream_http_requests_total", &[("line", line), ("status", status)])
    };
    for path in ["/v1/runs", "/v1/runs", "/v1/runs/acme%2Fyoung", "/v1/nowhere", "/v1/a?x=2"] {
        web.get(path).await;
    }
    let reading = web.request(reqwest::Method::GET, "/v1/stream").send().await.expect("it answers");
    let told = eventually("a reader", async || {
        let told = scraped(&process).await;
        (told.value("helmstream_stream_readers", &[]) == Some(1.0)).then_some(told)
    })
    .await;
    assert_eq!(runs(&told, "run_list", "200"), Some(2.0));
    assert_eq!(runs(&told, "run_show", "200"), Some(1.0));
    assert_eq!(runs(&told, "none", "404"), Some(2.0), "no path stands in a label");
    assert_eq!(runs(&told, "event_tail", "200"), Some(1.0));
    drop(reading);
    eventually("nobody who reads", async || {
        plane
            .publisher("faber")
            .await
            .publish(&external("/a", &uuid::Uuid::new_v4().to_string(), json!({})))
            .await;
        (scraped(&process).await.value("helmstream_stream_readers", &[]) == Some(0.0)).then_some(())
    })
    .await;
    process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_is_documented_and_what_is_documented_is_told() {
    let plane = TestPlane::start_running(&[]).await;
    let receiver = Receiver::start().await;
    let process = Process::of(&plane, receiver.args());
    publish_a_hundred(&plane).await;
    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    assert_eq!(web.get("/v1/runs").await.status, 200);
    receiver.heard_more_than(0).await;
    at_rest(&process).await;
    let told = eventually("a sign of life that is told", async || {
        let told = scraped(&process).await;
        told.value("helmstream_heartbeat_last_timestamp_seconds", &[]).map(|_| told)
    })
    .await;
    assert_eq!(told.described(), documented(), "name, type and labels of each");

    // Labels have values of ours: nothing that was published, and nobody who asked, stands in one.
    for mark in ["acme", "sensors", "dana", "nothing", "neither", "127.0.0.1"] {
        let found = told.text.lines().find(|line| line.contains(mark));
        assert_eq!(found, None, "{mark}");
    }
    let (status, open) =
        process.get("/metrics", "application/openmetrics-text").await.expect("it answers");
    assert!(status == 200 && open.ends_with("# EOF\n"), "{open}");
    assert_eq!(process.get("/", "*/*").await.expect("it answers").0, 404);
    assert!(told.sum("process_resident_memory_bytes", &[]) > 1_000_000.0);
    let free = told.sum("helmstream_disk_free_bytes", &[]);
    assert!(free > 0.0 && free <= told.sum("helmstream_disk_size_bytes", &[]));

    if let Some(promtool) = promtool::program() {
        let exposition = file("exposition.txt", &told.text);
        let input = fs::File::open(&exposition).expect("it was written");
        let mut check = std::process::Command::new(promtool);
        let checked = check.args(["check", "metrics"]).stdin(Stdio::from(input)).output();
        let checked = checked.expect("promtool runs");
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success() && said.trim().is_empty(), "{said}");
    }
    process.stop().await.expect("it ends in order");
}

/// Beside the compiled tests.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("it can be written");
    path
}

#[tokio::test]
async fn beyond_loopback_metrics_are_not_told_in_the_clear() {
    let metrics = std::sync::Arc::new(Metrics::new(Vec::new(), PathBuf::from("/")));
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let open = Listen::plainly("0.0.0.0:0".parse().expect("an address"));
    let refused = listen(metrics, open, stopped).await.expect_err("it is refused");
    let refused = Failure::of(&refused);
    assert_eq!(refused.code, Code::Setting, "{refused:?}");
    assert!(refused.hint.contains("--tls-certificate"), "{refused:?}");
}
