//! Messages that no client hands over, because their headers cannot be read: each is kept whole as
//! a dead letter, nothing good beside it is lost or doubled, and the door goes on.

use std::collections::BTreeMap;

use helmstream_schemas::{
    attributes as ce,
    journal::{DeadLetter, JournalEntry},
    outcome::Outcome,
    words,
};
use helmstream_services::client::{
    Client, Direct, dead_letter,
    direct::{Manner, OPERATOR},
};
use helmstream_services::local::plane::Plane;
use helmstream_stream::{get, read::extent};
use helmstream_tests::{
    faber::external,
    harness::TestPlane,
    hpub::BytePublisher,
    patience::{PATIENCE, eventually},
    running::{ALL, Running},
};
use serde_json::json;

const PLAIN: &[u8] = b"NATS/1.0\r\n\r\n";

/// Every way in which headers end the reading of them.
const BAD: [(&[u8], &str); 6] = [
    (b"NATS/1.0\r\nce-id: caf\xe9\r\n\r\n", "is not UTF-8"),
    (b"NATS/1.0\r\n\xff\xfe: 1\r\n\r\n", "is not UTF-8"),
    (b"NATS/1.0\r\nno colon\r\n\r\n", "is no header"),
    (b"NATS/1.0\r\na name: 1\r\n\r\n", "is no header"),
    (b"NATS/1.0\r\nce-id: a\rb\r\n\r\n", "carriage return"),
    (b"HTTP/1.1 200 OK\r\n\r\n", "do not begin with"),
];

/// What the server mends before it stores: words of its own, and no headers at all.
const MENDED: [&[u8]; 5] = [
    b"\r\n",
    b"NATS/1.0 4\r\n\r\n",
    b"NATS/1.0 404 No Messages\r\n\r\n",
    b"NATS/1.0 409 Consumer Deleted\r\n\r\n",
    b"NATS/1.0 100 Idle Heartbeat\r\n\r\n",
];

fn fact(id: &str) -> Vec<u8> {
    external("/tests/unheard", id, json!({ "user": "dana" })).to_string().into_bytes()
}

/// The dead letters in the journal by their positions in INBOX; there is one of each.
async fn letters(plane: &Running) -> BTreeMap<u64, DeadLetter> {
    let mut found = BTreeMap::new();
    for record in plane.journal().await {
        let kind = record.attributes.get(ce::TYPE).expect("a type");
        let name = kind.split('.').nth(2).expect("a word of the journal");
        let entry = words::decode(name, &record.payload).expect("a word of ours");
        let JournalEntry::DeadLetter(letter) = entry else { panic!("{entry:?}") };
        let other = found.insert(letter.inbox_sequence, letter);
        assert_eq!(other, None, "two outcomes of one publish");
    }
    found
}

async fn is_empty(plane: &Running) {
    eventually("an INBOX in which nothing is left", async || {
        let inbox = extent(&plane.operator, "INBOX").await.expect("the log answers");
        (inbox.messages == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_whose_headers_cannot_be_read_is_kept_whole_and_its_neighbours_land() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = BytePublisher::open(&plane.plane.plane.address("faber")).await;
    for (n, (headers, why)) in BAD.into_iter().enumerate() {
        let (before, after) = (fact(&format!("before-{n}")), fact(&format!("after-{n}")));
        let payload = fact(&format!("bad-{n}"));
        let sent = [(PLAIN, &before[..]), (headers, &payload[..]), (PLAIN, &after[..])];
        let positions = faber.publish_all(&sent).await;
        let told = plane.outcome(positions[1]).await;
        let Outcome::DeadLetter { reason, detail, hint, dead_sequence } = &told else {
            panic!("{told:?}, not {why} of {headers:?}")
        };
        assert_eq!(reason, "unreadable_headers");
        assert!(detail.contains(why) && !hint.is_empty(), "{detail}, not {why}");
        let kept = get::at(&plane.operator, "DEADLETTERS", *dead_sequence).await;
        let kept = kept.expect("the log answers").expect("a dead letter");
        assert_eq!(kept.payload, [headers, &payload].concat(), "kept whole: {why}");
        assert_eq!(kept.subject, "dead.faber");
        assert_eq!(kept.attributes.get(ce::PUBLISHER), Some("faber"));
        let length = headers.len().to_string();
        assert_eq!(kept.attributes.get("headerbytes"), Some(length.as_str()));
        for neighbour in [positions[0], positions[2]] {
            let told = plane.outcome(neighbour).await;
            assert!(matches!(told, Outcome::ExternalFact { .. }), "{told:?} beside {why}");
        }
    }
    is_empty(&plane).await;
    assert_eq!(letters(&plane).await.len(), BAD.len());
    assert_eq!(plane.events("evt.external.>").await.len(), 2 * BAD.len(), "none was doubled");
}

#[tokio::test]
async fn nobody_passes_for_the_server_by_a_status() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = BytePublisher::open(&plane.plane.plane.address("faber")).await;
    for (n, headers) in MENDED.into_iter().enumerate() {
        let position = faber.publish(headers, &fact(&format!("status-{n}"))).await;
        let told = plane.outcome(position).await;
        assert!(matches!(told, Outcome::ExternalFact { .. }), "{told:?} of {headers:?}");
    }
    is_empty(&plane).await;
    assert_eq!(plane.events("evt.external.>").await.len(), MENDED.len(), "none was doubled");
}

#[tokio::test]
async fn a_thousand_of_them_in_a_row_and_among_others_do_not_stop_the_door() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = BytePublisher::open(&plane.plane.plane.address("faber")).await;
    let facts: Vec<Vec<u8>> = (0..1_300).map(|n| fact(&format!("n-{n}"))).collect();
    let is_bad = |n: usize| n < 300 || n % 10 < 7;
    let sent: Vec<(&[u8], &[u8])> = facts
        .iter()
        .enumerate()
        .map(|(n, fact)| (if is_bad(n) { BAD[n % BAD.len()].0 } else { PLAIN }, &fact[..]))
        .collect();
    let positions = faber.publish_all(&sent).await;
    is_empty(&plane).await;
    plane.level().await;
    let letters = letters(&plane).await;
    let (bad, good): (Vec<usize>, Vec<usize>) = (0..sent.len()).partition(|n| is_bad(*n));
    assert_eq!((bad.len(), good.len()), (1_000, 300));
    let found: Vec<u64> = letters.keys().copied().collect();
    assert_eq!(found, bad.iter().map(|n| positions[*n]).collect::<Vec<_>>());
    for n in good {
        let told = plane.outcome(positions[n]).await;
        assert!(matches!(told, Outcome::ExternalFact { .. }), "{told:?} of {n}");
    }
    assert_eq!(plane.events("evt.external.>").await.len(), 300, "none was doubled");
    let last = faber.publish(PLAIN, &fact("last")).await;
    assert!(matches!(plane.outcome(last).await, Outcome::ExternalFact { .. }));
}

#[tokio::test]
async fn such_a_message_is_shown_cleaned_and_a_retry_says_that_it_cannot_be_sent_again() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = BytePublisher::open(&plane.plane.plane.address("faber")).await;
    let position = faber.publish(BAD[0].0, &fact("bad")).await;
    assert!(matches!(plane.outcome(position).await, Outcome::DeadLetter { .. }));
    plane.level().await;
    let manner =
        Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    let operator = Direct::new(place, manner).expect("the operator may ask");
    let request = dead_letter::ShowRequest { inbox_sequence: position };
    let shown = operator.dead_letter_show(request).await.expect("the plane answers").answer.shown;
    let shown = shown.expect("it is still there");
    assert!(shown.starts_with("NATS/1.0\r\nce-id: caf\\xe9\r\n\r\n{"), "{shown}");
    assert!(!shown.contains("dana"), "{shown}");
    let retry = json!({
        "specversion": "1.0", "id": "retry-1", "source": "/tests/unheard",
        "type": "helmstream.dead_letter.retry.v1",
        "data": { "inbox_sequence": position, "dead_sequence": 1, "reason": "once more" },
    });
    let mut asker = plane.publisher("operator").await;
    let asked = asker.publish(&retry).await;
    let told = asker.hear(asked).await;
    assert!(matches!(&told, Outcome::Event { name, .. } if name == "retried"), "{told:?}");
    let failed = eventually("a retry that failed", async || {
        let events = plane.events("evt.dead_letter.>").await;
        let kind = |name: &str| format!("helmstream.dead_letter.{name}.v1");
        events
            .into_iter()
            .find(|event| event.attributes.get(ce::TYPE) == Some(kind("retry_failed").as_str()))
    })
    .await;
    let detail = String::from_utf8_lossy(&failed.payload).into_owned();
    assert!(detail.contains("no client can send its headers again"), "{detail}");
}
