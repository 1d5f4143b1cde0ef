//! Answers as they travel: JSON, and the revision of what is shown where it is one aggregate.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hyper::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, ETAG, HeaderValue},
};
use serde::Serialize;

use super::{
    conditions::{self, Met},
    problem::Problem,
};
use crate::client::{Code, Failure, Revised};

/// An answer that was found.
pub fn found(answer: &impl Serialize) -> Result<Response, Problem> {
    let value = serde_json::to_vec(answer).map_err(|error| {
        let what = "the answer cannot be written as JSON";
        Failure::new(Code::Unexplained, what, error.to_string(), "this is a fault of the program")
    })?;
    Ok(of_bytes(StatusCode::OK, value))
}

/// An answer that shows one aggregate whole, under its tag; nothing but the tag to whoever has it.
pub fn shown<A: Serialize + Revised>(headers: &HeaderMap, answer: &A) -> Result<Response, Problem> {
    let tag = conditions::tag(answer);
    let mut response = match conditions::met(headers, &tag)? {
        Met::Yes => found(answer)?,
        Met::NotModified => StatusCode::NOT_MODIFIED.into_response(),
    };
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// An answer with a status.
pub fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(value) => of_bytes(status, value),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn of_bytes(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
