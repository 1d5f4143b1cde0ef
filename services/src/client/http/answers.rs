//! Answers of a server: read whole and within a bound, and what went wrong in the words of the client.

use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::{
    client::{Code, Failure},
    http::limits::HTTP_ANSWER_BYTES_MAX,
    http::problem::ProblemDocument,
};

pub(super) async fn whole(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        body.extend_from_slice(&chunk);
        if body.len() > HTTP_ANSWER_BYTES_MAX {
            let what = "the answer is too large";
            let detail = format!("it is over {HTTP_ANSWER_BYTES_MAX} bytes");
            return Err(Failure::new(Code::Unreadable, what, detail, "ask for less at once"));
        }
    }
    Ok(body)
}

pub(super) fn read<A: DeserializeOwned>(body: &[u8]) -> Result<A, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let hint = "is the server of another version, or no plane at all?";
        Failure::new(Code::Unreadable, "the answer cannot be read", error.to_string(), hint)
    })
}

/// Why something is waited for, in one line.
pub(super) fn said(cause: Failure) -> String {
    match cause.detail.is_empty() {
        true => cause.what,
        false => format!("{}: {}", cause.what, cause.detail),
    }
}

pub(super) fn away(error: reqwest::Error) -> Failure {
    let mut detail = error.without_url().to_string();
    if detail.is_empty() {
        detail = "the connection broke".into();
    }
    let hint = "is the plane running? `--patience SECONDS` waits longer";
    Failure::new(Code::Away, "the server does not answer", detail, hint)
}

/// What the server said went wrong.
pub(super) fn failure(status: StatusCode, body: &[u8]) -> Failure {
    let told: Option<ProblemDocument> = serde_json::from_slice(body).ok();
    let code = match status {
        StatusCode::UNAUTHORIZED => Code::NotLetIn,
        StatusCode::FORBIDDEN => Code::NotPermitted,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => Code::Refused,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Code::Input,
        StatusCode::PAYLOAD_TOO_LARGE => Code::Input,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Code::Away,
        _ => Code::Unexplained,
    };
    match told {
        Some(told) => {
            let named = Code::ALL.into_iter().find(|code| Some(code.to_string()) == told.code);
            match named {
                // A failure of the plane's own, as it was told there.
                Some(code) => Failure::new(code, told.detail, told.more, told.hint),
                None => Failure::new(code, told.title, told.detail, told.hint),
            }
        }
        None => {
            let hint = "is there a plane at this address, or something in front of it?";
            Failure::new(code, format!("the server answers {status}"), "", hint)
        }
    }
}
