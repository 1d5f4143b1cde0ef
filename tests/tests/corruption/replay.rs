//! What is replayed is what is on the log, in the form in which it is hashed.

use helmstream_schemas::{Hash, Id};
use helmstream_services::client::{
    Client, Code, Direct, Failure,
    replay::{Payload, Replayed, Request},
};
use helmstream_stream::{append::EVENTS, publish::store};

use super::at_rest;

fn everything() -> Request {
    Request { from_seq: 1, to_seq: None, context: None, aggregate: None, kind: None }
}

async fn replayed(client: &Direct, mut request: Request) -> Result<Vec<Replayed>, Failure> {
    let mut all = Vec::new();
    loop {
        let page = client.replay(request.clone()).await?.answer;
        all.extend(page.records);
        let Some(next) = page.next else { return Ok(all) };
        request = Request { from_seq: next, to_seq: Some(page.to_seq), ..request };
    }
}

/// By no code of ours but the digest: the head is written as JSON in the order of its names.
fn recomputed(line: &Replayed) -> Hash {
    let head = serde_json::to_vec(&line.head).expect("texts");
    let length = u32::try_from(head.len()).expect("short").to_be_bytes();
    let Payload::Text(payload) = &line.payload else { panic!("{line:?} is no text") };
    Hash::of(&[&length[..], &head, payload.as_bytes()].concat())
}

#[tokio::test]
async fn every_event_is_replayed_and_its_hash_can_be_computed_again() {
    let (plane, client) = at_rest(2).await;
    let events = plane.events(">").await;
    let lines = replayed(&client, everything()).await.expect("the log is whole");
    assert_eq!(lines.len(), events.len());
    for (line, event) in lines.iter().zip(&events) {
        assert_eq!(line.hash, Hash::of_record(event));
        assert_eq!(recomputed(line), line.hash);
        assert_eq!(line.head["sequence"], event.sequence.to_string());
    }
    let some = Request {
        from_seq: 3,
        context: Some("run".into()),
        aggregate: Some(Id::new("acme/1").expect("a name")),
        kind: Some("step_ended".into()),
        ..everything()
    };
    let lines = replayed(&client, some).await.expect("the log is whole");
    let subjects: Vec<&str> = lines.iter().map(|line| line.head["subject"].as_str()).collect();
    assert_eq!(subjects, ["evt.run.acme/1"], "{lines:?}");
    let of_any_context =
        Request { aggregate: Some(Id::new("acme/1").expect("a name")), ..everything() };
    let lines = replayed(&client, of_any_context).await.expect("the log is whole");
    assert_eq!(lines.len(), plane.events("evt.*.acme/1").await.len());
}

#[tokio::test]
async fn a_range_that_is_not_there_is_refused_and_a_gap_is_told() {
    let (mut plane, client) = at_rest(1).await;
    let run = plane.plane.connect("run").await;
    let head = store(&run, "evt.run.odd", Default::default(), b"\xff\x00".to_vec().into())
        .await
        .expect("a run may append");
    let last = Request { from_seq: head, to_seq: Some(head), ..everything() };
    let lines = replayed(&client, last).await.expect("it is there");
    assert_eq!(lines[0].payload, Payload::Base64("/wA=".into()));
    let range = |from_seq, to_seq| Request { from_seq, to_seq, ..everything() };
    assert_eq!(replayed(&client, range(head + 1, None)).await.expect("nothing new"), []);
    for refused in [range(1, Some(head + 1)), range(head + 2, None), range(3, Some(2))] {
        let failure = replayed(&client, refused).await.expect_err("it is not there");
        assert_eq!(failure.code, Code::NotFound);
        assert!(
            failure.hint.contains("both ends") || failure.hint.contains(&format!("ends at {head}"))
        );
    }
    plane.plane.forge(EVENTS, |records| drop(records.remove(3))).await;
    let failure = replayed(&client, everything()).await.expect_err("it is not whole");
    assert!(
        failure.what.contains("no record 4") && failure.hint.contains("--from 5"),
        "{failure:?}"
    );
}
