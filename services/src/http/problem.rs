//! What is answered when something is not done: `application/problem+json` as in RFC 9457, with a
//! stable type, what to do about it, and nothing of what is inside.

use axum::response::{IntoResponse, Response};
use hyper::{
    StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    client::{Code, Failure},
    http::limits::PROBLEM_TEXT_CHARS_MAX,
};

/// What every type of a problem begins with.
const TYPE: &str = "urn:helmstream:problem:";

/// Titles that two ways lead to.
const NOT_PERMITTED: &str = "the token does not allow this";
const AWAY: &str = "the plane is not ready";

/// Something that was not done, and why.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(super) status: StatusCode,
    kind: &'static str,
    title: &'static str,
    pub(super) detail: String,
    more: String,
    hint: String,
    code: Option<Code>,
    retry_after_seconds: Option<u32>,
}

/// The form in which a problem travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemDocument {
    /// Names the kind of problem, and stays the same for ever.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, the same ones for every problem of it.
    pub title: String,
    #[schemars(range(min = 400, max = 599))]
    pub(super) status: u16,
    /// What happened here; empty if the title says it all.
    pub detail: String,
    /// What is known beyond that.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub more: String,
    /// What can be done about it.
    pub hint: String,
    /// The page of the runbooks that explains it, such as `HS-0003`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, hint: &str) -> Self {
        Self {
            status,
            kind,
            title,
            detail: String::new(),
            more: String::new(),
            hint: hint.to_owned(),
            code: None,
            retry_after_seconds: None,
        }
    }

    /// The same, with more about this one.
    pub fn about(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn after_seconds(self, seconds: u64) -> Self {
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// The request itself is not one.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        let hint = "see /v1/openapi.json for what can be asked and how";
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "the request cannot be read", hint)
            .about(detail)
    }

    /// What was sent is no CloudEvent.
    pub fn not_an_event(detail: impl Into<String>, hint: impl Into<String>) -> Self {
        let title = "what was published cannot be read";
        let problem = Self::new(StatusCode::BAD_REQUEST, "not_an_event", title, "");
        Self { hint: hint.into(), ..problem }.about(detail)
    }

    /// Who asks did not say who it is, or was not believed. It is not told why.
    pub fn not_let_in() -> Self {
        let hint = "send `Authorization: Bearer TOKEN`; `helmstream token create` makes one";
        let title = "this needs a token that is valid";
        Self::new(StatusCode::UNAUTHORIZED, "not_let_in", title, hint)
    }

    /// Who asks may not do this.
    pub fn not_permitted(detail: impl Into<String>) -> Self {
        let hint = "ask an admin for a token with another role or scope";
        Self::new(StatusCode::FORBIDDEN, "not_permitted", NOT_PERMITTED, hint).about(detail)
    }

    pub fn no_such_path() -> Self {
        let hint = "see /v1/openapi.json for what there is";
        Self::new(StatusCode::NOT_FOUND, "no_such_path", "nothing is at this path", hint)
    }

    pub fn method_not_allowed() -> Self {
        let title = "this path is not asked with this method";
        let hint = "the header `Allow` names those that are";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", title, hint)
    }

    pub fn too_large(limit: usize) -> Self {
        let hint = "put large content elsewhere and publish a reference to it";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large", hint)
            .about(format!("at most {limit} bytes are taken"))
    }

    pub fn head_too_large(limit: usize) -> Self {
        let title = "the head of the request is too large";
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(
            status,
            "head_too_large",
            title,
            "send fewer or shorter headers, or a shorter path",
        )
        .about(format!("at most {limit} bytes are taken"))
    }

    pub fn too_slow(seconds: u64) -> Self {
        let title = "the body did not come in time";
        let problem =
            Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", title, "send it in one go");
        problem.about(format!("it was waited for {seconds} s"))
    }

    pub fn unsupported_type(wanted: &str) -> Self {
        let title = "the body is of a type that is not taken here";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "unsupported_type", title, "set `Content-Type`")
            .about(format!("taken is {wanted}"))
    }

    /// Too many requests; after so many seconds there is room again.
    pub fn too_many(retry_after_seconds: u64) -> Self {
        let title = "this token has asked too much in a short time";
        let hint = "wait as long as `Retry-After` says";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", title, hint)
            .after_seconds(retry_after_seconds)
    }

    /// The aggregate is not as it was expected.
    pub fn changed(detail: impl Into<String>) -> Self {
        let title = "it has changed since";
        let hint = "look at it again, and name the revision that it has then";
        Self::new(StatusCode::PRECONDITION_FAILED, "changed", title, hint).about(detail)
    }

    /// It is not known yet whether this can be trusted.
    pub fn not_ready(detail: impl Into<String>) -> Self {
        let hint = "try again; /readyz says what is missing";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "away", AWAY, hint);
        problem.about(detail).after_seconds(1)
    }

    /// As an answer, with more members than every problem has; where two are named alike, the
    /// problem's own stands.
    pub(super) fn with(self, more: &impl Serialize) -> Response {
        let mut whole = serde_json::to_value(more).unwrap_or_default();
        let own = serde_json::to_value(self.document()).unwrap_or_default();
        if let (Some(whole), Value::Object(own)) = (whole.as_object_mut(), own) {
            whole.extend(own);
        }
        let (mut parts, _) = self.into_response().into_parts();
        parts.headers.remove(CONTENT_LENGTH);
        Response::from_parts(parts, whole.to_string().into())
    }

    /// The form in which it travels.
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: format!("{TYPE}{}", self.kind),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: harmless(&self.detail),
            more: harmless(&self.more),
            hint: harmless(&self.hint),
            code: self.code.map(|code| code.to_string()),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let (status, kind, title) = match failure.code {
            Code::NotFound => (StatusCode::NOT_FOUND, "not_found", "nothing has that name"),
            Code::Ambiguous => (StatusCode::CONFLICT, "ambiguous", "several things have that name"),
            Code::Input => (StatusCode::UNPROCESSABLE_ENTITY, "input", "this means nothing here"),
            Code::Refused => (StatusCode::CONFLICT, "refused", "this is refused as things stand"),
            Code::NotPermitted => (StatusCode::FORBIDDEN, "not_permitted", NOT_PERMITTED),
            Code::Away | Code::NoPlane | Code::Untrusted => {
                (StatusCode::SERVICE_UNAVAILABLE, "away", AWAY)
            }
            Code::Diverged => {
                (StatusCode::INTERNAL_SERVER_ERROR, "diverged", "a view does not fit the log")
            }
            Code::Differs | Code::NotLetIn => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "not_set_up",
                "the plane is not set up for this",
            ),
            Code::Unreadable => {
                (StatusCode::INTERNAL_SERVER_ERROR, "unreadable", "what is stored cannot be read")
            }
            // Nothing that is asked over HTTP ends as a backup or a start does: those are made in place.
            Code::Backup | Code::NotEmpty | Code::Setting | Code::Unexplained => {
                (StatusCode::INTERNAL_SERVER_ERROR, "unexplained", "the plane could not do this")
            }
        };
        let Failure { code, what, detail, hint } = failure;
        let problem = Self { code: Some(code), ..Self::new(status, kind, title, &hint) };
        match status {
            // What is wrong inside is for the log, not for whoever asks.
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(%code, what, detail, "cannot answer");
                problem.about(what)
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                Self { more: detail, ..problem.about(what) }.after_seconds(1)
            }
            _ => Self { more: detail, ..problem.about(what) },
        }
    }
}

/// A text that may hold what somebody asked for: no longer than anybody reads, and without what
/// would move a cursor or turn the direction of writing where it is shown.
fn harmless(text: &str) -> String {
    let is_harmful = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len().min(PROBLEM_TEXT_CHARS_MAX));
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == PROBLEM_TEXT_CHARS_MAX => {
                shown.push('…');
                break;
            }
            c if is_harmful(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.document()).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"helmstream\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_of_the_kind_and_the_name_that_was_asked_for_is_in_the_detail() {
        let told = |name: &str| {
            let what = format!("no run is called `{name}`");
            Problem::from(Failure::not_found(what, "look")).document()
        };
        assert_eq!(told("a").title, told("b").title);
        assert_eq!(told("a").detail, "no run is called `a`");
        let shown = told("\u{1b}[2J\u{202e}x\0\n").detail;
        assert_eq!(shown, "no run is called `\\u{1b}[2J\\u{202e}x\\u{0}\\u{a}`");
        let long = told(&"é".repeat(40_000)).detail;
        assert_eq!(long.chars().count(), PROBLEM_TEXT_CHARS_MAX + 1);
    }

    #[test]
    fn every_kind_of_failure_has_a_title_of_its_own() {
        let mut titles: Vec<(String, String)> = Code::ALL
            .into_iter()
            .map(|code| Problem::from(Failure::new(code, "x", "y", "z")).document())
            .map(|document| (document.kind, document.title))
            .collect();
        titles.sort();
        titles.dedup();
        let kinds: std::collections::BTreeSet<&str> =
            titles.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(titles.len(), kinds.len(), "{titles:?}");
    }
}
