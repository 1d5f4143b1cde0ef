//! An event whose attributes are headers: it lands like any other, its publisher cannot say by a
//! header who it is, and what cannot be read is kept and retried in the form it had.

use async_nats::HeaderMap;
use helmstream_projections::questions::dead_letter::dead_letter_show;
use helmstream_schemas::{
    attributes as ce,
    external::{ExternalCommand, ExternalFact},
    outcome::Outcome,
    words,
};
use helmstream_stream::{get, headers::REPLY_TO, publish::store};
use helmstream_tests::{
    faber::said,
    harness::TestPlane,
    patience::eventually,
    publisher::Publisher,
    running::{ALL, Running},
};
use serde_json::json;

/// Publishes a payload under these headers; its position in INBOX.
async fn publish(publisher: &Publisher, headers: &[(&str, &str)], payload: &[u8]) -> u64 {
    let mut map = HeaderMap::new();
    headers.iter().for_each(|(name, value)| map.append(*name, *value));
    map.insert(REPLY_TO, publisher.inbox());
    let subject = format!("in.{}", publisher.connection.user);
    let stored = store(&publisher.connection, &subject, map, payload.to_vec().into()).await;
    stored.expect("a publisher may publish")
}

const FACT: [(&str, &str); 5] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "b-1"),
    ("ce-source", "/forge/caf%C3%A9"),
    ("ce-type", "com.example.built"),
    ("content-type", "text/csv"),
];

async fn facts(plane: &Running) -> Vec<ExternalFact> {
    let commands = plane.commands("cmd.*.external.record.>").await;
    let fact = |payload: &[u8]| match words::decode("record", payload).expect("a word of ours") {
        ExternalCommand::Record(fact) => fact,
    };
    commands.iter().map(|command| fact(&command.payload)).collect()
}

#[tokio::test]
async fn an_event_in_headers_is_one_with_the_same_event_in_json_and_says_nothing_of_its_sender() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let more = [("ce-actor", "operator"), ("ce-actorkind", "human"), ("ce-publisher", "operator")];
    let claimed: Vec<_> = FACT.into_iter().chain(more).collect();
    let first = publish(&faber, &claimed, b"a,b\n").await;
    assert!(matches!(faber.hear(first).await, Outcome::ExternalFact { .. }));
    let event = json!({
        "specversion": "1.0", "id": "b-1", "source": "/forge/café", "type": "com.example.built",
        "datacontenttype": "text/csv", "data": "a,b\n",
        "actor": "operator", "actorkind": "human", "publisher": "operator"
    });
    let again = faber.publish(&event).await;
    assert_eq!(faber.hear(again).await, Outcome::DuplicateOf { first_inbox_sequence: first });
    let stored = plane.commands("cmd.*.external.record.>").await.remove(0);
    for (name, value) in
        [(ce::ACTOR, "faber"), (ce::ACTORKIND, "service"), (ce::PUBLISHER, "faber")]
    {
        assert_eq!(stored.attributes.get(name), Some(value));
    }
    let fact = facts(&plane).await.remove(0);
    assert_eq!((fact.data, &fact.attributes["actor"]), (Some(json!("a,b\n")), &json!("operator")));
    // A run's report means the same in either form.
    let event = said("acme/binary", 1, "workflow_start", json!({}));
    let headers = ["id", "source", "type", "specversion"]
        .map(|name| (format!("ce-{name}"), event[name].as_str().expect("a text").to_owned()));
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let first = publish(&faber, &headers, event["data"].to_string().as_bytes()).await;
    assert!(matches!(faber.hear(first).await, Outcome::Event { name, .. } if name == "started"));
    let again = faber.publish(&event).await;
    assert_eq!(faber.hear(again).await, Outcome::DuplicateOf { first_inbox_sequence: first });
}

#[tokio::test]
async fn a_dead_letter_keeps_its_headers_and_is_retried_in_its_form() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let mut headers = FACT.to_vec();
    headers[4] = ("Content-Type", "application/json");
    headers.extend([("ce-publisher", "operator"), ("ce-causationid", "x"), ("x-other", "y")]);
    let of = publish(&faber, &headers, b"{ no json").await;
    let Outcome::DeadLetter { dead_sequence, reason, .. } = faber.hear(of).await else { panic!() };
    assert_eq!(reason, "not_json");
    let kept = get::at(&plane.operator, "DEADLETTERS", dead_sequence).await;
    let kept = kept.expect("the log answers").expect("it is kept");
    assert_eq!(kept.payload, b"{ no json");
    assert_eq!(kept.attributes.get(ce::PUBLISHER), Some("faber"), "not what a header says");
    let lines = kept.attributes.get("keptheaders").expect("its headers");
    assert!(lines.contains("ce-source:/forge/caf%C3%A9\n") && !lines.contains("other"), "{lines}");
    let ask = json!({
        "specversion": "1.0", "id": "r-1", "source": "/test", "type": "helmstream.dead_letter.retry.v1",
        "data": {"inbox_sequence": of, "dead_sequence": dead_sequence}
    });
    let asked = operator.publish(&ask).await;
    assert!(matches!(operator.hear(asked).await, Outcome::Event { .. }));
    let again = eventually("the outcome of the retry", async || {
        let shown = dead_letter_show(&plane.database, of).await.expect("the views answer");
        let became = shown.answer?.letter.retries.pop()?.became?;
        became.outcome.map(|outcome| (became.inbox_sequence, outcome))
    })
    .await;
    let (again, Outcome::DeadLetter { dead_sequence, reason, .. }) = again else { panic!() };
    assert_eq!(reason, "not_json", "its data was looked for where it was");
    let once_more = get::at(&plane.operator, "DEADLETTERS", dead_sequence).await;
    let once_more = once_more.expect("the log answers").expect("it is kept");
    assert_eq!(once_more.attributes.get("keptheaders"), Some(lines));
    plane.level().await;
    let shown = dead_letter_show(&plane.database, again).await.expect("the views answer");
    assert_eq!(shown.answer.expect("a dead letter").letter.letter.publisher, "faber");
}
