//! People's consent, end to end on a running plane: a pipeline asks, somebody answers or nobody
//! does, and the run and whoever looks are told.

use helmstream_projections::{
    approval::Standing,
    questions::approval::{ApprovalFilter, ApprovalShown, approval_list, approval_show},
};
use helmstream_schemas::{Id, Timestamp, outcome::Outcome, run::Settled};
use helmstream_stream::publish::store;
use helmstream_tests::{
    admin::api,
    faber::said,
    harness::TestPlane,
    patience::eventually,
    publisher::Publisher,
    race::now,
    running::{ALL, Running, names},
};
use serde_json::{Value, json};

/// An event that asks something of the plane.
fn ask(word: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": uuid::Uuid::new_v4(), "source": "/test",
        "type": format!("helmstream.approval.{word}.v1"), "data": data,
    })
}

async fn told(publisher: &mut Publisher, event: &Value) -> Outcome {
    let sequence = publisher.publish(event).await;
    publisher.hear(sequence).await
}

fn name_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Event { name, .. } => name,
        Outcome::Refused { reason, .. } | Outcome::DeadLetter { reason, .. } => reason,
        other => other.word(),
    }
}

/// The claim of a run, made just now.
fn claim(run: &str, number: u64, word: &str, more: Value) -> Value {
    let mut more = more;
    more["timestamp"] = json!(now().to_string());
    said(run, number, word, more)
}

async fn shown(plane: &Running, id: &str) -> Option<ApprovalShown> {
    plane.level().await;
    approval_show(&plane.database, &Id::new(id).unwrap(), None)
        .await
        .expect("the view answers")
        .answer
        .map(|whole| whole.approval)
}

/// Waits until the approval of that id stands like this: nothing else says when a reaction or a
/// deadline has come.
async fn stands(plane: &Running, id: &str, standing: Standing) -> ApprovalShown {
    eventually(&format!("{id} {}", standing.word()), async || {
        shown(plane, id).await.filter(|shown| shown.view.standing() == standing)
    })
    .await
}

/// A guarded run that has asked at its release.
async fn waiting_run(faber: &mut Publisher, run: &str) {
    let start = claim(run, 1, "workflow_start", json!({"metadata": {"autonomy": "guarded"}}));
    assert_eq!(name_of(&told(faber, &start).await), "started");
    let asked =
        claim(run, 2, "approval_request", json!({"phase": "release", "message": "merge #81?"}));
    assert_eq!(name_of(&told(faber, &asked).await), "approval_asked");
}

#[tokio::test]
async fn a_run_that_waits_at_its_gate_is_granted_by_a_person_and_by_nobody_else() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    waiting_run(&mut faber, "acme/shop-1").await;
    let id = "acme/shop-1@release";
    let open = stands(&plane, id, Standing::Open).await;
    let asked = &open.view.rounds[0].asked;
    assert_eq!((asked.message.as_deref(), asked.number), (Some("merge #81?"), Some(2)));

    let grant = |shown| ask("grant", json!({"approval": id, "reason": "seen", "shown": shown}));
    let mut agent = plane.publisher("agent").await;
    assert_eq!(name_of(&told(&mut agent, &grant(None::<String>)).await), "not_a_person");
    assert_eq!(name_of(&told(&mut faber, &grant(None)).await), "not_a_person");
    let mut operator = plane.publisher("operator").await;
    let other = "0".repeat(64);
    assert_eq!(name_of(&told(&mut operator, &grant(Some(other))).await), "changed");
    assert_eq!(
        name_of(&told(&mut operator, &grant(Some(asked.shown.to_string()))).await),
        "granted"
    );
    assert_eq!(name_of(&told(&mut operator, &grant(None)).await), "unchanged");

    let granted = stands(&plane, id, Standing::Granted).await;
    let answered = granted.view.rounds[0].answered.clone().expect("an answer");
    assert_eq!((answered.by.id.as_str(), answered.reason.as_deref()), ("operator", Some("seen")));
    eventually("the run is told", async || {
        let run = plane.run("acme/shop-1").await?;
        let settled = run.run.gates.first()?.settled.first()?.clone();
        (settled.outcome == Settled::Granted).then_some(())
    })
    .await;
    let begin = claim("acme/shop-1", 3, "phase_start", json!({"phase": "release"}));
    assert_eq!(name_of(&told(&mut faber, &begin).await), "phase_begun", "and it is no bypass");
    assert_eq!(
        names(&plane.events("evt.approval.acme/shop-1@release").await),
        ["requested", "command_refused", "command_refused", "command_refused", "granted"]
    );
}

/// Take `in_time_for` out of the core's gates to see this red.
#[tokio::test]
async fn a_pipeline_that_hears_of_its_grant_before_its_run_does_has_bypassed_nothing() {
    let mut plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    waiting_run(&mut faber, "acme/shop-2").await;
    let id = "acme/shop-2@release";
    stands(&plane, id, Standing::Open).await;
    plane.stop("run").await.expect("it ends in order");
    let mut operator = plane.publisher("operator").await;
    let grant = ask("grant", json!({"approval": id}));
    assert_eq!(name_of(&told(&mut operator, &grant).await), "granted");
    // The claim is stored before the run can be told, and decided after it.
    let begin = claim("acme/shop-2", 3, "phase_start", json!({"phase": "release"}));
    faber.publish(&begin).await;
    plane.serve(&["run"]);
    eventually("the run has heard of both", async || {
        let run = plane.run("acme/shop-2").await?.run;
        let gate = run.gates.first()?;
        let went_on = run.phases.iter().any(|phase| phase.number == Some(3));
        (went_on && !gate.settled.is_empty()).then_some(())
    })
    .await;
    let run = plane.run("acme/shop-2").await.expect("it is there").run;
    assert_eq!(run.summary.bypasses_open, 0);
    assert!(run.gates[0].bypasses.iter().all(|bypass| bypass.was_granted()));
}

#[tokio::test]
async fn what_nobody_answers_expires_by_its_deadline_after_a_reminder_and_the_run_is_told() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    waiting_run(&mut faber, "acme/shop-3").await;
    let asked = ask(
        "request",
        json!({"run": "acme/shop-3", "phase": "release", "step": "merge", "open_for_ms": 1_500}),
    );
    assert_eq!(name_of(&told(&mut faber, &asked).await), "requested");
    let id = "acme/shop-3@release:merge";
    let expired = stands(&plane, id, Standing::Expired).await;
    assert!(expired.view.rounds[0].reminded);
    let mut operator = plane.publisher("operator").await;
    let late = ask("grant", json!({"approval": id}));
    assert_eq!(name_of(&told(&mut operator, &late).await), "closed");
    eventually("the run is told", async || {
        let run = plane.run("acme/shop-3").await?.run;
        run.gates
            .iter()
            .flat_map(|gate| &gate.settled)
            .any(|s| s.outcome == Settled::Expired)
            .then_some(())
    })
    .await;
    assert_eq!(name_of(&told(&mut faber, &asked_anew(&asked)).await), "requested", "another round");
    let again = stands(&plane, id, Standing::Open).await;
    assert_eq!(again.view.rounds.len(), 2);
    let withdraw = ask("withdraw", json!({"approval": id}));
    let mut agent = plane.publisher("agent").await;
    assert_eq!(name_of(&told(&mut agent, &withdraw).await), "not_the_asker");
    assert_eq!(name_of(&told(&mut faber, &asked_anew(&withdraw)).await), "withdrawn");
}

fn asked_anew(event: &Value) -> Value {
    let mut event = event.clone();
    event["id"] = json!(uuid::Uuid::new_v4());
    event
}

#[tokio::test]
async fn a_gate_is_the_same_under_every_name_of_its_run() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let aliases = json!({"metadata": {"autonomy": "guarded", "aliases": ["second"]}});
    told(&mut faber, &claim("first", 1, "workflow_start", aliases)).await;
    let mut ids = Vec::new();
    for run in ["second", "first"] {
        let asked = ask("request", json!({"run": run, "phase": "release"}));
        match told(&mut faber, &asked).await {
            Outcome::Event { aggregate, .. } | Outcome::Unchanged { aggregate, .. } => {
                ids.push(aggregate)
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ids, ["first@release", "first@release"]);
}

#[tokio::test]
async fn lists_have_what_waits_first_and_pages() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut agent = plane.publisher("agent").await;
    for run in ["a", "b", "c"] {
        let asked = ask("request", json!({"run": run, "phase": "release"}));
        assert_eq!(name_of(&told(&mut agent, &asked).await), "requested", "an agent may ask");
    }
    let mut operator = plane.publisher("operator").await;
    let deny = ask("deny", json!({"approval": "b@release", "reason": "not today"}));
    assert_eq!(name_of(&told(&mut operator, &deny).await), "denied");
    plane.level().await;
    let ids = async |filter: ApprovalFilter| {
        let page = approval_list(&plane.database, &filter).await.expect("the view answers");
        page.answer.rows.iter().map(|shown| shown.id.to_string()).collect::<Vec<_>>()
    };
    let filter = ApprovalFilter { limit: 10, ..ApprovalFilter::default() };
    let open = ApprovalFilter { standing: Some(Standing::Open), ..filter.clone() };
    assert_eq!(ids(open).await, ["c@release", "a@release"]);
    let of_run = ApprovalFilter { run: Some(Id::new("b").unwrap()), ..filter.clone() };
    assert_eq!(ids(of_run).await, ["b@release"]);
    let first = ApprovalFilter { limit: 1, ..filter.clone() };
    assert_eq!(ids(first).await, ["c@release"]);
    let before = shown(&plane, "c@release").await.unwrap().view.asked_seq;
    assert_eq!(
        ids(ApprovalFilter { cursor: Some(before.into()), ..filter }).await,
        ["b@release", "a@release"]
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_dead_letter_that_says_so() {
    let plane = TestPlane::start_running(&["door", "ledger"]).await;
    let mut faber = plane.publisher("faber").await;
    let cases = [
        (ask("expire", json!({"fired_at": Timestamp::from_nanos(1)})), "not_askable"),
        (ask("grant", json!({"approval": "a@release", "by": "dana"})), "not_the_data"),
        (ask("request", json!({"run": ""})), "bad_run_id"),
        (ask("request", json!({"run": "a", "open_for_ms": -1})), "not_the_data"),
    ];
    for (event, reason) in cases {
        assert_eq!(name_of(&told(&mut faber, &event).await), reason, "{event}");
    }
}

/// Answer an unreadable event with an error in the services' `reacts` to see this red: the service
/// ends with it.
#[tokio::test]
async fn an_event_that_no_reaction_can_read_is_put_back_and_holds_nobody_up() {
    let plane = TestPlane::start_running(&ALL).await;
    let run = plane.plane.connect("run").await;
    let mut headers = async_nats::HeaderMap::new();
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", "6e2c1a52-0b8e-4f6a-9c3d-2e5f8a1b6c90"),
        ("ce-source", "/helmstream/run"),
        ("ce-type", "helmstream.run.turned_green.v1"),
        ("ce-causationid", "7e2c1a52-0b8e-4f6a-9c3d-2e5f8a1b6c90"),
    ] {
        headers.insert(name, value);
    }
    store(&run, "evt.run.strange", headers, "{}".into()).await.expect("the server does not mind");
    let mut faber = plane.publisher("faber").await;
    waiting_run(&mut faber, "acme/shop-7").await;
    eventually("the other run's gate is asked", async || {
        let id = Id::new("acme/shop-7@release").unwrap();
        approval_show(&plane.database, &id, None).await.expect("the view answers").answer
    })
    .await;
    let info = api(&plane.operator, "$JS.API.CONSUMER.INFO.EVENTS.approval-run", json!({})).await;
    assert_eq!(info["num_ack_pending"], 1, "it is not forgotten: {info}");
}
