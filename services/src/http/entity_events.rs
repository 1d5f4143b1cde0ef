//! `POST /v1/faber/entity-events`: events of entities, as FABER's sender tells them to Helm's cloud.
//! What is sent, what is answered and what is refused has that interface's form, and no other path's
//! has. What was taken is in INBOX; what becomes of it is not waited for.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    Extension,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, RateLimiter};
use helmstream_core::door::{ENTITY_EVENT, ENTITY_EVENTS, json as strict};
use helmstream_schemas::{Context, Timestamp, access::Right, limits::ATTRIBUTE_BYTES_MAX};
use hyper::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    App,
    answering::json as answered,
    caller::Caller,
    gate::within,
    problem::Problem,
    publishing::allowed,
    reading, speaking_for,
    traced::{self, Received},
};
use crate::{
    client::{Client, publish},
    http::limits::{ENTITY_EVENT_BYTES_MAX, ENTITY_EVENTS_PER_MINUTE, ENTITY_NAME_BYTES_MAX},
};

pub(super) const PATH: &str = "/v1/faber/entity-events";

/// How many events each has sent lately, by who has the token: no token knows of an organization, so
/// who has it stands for one. The room for a minute's events is there at once and fills up within
/// that minute, which makes it twice as many in any one minute.
pub(super) struct Room(DefaultKeyedRateLimiter<String>);

impl Room {
    pub(super) fn new() -> Self {
        const EACH: NonZeroU32 = ENTITY_EVENTS_PER_MINUTE;
        Self(RateLimiter::keyed(governor::Quota::per_minute(EACH)))
    }
}

/// It is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Accepted {
    /// `accepted`.
    pub status: String,
    pub event_id: String,
    pub message: String,
}

/// It is not stored, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct NotAccepted {
    /// `error`.
    pub status: String,
    /// A word for the reason, the same for every error of that reason.
    pub error_code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
}

/// What of the event is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Details {
    /// The field, with the names of those that it is in.
    pub field: String,
    /// What can stand there, where that is a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_values: Vec<String>,
}

/// Why an event is not taken: as any request is refused, or for a field.
pub(super) enum Refused {
    As(Problem),
    For { error_code: &'static str, message: String, details: Details },
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::As(problem)
    }
}

/// Answers `POST /v1/faber/entity-events`.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    match try_take(&app, &caller, request).await {
        Ok(event_id) => {
            let message = "It is stored; what becomes of it is decided from there.".to_owned();
            let status = "accepted".to_owned();
            answered(StatusCode::OK, &Accepted { status, event_id, message })
        }
        Err(refused) => refused.into_response(),
    }
}

/// Answers every other method on this path.
pub(super) async fn not_so() -> Response {
    Refused::As(Problem::method_not_allowed()).into_response()
}

async fn try_take(app: &App, caller: &Caller, request: Request) -> Result<String, Refused> {
    caller.must(Right::Publish, Some(Context::Run))?;
    within(&app.room.0, &caller.principal.actor)?;
    let (head, body) = request.into_parts();
    let kind = reading::media_type(&head.headers)?;
    if kind.is_some_and(|kind| kind != "application/json") {
        return Err(Problem::unsupported_type("application/json").into());
    }
    let body = reading::body(&head.headers, body, ENTITY_EVENT_BYTES_MAX).await?;
    let body = strict(&body).map_err(|dead| Refused::For {
        error_code: "INVALID_JSON",
        message: format!("The body is not JSON that is taken: {}.", dead.detail),
        details: Details { field: "body".to_owned(), allowed_values: Vec::new() },
    })?;
    let (event_id, event) = event(body)?;
    let event = event.to_string().into_bytes();
    let entered = Received::of(app, &head.headers, PATH).event(&allowed(caller, &event)?);
    let direct = speaking_for(app, caller);
    let request = publish::Request { event, onward: entered.onward };
    let receipt = direct.publish(request).await.map_err(Problem::from)?;
    traced::stored(entered, receipt.inbox_sequence);
    Ok(event_id)
}

/// The event around a body, under the body's own id: sent again it is a repeat.
fn event(body: Value) -> Result<(String, Value), Refused> {
    let bound = ENTITY_NAME_BYTES_MAX;
    let kind = text(&body, "event_type", bound)?;
    if !ENTITY_EVENTS.contains(&kind) {
        return Err(Refused::For {
            error_code: "INVALID_EVENT_TYPE",
            message: "The event's type is none that is known.".to_owned(),
            details: Details {
                field: "event_type".to_owned(),
                allowed_values: ENTITY_EVENTS.map(str::to_owned).to_vec(),
            },
        });
    }
    let event_id = text(&body, "event_id", ATTRIBUTE_BYTES_MAX)?.to_owned();
    let time = text(&body, "timestamp", bound)?;
    let Ok(time) = Timestamp::parse(time) else {
        let message = "The time is none of RFC 3339 with a zone.".to_owned();
        return Err(wrong("timestamp", message));
    };
    let [organization, project] =
        [text(&body, "source.organization", bound)?, text(&body, "source.project", bound)?]
            .map(|name| form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>());
    text(&body, "entity.type", bound)?;
    let subject = text(&body, "entity.id", ATTRIBUTE_BYTES_MAX)?;
    let event = json!({
        "specversion": "1.0",
        "id": event_id,
        "source": format!("/faber/{organization}/{project}"),
        "type": ENTITY_EVENT,
        "subject": subject,
        "time": time.to_string(),
        "datacontenttype": "application/json",
        "data": body,
    });
    Ok((event_id, event))
}

/// The text of a field, by the names of those that it is in and its own.
fn text<'a>(body: &'a Value, field: &str, bytes_max: usize) -> Result<&'a str, Refused> {
    let found = field.split('.').try_fold(body, |held, name| held.get(name));
    match found {
        Some(Value::String(text)) if text.is_empty() => {
            Err(wrong(field, format!("`{field}` is empty.")))
        }
        Some(Value::String(text)) if text.len() > bytes_max => {
            Err(wrong(field, format!("`{field}` is over {bytes_max} bytes.")))
        }
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(wrong(field, format!("`{field}` is no text."))),
        None => Err(Refused::For {
            error_code: "MISSING_FIELD",
            message: format!("`{field}` is missing."),
            details: Details { field: field.to_owned(), allowed_values: Vec::new() },
        }),
    }
}

fn wrong(field: &str, message: String) -> Refused {
    let details = Details { field: field.to_owned(), allowed_values: Vec::new() };
    Refused::For { error_code: "INVALID_FIELD", message, details }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (mut response, (told, status)) = match self {
            Self::As(problem) => {
                let told = told_of(&problem);
                (problem.into_response(), told)
            }
            Self::For { error_code, message, details } => {
                let told = NotAccepted::new(error_code.to_owned(), message, Some(details));
                (Response::default(), (told, StatusCode::BAD_REQUEST))
            }
        };
        *response.status_mut() = status;
        *response.body_mut() = serde_json::to_vec(&told).unwrap_or_default().into();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.entry(RETRY_AFTER).or_insert(HeaderValue::from_static("1"));
        }
        response
    }
}

impl NotAccepted {
    fn new(error_code: String, message: String, details: Option<Details>) -> Self {
        Self { status: "error".to_owned(), error_code, message, details }
    }
}

/// A problem in the sender's form.
fn told_of(problem: &Problem) -> (NotAccepted, StatusCode) {
    let document = problem.document();
    let status = status_of(problem.status);
    let kind = document.kind.rsplit(':').next().unwrap_or_default();
    let parts = [document.title, document.detail, document.hint];
    let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (NotAccepted::new(error_code(kind, status), said.join("; "), None), status)
}

/// The sender knows six of them and drops an event, waits, or tries again by each. What it should
/// not send again is one it drops; a body that came too slowly may come faster.
fn status_of(status: StatusCode) -> StatusCode {
    match status.as_u16() {
        400 | 401 | 403 | 405 | 429 | 503 => status,
        408 => StatusCode::SERVICE_UNAVAILABLE,
        500.. => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn error_code(kind: &str, status: StatusCode) -> String {
    match (status.as_u16(), kind) {
        (401, _) => "UNAUTHORIZED".to_owned(),
        (403, _) => "FORBIDDEN".to_owned(),
        (429, _) => "RATE_LIMITED".to_owned(),
        (500, _) => "INTERNAL_ERROR".to_owned(),
        (503, _) => "UNAVAILABLE".to_owned(),
        _ => kind.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Code, Failure};

    fn body() -> Value {
        json!({
            "event_type": "entity.created", "event_id": "evt_1", "timestamp": "2026-03-01T10:00:00.5Z",
            "source": { "organization": "a/b", "project": "c d" },
            "entity": { "type": "page", "id": "page-7" }, "more": [1, null]
        })
    }

    #[test]
    fn the_event_around_a_body_has_its_id_and_holds_it_whole() {
        let Ok((id, event)) = event(body()) else { panic!("it is good") };
        assert_eq!((id.as_str(), &event["id"]), ("evt_1", &json!("evt_1")));
        assert_eq!(event["source"], "/faber/a%2Fb/c+d", "no name reaches into the next");
        assert_eq!((&event["subject"], &event["data"]), (&json!("page-7"), &body()));
    }

    #[test]
    fn a_fault_of_the_plane_is_told_without_what_is_inside() {
        let failure = Failure::new(Code::Unreadable, "it cannot be read", "at row 7", "look at it");
        for (problem, status, code) in [
            (Problem::from(failure), 500, "INTERNAL_ERROR"),
            (Problem::not_ready("it is not known yet who may come in"), 503, "UNAVAILABLE"),
            (Problem::too_slow(9), 503, "UNAVAILABLE"),
            (Problem::too_many(7), 429, "RATE_LIMITED"),
            (Problem::not_let_in(), 401, "UNAUTHORIZED"),
            (Problem::not_permitted(""), 403, "FORBIDDEN"),
            (Problem::too_large(7), 400, "TOO_LARGE"),
        ] {
            let (told, found) = told_of(&problem);
            assert_eq!((found.as_u16(), told.error_code.as_str()), (status, code));
            assert!(told.status == "error" && !told.message.contains("row 7"), "{told:?}");
            let response = Refused::As(problem).into_response();
            assert_eq!(response.status(), found);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), [429, 503].contains(&status));
        }
    }

    #[test]
    fn a_status_that_the_sender_does_not_know_is_never_answered() {
        for (from, wanted) in
            [(400, 400), (401, 401), (403, 403), (408, 503), (409, 400), (413, 400), (415, 400)]
                .into_iter()
                .chain([(422, 400), (429, 429), (431, 400), (500, 500), (503, 503), (504, 500)])
        {
            let status = StatusCode::from_u16(from).unwrap();
            assert_eq!(status_of(status).as_u16(), wanted, "{from}");
        }
    }
}
