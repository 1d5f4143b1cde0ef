//! A plane looked over on real servers: what is well is told as well, and each thing that is broken here is
//! found under its own name, with the rest still told.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use helmstream_schemas::outcome::Outcome;
use helmstream_services::{
    clock,
    doctor::{
        Finding, Severity, examine,
        facts::Facts,
        gather::{Manner, gather},
    },
    local::credentials,
};
use helmstream_tests::{
    admin::api,
    faber::{said, whole},
    harness::TestPlane,
    publisher::Publisher,
    running::{ALL, Running},
};
use serde_json::json;

async fn look(plane: &TestPlane) -> Facts {
    let (accepts_power_loss, tries_users) = (true, false);
    let patience = Duration::from_secs(5);
    gather(&plane.plane, Manner { accepts_power_loss, tries_users, patience }).await
}

fn of<'a>(findings: &'a [Finding], check: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.check == check).collect()
}

/// The worst finding of a check.
fn worst<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
    let found = of(findings, check).into_iter().max_by_key(|finding| finding.severity);
    found.unwrap_or_else(|| panic!("nothing is told of {check}: {findings:#?}"))
}

/// Publishes and waits until all of it is decided.
async fn publish(publisher: &mut Publisher, events: &[serde_json::Value]) {
    for event in events {
        let sequence = publisher.publish(event).await;
        publisher.hear(sequence).await;
    }
}

async fn with_a_run() -> (Running, Publisher) {
    let plane = TestPlane::start_running(&ALL).await;
    let mut publisher = plane.publisher("faber").await;
    publish(&mut publisher, &whole("acme/fine")).await;
    plane.level().await;
    (plane, publisher)
}

#[tokio::test]
async fn a_plane_that_is_well_is_told_to_be_and_every_user_is_confined() {
    let (plane, _publisher) = with_a_run().await;
    let manner =
        Manner { accepts_power_loss: true, tries_users: true, patience: Duration::from_secs(20) };
    let facts = gather(&plane.plane.plane, manner).await;
    let findings = examine(&facts);
    // How full this machine's disk is, is its own affair.
    let bad: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.severity > Severity::Note && finding.check != "disk")
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for check in [
        "nats",
        "postgres",
        "setup",
        "schema",
        "durability",
        "clock",
        "growth",
        "disk",
        "lag",
        "durable",
        "inbox",
        "deadlines",
        "dead_letters",
        "parked",
        "editions",
        "permissions",
        "users",
        "secrets",
        "binds",
    ] {
        assert!(!of(&findings, check).is_empty(), "nothing is told of {check}");
    }
    let users = credentials::users().expect("readable").len();
    assert_eq!(worst(&findings, "users").figures["confined"], users);
}

#[tokio::test]
async fn a_power_cut_that_nobody_accepted_is_told() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let mut facts = look(&plane).await;
    facts.accepts_power_loss = false;
    let findings = examine(&facts);
    let told = of(&findings, "durability");
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().all(|finding| finding.severity == Severity::Warning), "{told:#?}");
    assert_eq!(told[0].figures["sync_interval"], "2m");
    assert_eq!(told[1].figures["fsync"], "off");
}

#[tokio::test]
async fn a_view_that_nobody_folds_is_found_and_the_longer_the_worse() {
    let (mut plane, mut publisher) = with_a_run().await;
    plane.stop("deadline").await.expect("it ends in order");
    publish(&mut publisher, &whole("acme/unread")).await;
    let mut facts = look(&plane.plane).await;
    let seen = |facts: &Facts| {
        let findings = examine(facts);
        let lags = of(&findings, "lag").into_iter();
        let found =
            lags.filter(|finding| finding.figures.get("edition") == Some(&json!("deadline_v1")));
        found.map(|finding| (finding.severity, finding.figures["lag"].clone())).next()
    };
    let (severity, lag) = seen(&facts).expect("the view is behind");
    assert_eq!(severity, Severity::Fine, "nobody is woken for what came just now");
    assert!(lag.as_u64().is_some_and(|lag| lag > 0), "{lag}");
    facts.now = facts.now.plus(Duration::from_mins(5));
    assert_eq!(seen(&facts).map(|found| found.0), Some(Severity::Warning));
    facts.now = facts.now.plus(Duration::from_mins(20));
    assert_eq!(seen(&facts).map(|found| found.0), Some(Severity::Wrong));
}

#[tokio::test]
async fn a_dead_letter_without_a_decision_is_found() {
    let (plane, mut publisher) = with_a_run().await;
    assert_eq!(worst(&examine(&look(&plane.plane).await), "dead_letters").severity, Severity::Fine);
    let sequence = publisher.publish_bytes(b"{no event".to_vec()).await;
    assert!(matches!(publisher.hear(sequence).await, Outcome::DeadLetter { .. }));
    plane.level().await;
    let findings = examine(&look(&plane.plane).await);
    let told = worst(&findings, "dead_letters");
    assert_eq!(told.severity, Severity::Warning);
    assert_eq!((&told.figures["undecided"], &told.figures["young"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_lost_schedule_is_named_and_so_is_a_user_whom_no_file_names() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    let mut plane = plane.into_running(&ALL).await;
    let mut publisher = plane.publisher("faber").await;
    let begun = said(
        "acme/young",
        1,
        "workflow_start",
        json!({"timestamp": clock::now().to_string(), "metadata": {"autonomy": "autonomous"}}),
    );
    publish(&mut publisher, &[begun]).await;
    plane.level().await;
    let findings = examine(&look(&plane.plane).await);
    assert_eq!(worst(&findings, "deadlines").severity, Severity::Fine);
    assert_eq!(worst(&findings, "deadlines").figures["armed"], 1);
    let told = worst(&findings, "permissions");
    assert_eq!(told.severity, Severity::Wrong);
    assert!(told.what.contains("is in no file of nats/permissions"), "{}", told.what);
    let to_do = told.what_to_do.as_deref().unwrap_or_default();
    assert!(to_do.contains("elsewhere `helmstream init`"), "{to_do}");

    // Whoever would arm it anew is away.
    plane.stop("run").await.expect("it ends in order");
    api(&admin, "$JS.API.STREAM.PURGE.DEADLINES", json!({})).await;
    let findings = examine(&look(&plane.plane).await);
    let told = worst(&findings, "deadlines");
    assert_eq!((told.severity, &told.figures["missing"]), (Severity::Wrong, &json!(1)));
    assert!(told.what.contains("run.acme/young.stalled"), "{}", told.what);
}

#[tokio::test]
async fn a_secret_that_others_may_read_is_named_and_what_was_changed_on_a_server_is_found() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    plane.set_up().await;
    let secret = plane.plane.directory().join("secrets/people.key");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let mut config: serde_json::Value =
        serde_json::from_str(include_str!("../../nats/streams/OUT.json")).expect("a file of ours");
    config["max_age"] = 3_600_000_000_000_u64.into();
    config["duplicate_window"] = 3_600_000_000_000_u64.into();
    api(&admin, "$JS.API.STREAM.UPDATE.OUT", config).await;
    let findings = examine(&look(&plane).await);
    let told = worst(&findings, "secrets");
    assert_eq!(told.severity, Severity::Wrong);
    assert!(told.what.contains("secrets/people.key (644)"), "{}", told.what);
    let told = worst(&findings, "setup");
    assert_eq!((told.severity, &told.figures["differing"]), (Severity::Wrong, &json!(1)));
    assert!(told.what.contains("stream OUT"), "{}", told.what);
}

#[tokio::test]
async fn what_is_away_is_told_and_the_rest_is_looked_at() {
    let mut plane = TestPlane::start_alone().await;
    plane.set_up().await;
    plane.postgres.as_mut().expect("a Postgres of its own").kill();
    let findings = examine(&look(&plane).await);
    let told = worst(&findings, "postgres");
    assert_eq!((told.severity, told.runbook), (Severity::Wrong, Some("HS-0003.md")));
    assert_eq!(worst(&findings, "setup").severity, Severity::Fine, "NATS was looked at");

    plane.nats.kill();
    let manner =
        Manner { accepts_power_loss: true, tries_users: false, patience: Duration::from_secs(1) };
    let findings = examine(&gather(&plane.plane, manner).await);
    assert_eq!(worst(&findings, "nats").severity, Severity::Wrong);
    assert!(of(&findings, "setup").is_empty(), "nothing is told of what was not looked at");
    assert_eq!(worst(&findings, "secrets").severity, Severity::Fine);
}
