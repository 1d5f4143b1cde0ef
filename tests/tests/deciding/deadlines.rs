//! Deadlines on the server's own schedules: forged, late, lost, and true.

use std::sync::Arc;

use async_nats::HeaderMap;
use helmstream_core::{NewCommand, run::Run};
use helmstream_schemas::{
    ActorKind, Context, Hash, Id, Record, Timestamp,
    outcome::Outcome,
    run::{Claim, Noted, Place, Report, RunCommand, Said},
    words,
};
use helmstream_services::{deadlines::sweep, metrics::ServiceMetrics, surroundings::Surroundings};
use helmstream_stream::{Connection, deadline, decide::Desk, get, publish::store, read::extent};
use helmstream_tests::{
    admin::api,
    faber::said,
    harness::TestPlane,
    patience::{PATIENCE, eventually},
    race::now,
    running::{ALL, Running, names},
};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use super::{CACHED_BYTES, id, log};

/// Deadlines of a sweep, so many that asking for each takes longer than the test waits.
const WAITED_FOR: usize = 10;

/// A young run: something is expected after its last claim.
async fn young(plane: &Running, name: &str) -> Id {
    let mut faber = plane.publisher("faber").await;
    let data = json!({ "timestamp": now().to_string() });
    let sequence = faber.publish(&said(name, 1, "workflow_start", data)).await;
    assert!(matches!(faber.hear(sequence).await, Outcome::Event { .. }));
    id(name)
}

fn schedule(target: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Schedule", "@at 2020-01-01T00:00:00Z");
    headers.insert("Nats-Schedule-Target", target);
    headers.insert("Nats-TTL", "never");
    headers
}

/// Whatever fired so far was taken.
async fn nothing_is_due(connection: &Connection) {
    eventually("every deadline that fired is taken", async || {
        let info =
            api(connection, "$JS.API.STREAM.INFO.DEADLINES", json!({"subjects_filter": "due.>"}))
                .await;
        info["state"]["subjects"].is_null().then_some(())
    })
    .await;
}

/// The server lets anybody who may schedule something aim at any subject. Undo the comparison with
/// the own schedule in the core's `command_of_due` to see this red: the stranger gives a command.
#[tokio::test]
async fn a_deadline_that_a_strangers_schedule_fired_is_not_believed() {
    let mut plane = TestPlane::start_empty().await;
    let own = json!({
        "publish": {"allow": ["sch.stranger.*.*"]}, "subscribe": {"allow": ["_INBOX_stranger.>"]}
    });
    plane.add_user("stranger", Some(own)).await;
    let plane = plane.into_running(&ALL).await;
    young(&plane, "acme/victim").await;
    let stranger = plane.plane.connect("stranger").await;
    let run = plane.plane.connect("run").await;
    for (by, schedule_subject) in
        [(&stranger, "sch.stranger.mine.stalled"), (&run, "sch.run.other.stalled")]
    {
        store(by, schedule_subject, schedule("due.run.acme/victim.stalled"), Default::default())
            .await
            .expect("the server does not mind");
    }
    // A schedule of the right one, in the way its own service arms it, shows that the others were
    // taken and passed over: deadlines are taken in order.
    store(
        &run,
        "sch.run.acme/victim.stalled",
        schedule("due.run.acme/victim.stalled"),
        Default::default(),
    )
    .await
    .expect("the run may arm");
    let asked = eventually("the own schedule's command", async || {
        let asked = plane.commands("cmd.*.run.stall.>").await;
        (!asked.is_empty()).then_some(asked)
    })
    .await;
    nothing_is_due(&plane.operator).await;
    assert_eq!((asked.len(), plane.commands("cmd.*.run.stall.>").await.len()), (1, 1));
    plane.level().await;
    assert_eq!(
        names(&plane.events("evt.run.acme/victim").await),
        ["started"],
        "and it was not due yet"
    );
}

/// Fired before its time, or after the run spoke: it meets the state and is nothing, and what the
/// state wants is armed again. Undo the arming after `Decision::Unchanged` in `Desk::settle` to see
/// this red: a run that spoke once would never stall again.
#[tokio::test]
async fn a_deadline_that_fires_late_changes_nothing_and_is_armed_anew() {
    let plane = TestPlane::start_running(&ALL).await;
    let name = young(&plane, "acme/spoke").await;
    let run = plane.plane.connect("run").await;
    let armed = "sch.run.acme/spoke.stalled";
    let first = get::last(&run, deadline::DEADLINES, armed)
        .await
        .expect("the log answers")
        .expect("it is armed");
    // Replaces the schedule: the run's deadline is fired now.
    store(&run, armed, schedule("due.run.acme/spoke.stalled"), Default::default())
        .await
        .expect("armed");
    eventually("a command that changed nothing", async || {
        let entries = plane.journal().await;
        entries
            .iter()
            .any(|e| e.attributes.get("type").is_some_and(|t| t.contains("unchanged")))
            .then_some(())
    })
    .await;
    let again = eventually("the deadline armed anew", async || {
        let found = get::last(&run, deadline::DEADLINES, armed).await.expect("the log answers");
        found.filter(|found| found.sequence > first.sequence)
    })
    .await;
    assert!(again.sequence > first.sequence);
    assert_eq!(names(&log(&run, &name).await), ["started"]);
}

/// A report as the door would have made it, received two hours ago.
fn report(name: &Id, number: u64, received_at: Timestamp) -> Record {
    let claim = Claim {
        number,
        word: "checkpoint".into(),
        content: Hash::of(&number.to_be_bytes()),
        claimed_at: Some(received_at),
        claimed_text: None,
        received_at,
        ahead_ms: None,
        person: None,
        status: None,
        message: None,
        duration_ms: None,
        artifacts: Vec::new(),
        rest: Default::default(),
        removed: Vec::new(),
    };
    let said = Said::Noted(Noted { place: Place::default() });
    let (word, payload) = words::encode(&RunCommand::Report(Box::new(Report { claim, said })));
    let what = (Context::Run, word.as_str(), name.clone());
    let command_id = Uuid::from_u128(u128::from(number));
    let command = NewCommand::new(what, command_id, "/test", ("test", ActorKind::Service), payload);
    Record {
        stream: "COMMANDS".into(),
        subject: command.subject().to_string(),
        sequence: number,
        recorded_at: received_at,
        attributes: command.attributes,
        payload: command.payload,
    }
}

/// The whole way of a deadline: armed by a decision, fired by the server, taken, decided; and by a
/// service whose memory of the run is behind the log. Undo `Decision::Unchanged if !is_current` in
/// `Desk::settle` to see this red: it takes the second deadline for nothing.
#[tokio::test]
async fn a_run_of_which_nothing_is_heard_stalls_once() {
    let plane = TestPlane::start_running(&ALL).await;
    let run = plane.plane.connect("run").await;
    let name = id("acme/silent");
    let received = Timestamp::parse("2026-03-01T10:00:00Z").expect("an instant");
    let desk = Desk::<Run>::new(run.clone(), CACHED_BYTES);
    desk.settle(&name, &report(&name, 1, received)).await.expect("it is settled");
    eventually("the run stalled", async || {
        names(&log(&run, &name).await).contains(&"stalled".to_owned()).then_some(())
    })
    .await;
    // Fired once more: it has stalled already.
    store(
        &run,
        "sch.run.acme/silent.stalled",
        schedule("due.run.acme/silent.stalled"),
        Default::default(),
    )
    .await
    .expect("the run may arm");
    eventually("the second firing decided", async || {
        (plane.journal().await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(names(&log(&run, &name).await), ["noted", "stalled"]);
    let shown = plane.run("acme/silent").await.expect("the run is in the view");
    assert_eq!(shown.run.summary.status.word(), "stalled");
    // It speaks again, and is running again.
    let received = Timestamp::parse("2026-03-01T10:45:00Z").expect("an instant");
    let fresh = Desk::<Run>::new(run.clone(), CACHED_BYTES);
    fresh.settle(&name, &report(&name, 2, received)).await.expect("it is settled");
    eventually("the run stalled a second time", async || {
        let names = names(&log(&run, &name).await);
        (names.iter().filter(|name| *name == "stalled").count() == 2).then_some(())
    })
    .await;
}

/// Between an append and its schedule a service can die. Undo the arming in `deadlines::sweep` to
/// see this red.
#[tokio::test]
async fn a_schedule_that_was_lost_is_armed_again_by_the_sweep() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    let mut plane = plane.into_running(&ALL).await;
    for n in 0..3 {
        young(&plane, &format!("acme/lost-{n}")).await;
    }
    plane.level().await;
    plane.stop("run").await.expect("it ends in order");
    assert_eq!(extent(&admin, "DEADLINES").await.expect("the log answers").messages, 3);
    api(&admin, "$JS.API.STREAM.PURGE.DEADLINES", json!({"filter": "sch.run.acme/lost-1.stalled"}))
        .await;
    assert_eq!(extent(&admin, "DEADLINES").await.expect("the log answers").messages, 2);
    plane.serve(&["run"]);
    let armed = eventually("the lost schedule armed", async || {
        get::last(&admin, "DEADLINES", "sch.run.acme/lost-1.stalled")
            .await
            .expect("the log answers")
    });
    assert!(armed.await.subject.ends_with("lost-1.stalled"));
    assert_eq!(extent(&admin, "DEADLINES").await.expect("the log answers").messages, 3);
}

/// What fired waits in the same stream until it is taken. Leave it out of `deadline::is_armed` to see
/// this red: the sweep arms it once more, and so does every one after.
#[tokio::test]
async fn a_deadline_that_fired_and_that_nobody_takes_is_not_missing() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    let mut plane = plane.into_running(&ALL).await;
    let pause = json!({"pause_until": "2100-01-01T00:00:00Z"});
    api(&admin, "$JS.API.CONSUMER.PAUSE.DEADLINES.run-due", pause).await;
    let fired = id("acme/a-fired");
    let received = Timestamp::parse("2026-03-01T10:00:00Z").expect("an instant");
    let desk = Desk::<Run>::new(plane.plane.connect("run").await, CACHED_BYTES);
    desk.settle(&fired, &report(&fired, 1, received)).await.expect("it is settled");
    eventually("the deadline fired", async || {
        let due = get::last(&admin, "DEADLINES", "due.run.acme/a-fired.stalled").await;
        due.expect("the log answers")
    })
    .await;
    young(&plane, "acme/b-lost").await;
    plane.level().await;
    plane.stop("run").await.expect("it ends in order");
    api(&admin, "$JS.API.STREAM.PURGE.DEADLINES", json!({"filter": "sch.run.acme/b-lost.stalled"}))
        .await;
    plane.serve(&["run"]);
    // A sweep goes by name, so it has been at the other one before.
    eventually("the lost schedule armed", async || {
        let armed = get::last(&admin, "DEADLINES", "sch.run.acme/b-lost.stalled").await;
        armed.expect("the log answers")
    })
    .await;
    assert_eq!(extent(&admin, "DEADLINES").await.expect("the log answers").messages, 2);
}

/// Let the sweep go on to the next deadline when it is told to stop to see this red: each costs it a
/// question that nobody answers.
#[tokio::test]
async fn a_sweep_that_is_told_to_stop_while_nats_is_away_stops() {
    let mut plane = TestPlane::start_running(&ALL).await;
    for n in 0..WAITED_FOR {
        young(&plane, &format!("acme/waits-{n}")).await;
    }
    plane.level().await;
    let connection = plane.plane.connect("run").await;
    let database = plane.plane.plane.database("run").expect("a login");
    let (_stop, stop) = watch::channel(true);
    let around = Surroundings {
        connection,
        database,
        epoch: Uuid::nil(),
        instance: Uuid::nil(),
        cleaner: None,
        http: None,
        metrics: ServiceMetrics::unseen("run"),
        traces: Default::default(),
        stop,
    };
    plane.plane.nats.kill();
    let sweeping = tokio::time::timeout(PATIENCE, sweep::<Run>(Arc::new(around)));
    sweeping.await.expect("it stops at the first one").expect("in order");
}
