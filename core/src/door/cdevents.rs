//! What a CDEvent means here. Read tolerantly: the versions of the specification differ in names
//! (`version` or `specversion`, `url` or `uri`, a subject with a type of its own or without), so
//! every field is looked for under each of its names, and a version that is not known yet is read as
//! the ones that are. What has no meaning here, and what lacks the part that would give it one, is an
//! external fact and never an error. What is said of an approval is a claim and grants nothing.

use helmstream_schemas::{
    Actor, Context, Hash, Id, Timestamp,
    deployment::{Deployment, DeploymentCommand, Register, Resource, Retire, Source, Unit},
    run::{
        Answer, ApprovalAnswered, ApprovalAsked, Claim, Ended, Ending, Fault, Noted, Place,
        Removal, Report, RunCommand, Said, Started, StepBegun, StepEnded,
    },
    words,
};
use serde_json::{Map, Value, json};

use super::{Arrival, Wanted, cloudevent::CloudEvent, faber::place, fields::Fields};
use crate::cdevents::{Kind, SOURCE};

/// Keys under which CDEvents names people, beside those that are personal everywhere.
pub(super) const PERSONAL_KEYS: [&str; 5] =
    ["creator", "assignees", "updatedBy", "requestor", "responder"];

/// A CDEvent, as it lies in the data of a CloudEvent.
struct CdEvent {
    kind: Kind,
    source: String,
    id: String,
    at: Option<Timestamp>,
    timestamp: Option<String>,
    content: Fields,
    /// What the event says, without what only says when and by which message it was told.
    told: Value,
    /// The whole, as written.
    whole: Value,
}

/// Whether the data of a message is a CDEvent, before anything is taken out of it.
pub(super) fn is_cdevent(raw: &Value) -> bool {
    raw.get("data").and_then(kind_of).is_some()
}

fn kind_of(data: &Value) -> Option<Kind> {
    Kind::read(data.get("context")?.get("type")?.as_str()?)
}

/// What a CDEvent asks; `None` for one without a meaning here.
pub(super) fn read(
    event: &CloudEvent,
    removed: &[Removal],
    arrival: &Arrival<'_>,
) -> Option<Wanted> {
    let cdevent = CdEvent::read(event.data.as_ref()?)?;
    // The first version of anything that promises to stay may mean something else by the same words.
    if !cdevent.kind.version.starts_with("0.") {
        return None;
    }
    match cdevent.kind.subject.as_str() {
        "pipelinerun" | "taskrun" | "approval" => report(cdevent, removed, arrival),
        "service" if cdevent.kind.tool.is_none() => deployed(cdevent, arrival),
        _ => None,
    }
}

impl CdEvent {
    fn read(data: &Value) -> Option<Self> {
        let kind = kind_of(data)?;
        let context = data.get("context")?;
        // The plane's own word that came back would be told again, and come back again.
        if context.get("source").and_then(Value::as_str) == Some(SOURCE) {
            return None;
        }
        let subject = data.get("subject")?;
        let text = |held: &Value, key: &str| {
            held.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let timestamp = text(context, "timestamp");
        let content = subject.get("content").and_then(Value::as_object).cloned();
        Some(Self {
            source: text(subject, "source").or_else(|| text(context, "source"))?,
            id: text(subject, "id")?,
            at: timestamp.as_deref().and_then(|text| Timestamp::parse(text).ok()),
            timestamp,
            content: Fields::new(content.unwrap_or_default()),
            told: json!({
                "word": kind.word(), "subject": subject, "customData": data.get("customData")
            }),
            whole: data.clone(),
            kind,
        })
    }

    /// The run that it is about: its subject, or the one that its content names.
    fn run(&self) -> Option<Id> {
        if self.kind.subject == "pipelinerun" && self.kind.tool.is_none() {
            return name(&self.source, &self.id);
        }
        let named = self.content.peek("pipelineRun")?;
        let source =
            named.get("source").and_then(Value::as_str).filter(|source| !source.is_empty());
        name(source.unwrap_or(&self.source), named.get("id")?.as_str()?)
    }

    /// A CDEvent has no number. The second it happened in comes first, then the order of begin and
    /// end, then what tells two things of one second apart: the same told twice has one number. Less
    /// than 2^53, which is where JSON's numbers end for many readers.
    fn number(&self) -> u64 {
        let seconds = self.at.map_or(0, |at| at.nanos().max(0) as u64 / 1_000_000_000);
        let rank = match self.kind.predicate.as_str() {
            "queued" => 0,
            "started" | "created" => 1,
            "finished" | "closed" => 3,
            _ => 2,
        };
        let what = Hash::of_parts(&[&self.kind.word(), &self.source, &self.id]);
        let low = u32::from_be_bytes([0, what.0[0], what.0[1], what.0[2]]) & 0x7_ffff;
        ((seconds & 0xffff_ffff) << 21) | (rank << 19) | u64::from(low)
    }

    fn is(&self, predicate: &str) -> bool {
        self.kind.predicate == predicate
    }
}

/// The name of a pipeline run: its id is its own within its source only.
fn name(source: &str, id: &str) -> Option<Id> {
    (!id.is_empty()).then(|| Id::new(format!("{source}#{id}")).ok())?
}

fn report(mut event: CdEvent, removed: &[Removal], arrival: &Arrival<'_>) -> Option<Wanted> {
    let run = event.run()?;
    let status = event.content.first_text(&["outcome", "status"]);
    let message = event.content.text("approvalDetailsUrl");
    let said = said(&mut event, status.as_deref());
    let received_at = arrival.received_at;
    let ahead = event.at.and_then(|at| at.since(received_at));
    let claim = Claim {
        number: event.number(),
        word: event.kind.word(),
        content: Hash::of_json(&event.told),
        claimed_at: event.at,
        claimed_text: event.timestamp.filter(|_| event.at.is_none()),
        received_at,
        ahead_ms: ahead.map(|ahead| u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX)),
        person: None,
        status,
        message,
        duration_ms: None,
        artifacts: Vec::new(),
        rest: Map::from_iter([("cdevent".to_owned(), event.whole)]),
        removed: removed.to_vec(),
    };
    let word = RunCommand::Report(Box::new(Report { claim, said }));
    Some(Wanted {
        time: event.at,
        names: vec![run.clone()],
        ..Wanted::new(Context::Run, run, words::encode(&word))
    })
}

fn said(event: &mut CdEvent, outcome: Option<&str>) -> Said {
    let message = event.content.text("errors");
    let error =
        message.map(|message| Fault { code: None, message: Some(message), recoverable: None });
    let name = event.content.first_text(&["pipelineName", "taskName"]);
    let ending = || outcome.map_or(Ending::Other, ending);
    match (event.kind.subject.as_str(), event.kind.predicate.as_str()) {
        ("pipelinerun", "started") => Said::Started(Started {
            work_id: None,
            workflow_id: name.clone(),
            autonomy: None,
            autonomy_text: None,
            title: name,
        }),
        ("pipelinerun", "finished") => Said::Ended(Ended { ending: ending(), error }),
        ("pipelinerun", _) => Said::Noted(Noted { place: Place::default() }),
        ("taskrun", predicate) => {
            let place = place(None, Some(name.unwrap_or_else(|| event.id.clone())));
            match predicate {
                "started" => Said::StepBegun(StepBegun { place, again: false }),
                "finished" => Said::StepEnded(StepEnded { place, ending: ending(), error }),
                _ => Said::Noted(Noted { place }),
            }
        }
        _ => approval(event, outcome),
    }
}

/// What a run says of a gate. An answer that it tells is what it says was answered, and no more.
fn approval(event: &mut CdEvent, status: Option<&str>) -> Said {
    let phase = event.content.text("phase");
    let gate = place(phase.as_deref(), event.content.first_text(&["step", "taskName"]));
    let answer = match status.unwrap_or_default().to_ascii_lowercase().as_str() {
        "approved" | "granted" => Some(Answer::Granted),
        "rejected" | "denied" => Some(Answer::Denied),
        _ => None,
    };
    match (event.kind.predicate.as_str(), answer) {
        ("created", _) => Said::ApprovalAsked(ApprovalAsked { gate }),
        ("closed", Some(answer)) => Said::ApprovalAnswered(ApprovalAnswered { gate, answer }),
        _ => Said::Noted(Noted { place: gate }),
    }
}

/// An outcome in the words of runs and in those of tests.
fn ending(outcome: &str) -> Ending {
    match outcome.trim().to_ascii_lowercase().as_str() {
        "pass" => Ending::Completed,
        "fail" => Ending::Failed,
        "cancel" => Ending::Cancelled,
        other => Ending::of(other),
    }
}

/// What a service was deployed, upgraded or rolled back to is a deployment; a service that was
/// removed is retired. The unit is what the subject is called in the environment, whoever tells it.
fn deployed(mut event: CdEvent, arrival: &Arrival<'_>) -> Option<Wanted> {
    let environment = event.content.peek("environment")?.get("id")?.as_str()?.to_owned();
    let unit = Unit::read("application", &environment, &event.id);
    let id = Id::new(unit.id_text()).ok().filter(|_| !unit.name.is_empty())?;
    let by = Actor { id: arrival.actor.to_owned(), kind: arrival.actor_kind };
    let received_at = arrival.received_at;
    let word = if event.is("removed") {
        let at = event.at.map_or(received_at, |at| at.min(received_at));
        DeploymentCommand::Retire(Retire { by, at, reason: None })
    } else if ["deployed", "upgraded", "rolledback"].iter().any(|word| event.is(word)) {
        let artifact = event.content.text("artifactId");
        let content = Hash::of_json(&json!([event.told, event.timestamp]));
        let resource =
            |name| Resource { kind: "artifact".into(), name: Some(name), arn: None, url: None };
        let deployment = Deployment {
            id: format!("cdevent-{}", &content.to_string()[..16]),
            deployed_at: event.at,
            deployed_text: event.timestamp.filter(|_| event.at.is_none()),
            deployed_by: None,
            run: None,
            work_item: None,
            faber_plugin: None,
            helm_plugin: None,
            resources: artifact.map(resource).into_iter().collect(),
            monitoring: None,
            rest: Map::from_iter([("cdevent".to_owned(), event.whole)]),
        };
        let (source, at) = (Source::Asked, received_at);
        let register = Register { unit, deployment, source, by, at, content };
        DeploymentCommand::Register(Box::new(register))
    } else {
        return None;
    };
    Some(Wanted { time: event.at, ..Wanted::new(Context::Deployment, id, words::encode(&word)) })
}

#[cfg(test)]
#[path = "cdevents_tests.rs"]
mod tests;
