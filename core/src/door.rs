//! What the door makes of a message from outside: a command, or a dead letter with its reason.
//! Pure: the message, who published it and when it was received come in as data. Nothing that
//! leaves here still holds a secret or a personal value.

mod asks;
mod cdevents;
mod clean;
mod cloudevent;
mod deployed;
mod entity;
mod expecting;
mod faber;
mod fields;
mod file;
mod form;
mod listed;
mod names;
mod needs;
mod observed;
mod retry;
mod secrets;
mod state;
pub(crate) mod strict;

use helmstream_schemas::{
    ActorKind, Attributes, Context, Hash, Id, Timestamp, TraceContext,
    access::Right,
    approval::ApprovalCommand,
    attributes as ce,
    external::ExternalCommand,
    limits::{COMMAND_BYTES_MAX, PUBLISH_BYTES_MAX},
    refusal::bounded_detail,
    run::{Merge, Removal, RunCommand},
    words,
};
use serde_json::{Value, error::Category, value::RawValue};
use uuid::Uuid;

pub use self::{
    asks::{HTTP, RETRIER},
    clean::{Cleaner, Person},
    entity::{ENTITY_EVENT, ENTITY_EVENTS},
    file::{FILE, QUARANTINE},
    form::Headers,
    retry::{Again, HEADER_BYTES, KEPT_HEADERS, Origin, again, on_behalf_of, origin, through_http},
};
use crate::{NewCommand, approval::approval_id, command::derived_id};

/// A message as it lies in INBOX.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// The token of `in.<publisher>`: whose permission published it.
    pub publisher: &'a str,
    /// The identity behind that permission.
    pub actor: &'a str,
    pub actor_kind: ActorKind,
    /// Its position in INBOX.
    pub inbox_sequence: u64,
    /// When INBOX stored it.
    pub received_at: Timestamp,
    /// The event that asked for it, if the plane itself publishes it again.
    pub cause: Option<Uuid>,
    /// The headers that count.
    pub headers: &'a Headers,
    pub payload: &'a [u8],
}

/// What the door makes of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission {
    Command(Box<Admitted>),
    Dead(Dead),
}

/// A message that became a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// Digest of (publisher, source, id).
    pub key: Hash,
    /// Digest of the content, whatever its spacing, the order of its keys and the form it was
    /// published in.
    pub content: Hash,
    /// The same as it was written: what a publish of before was known by.
    pub written: Hash,
    pub command: NewCommand,
    /// Names of the run that it is about, the one it goes by first; more than one only if the
    /// message says so, and none if it is about no run.
    pub names: Vec<Id>,
    /// Personal values that were replaced by ids.
    pub people: Vec<Person>,
    /// As `Dead::known_by`, should it become a dead letter after all: of a retry only.
    pub once: Option<(Hash, Hash)>,
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// A word for the reason, the same for every dead letter of that reason.
    pub reason: &'static str,
    pub detail: String,
    pub hint: String,
    /// Its key and the digest of its content, if the same again is to be told as a repeat rather
    /// than kept once more: what was set aside by whoever read it first, and what came of a retry.
    pub known_by: Option<Box<(Hash, Hash)>>,
}

/// What a message asks, before it is known which aggregate its names stand for.
struct Wanted {
    context: Context,
    name: String,
    id: Id,
    names: Vec<Id>,
    payload: Vec<u8>,
    time: Option<Timestamp>,
}

impl Wanted {
    fn new(context: Context, id: Id, (name, payload): (String, Vec<u8>)) -> Self {
        Self { context, name, id, names: Vec::new(), payload, time: None }
    }
}

impl Dead {
    fn new(reason: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason, detail: bounded_detail(detail.into()), hint: hint.into(), known_by: None }
    }

    /// Its headers are such that no client hands the message over.
    pub fn unheard(fault: &str) -> Self {
        Self::new(
            "unreadable_headers",
            fault,
            "write a header a line, `name: value`, and percent-encode what is not printable ASCII",
        )
    }

    /// The same (publisher, source, id) was accepted with other content.
    pub fn conflict(first_inbox_sequence: u64) -> Self {
        Self::new(
            "conflict",
            format!(
                "the same source and id were accepted with other content at INBOX {first_inbox_sequence}"
            ),
            "give every event its own id; an id is never used for a second event",
        )
    }
}

/// What can be told of a message before it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// The command that it becomes, if it becomes one.
    pub command_id: Uuid,
    /// What whoever publishes it has to be allowed.
    pub right: Right,
    /// What it is about.
    pub about: Context,
    /// The trace that whoever publishes it says it belongs to.
    pub trace: Option<TraceContext>,
}

/// Looks at a message that is not published yet: whether it is a CloudEvent at all. What it means,
/// and whether it is a repeat, is told only once it lies in INBOX.
pub fn foresee(publisher: &str, payload: &[u8]) -> Result<Foreseen, Dead> {
    let raw = parsed(&Headers::default(), payload)?;
    let key = cloudevent::key(publisher, &raw)?;
    let event = cloudevent::read(raw)?;
    let (right, about) = needs::needs(&event.kind);
    expecting::expected(&event, about)?;
    let trace = event.attributes.get(ce::TRACEPARENT).and_then(Value::as_str);
    let trace = trace.and_then(TraceContext::parse);
    Ok(Foreseen { command_id: command_id(&key), right, about, trace })
}

/// Reads a message.
pub fn admit(arrival: &Arrival<'_>, cleaner: &Cleaner) -> Admission {
    let once = arrival.cause.map(retry::once);
    read(arrival, cleaner).unwrap_or_else(|dead| {
        Admission::Dead(Dead { known_by: once.map(Box::new).or(dead.known_by), ..dead })
    })
}

fn parsed(headers: &Headers, payload: &[u8]) -> Result<Value, Dead> {
    if payload.len() > PUBLISH_BYTES_MAX {
        return Err(Dead::new(
            "too_large",
            format!("{} bytes are over the limit of {PUBLISH_BYTES_MAX}", payload.len()),
            "put large content elsewhere and publish a reference to it",
        ));
    }
    form::read(headers, payload)
}

/// JSON as a door takes it: UTF-8, one value, no key twice.
pub fn json(bytes: &[u8]) -> Result<Value, Dead> {
    strict::parse(bytes)
}

/// A message in either form, as the same event in the JSON event format.
pub fn in_json(headers: &Headers, payload: &[u8]) -> Result<Vec<u8>, Dead> {
    parsed(headers, payload).map(|event| event.to_string().into_bytes())
}

/// The members of a JSON list, each as it is written.
pub fn json_list(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Dead> {
    let listed: Result<Vec<&RawValue>, _> = serde_json::from_slice(bytes);
    let listed = listed.map_err(|error| {
        let detail = match error.classify() {
            // What is there instead is not told: it may be a secret.
            Category::Data => "it is JSON, and no list".to_owned(),
            _ => error.to_string(),
        };
        Dead::new("not_json", detail, "publish a JSON list of CloudEvents")
    })?;
    Ok(listed.into_iter().map(|member| member.get().as_bytes().to_vec()).collect())
}

/// The command that a message of this key becomes.
fn command_id(key: &Hash) -> Uuid {
    derived_id(&["door", &key.to_string()])
}

fn read(arrival: &Arrival<'_>, cleaner: &Cleaner) -> Result<Admission, Dead> {
    let raw = parsed(arrival.headers, arrival.payload)?;
    let key = cloudevent::key(arrival.publisher, &raw)?;
    let personal: &[&str] = match cdevents::is_cdevent(&raw) {
        true => &cdevents::PERSONAL_KEYS,
        false => &[],
    };
    let cleaned = cleaner.clean_also(raw, personal);
    let written = Hash::of_json(&cleaned.value);
    let content = form::alike(&cleaned.value).map_or(written, |alike| Hash::of_json(&alike));
    let event = cloudevent::read(cleaned.value)?;
    let command_id = command_id(&key);
    let mut attributes = Attributes::default();
    attributes.set(ce::PUBLISHER, arrival.publisher);
    attributes.set(ce::INBOXSEQUENCE, arrival.inbox_sequence.to_string());
    attributes.set(ce::RECEIVEDTIME, arrival.received_at.to_string());
    attributes.set(ce::DOORKEY, key.to_string());
    attributes.set(ce::CONTENTHASH, content.to_string());
    attributes.set(ce::ORIGINID, event.id.clone());
    if let Some(cause) = arrival.cause {
        attributes.set(ce::CAUSATIONID, cause.to_string());
    }
    if let Some(trace) = event.attributes.get(ce::TRACEPARENT).and_then(Value::as_str) {
        attributes.set(ce::TRACEPARENT, trace);
    }
    let wanted = wanted(&event, cleaned.removed, arrival, (key, written))?;
    let Wanted { context, name, id, names, payload, time } = wanted;
    if let Some(expected) = expecting::expected(&event, context)? {
        attributes.set(ce::EXPECTEDREVISION, expected.to_string());
    }
    let time = time.or(event.time);
    if payload.len() > COMMAND_BYTES_MAX {
        return Err(Dead::new(
            "too_large",
            format!(
                "{} bytes once cleaned are over the limit of {COMMAND_BYTES_MAX}",
                payload.len()
            ),
            "publish fewer personal values in one event",
        ));
    }
    let mut command = NewCommand::new(
        (context, &name, id),
        command_id,
        &format!("/helmstream/door/{}", arrival.publisher),
        (arrival.actor, arrival.actor_kind),
        payload,
    );
    if let Some(time) = time {
        attributes.set(ce::TIME, time.to_string());
    }
    for (name, value) in attributes.iter() {
        command.attributes.set(name, value);
    }
    Ok(Admission::Command(Box::new(Admitted {
        key,
        content,
        written,
        command,
        names,
        people: cleaned.people,
        once: arrival.cause.map(retry::once),
    })))
}

/// What a message asks, by its type.
fn wanted(
    event: &cloudevent::CloudEvent,
    removed: Vec<Removal>,
    arrival: &Arrival<'_>,
    known_by: (Hash, Hash),
) -> Result<Wanted, Dead> {
    if file::is_file(&event.kind) {
        return file::read(event, removed, arrival, known_by);
    }
    if entity::is_entity_event(&event.kind) {
        let of_run = entity::read(event, &removed, arrival);
        return of_run.map_or_else(|| file::kept(event, removed), Ok);
    }
    if asks::is_ours(&event.kind) {
        return asks::read(event, arrival);
    }
    if faber::is_faber(&event.kind) {
        let (names, report) = faber::report(event, removed, arrival)?;
        let time = report.claim.claimed_at;
        let word = words::encode(&RunCommand::Report(Box::new(report)));
        return Ok(Wanted {
            names: names.clone(),
            time,
            ..Wanted::new(Context::Run, names[0].clone(), word)
        });
    }
    if let Some(wanted) = cdevents::read(event, &removed, arrival) {
        return Ok(wanted);
    }
    let (source, fact) = cloudevent::external(event, removed)?;
    Ok(Wanted::new(Context::External, source, words::encode(&ExternalCommand::Record(fact))))
}

/// The command of a message, once it is known which run its names stand for.
pub fn addressed(admitted: &Admitted, run: Id) -> NewCommand {
    let mut command = admitted.command.clone();
    match (command.context, words::decode(&command.name, &command.payload)) {
        (Context::Approval, Ok(ApprovalCommand::Request(mut request)))
            if request.gate.run != run =>
        {
            request.gate.run = run;
            if let Ok(id) = Id::new(approval_id(&request.gate)) {
                command.id = id;
                command.payload = words::encode(&ApprovalCommand::Request(request)).1;
            }
        }
        (Context::Run, _) => command.id = run,
        _ => {}
    }
    command
}

/// The command that merges a younger run into an older one, caused by the report that named both.
pub fn merge_command(cause: &NewCommand, younger: Id, into: &Id) -> NewCommand {
    let caused_by = cause.attributes.get(ce::ID).unwrap_or_default();
    let command_id = derived_id(&["merge", caused_by, younger.as_str()]);
    let (name, payload) = words::encode(&RunCommand::Merge(Merge { into: into.clone() }));
    let mut merge = NewCommand::new(
        (Context::Run, &name, younger),
        command_id,
        "/helmstream/door",
        ("service:door", ActorKind::Service),
        payload,
    );
    merge.attributes.set(ce::CAUSATIONID, caused_by);
    for kept in [ce::RECEIVEDTIME, ce::CORRELATIONID, ce::TRACEPARENT] {
        if let Some(value) = cause.attributes.get(kept) {
            merge.attributes.set(kept, value);
        }
    }
    merge
}

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod tests;
