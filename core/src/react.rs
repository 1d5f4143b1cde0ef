//! Every crossing from one context to another: an event here asks for something there. Pure, each
//! under the name of its two ends. A command's id is derived from its event's, so that reacting
//! twice asks once; which service carries which crossing out is said in `services`.

use std::borrow::Cow;

use helmstream_schemas::{
    Actor, ActorKind, Context, Hash, Id, Record, Subject,
    approval::{self, ApprovalCommand, ApprovalEvent, Asked},
    attributes::{self as ce, AttributeError},
    deployment::{self, DeploymentCommand, Resource, Source, Unit},
    run::{Artifact, Claim, Ending, Published, RunCommand, RunEvent, Settle, Settled, Told},
    words::{self, WordError},
};
use serde_json::{Map, Value};

use crate::{
    NewCommand,
    approval::approval_id,
    command::derived_id,
    limits::{APPROVAL_OPEN_FOR, UNIT_NAME_BYTES_MAX, UNIT_WORD_BYTES_MAX},
};

/// What an event of one context asks of another.
pub type React = fn(&Record) -> Result<Vec<NewCommand>, NotReadable>;

/// An event that cannot be read for what it is. It is kept and tried again, never passed over.
#[derive(Debug, thiserror::Error)]
pub enum NotReadable {
    #[error("`{0}` is not the subject of an event")]
    Subject(String),
    #[error("{0}")]
    Attribute(#[from] AttributeError),
    #[error("{0}")]
    Word(#[from] WordError),
}

/// A gate at which a run asked is asked of people. An old claim is an import: nobody waits there.
pub fn react_run_to_approval(event: &Record) -> Result<Vec<NewCommand>, NotReadable> {
    let Some((run, RunEvent::ApprovalAsked(told))) = read::<RunEvent>(event)? else {
        return Ok(Vec::new());
    };
    if told.stalls_at.is_none() {
        return Ok(Vec::new());
    }
    let claim = told.claim;
    let gate = approval::Gate { run, place: told.fact.gate };
    let Ok(id) = Id::new(approval_id(&gate)) else { return Ok(Vec::new()) };
    let request = approval::Request {
        gate,
        asked: Asked {
            shown: shown(&claim),
            message: claim.message,
            by: actor(event),
            at: claim.received_at,
            number: Some(claim.number),
        },
        open_for_ms: u64::try_from(APPROVAL_OPEN_FOR.as_millis()).unwrap_or(u64::MAX),
    };
    let word = ApprovalCommand::Request(Box::new(request));
    Ok(vec![command(event, Context::Approval, id, words::encode(&word), "request")])
}

/// What was shown at a gate: everything the claim says but its number and its time, which are new
/// each time the same is asked.
fn shown(claim: &Claim) -> Hash {
    let shown = serde_json::json!({
        "message": claim.message,
        "artifacts": claim.artifacts,
        "metadata": claim.rest.get("metadata"),
    });
    Hash::of_json(&shown)
}

/// An approval that is closed is told to the run whose gate it is for.
pub fn react_approval_to_run(event: &Record) -> Result<Vec<NewCommand>, NotReadable> {
    let Some((approval, told)) = read::<ApprovalEvent>(event)? else { return Ok(Vec::new()) };
    let (outcome, gate, by, at, reason) = match told {
        ApprovalEvent::Granted(e) => (Settled::Granted, e.gate, Some(e.by), e.at, e.reason),
        ApprovalEvent::Denied(e) => (Settled::Denied, e.gate, Some(e.by), e.at, e.reason),
        ApprovalEvent::Withdrawn(e) => (Settled::Withdrawn, e.gate, Some(e.by), e.at, e.reason),
        ApprovalEvent::Expired(e) => (Settled::Expired, e.gate, None, e.due_at, None),
        ApprovalEvent::Requested(_) | ApprovalEvent::Renewed(_) | ApprovalEvent::Reminded(_) => {
            return Ok(Vec::new());
        }
    };
    let approval::Gate { run, place: gate } = gate;
    let word = RunCommand::Settle(Settle { gate, approval, outcome, by, at, reason });
    Ok(vec![command(event, Context::Run, run, words::encode(&word), "settle")])
}

/// A run that deployed something registers it: what a release records as an artifact of type
/// `deployment`, and what a changelog tells as deployed. Nothing, if the release says that it is
/// not to be registered, or that it failed.
pub fn react_run_to_deployment(event: &Record) -> Result<Vec<NewCommand>, NotReadable> {
    let Some((run, told)) = read::<RunEvent>(event)? else { return Ok(Vec::new()) };
    let deployed: Vec<(Unit, deployment::Deployment)> = match &told {
        RunEvent::ArtifactRecorded(told) => of_artifacts(&run, &told.claim),
        RunEvent::Observed(told) => match &told.told {
            Told::Published(line) => of_line(&run, line).into_iter().collect(),
            Told::State(_) | Told::Metadata(_) => Vec::new(),
        },
        _ => Vec::new(),
    };
    let register = |(index, (unit, deployment)): (usize, (Unit, deployment::Deployment))| {
        // Its parts are short, so it always has an identity.
        let id = Id::new(unit.id_text()).ok()?;
        let content = Hash::of_json(&deployment);
        let register = deployment::Register {
            unit,
            deployment,
            source: Source::Run,
            by: actor(event),
            at: event.recorded_at,
            content,
        };
        let word = words::encode(&DeploymentCommand::Register(Box::new(register)));
        let purpose = format!("register {index}");
        Some(command(event, Context::Deployment, id, word, &purpose))
    };
    Ok(deployed.into_iter().enumerate().filter_map(register).collect())
}

fn of_artifacts(run: &Id, claim: &Claim) -> Vec<(Unit, deployment::Deployment)> {
    let empty = Map::new();
    let metadata = claim.rest.get("metadata").and_then(Value::as_object).unwrap_or(&empty);
    if !is_to_register(metadata) || claim.status.as_deref().is_some_and(has_failed) {
        return Vec::new();
    }
    let made = claim.artifacts.iter().enumerate();
    made.filter(|(_, artifact)| artifact.kind == "deployment")
        .map(|(index, artifact)| {
            let environment = text(metadata, "environment").or(artifact.name.as_deref());
            let number = claim.number.to_string();
            let id = deployment_id(&[run.as_str(), "claim", &number, &index.to_string()]);
            let unit = unit(run, metadata, environment.unwrap_or_default(), None);
            let told = deployment::Deployment {
                id,
                deployed_at: claim.claimed_at,
                deployed_text: claim.claimed_text.clone(),
                deployed_by: None,
                run: Some(run.clone()),
                work_item: text(metadata, "work_id").map(str::to_owned),
                faber_plugin: None,
                helm_plugin: None,
                resources: vec![resource(artifact)],
                monitoring: None,
                rest: Map::new(),
            };
            (unit, told)
        })
        .collect()
}

fn of_line(run: &Id, line: &Published) -> Option<(Unit, deployment::Deployment)> {
    let succeeded = line
        .status
        .as_deref()
        .is_none_or(|status| matches!(Ending::of(status), Ending::Completed | Ending::Warning));
    let empty = Map::new();
    let metadata = line.rest.get("metadata").and_then(Value::as_object).unwrap_or(&empty);
    if line.word != "INFRASTRUCTURE_DEPLOYED" || !succeeded || !is_to_register(metadata) {
        return None;
    }
    // A line's id may come twice with other content; a line that says the same is the same.
    let said = Hash::of_json(line);
    let environment = line.environment.as_deref().unwrap_or_default();
    let unit = unit(run, metadata, environment, line.target.as_deref());
    let told = deployment::Deployment {
        id: deployment_id(&[run.as_str(), "line", &said.to_string()]),
        deployed_at: line.at.as_ref().and_then(|moment| moment.at),
        deployed_text: line.at.as_ref().filter(|m| m.at.is_none()).map(|m| m.text.clone()),
        deployed_by: None,
        run: Some(run.clone()),
        work_item: line.work_id.clone(),
        faber_plugin: None,
        helm_plugin: None,
        resources: Vec::new(),
        monitoring: None,
        rest: Map::new(),
    };
    Some((unit, told))
}

/// The unit that a run deployed. Only faber-cloud deploys, into one stack for each project and
/// environment, so what is deployed is the project unless the run names something else; its own
/// registry tells the resources of that very unit.
fn unit(run: &Id, metadata: &Map<String, Value>, environment: &str, target: Option<&str>) -> Unit {
    let domain = text(metadata, "domain").unwrap_or("infrastructure");
    let name = text(metadata, "resource")
        .or_else(|| text(metadata, "project"))
        .or_else(|| project_of(run))
        .or(target)
        .unwrap_or(run.as_str());
    Unit::read(
        &short(domain, UNIT_WORD_BYTES_MAX),
        &short(environment, UNIT_WORD_BYTES_MAX),
        &short(name, UNIT_NAME_BYTES_MAX),
    )
}

/// A text of so many bytes at most. Where it was longer its digest tells it from others.
fn short(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let digest = &Hash::of(text.as_bytes()).to_string()[..16];
    let kept = text.floor_char_boundary(bytes_max - digest.len() - 1);
    Cow::Owned(format!("{}~{digest}", &text[..kept]))
}

/// Whether a release wants what it deployed to be registered.
fn is_to_register(metadata: &Map<String, Value>) -> bool {
    match metadata.get("register_deployment") {
        Some(Value::Bool(wanted)) => *wanted,
        Some(Value::String(word)) => !word.eq_ignore_ascii_case("false"),
        _ => true,
    }
}

/// An artifact is there because it was made: a word without a meaning here is no failure.
fn has_failed(status: &str) -> bool {
    matches!(Ending::of(status), Ending::Failed | Ending::Skipped | Ending::Cancelled)
}

/// The project in a run's id of the form `org/project/uuid`.
fn project_of(run: &Id) -> Option<&str> {
    match run.as_str().split('/').collect::<Vec<_>>()[..] {
        [_, project, _] => Some(project),
        _ => None,
    }
}

fn resource(artifact: &Artifact) -> Resource {
    let Artifact { kind, name, url, .. } = artifact.clone();
    Resource { kind, name, arn: None, url }
}

fn deployment_id(parts: &[&str]) -> String {
    let parts: Vec<&str> = ["deployment"].into_iter().chain(parts.iter().copied()).collect();
    format!("deploy-{}", derived_id(&parts))
}

fn text<'a>(held: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    held.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The aggregate of an event and the event; `None` for the refusal of a command.
pub(crate) fn read<W: serde::de::DeserializeOwned>(
    event: &Record,
) -> Result<Option<(Id, W)>, NotReadable> {
    let Ok(Subject::Event { id, .. }) = event.subject.parse() else {
        return Err(NotReadable::Subject(event.subject.clone()));
    };
    let name = event.attributes.kind()?.name;
    if name == helmstream_schemas::refusal::COMMAND_REFUSED {
        return Ok(None);
    }
    Ok(Some((id, words::decode(&name, &event.payload)?)))
}

/// Who stands behind an event.
fn actor(event: &Record) -> Actor {
    let kind = event.attributes.read(ce::ACTORKIND, "a kind of actor");
    let kind = kind.unwrap_or(ActorKind::Agent);
    Actor { id: event.attributes.get(ce::ACTOR).unwrap_or("unknown").to_owned(), kind }
}

/// A command that an event asks for.
fn command(
    event: &Record,
    to: Context,
    id: Id,
    (name, payload): (String, Vec<u8>),
    purpose: &str,
) -> NewCommand {
    let event_id = event.attributes.get(ce::ID).unwrap_or_default();
    let command_id = derived_id(&["react", event_id, to.name(), purpose]);
    let mut command = NewCommand::new(
        (to, &name, id),
        command_id,
        "/helmstream/reactions",
        (&format!("service:{to}"), ActorKind::Service),
        payload,
    );
    command.attributes.set(ce::CAUSATIONID, event_id);
    command.attributes.set(ce::RECEIVEDTIME, event.recorded_at.to_string());
    command.attributes.set(ce::CONTENTHASH, Hash::of(&command.payload).to_string());
    for kept in [ce::CORRELATIONID, ce::TRACEPARENT] {
        if let Some(value) = event.attributes.get(kept) {
            command.attributes.set(kept, value);
        }
    }
    command
}

#[cfg(test)]
mod deployment_tests;
#[cfg(test)]
mod tests;
