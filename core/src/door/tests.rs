//! What the door makes of messages, good and bad: given these bytes, this command or that reason.

use helmstream_schemas::{
    Context,
    run::{Answer, Autonomy, Ending, Phase, Report, Said},
};
use serde_json::json;

use super::*;

fn received() -> Timestamp {
    Timestamp::parse("2026-03-01T10:00:00Z").unwrap()
}

fn admit_bytes(payload: &[u8]) -> Admission {
    let arrival = Arrival {
        publisher: "faber",
        actor: "agent:faber",
        actor_kind: ActorKind::Agent,
        inbox_sequence: 3,
        received_at: received(),
        cause: None,
        headers: &Headers::default(),
        payload,
    };
    admit(&arrival, &Cleaner::new(b"key"))
}

fn admitted(value: &Value) -> Box<Admitted> {
    match admit_bytes(value.to_string().as_bytes()) {
        Admission::Command(admitted) => admitted,
        Admission::Dead(dead) => panic!("{dead:?}"),
    }
}

fn dead(payload: &[u8]) -> Dead {
    match admit_bytes(payload) {
        Admission::Dead(dead) => dead,
        Admission::Command(admitted) => panic!("{admitted:?}"),
    }
}

/// A good CloudEvent around FABER's envelope, changed by what `over` holds.
fn event(over: Value) -> Value {
    let mut data = json!({
        "event_id": 4, "type": "step_complete", "timestamp": "2026-03-01T09:59:00.000Z",
        "run_id": "acme-shop-77/2026-03-01T09-00-00Z", "phase": "build", "step": "implement",
        "status": "completed", "duration_ms": 12
    });
    for (key, value) in over.as_object().unwrap() {
        data[key] = value.clone();
    }
    json!({
        "specversion": "1.0", "id": "e-4", "source": "/acme/ci", "type": "faber.step_complete",
        "time": "2026-03-01T09:59:00Z", "data": data
    })
}

fn report(over: Value) -> Report {
    let admitted = admitted(&event(over));
    match words::decode("report", &admitted.command.payload).unwrap() {
        RunCommand::Report(report) => *report,
        other => panic!("{other:?}"),
    }
}

fn said(over: Value) -> Said {
    report(over).said
}

#[test]
fn a_step_that_ended_becomes_a_report_of_its_run() {
    let admitted = admitted(&event(json!({})));
    let attributes = &admitted.command.attributes;
    assert_eq!(
        admitted.command.subject().to_string(),
        "cmd.run.report.acme-shop-77/2026-03-01T09-00-00Z"
    );
    assert_eq!(attributes.get(ce::PUBLISHER), Some("faber"));
    assert_eq!(attributes.get(ce::ACTOR), Some("agent:faber"));
    assert_eq!(attributes.get(ce::ACTORKIND), Some("agent"));
    assert_eq!(attributes.get(ce::INBOXSEQUENCE), Some("3"));
    assert_eq!(attributes.get(ce::RECEIVEDTIME), Some("2026-03-01T10:00:00Z"));
    assert_eq!(attributes.get(ce::TIME), Some("2026-03-01T09:59:00Z"));
    assert_eq!(attributes.get(ce::ORIGINID), Some("e-4"));
    assert_eq!(attributes.get(ce::TYPE), Some("helmstream.run.report.v1"));
    assert_eq!(attributes.hash(ce::DOORKEY), Ok(admitted.key));
    let Said::StepEnded(ended) = said(json!({})) else { panic!() };
    assert_eq!((ended.place.phase, ended.ending), (Some(Phase::Build), Ending::Completed));
    assert_eq!(ended.place.step.as_deref(), Some("implement"));
}

#[test]
fn the_same_publish_has_the_same_ids_and_spacing_is_no_content() {
    let value = event(json!({}));
    let one = admitted(&value);
    let Admission::Command(other) =
        admit_bytes(serde_json::to_string_pretty(&value).unwrap().as_bytes())
    else {
        panic!()
    };
    assert_eq!((one.key, one.content), (other.key, other.content));
    assert_eq!(one.command.attributes.get(ce::ID), other.command.attributes.get(ce::ID));
    assert_ne!(admitted(&event(json!({"status": "failed"}))).content, one.content);
}

#[test]
fn bad_messages_die_with_their_reason() {
    let with = |name: &str, value: Value| {
        let mut event = event(json!({}));
        event[name] = value;
        dead(event.to_string().as_bytes())
    };
    let without = |name: &str| {
        let mut event = event(json!({}));
        event.as_object_mut().unwrap().remove(name);
        dead(event.to_string().as_bytes())
    };
    assert_eq!(dead(b"\xff").reason, "not_utf8");
    assert_eq!(dead(b"[]").reason, "not_a_cloudevent");
    assert_eq!(with("specversion", json!("0.3")).reason, "wrong_specversion");
    assert_eq!(with("specversion", json!(1.0)).reason, "wrong_type");
    for name in ["specversion", "id", "source", "type"] {
        let dead = without(name);
        assert_eq!(dead.reason, "not_a_cloudevent");
        assert!(dead.detail.contains(name), "{dead:?}");
    }
    assert_eq!(with("id", json!("")).reason, "not_a_cloudevent");
    assert_eq!(with("id", json!(7)).reason, "wrong_type");
    assert_eq!(with("id", json!("x".repeat(3_000))).reason, "long_attribute");
    assert_eq!(with("extension", json!("x".repeat(3_000))).reason, "long_attribute");
    assert_eq!(with("extension", json!({})).reason, "wrong_type");
    assert_eq!(with("time", json!("yesterday")).reason, "bad_time");
    assert_eq!(with("time", json!(1)).reason, "wrong_type");
    assert_eq!(with("data_base64", json!("AA==")).reason, "two_data");
    assert_eq!(with("data", json!("text")).reason, "not_a_faber_event");
    assert_eq!(without("data").reason, "not_a_faber_event");
    let named = |name: &str| dead(event(json!({ "run_id": name })).to_string().as_bytes()).reason;
    assert_eq!(named(""), "bad_run_id");
    assert_eq!(named(&"x".repeat(600)), "bad_run_id");
    let typed = dead(event(json!({"event_id": "four"})).to_string().as_bytes());
    assert_eq!(typed.reason, "not_a_faber_event");
    assert!(!typed.hint.is_empty());
}

#[test]
fn the_limit_of_size_is_exact() {
    let empty = event(json!({"message": ""})).to_string().len();
    let fit = event(json!({"message": "x".repeat(PUBLISH_BYTES_MAX - empty)})).to_string();
    assert!(matches!(admit_bytes(fit.as_bytes()), Admission::Command(_)));
    let over = event(json!({"message": "x".repeat(PUBLISH_BYTES_MAX - empty + 1)})).to_string();
    assert_eq!(dead(over.as_bytes()).reason, "too_large");
}

#[test]
fn a_type_without_a_meaning_is_kept_as_a_fact_of_its_source() {
    let admitted = admitted(&json!({
        "specversion": "1.0", "id": "x 1", "source": "https://ci.example/a?b=*", "type": "com.example.built",
        "time": "2026-03-01T09:59:00Z", "subject": "s", "data": {"user": "dana"}
    }));
    assert_eq!(admitted.command.context, Context::External);
    assert_eq!(
        admitted.command.subject().to_string(),
        "cmd.external.record.https://ci%2Eexample/a%3Fb%3D%2A"
    );
    let text = String::from_utf8(admitted.command.payload.clone()).unwrap();
    assert!(text.contains("com.example.built") && !text.contains("dana"), "{text}");
    assert_eq!(admitted.people[0].value, "dana");
}

#[test]
fn nothing_that_leaves_the_door_holds_a_secret_or_a_name() {
    let token = format!("gh{}_{}", "p", "a1".repeat(18));
    let mut value = event(json!({
        "user": "Dana Scully", "message": format!("{token} by dana@example.com"),
        "metadata": {"password": "hunter2hunter2"}
    }));
    value["id"] = json!(format!("id-{token}"));
    value["traceparent"] = json!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let admitted = admitted(&value);
    let payload = String::from_utf8(admitted.command.payload.clone()).unwrap();
    let attributes = format!("{:?}", admitted.command.attributes);
    for hidden in [token.as_str(), "Dana", "dana@", "hunter2"] {
        assert!(!payload.contains(hidden), "{hidden} in {payload}");
        assert!(!attributes.contains(hidden), "{hidden} in {attributes}");
    }
    assert!(attributes.contains("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(admitted.people.len(), 2);
    let Ok(RunCommand::Report(report)) = words::decode("report", &admitted.command.payload) else {
        panic!()
    };
    assert_eq!(report.claim.removed.len(), 5, "{:?}", report.claim.removed);
    let dead = dead(
        format!(
            r#"{{"specversion":"1.0","id":"a","source":"s","type":"faber.x","data":"{token}"}}"#
        )
        .as_bytes(),
    );
    assert!(!dead.detail.contains(&token), "{dead:?}");
}

#[test]
fn a_claim_later_than_its_receipt_is_flagged_and_an_unreadable_time_is_kept_as_text() {
    let ahead = report(json!({"timestamp": "2036-03-01T10:00:00Z"})).claim;
    assert_eq!(ahead.ahead_ms, Some(315_619_200_000));
    assert_eq!(report(json!({})).claim.ahead_ms, None);
    let exact = report(json!({"timestamp": "2026-03-01T10:00:00Z"})).claim;
    assert_eq!(exact.ahead_ms, None);
    let zoneless = report(json!({"timestamp": "2026-03-01T09:00:00"})).claim;
    assert_eq!(
        (zoneless.claimed_at, zoneless.claimed_text.as_deref()),
        (None, Some("2026-03-01T09:00:00"))
    );
}

#[test]
fn every_word_of_faber_means_something() {
    let of = |word: &str, over: Value| {
        let mut over = over;
        over["type"] = json!(word);
        let (name, _) = words::encode(&said(over));
        name
    };
    let wanted = |word: &str| match word {
        "workflow_start" => "started",
        "workflow_resumed" | "workflow_rerun" => "resumed",
        "workflow_complete" | "workflow_error" | "workflow_cancelled" => "ended",
        "phase_start" => "phase_begun",
        "phase_skip" | "phase_complete" | "phase_error" => "phase_ended",
        "step_start" | "step_retry" => "step_begun",
        "step_complete" | "step_error" => "step_ended",
        "artifact_create" | "artifact_modify" | "commit_create" | "branch_create" | "pr_create"
        | "pr_merge" | "spec_generate" => "artifact_recorded",
        "approval_request" => "approval_asked",
        "approval_granted" | "approval_denied" => "approval_answered",
        _ => "noted",
    };
    for word in helmstream_schemas::faber::TYPES {
        assert_eq!(of(word, json!({})), wanted(word), "{word}");
    }
    assert_eq!(of("workflow:fail", json!({})), "ended");
    assert_eq!(of("retry_attempt", json!({})), "step_begun");
    assert_eq!(of("step_skip", json!({})), "step_ended");
    assert_eq!(of("feedback_request", json!({})), "noted");
    assert_eq!(of("phase_start", json!({"phase": null})), "noted");
    assert_eq!(of("step_complete", json!({"step": ""})), "noted");
}

#[test]
fn a_decision_point_is_a_gate_only_if_it_says_so() {
    let gate = |over: Value| {
        let mut over = over;
        over["type"] = json!("decision_point");
        matches!(said(over), Said::ApprovalAsked(_))
    };
    assert!(gate(json!({"metadata": {"gate": "before"}})));
    assert!(gate(json!({"message": "autonomy gate before release"})));
    assert!(gate(json!({"message": "needs approval."})));
    assert!(!gate(json!({"message": "investigate the gateway"})));
    assert!(!gate(json!({})));
}

#[test]
fn what_is_said_is_read_from_where_faber_writes_it() {
    let Said::Started(started) = said(json!({"type": "workflow_start", "metadata": {
        "work_id": 77, "workflow_id": "default", "autonomy": "assisted", "issue_title": "T"
    }})) else {
        panic!()
    };
    assert_eq!(started.work_id.as_deref(), Some("77"));
    assert_eq!(started.autonomy, Some(Autonomy::Assist));
    assert_eq!(started.autonomy_text.as_deref(), Some("assisted"));
    let Said::ApprovalAnswered(answered) = said(json!({"type": "approval_denied"})) else {
        panic!()
    };
    assert_eq!(answered.answer, Answer::Denied);
    let Said::Ended(ended) =
        said(json!({"type": "workflow_error", "error": {"code": "FABER-200"}}))
    else {
        panic!()
    };
    assert_eq!(ended.ending, Ending::Failed);
    assert_eq!(ended.error.unwrap().code.as_deref(), Some("FABER-200"));
    let nulls = report(json!({"metadata": null, "artifacts": null, "phase": null})).claim;
    assert_eq!((nulls.artifacts.len(), nulls.rest.get("metadata")), (0, None));
    let kept = report(json!({"custom": 1, "source": "emit-event.sh", "artifacts": [{"type": "pr", "name": "#8"}]})).claim;
    assert_eq!(kept.rest["custom"], 1);
    assert_eq!(kept.rest["source"], "emit-event.sh");
    assert_eq!(kept.artifacts[0].name.as_deref(), Some("#8"));
    let Said::PhaseBegun(begun) = said(json!({"type": "phase_start", "phase": "Deploy"})) else {
        panic!()
    };
    assert_eq!(
        (begun.place.phase, begun.place.phase_text.as_deref()),
        (Some(Phase::Other), Some("Deploy"))
    );
}

#[test]
fn a_merge_names_the_report_that_proved_it() {
    let report = admitted(&event(json!({"metadata": {"aliases": ["young"]}})));
    assert_eq!(report.names.len(), 2);
    let merge = merge_command(&report.command, report.names[1].clone(), &report.names[0]);
    assert_eq!(merge.subject().to_string(), "cmd.run.merge.young");
    assert_eq!(merge.attributes.get(ce::CAUSATIONID), report.command.attributes.get(ce::ID));
    assert_eq!(merge, merge_command(&report.command, report.names[1].clone(), &report.names[0]));
}

/// Cleaning makes this many times longer: it must not become a command that no stream takes.
#[test]
fn what_grows_too_large_by_cleaning_is_a_dead_letter_and_a_long_detail_is_cut() {
    let addresses = "a@b.co ".repeat(60_000);
    let grown = dead(event(json!({ "message": addresses })).to_string().as_bytes());
    assert_eq!(grown.reason, "too_large");
    assert!(grown.detail.contains("once cleaned"), "{grown:?}");
    let long = dead(event(json!({ "event_id": "x".repeat(100_000) })).to_string().as_bytes());
    assert_eq!(long.reason, "not_a_faber_event");
    assert!(long.detail.len() < 1_100, "{}", long.detail.len());
}
