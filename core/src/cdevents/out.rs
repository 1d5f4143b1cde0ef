//! What the plane itself decided, told as CDEvents of version 0.4.1: the vocabulary's own words where
//! it has them, and types of `helmstream` where it has none. What a run says of itself is its claim
//! and is not told again in the plane's name; what came in as a CDEvent is linked to.

use helmstream_schemas::{
    Actor, Attributes, Context, Id, Record,
    approval::{ApprovalEvent, Gate},
    attributes as ce,
    dead_letter::DeadLetterEvent,
    deployment::{DeploymentEvent, Registered, Unit},
    refusal::{COMMAND_REFUSED, CommandRefused},
    run::{Place, RunEvent},
};
use serde_json::{Value, json};

use super::Kind;
use crate::react::{NotReadable, read};

/// The source of everything that goes out. What comes in under it was the plane's own word.
pub const SOURCE: &str = "/helmstream/out";

/// The version of the specification that is written.
const SPECVERSION: &str = "0.4.1";

const CONTENT_TYPE: &str = "application/cdevents+json";

/// A CDEvent that goes out, in a CloudEvent around it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutEvent {
    /// The CDEvents type, and the CloudEvents type too.
    pub kind: String,
    /// The CloudEvent's attributes.
    pub attributes: Attributes,
    /// The CDEvent.
    pub event: Value,
}

/// What an event of the plane is in that vocabulary; nothing for what it has no word to say of.
/// The same event gives the same ids, so telling it twice tells it once.
pub fn cdevents_of(event: &Record) -> Result<Vec<OutEvent>, NotReadable> {
    let kind = event.attributes.kind()?;
    let Some(told) = (match (kind.context, kind.name.as_str()) {
        (context, COMMAND_REFUSED) => refused(context, event)?,
        (Context::Approval, _) => read::<ApprovalEvent>(event)?.and_then(approval),
        (Context::Deployment, _) => read::<DeploymentEvent>(event)?.and_then(deployment),
        (Context::Run, _) => read::<RunEvent>(event)?.and_then(run),
        (Context::DeadLetter, _) => read::<DeadLetterEvent>(event)?.and_then(dead_letter),
        _ => None,
    }) else {
        return Ok(Vec::new());
    };
    Ok(vec![told.around(event)?])
}

/// What is told: a word, what it is about, and what is said of that.
struct Told {
    /// Such as `service.deployed.0.2.0`; with `helmstream-` before it where it is our own.
    word: &'static str,
    subject: String,
    content: Value,
    /// What the vocabulary has no place for.
    custom: Value,
    /// The id of the CDEvent that it came from.
    from: Option<String>,
}

impl Told {
    fn new(word: &'static str, subject: impl Into<String>, content: Value) -> Self {
        Self { word, subject: subject.into(), content, custom: Value::Null, from: None }
    }

    fn around(self, event: &Record) -> Result<OutEvent, NotReadable> {
        let prefix = if self.word.contains('-') { super::CUSTOM_PREFIX } else { super::PREFIX };
        let kind = format!("{prefix}{}", self.word);
        let id = event.attributes.uuid()?.to_string();
        let time = event.recorded_at.to_string();
        let mut context = json!({
            "version": SPECVERSION, "id": id, "source": SOURCE, "type": kind, "timestamp": time
        });
        if let Some(chain) = event.attributes.get(ce::CORRELATIONID) {
            context["chainId"] = chain.into();
        }
        if let Some(from) = self.from {
            let target = json!({ "contextId": from });
            context["links"] =
                json!([{"linkType": "RELATION", "linkKind": "TRIGGER", "target": target}]);
        }
        let mut custom = json!({ "stream": event.stream, "sequence": event.sequence });
        if let (Some(custom), Value::Object(more)) = (custom.as_object_mut(), self.custom) {
            custom.extend(more);
        }
        let of = self.word.split('.').next().unwrap_or_default();
        let subject = json!({"id": self.subject, "type": of, "content": self.content});
        let mut attributes = Attributes::default();
        for (name, value) in [
            ("specversion", ce::SPECVERSION),
            (ce::ID, &id),
            (ce::SOURCE, SOURCE),
            (ce::TYPE, &kind),
            (ce::SUBJECT, &self.subject),
            (ce::TIME, &time),
            (ce::DATACONTENTTYPE, CONTENT_TYPE),
        ] {
            attributes.set(name, value);
        }
        let event = json!({"context": context, "subject": subject, "customData": custom});
        Ok(OutEvent { kind, attributes, event })
    }
}

fn approval((id, event): (Id, ApprovalEvent)) -> Option<Told> {
    const CREATED: &str = "helmstream-approval.created.0.1.0";
    const UPDATED: &str = "helmstream-approval.updated.0.1.0";
    const CLOSED: &str = "helmstream-approval.closed.0.1.0";
    let by = |by: &Actor| json!({"id": by.id, "kind": by.kind});
    let closed = |status: &str, e: helmstream_schemas::approval::Answered| {
        let more = json!({"status": status, "by": by(&e.by), "reason": e.reason, "shown": e.shown});
        (CLOSED, gate(&e.gate, more))
    };
    let (word, content) = match event {
        ApprovalEvent::Requested(e) => {
            let asked = json!({
                "by": by(&e.asked.by), "message": e.asked.message, "shown": e.asked.shown,
                "expiresAt": e.expires_at
            });
            (CREATED, gate(&e.gate, asked))
        }
        ApprovalEvent::Renewed(e) => (
            UPDATED,
            json!({
                "status": "renewed", "by": by(&e.asked.by), "message": e.asked.message,
                "shown": e.asked.shown
            }),
        ),
        ApprovalEvent::Reminded(e) => {
            (UPDATED, json!({"status": "reminded", "expiresAt": e.expires_at}))
        }
        ApprovalEvent::Granted(e) => closed("approved", e),
        ApprovalEvent::Denied(e) => closed("rejected", e),
        ApprovalEvent::Withdrawn(e) => closed("cancelled", e),
        ApprovalEvent::Expired(e) => (CLOSED, gate(&e.gate, json!({"status": "expired"}))),
    };
    Some(Told::new(word, id.as_str(), content))
}

fn gate(gate: &Gate, mut content: Value) -> Value {
    content["pipelineRun"] = json!({ "id": gate.run });
    content["place"] = at(&gate.place);
    content
}

fn at(place: &Place) -> Value {
    serde_json::to_value(place).unwrap_or_default()
}

fn deployment((id, event): (Id, DeploymentEvent)) -> Option<Told> {
    match event {
        DeploymentEvent::Registered(e) => registered(&id, *e),
        DeploymentEvent::Retired(e) => {
            let unit = Unit::of_id(id.as_str())?;
            let custom = json!({"unit": id, "deployment": e.id, "reason": e.reason});
            let told = Told::new("service.removed.0.2.0", unit.name.clone(), environment(&unit));
            Some(Told { custom, ..told })
        }
        DeploymentEvent::Listed(_) => None,
    }
}

/// A deployment that was superseded before it was told changes nothing that is deployed.
fn registered(id: &Id, event: Registered) -> Option<Told> {
    if event.superseded_by.is_some() {
        return None;
    }
    let told = event.deployment.rest.get("cdevent").and_then(|cdevent| cdevent.get("context"));
    let said = |name: &str| told?.get(name)?.as_str().map(str::to_owned);
    let was_rolled_back = said("type")
        .and_then(|kind| Kind::read(&kind))
        .is_some_and(|kind| kind.predicate == "rolledback");
    let word = match (was_rolled_back, &event.supersedes) {
        (true, _) => "service.rolledback.0.2.0",
        (false, Some(_)) => "service.upgraded.0.2.0",
        (false, None) => "service.deployed.0.2.0",
    };
    let named = event.deployment.resources.iter().find_map(|resource| {
        resource.arn.as_ref().or(resource.name.as_ref()).or(resource.url.as_ref())
    });
    let mut content = environment(&event.unit);
    content["artifactId"] = named.unwrap_or(&event.deployment.id).as_str().into();
    let custom = json!({
        "unit": id, "deployment": event.deployment.id, "supersedes": event.supersedes,
        "run": event.deployment.run
    });
    Some(Told { custom, from: said("id"), ..Told::new(word, event.unit.name, content) })
}

fn environment(unit: &Unit) -> Value {
    json!({"environment": {"id": unit.environment_word()}})
}

fn run((id, event): (Id, RunEvent)) -> Option<Told> {
    let (word, content) = match event {
        RunEvent::GateBypassed(e) => (
            "helmstream-gate.bypassed.0.1.0",
            json!({
                "place": at(&e.gate), "passedAt": at(&e.passed_at), "askedNumber": e.asked_number,
                "passedNumber": e.passed_number
            }),
        ),
        RunEvent::Stalled(e) => (
            "helmstream-pipelineRun.stalled.0.1.0",
            json!({"heardAt": e.heard_at, "dueAt": e.due_at}),
        ),
        RunEvent::ClaimDisputed(e) => (
            "helmstream-claim.disputed.0.1.0",
            json!({"number": e.claim.number, "word": e.claim.word}),
        ),
        RunEvent::Merged(e) => ("helmstream-pipelineRun.merged.0.1.0", json!({ "into": e.into })),
        _ => return None,
    };
    let mut told = Told::new(word, id.as_str(), content);
    told.content["pipelineRun"] = json!({ "id": id });
    Some(told)
}

fn dead_letter((id, event): (Id, DeadLetterEvent)) -> Option<Told> {
    let (word, content) = match event {
        DeadLetterEvent::Retried(e) => (
            "helmstream-deadLetter.retried.0.1.0",
            json!({"attempt": e.attempt, "reason": e.reason}),
        ),
        DeadLetterEvent::Discarded(e) => {
            ("helmstream-deadLetter.discarded.0.1.0", json!({ "reason": e.reason }))
        }
        DeadLetterEvent::RetryFailed(e) => (
            "helmstream-deadLetter.failed.0.1.0",
            json!({"attempt": e.attempt, "detail": e.detail}),
        ),
    };
    Some(Told::new(word, id.as_str(), content))
}

fn refused(context: Context, event: &Record) -> Result<Option<Told>, NotReadable> {
    let Ok(helmstream_schemas::Subject::Event { id, .. }) = event.subject.parse() else {
        return Err(NotReadable::Subject(event.subject.clone()));
    };
    let Ok(refused) = serde_json::from_slice::<CommandRefused>(&event.payload) else {
        return Ok(None);
    };
    let content = json!({
        "context": context.name(), "aggregate": id, "reason": refused.reason,
        "detail": refused.detail
    });
    let command = event.attributes.get(ce::CAUSATIONID).unwrap_or(id.as_str());
    Ok(Some(Told::new("helmstream-command.refused.0.1.0", command, content)))
}

#[cfg(test)]
#[path = "out_tests.rs"]
mod tests;
