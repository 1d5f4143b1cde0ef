//! What can be asked of the plane by a message of one of its own types: consent and answers,
//! deployments, what becomes of a dead letter, tokens. Who asks is the authenticated identity, whatever the
//! message says; whether that one may is decided by the aggregate, so that a refusal stands on the
//! log. A type of the plane's own that nobody outside may send is a dead letter.

use std::{collections::BTreeSet, time::Duration};

use helmstream_schemas::{
    Actor, ActorKind, Context, Hash, Id, Timestamp,
    access::{AccessCommand, Create, Revoke, Role, Token},
    approval::{Answer, ApprovalCommand, Asked, Gate, Request},
    dead_letter::{DeadLetterCommand, Discard, Fail, Retry},
    deployment::{DeploymentCommand, Retire},
    run::{Phase, Place},
    words,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Arrival, Dead, Wanted, cloudevent::CloudEvent, deployed, names};
use crate::{approval::approval_id, limits::APPROVAL_OPEN_FOR};

/// The publisher under which the plane itself publishes what a dead letter's retry came to.
pub const RETRIER: &str = "dead_letter";

/// The publishers who may say who comes in. Whoever else could make tokens could make itself one
/// with any role.
const DOORKEEPERS: [&str; 1] = ["operator"];

/// What the types of the plane's own begin with.
const OURS: &str = "helmstream.";

/// Whether a type is one of the plane's own.
pub(super) fn is_ours(kind: &str) -> bool {
    kind.starts_with(OURS)
}

/// What a message of one of the plane's own types asks.
pub(super) fn read(event: &CloudEvent, arrival: &Arrival<'_>) -> Result<Wanted, Dead> {
    let by = Actor { id: arrival.actor.to_owned(), kind: arrival.actor_kind };
    let at = arrival.received_at;
    match event.kind.as_str() {
        "helmstream.approval.request.v1" => request(data(event)?, by, at),
        "helmstream.approval.grant.v1" => answer(data(event)?, by, at, ApprovalCommand::Grant),
        "helmstream.approval.deny.v1" => answer(data(event)?, by, at, ApprovalCommand::Deny),
        "helmstream.approval.withdraw.v1" => {
            answer(data(event)?, by, at, ApprovalCommand::Withdraw)
        }
        "helmstream.dead_letter.retry.v1" => {
            let OfRetry { inbox_sequence, dead_sequence, reason } = data(event)?;
            let word = DeadLetterCommand::Retry(Retry { by, at, reason, dead_sequence });
            of_dead_letter(inbox_sequence, &word)
        }
        "helmstream.dead_letter.discard.v1" => {
            let OfDiscard { inbox_sequence, reason } = data(event)?;
            let word = DeadLetterCommand::Discard(Discard { by, at, reason });
            of_dead_letter(inbox_sequence, &word)
        }
        "helmstream.dead_letter.fail.v1" if arrival.publisher == RETRIER => {
            let OfFail { inbox_sequence, attempt, detail } = data(event)?;
            of_dead_letter(inbox_sequence, &DeadLetterCommand::Fail(Fail { attempt, detail }))
        }
        "helmstream.deployment.register.v1" => {
            deployed::register(event.data.as_ref().unwrap_or(&Value::Null), by, at)
        }
        "helmstream.deployment.retire.v1" => {
            let OfRetire { unit, reason } = data(event)?;
            let word = DeploymentCommand::Retire(Retire { by, at, reason });
            Ok(Wanted::new(Context::Deployment, id("unit", &unit)?, words::encode(&word)))
        }
        "helmstream.access.create.v1" if is_doorkeeper(arrival) => create(data(event)?, by, at),
        "helmstream.access.revoke.v1" if is_doorkeeper(arrival) => {
            let OfRevoke { holder, id: token, reason } = data(event)?;
            let word = AccessCommand::Revoke(Revoke { id: token, by, at, reason });
            Ok(Wanted::new(Context::Access, id("holder", &holder)?, words::encode(&word)))
        }
        kind @ ("helmstream.access.create.v1" | "helmstream.access.revoke.v1") => Err(Dead::new(
            "not_yours_to_ask",
            format!("`{}` may not send `{kind}`", arrival.publisher),
            "only an operator of the plane says who comes in: `helmstream token`",
        )),
        kind => Err(Dead::new(
            "not_askable",
            format!("type `{kind}` is the plane's own, and nobody outside may send it"),
            "types that begin with `helmstream.` are reserved; docs/guides/publish.md lists those that can be sent",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRequest {
    run: String,
    phase: Option<String>,
    step: Option<String>,
    message: Option<String>,
    /// What is shown, as any JSON; only its digest is kept.
    shown: Option<Value>,
    /// For how many milliseconds.
    open_for_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAnswer {
    approval: String,
    reason: Option<String>,
    shown: Option<Hash>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRetry {
    inbox_sequence: u64,
    dead_sequence: u64,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfDiscard {
    inbox_sequence: u64,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfFail {
    inbox_sequence: u64,
    attempt: u32,
    detail: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRetire {
    unit: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfCreate {
    id: String,
    actor: String,
    kind: ActorKind,
    role: Role,
    #[serde(default)]
    scopes: BTreeSet<String>,
    label: String,
    expires_at: Timestamp,
    sha256: Hash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRevoke {
    holder: String,
    id: String,
    reason: Option<String>,
}

fn is_doorkeeper(arrival: &Arrival<'_>) -> bool {
    DOORKEEPERS.contains(&arrival.publisher)
}

fn create(asked: OfCreate, by: Actor, at: Timestamp) -> Result<Wanted, Dead> {
    let OfCreate { id: token, actor, kind, role, scopes, label, expires_at, sha256 } = asked;
    let actor = Actor { id: actor, kind };
    let token = Token { id: token, actor, label, role, scopes, expires_at, sha256 };
    let holder = id("actor", &token.holder_text())?;
    let word = AccessCommand::Create(Box::new(Create { token, by, at }));
    Ok(Wanted::new(Context::Access, holder, words::encode(&word)))
}

/// Asked for under a run's name; which run that is the names tell.
fn request(asked: OfRequest, by: Actor, at: Timestamp) -> Result<Wanted, Dead> {
    let OfRequest { run, phase, step, message, shown, open_for_ms } = asked;
    let names = names::names(&run, &Default::default())?;
    let phase_read = phase.as_deref().map(Phase::read);
    let place = Place {
        phase: phase_read,
        phase_text: phase.filter(|_| phase_read == Some(Phase::Other)),
        step: step.filter(|step| !step.is_empty()),
    };
    let shown = Hash::of_json(&serde_json::json!({ "message": message, "shown": shown }));
    let open_for = open_for_ms.map_or(APPROVAL_OPEN_FOR, Duration::from_millis);
    let request = Request {
        gate: Gate { run: names[0].clone(), place },
        asked: Asked { shown, message, by, at, number: None },
        open_for_ms: u64::try_from(open_for.as_millis()).unwrap_or(u64::MAX),
    };
    let mut wanted = of_request(request)?;
    wanted.names = names;
    Ok(wanted)
}

fn of_request(request: Request) -> Result<Wanted, Dead> {
    let id = id("run", &approval_id(&request.gate))?;
    let word = ApprovalCommand::Request(Box::new(request));
    Ok(Wanted::new(Context::Approval, id, words::encode(&word)))
}

fn answer(
    asked: OfAnswer,
    by: Actor,
    at: Timestamp,
    word: fn(Answer) -> ApprovalCommand,
) -> Result<Wanted, Dead> {
    let OfAnswer { approval, reason, shown } = asked;
    let word = word(Answer { by, at, reason, shown });
    Ok(Wanted::new(Context::Approval, id("approval", &approval)?, words::encode(&word)))
}

fn of_dead_letter(inbox_sequence: u64, word: &DeadLetterCommand) -> Result<Wanted, Dead> {
    let id = id("inbox_sequence", &inbox_sequence.to_string())?;
    Ok(Wanted::new(Context::DeadLetter, id, words::encode(word)))
}

fn id(name: &str, text: &str) -> Result<Id, Dead> {
    Id::new(text).map_err(|error| {
        Dead::new("bad_id", format!("`{name}`: {error}"), "an id is a text of some hundred bytes")
    })
}

fn data<T: DeserializeOwned>(event: &CloudEvent) -> Result<T, Dead> {
    let data = event.data.clone().unwrap_or(Value::Null);
    serde_json::from_value(data).map_err(|error| {
        Dead::new(
            "not_the_data",
            format!("`data` is not what `{}` holds: {error}", event.kind),
            "docs/guides/publish.md shows what each type holds",
        )
    })
}
