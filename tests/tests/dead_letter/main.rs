//! What people decide about dead letters: published again, and what that becomes; set aside; asked
//! by somebody who may not; and interrupted in the middle.

mod decided;
mod interrupted;
mod retried;

use helmstream_projections::questions::dead_letter::{
    Became, DeadLetterFilter, DeadLetterShown, dead_letter_list, dead_letter_show,
};
use helmstream_schemas::{Record, outcome::Outcome};
use helmstream_tests::{patience::eventually, publisher::Publisher, running::Running};
use serde_json::{Value, json};

/// The services that have a part in it.
pub const WITH: [&str; 6] = ["door", "run", "external", "deadline", "ledger", "dead_letter"];

/// What is asked of the plane about a dead letter; `id` is the asker's own.
pub fn ask(word: &str, id: &str, data: Value) -> Value {
    let kind = format!("helmstream.dead_letter.{word}.v1");
    json!({"specversion": "1.0", "id": id, "source": "/test", "type": kind, "data": data})
}

/// Publishes what cannot be read: its position in INBOX, and the one in DEADLETTERS.
pub async fn bury(publisher: &mut Publisher, bytes: &[u8]) -> (u64, u64) {
    let inbox_sequence = publisher.publish_bytes(bytes.to_vec()).await;
    match publisher.hear(inbox_sequence).await {
        Outcome::DeadLetter { dead_sequence, .. } => (inbox_sequence, dead_sequence),
        other => panic!("{other:?}"),
    }
}

/// Asks for a retry; the event that says so.
pub async fn retry(plane: &Running, by: &mut Publisher, of: u64, dead_sequence: u64) -> Record {
    let data = json!({"inbox_sequence": of, "dead_sequence": dead_sequence, "reason": "mended"});
    let id = format!("retry {of} {}", uuid::Uuid::new_v4());
    let asked = by.publish(&ask("retry", &id, data)).await;
    match by.hear(asked).await {
        Outcome::Event { sequence, name, aggregate, .. } => {
            assert_eq!((name.as_str(), aggregate), ("retried", of.to_string()));
            let event = helmstream_stream::get::at(&plane.operator, "EVENTS", sequence).await;
            event.expect("the log answers").expect("an event")
        }
        other => panic!("{other:?}"),
    }
}

/// A dead letter, as the views show it now.
pub async fn shown(plane: &Running, of: u64) -> DeadLetterShown {
    plane.level().await;
    let shown = dead_letter_show(&plane.database, of).await.expect("the views answer");
    shown.answer.expect("a dead letter").letter
}

/// Waits until the last retry of a dead letter has an outcome.
pub async fn became(plane: &Running, of: u64) -> Became {
    eventually(&format!("the outcome of the retry of INBOX {of}"), async || {
        let shown = dead_letter_show(&plane.database, of).await.expect("the views answer");
        let became = shown.answer?.letter.retries.pop()?.became?;
        became.outcome.is_some().then_some(became)
    })
    .await
}

/// The positions of the dead letters that a list shows.
pub async fn listed(plane: &Running, is_all: bool) -> Vec<u64> {
    plane.level().await;
    let filter = DeadLetterFilter { is_all, order: Default::default(), cursor: None, limit: 100 };
    let list = dead_letter_list(&plane.database, &filter).await.expect("the views answer");
    list.answer.rows.into_iter().map(|shown| shown.letter.inbox_sequence).collect()
}
