//! Races between a grant and the end of its time: what the two racing processes share with the
//! test that starts them. The processes themselves are `main.rs`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use helmstream_core::NewCommand;
use helmstream_schemas::{
    Actor, ActorKind, Context, Hash, Id, Record, Timestamp,
    approval::{Answer, ApprovalCommand, Asked, Gate, Request},
    run::{Phase, Place},
    words,
};
use uuid::Uuid;

/// For how long each question stands open: as short as one can, so that a batch does not wait.
pub const OPEN_FOR: Duration = helmstream_core::limits::APPROVAL_OPEN_MIN;

/// Approvals that are settled at the same time.
pub const AT_ONCE: usize = 48;

/// The approval of one race.
pub fn approval(race: usize) -> Id {
    Id::new(format!("race-{race}@release")).expect("a name")
}

/// Which race an approval is of.
pub fn race_of(approval: &Id) -> Option<usize> {
    approval.as_str().strip_prefix("race-")?.strip_suffix("@release")?.parse().ok()
}

/// Asks so that the time is over at `expires_at`.
pub fn request(race: usize, expires_at: Timestamp) -> Record {
    let run = Id::new(format!("race-{race}")).expect("a name");
    let place = Place { phase: Some(Phase::Release), ..Place::default() };
    let asked = Asked {
        shown: Hash::of(b"shown"),
        message: None,
        by: Actor { id: "faber".into(), kind: ActorKind::Service },
        at: expires_at.minus(OPEN_FOR),
        number: None,
    };
    let open_for_ms = OPEN_FOR.as_millis() as u64;
    let request = Request { gate: Gate { run, place }, asked, open_for_ms };
    delivered(race, "request", &ApprovalCommand::Request(Box::new(request)))
}

/// Grants; the door received it before the time was over.
pub fn grant(race: usize, expires_at: Timestamp) -> Record {
    let by = Actor { id: "operator".into(), kind: ActorKind::Human };
    let at = expires_at.minus(Duration::from_millis(1));
    let answer = Answer { by, at, reason: None, shown: None };
    delivered(race, "grant", &ApprovalCommand::Grant(answer))
}

/// The instant by this machine's clock, which is also the server's.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).expect("before 2262"))
}

fn delivered(race: usize, kind: &str, word: &ApprovalCommand) -> Record {
    let (name, payload) = words::encode(word);
    let id = helmstream_core::command::derived_id(&["race", kind, &race.to_string()]);
    record(race, name, payload, id)
}

fn record(race: usize, name: String, payload: Vec<u8>, command_id: Uuid) -> Record {
    let command = NewCommand::new(
        (Context::Approval, &name, approval(race)),
        command_id,
        "/test",
        ("operator", ActorKind::Human),
        payload,
    );
    as_delivered(command, race as u64 + 1)
}

/// A command as it would be delivered.
pub fn as_delivered(command: NewCommand, sequence: u64) -> Record {
    Record {
        stream: "COMMANDS".into(),
        subject: command.subject().to_string(),
        sequence,
        recorded_at: now(),
        attributes: command.attributes,
        payload: command.payload,
    }
}
