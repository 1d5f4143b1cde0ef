//! What the door makes of bad input: a clear answer each, kept whole, and what was valid beside it
//! lands.

use helmstream_projections::questions::dead_letter::{
    DeadLetterFilter, dead_letter_list, dead_letter_show,
};
use helmstream_schemas::{
    limits::{ATTRIBUTE_BYTES_MAX, ID_BYTES_MAX, PUBLISH_BYTES_MAX},
    outcome::Outcome,
};
use helmstream_stream::get;
use helmstream_tests::{
    faber::{external, said},
    harness::TestPlane,
    running::ALL,
};
use serde_json::{Value, json};

/// Every kind of bad input, and the reason it is given.
fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let good = said("acme/bad", 1, "workflow_start", json!({}));
    let with = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event.to_string().into_bytes()
    };
    let without = |name: &str| {
        let mut event = good.clone();
        event.as_object_mut().expect("an object").remove(name);
        event.to_string().into_bytes()
    };
    let data = |name: &str, value: Value| {
        let mut event = good.clone();
        event["data"][name] = value;
        event.to_string().into_bytes()
    };
    let mut broken = good.to_string().into_bytes();
    let at = broken.windows(4).position(|bytes| bytes == b"acme").expect("a name");
    broken[at] = 0xff;
    let twice = good.to_string().replacen("\"id\":", "\"id\":\"other\",\"id\":", 1).into_bytes();
    let inside = good.to_string().replacen("\"event_id\":", "\"event_id\":7,\"event_id\":", 1);
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let padding = "x".repeat(PUBLISH_BYTES_MAX);
    vec![
        ("not_utf8", broken),
        ("not_json", b"nonsense".to_vec()),
        ("not_json", b"".to_vec()),
        ("not_json", b"{} {}".to_vec()),
        ("not_a_cloudevent", b"[]".to_vec()),
        ("not_a_cloudevent", b"null".to_vec()),
        ("not_a_cloudevent", without("id")),
        ("not_a_cloudevent", without("source")),
        ("not_a_cloudevent", without("type")),
        ("not_a_cloudevent", without("specversion")),
        ("not_a_cloudevent", with("id", json!(""))),
        ("wrong_type", with("id", json!(7))),
        ("wrong_type", with("source", json!({}))),
        ("wrong_type", with("time", json!(17))),
        ("wrong_type", with("extension", json!([1]))),
        ("wrong_specversion", with("specversion", json!("0.3"))),
        ("wrong_type", with("specversion", json!(1.0))),
        ("bad_time", with("time", json!("yesterday"))),
        ("bad_time", with("time", json!("2026-03-01T10:00:00"))),
        ("bad_time", with("time", json!("9999-03-01T10:00:00Z"))),
        ("two_data", with("data_base64", json!("eA=="))),
        ("long_attribute", with("id", json!("x".repeat(ATTRIBUTE_BYTES_MAX + 1)))),
        ("duplicate_key", twice),
        ("duplicate_key", inside.into_bytes()),
        ("too_deep", with("data", json!(null)).into_iter().collect::<Vec<u8>>()),
        ("too_large", data("message", json!(padding))),
        ("not_a_faber_event", data("event_id", json!("seven"))),
        ("not_a_faber_event", data("run_id", json!(7))),
        ("not_a_faber_event", data("event_id", json!(-1))),
        ("not_a_faber_event", without("data")),
        ("bad_run_id", data("run_id", json!(""))),
        ("bad_run_id", data("run_id", json!("x".repeat(ID_BYTES_MAX + 1)))),
        (
            "too_many_names",
            data("metadata", json!({"aliases": ["a", "b", "c", "d", "e", "f", "g", "h"]})),
        ),
        (
            "bad_source",
            external(&"s".repeat(ID_BYTES_MAX + 1), "1", json!(1)).to_string().into_bytes(),
        ),
    ]
    .into_iter()
    .map(|(reason, bytes)| match reason {
        "too_deep" => {
            let text = String::from_utf8(bytes).expect("JSON");
            (reason, text.replace("\"data\":null", &format!("\"data\":{deep}")).into_bytes())
        }
        _ => (reason, bytes),
    })
    .collect()
}

#[tokio::test]
async fn bad_input_dies_with_its_reason_and_is_kept_whole_and_its_neighbours_land() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let bad = bad();
    let mut published = Vec::new();
    for (n, (_, bytes)) in bad.iter().enumerate() {
        let neighbour = said("acme/good", n as u64 + 1, "checkpoint", json!({}));
        published.push((faber.publish(&neighbour).await, faber.publish_bytes(bytes.clone()).await));
    }
    for ((neighbour, sequence), (reason, bytes)) in published.iter().zip(&bad) {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
        let told = faber.hear(*sequence).await;
        let Outcome::DeadLetter { reason: found, detail, hint, dead_sequence } = &told else {
            panic!("{told:?} of {text}")
        };
        assert_eq!(found, reason, "{detail}: {text}");
        assert!(!detail.is_empty() && !hint.is_empty(), "{told:?}");
        assert_eq!(plane.outcome(*sequence).await, told);
        let kept =
            get::at(&plane.operator, "DEADLETTERS", *dead_sequence).await.expect("the log answers");
        assert_eq!(&kept.expect("a dead letter").payload, bytes, "kept whole: {text}");
        let shown =
            dead_letter_show(&plane.database, *sequence).await.expect("the views answer").answer;
        assert_eq!(shown.expect("a dead letter").letter.letter.bytes, bytes.len() as u64);
        assert!(matches!(faber.hear(*neighbour).await, Outcome::Event { .. }), "beside {text}");
    }
    assert_eq!(plane.events("evt.run.acme/good").await.len(), bad.len());
    assert!(plane.events("evt.run.acme/bad").await.is_empty());
    let filter =
        DeadLetterFilter { is_all: true, order: Default::default(), cursor: None, limit: 1_000 };
    let listed = dead_letter_list(&plane.database, &filter).await.expect("the views answer").answer;
    assert_eq!(listed.rows.len(), bad.len());
}

#[tokio::test]
async fn the_same_id_with_other_content_is_a_recorded_conflict_and_the_first_stands() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let first = faber.publish(&said("acme/c", 1, "workflow_start", json!({}))).await;
    let other =
        faber.publish(&said("acme/c", 1, "workflow_start", json!({"message": "other"}))).await;
    let third = faber.publish(&said("acme/c", 1, "workflow_start", json!({}))).await;
    assert!(matches!(faber.hear(first).await, Outcome::Event { .. }));
    let told = faber.hear(other).await;
    let Outcome::DeadLetter { reason, detail, .. } = &told else { panic!("{told:?}") };
    assert_eq!(reason, "conflict");
    assert!(detail.contains(&first.to_string()), "{detail}");
    assert_eq!(faber.hear(third).await, Outcome::DuplicateOf { first_inbox_sequence: first });
    assert_eq!(plane.events("evt.run.acme/c").await.len(), 1);
}

#[tokio::test]
async fn two_claims_of_one_number_are_a_dispute_on_the_runs_own_log() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let first = faber.publish(&said("acme/d", 1, "workflow_start", json!({}))).await;
    let mut other = said("acme/d", 1, "workflow_start", json!({"message": "other"}));
    other["id"] = "another".into();
    let second = faber.publish(&other).await;
    faber.hear(first).await;
    let told = faber.hear(second).await;
    assert!(matches!(&told, Outcome::Event { name, .. } if name == "claim_disputed"), "{told:?}");
    let shown = plane.run("acme/d").await.expect("the run is in the view");
    assert_eq!((shown.run.disputes.len(), shown.run.summary.claims), (1, 1));
}

/// A publisher's own id is its own affair: it is no header, no subject and no name of ours.
#[tokio::test]
async fn an_id_and_a_name_may_hold_every_special_character() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let texts = [
        "a b",
        "a.b.c",
        "*",
        ">",
        "evt.run.>",
        "$JS.API.>",
        "%2E",
        "%",
        "\"quoted\"",
        "back\\slash",
        "new\nline",
        "carriage\rreturn",
        "tab\t",
        "nul\u{0}",
        "del\u{7f}",
        "ünï",
        "\u{1f600}",
        "\u{202e}right",
        "'; DROP TABLE run; --",
        "..",
        "/",
        "Nats-Msg-Id: x\r\n",
        "<script>",
        "{{wildcard(1)}}",
        "{}",
        "\u{feff}bom",
    ];
    let mut published = Vec::new();
    for text in texts {
        let mut event = said(
            &format!("acme/{text}/x"),
            1,
            "workflow_start",
            json!({"step": text, "message": text}),
        );
        event["id"] = text.into();
        event["source"] = format!("/s/{text}").into();
        event["subject"] = text.into();
        event["traceparent"] = text.into();
        published.push((text, faber.publish(&event).await));
        let fact = external(&format!("/e/{text}"), text, json!({ text: text }));
        published.push((text, faber.publish(&fact).await));
    }
    for (text, sequence) in &published {
        let told = faber.hear(*sequence).await;
        assert!(
            matches!(told, Outcome::Event { .. } | Outcome::ExternalFact { .. }),
            "{text:?}: {told:?}"
        );
    }
    for text in texts {
        let name = format!("acme/{text}/x");
        let shown = plane.run(name.trim()).await.unwrap_or_else(|| panic!("no run {name:?}"));
        assert_eq!(shown.run.id.as_str(), name.trim());
        let found = plane
            .events(&format!(
                "evt.external.{}",
                helmstream_schemas::Id::new(format!("/e/{text}")).expect("a name").token()
            ))
            .await;
        let fact: Value = serde_json::from_slice(&found[0].payload).expect("JSON");
        assert_eq!(fact["id"], text);
        assert_eq!(fact["data"][text], text, "kept as it was written");
    }
    let parked =
        helmstream_projections::questions::projection::projection_list(&plane.database).await;
    assert!(parked.expect("the views answer").iter().all(|line| line.parked == 0));
}

#[tokio::test]
async fn a_clock_ten_years_off_is_said_and_believed_by_nobody() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let ahead =
        said("acme/ahead", 1, "workflow_start", json!({"timestamp": "2036-11-21T10:00:00Z"}));
    let behind =
        said("acme/behind", 1, "workflow_start", json!({"timestamp": "2016-11-21T10:00:00Z"}));
    for event in [&ahead, &behind] {
        let sequence = faber.publish(event).await;
        assert!(matches!(faber.hear(sequence).await, Outcome::Event { .. }));
    }
    let claim = async |name: &str| {
        let shown = plane.run(name).await.expect("the run is in the view");
        (shown.run.timeline[0].claim.clone().expect("a claim"), shown.run.timeline[0].stalls_at)
    };
    let (claimed, _) = claim("acme/ahead").await;
    assert!(claimed.ahead_ms > Some(365 * 24 * 3_600_000), "{claimed:?}");
    assert!(claimed.claimed_at > Some(claimed.received_at));
    let (claimed, stalls_at) = claim("acme/behind").await;
    assert_eq!((claimed.ahead_ms, stalls_at), (None, None), "an import is not expected to go on");
}
