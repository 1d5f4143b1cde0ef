//! Deciding about a dead letter: a publish like any other, and the record that came of it with
//! whom the plane took the asker for.

use helmstream_schemas::{Actor, attributes as ce, outcome::Outcome};
use helmstream_stream::{append::EVENTS, get};
use serde_json::json;

use super::{
    super::{
        Client, Failure, ask,
        dead_letter::{DecideRequest, Decided, Decision, Recorded},
    },
    Direct,
};

pub(super) async fn decide(client: &Direct, request: DecideRequest) -> Result<Decided, Failure> {
    let DecideRequest { inbox_sequence, decision, reason, expected_revision } = request;
    let letter = client.dead_letter(inbox_sequence).await?.answer.letter.letter;
    let mut data = json!({ "inbox_sequence": inbox_sequence });
    if let Some(reason) = reason {
        data["reason"] = reason.into();
    }
    let word = match decision {
        Decision::Retry => {
            data["dead_sequence"] = letter.dead_sequence.into();
            "retry"
        }
        Decision::Discard => "discard",
    };
    let kind = format!("helmstream.dead_letter.{word}.v1");
    let asked = ask::anew_if(&kind, &data, expected_revision.as_ref());
    let receipt = client.publish(asked).await?;
    let settled = client.settle(receipt).await?;
    let recorded = match settled.counted() {
        Some(Outcome::Event { sequence, .. } | Outcome::Refused { sequence, .. }) => {
            recorded(client, *sequence).await?
        }
        _ => None,
    };
    Ok(Decided { dead_letter: inbox_sequence, decision, settled, recorded })
}

/// Straight from the log: the views may not have read so far.
async fn recorded(client: &Direct, sequence: u64) -> Result<Option<Recorded>, Failure> {
    let log = client.log().await?;
    let record = client.patience().with("NATS", || get::at(log, EVENTS, sequence)).await?;
    Ok(record.and_then(|record| {
        let id = record.attributes.get(ce::ACTOR)?.to_owned();
        let kind = record.attributes.read(ce::ACTORKIND, "a kind of actor").ok()?;
        Some(Recorded { sequence, at: record.recorded_at, actor: Actor { id, kind } })
    }))
}
