//! Answers as they travel: JSON, and the revision of what is shown where it is one aggregate.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hyper::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;

use super::problem::Problem;
use crate::client::{Code, Failure};

/// An answer that was found.
pub fn found(answer: &impl Serialize) -> Result<Response, Problem> {
    let value = serde_json::to_vec(answer).map_err(|error| {
        let what = "the answer cannot be written as JSON";
        Failure::new(Code::Unexplained, what, error.to_string(), "this is a fault of the program")
    })?;
    Ok(of_bytes(StatusCode::OK, value))
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
