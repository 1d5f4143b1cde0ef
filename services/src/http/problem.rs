//! What is answered when something is not done: `application/problem+json` as in RFC 9457, with a
//! stable type, what to do about it, and nothing of what is inside.

use axum::response::{IntoResponse, Response};
use hyper::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client::{Code, Failure};

/// What every type of a problem begins with.
const TYPE: &str = "urn:helmstream:problem:";

/// Something that was not done, and why.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(super) status: StatusCode,
    kind: &'static str,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) hint: String,
    code: Option<Code>,
    retry_after_seconds: Option<u64>,
}

/// The form in which a problem travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemDocument {
    /// Names the kind of problem, and stays the same for ever.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub(super) status: u16,
    /// More about this one; empty if there is no more.
    pub detail: String,
    /// What can be done about it.
    pub hint: String,
    /// The page of the runbooks that explains it, such as `HS-0003`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &str, hint: &str) -> Self {
        Self {
            status,
            kind,
            title: title.to_owned(),
            detail: String::new(),
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
        Self::new(StatusCode::FORBIDDEN, "not_permitted", "the token does not allow this", hint)
            .about(detail)
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

    /// The aggregate has changed since the revision that was named.
    pub fn changed(now: u64) -> Self {
        let title = "it has changed since";
        let hint = "look at it again, and name the revision that it has then";
        Self::new(StatusCode::PRECONDITION_FAILED, "changed", title, hint)
            .about(format!("its revision is {now}"))
    }

    /// It is not known yet whether this can be trusted.
    pub fn not_ready(detail: impl Into<String>) -> Self {
        let title = "the plane is not ready";
        let problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "away",
            title,
            "try again; /readyz says what is missing",
        );
        problem.about(detail).after_seconds(1)
    }

    /// The form in which it travels.
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: format!("{TYPE}{}", self.kind),
            title: self.title.clone(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            hint: self.hint.clone(),
            code: self.code.map(|code| code.to_string()),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let (status, kind) = match failure.code {
            Code::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Code::Ambiguous => (StatusCode::CONFLICT, "ambiguous"),
            Code::Input => (StatusCode::UNPROCESSABLE_ENTITY, "input"),
            Code::Refused => (StatusCode::CONFLICT, "refused"),
            Code::NotPermitted => (StatusCode::FORBIDDEN, "not_permitted"),
            Code::Away | Code::NoPlane => (StatusCode::SERVICE_UNAVAILABLE, "away"),
            Code::Diverged => (StatusCode::INTERNAL_SERVER_ERROR, "diverged"),
            Code::Differs | Code::NotLetIn => (StatusCode::INTERNAL_SERVER_ERROR, "not_set_up"),
            Code::Unreadable => (StatusCode::INTERNAL_SERVER_ERROR, "unreadable"),
            // Nothing that is asked over HTTP ends so: backups are taken and put back in place.
            Code::Backup | Code::NotEmpty => (StatusCode::INTERNAL_SERVER_ERROR, "unexplained"),
            Code::Unexplained => (StatusCode::INTERNAL_SERVER_ERROR, "unexplained"),
        };
        let problem = Self {
            code: Some(failure.code),
            ..Self::new(status, kind, &failure.what, &failure.hint)
        };
        match status {
            // What is wrong inside is for the log, not for whoever asks.
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(code = %failure.code, what = failure.what, detail = failure.detail, "cannot answer");
                problem
            }
            StatusCode::SERVICE_UNAVAILABLE => problem.about(failure.detail).after_seconds(1),
            _ => problem.about(failure.detail),
        }
    }
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
