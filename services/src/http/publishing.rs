//! `POST /v1/events`: CloudEvents in the structured, the batched and the binary mode of their HTTP
//! binding. What is no CloudEvent is refused here and changes nothing; everything else goes into
//! INBOX like every publish, and has its outcome from there.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures_util::future::try_join_all;
use helmstream_core::door::{Dead, Foreseen, Headers, foresee, in_json, json_list, through_http};
use helmstream_schemas::{limits::PUBLISH_BYTES_MAX, outcome::Outcome, refusal::CHANGED_SINCE};
use hyper::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    App,
    answering::json,
    caller::Caller,
    conditions,
    problem::Problem,
    reading, speaking_for,
    traced::{self, Received},
};
use crate::{
    client::{
        Client, Direct, Failure,
        publish::{self, Settled},
    },
    http::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, CE_HEADER_BYTES_MAX},
    traces::Entered,
};

/// Where events are published.
const EVENTS_PATH: &str = "/v1/events";

/// One event as CloudEvents write it in JSON.
const STRUCTURED: &str = "application/cloudevents+json";
/// A list of them.
const BATCH: &str = "application/cloudevents-batch+json";

/// What a publish can be.
const TAKEN: &str = "application/cloudevents+json, application/cloudevents-batch+json, or any type with `ce-` headers";

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PublishOutcome")]
pub struct Published {
    /// The command that it becomes, if it becomes one; `/v1/commands/ID` tells what became of it.
    pub command_id: Uuid,
    #[serde(flatten)]
    pub settled: Settled,
}

impl Published {
    pub(super) fn status(&self) -> StatusCode {
        match self.settled.counted() {
            None => StatusCode::ACCEPTED,
            Some(Outcome::Refused { reason, .. }) if reason == CHANGED_SINCE => {
                StatusCode::PRECONDITION_FAILED
            }
            Some(Outcome::Refused { .. }) => StatusCode::CONFLICT,
            Some(Outcome::DeadLetter { reason, .. }) if reason == "conflict" => {
                StatusCode::CONFLICT
            }
            Some(Outcome::DeadLetter { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
            Some(Outcome::Lost) => StatusCode::SERVICE_UNAVAILABLE,
            Some(_) => StatusCode::OK,
        }
    }

    /// What is told of an aggregate that is not as it was expected: a problem like any other, and the
    /// outcome within it.
    pub(super) fn unmet(&self) -> Response {
        let detail = match self.settled.counted() {
            Some(Outcome::Refused { detail, .. }) => detail.as_str(),
            _ => "",
        };
        Problem::changed(detail).with(self)
    }

    /// Where the outcome is to be found, while it is not known.
    pub(super) fn location(&self) -> Option<HeaderValue> {
        let is_open = self.settled.counted().is_none();
        is_open.then(|| format!("/v1/commands/{}", self.command_id).parse().ok()).flatten()
    }
}

/// Answers `POST /v1/events`.
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    try_publish(&app, caller, request).await.unwrap_or_else(Problem::into_response)
}

async fn try_publish(app: &App, caller: Caller, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    conditions::none(&head.headers, "say `expectedrevision` in the event itself")?;
    let kind = reading::media_type(&head.headers)?;
    let wait = reading::wait(&head.headers);
    of_some_length(&head.headers)?;
    let received = Received::of(app, &head.headers, EVENTS_PATH);
    let direct = speaking_for(app, &caller);
    let body = reading::body(&head.headers, body, BATCH_BYTES_MAX).await?;
    let event = match kind.as_deref() {
        Some(BATCH) => {
            let events = json_list(&body).map_err(not_an_event)?;
            let published = publish_batch(&direct, &caller, &received, events, wait).await?;
            let is_open = published.iter().any(|one| one.settled.counted().is_none());
            let status = if is_open { StatusCode::ACCEPTED } else { StatusCode::OK };
            return Ok(json(status, &published));
        }
        Some(other) if other.starts_with("application/cloudevents") && other != STRUCTURED => {
            return Err(Problem::unsupported_type(TAKEN));
        }
        kind => in_json(&event_headers(&head.headers, kind)?, &body).map_err(not_an_event)?,
    };
    Ok(publish_one(&direct, &caller, &received, event, wait).await?.into_response())
}

/// Refuses an attribute in a header that is none, whether or not it is the headers that count.
fn of_some_length(headers: &HeaderMap) -> Result<(), Problem> {
    let attributes = headers.iter().filter(|(name, _)| name.as_str().starts_with("ce-"));
    for (name, value) in attributes {
        if value.is_empty() || value.len() > CE_HEADER_BYTES_MAX {
            let detail =
                format!("the header `{name}` is empty, or over {CE_HEADER_BYTES_MAX} bytes");
            return Err(Problem::not_an_event(detail, "put large content into the data"));
        }
    }
    Ok(())
}

/// What headers say of an event. A body of some other type that none of them speaks of is none.
fn event_headers(headers: &HeaderMap, kind: Option<&str>) -> Result<Headers, Problem> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let mut pairs = Vec::new();
    for (name, value) in headers {
        let refused = || {
            let detail = format!("the header `{name}` is not ASCII");
            Problem::not_an_event(detail, "percent-encode what is not, as the binding says")
        };
        if name.as_str().starts_with("ce-") || name == CONTENT_TYPE {
            pairs.push((name.as_str(), text(value).ok_or_else(refused)?));
        }
    }
    let is_event = kind == Some(STRUCTURED) || pairs.iter().any(|(name, _)| *name != CONTENT_TYPE);
    if !is_event {
        return Err(Problem::unsupported_type(TAKEN));
    }
    Ok(Headers::of(pairs.iter().map(|(name, value)| (*name, value.as_str()))))
}

/// Publishes one event and waits a while for what becomes of it.
pub(super) async fn publish_one(
    direct: &Direct,
    caller: &Caller,
    received: &Received<'_>,
    event: Vec<u8>,
    wait: Duration,
) -> Result<Published, Problem> {
    let foreseen = allowed(caller, &event)?;
    let entered = received.event(&foreseen);
    let request = publish::Request { event, onward: entered.onward };
    let publishing = async {
        let receipt = direct.publish(request).await?;
        settled(direct, foreseen, receipt, wait).await
    };
    let published = publishing.await;
    traced::answered(entered, published.as_ref());
    published
}

/// All of them or none: one that cannot be read keeps the others out.
async fn publish_batch(
    direct: &Direct,
    caller: &Caller,
    received: &Received<'_>,
    events: Vec<Vec<u8>>,
    wait: Duration,
) -> Result<Vec<Published>, Problem> {
    if events.is_empty() || events.len() > BATCH_EVENTS_MAX {
        let detail = format!("a batch holds 1 to {BATCH_EVENTS_MAX} events, not {}", events.len());
        return Err(Problem::not_an_event(detail, "publish fewer at once"));
    }
    let mut foreseen = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let one = allowed(caller, event).map_err(|problem| {
            let detail = format!("event {index} of the batch: {}", problem.detail);
            problem.about(detail)
        });
        foreseen.push(one?);
    }
    let entered: Vec<Entered> = foreseen.iter().map(|one| received.event(one)).collect();
    // They are sent in the order in which they are first polled, which is theirs.
    let stored = events
        .into_iter()
        .zip(&entered)
        .map(|(event, entered)| direct.publish(publish::Request { event, onward: entered.onward }));
    let publishing = async {
        let receipts = try_join_all(stored).await?;
        let settling = foreseen.into_iter().zip(receipts);
        try_join_all(settling.map(|(one, receipt)| settled(direct, one, receipt, wait))).await
    };
    let published: Result<Vec<Published>, Problem> = publishing.await;
    for (index, entered) in entered.into_iter().enumerate() {
        traced::answered(entered, published.as_ref().map(|published| &published[index]));
    }
    published
}

/// The same with what the first publish under its key became, if this one is told as its duplicate:
/// whoever asks again is answered as the first time.
pub(super) async fn with_first(
    direct: &Direct,
    mut published: Published,
    wait: Duration,
) -> Result<Published, Problem> {
    let settled = &mut published.settled;
    if let (Some(Outcome::DuplicateOf { first_inbox_sequence }), None) =
        (&settled.outcome, &settled.first)
    {
        let first = publish::Receipt { inbox_sequence: *first_inbox_sequence, sent_times: 1 };
        settled.first = settle_within(direct, first, wait).await?.outcome;
    }
    Ok(published)
}

/// What an event takes, if whoever publishes it has it.
pub(super) fn allowed(caller: &Caller, event: &[u8]) -> Result<Foreseen, Problem> {
    let foreseen = foresee(&through_http(&caller.actor()), event).map_err(not_an_event)?;
    caller.must(foreseen.right, Some(foreseen.about))?;
    Ok(foreseen)
}

async fn settled(
    direct: &Direct,
    foreseen: Foreseen,
    receipt: publish::Receipt,
    wait: Duration,
) -> Result<Published, Problem> {
    let Foreseen { command_id, .. } = foreseen;
    Ok(Published { command_id, settled: settle_within(direct, receipt, wait).await? })
}

/// What became of a publish, if that is known within a time.
pub(super) async fn settle_within(
    direct: &Direct,
    receipt: publish::Receipt,
    wait: Duration,
) -> Result<Settled, Failure> {
    let settled = match wait.is_zero() {
        true => None,
        false => tokio::time::timeout(wait, direct.settle(receipt)).await.ok().transpose()?,
    };
    Ok(settled.unwrap_or(Settled { receipt, outcome: None, first: None }))
}

fn not_an_event(dead: Dead) -> Problem {
    if dead.reason == "too_large" {
        return Problem::too_large(PUBLISH_BYTES_MAX);
    }
    if dead.reason == "bad_time" {
        // Its detail shows what stands there, and it is not cleaned yet.
        return Problem::not_an_event("attribute `time` is not a time that is taken", dead.hint);
    }
    Problem::not_an_event(dead.detail, dead.hint)
}
