//! Requests, read: what stands in path, query and body becomes the request of a line. A name that
//! nobody knows is refused, because whoever wrote it meant something.

use std::{collections::BTreeSet, time::Duration};

use axum::{body::Body, extract::RawPathParams};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;
use crate::limits::{BODY_SECONDS, LIST_ROWS_MAX, PREFER_WAIT_SECONDS, PREFER_WAIT_SECONDS_MAX};

/// Pairs of a name and a value, as they stand in a path or a query.
pub(super) type Pairs = Vec<(String, String)>;

/// What a path says of itself.
pub(super) fn in_path(params: &RawPathParams) -> Pairs {
    params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a query says.
pub(super) fn in_query(query: Option<&str>) -> Pairs {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// The request that pairs are.
pub(super) fn of_pairs<Q: DeserializeOwned>(
    pairs: &Pairs,
    known: &BTreeSet<String>,
) -> Result<Q, Problem> {
    if let Some((unknown, _)) = pairs.iter().find(|(name, _)| !known.contains(name)) {
        return Err(unknown_name(unknown, known));
    }
    if let Some((name, _)) = pairs.iter().find(|(_, value)| value.contains('\0')) {
        return Err(Problem::bad_request(format!("`{name}` holds a NUL, which no text here does")));
    }
    let limit = pairs.iter().find(|(name, _)| name == "limit");
    if limit.is_some_and(|(_, text)| {
        !text.parse().is_ok_and(|rows| (1..=LIST_ROWS_MAX).contains(&rows))
    }) {
        return Err(Problem::bad_request(format!("`limit` is not from 1 to {LIST_ROWS_MAX}")));
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    serde_html_form::from_str(&form.finish())
        .map_err(|error| Problem::bad_request(error.to_string()))
}

/// The request that a body is, with what the path says.
pub(super) fn of_body<Q: DeserializeOwned>(
    path: &Pairs,
    body: &[u8],
    known: Option<&BTreeSet<String>>,
) -> Result<Q, Problem> {
    let mut value = match body {
        [] => Value::Object(Default::default()),
        bytes => {
            helmstream_core::door::json(bytes).map_err(|dead| Problem::bad_request(dead.detail))?
        }
    };
    let Value::Object(entries) = &mut value else {
        return Err(Problem::bad_request("the body is JSON, and no object"));
    };
    if let Some(unknown) = known.and_then(|known| entries.keys().find(|key| !known.contains(*key)))
    {
        return Err(unknown_name(unknown, known.unwrap_or(&BTreeSet::new())));
    }
    for (name, text) in path {
        if entries.contains_key(name) {
            return Err(Problem::bad_request(format!("`{name}` stands in the path")));
        }
        let number = text.parse::<u64>().ok().map(Value::from);
        // A number in a path is a number only where one is wanted, which the type knows.
        entries.insert(name.clone(), Value::String(text.clone()));
        if let Some(number) = number
            && serde_json::from_value::<Q>(Value::Object(entries.clone())).is_err()
        {
            entries.insert(name.clone(), number);
        }
    }
    serde_json::from_value(value).map_err(|error| Problem::bad_request(error.to_string()))
}

/// A body, whole, as long as it is not too large and comes in time.
pub(super) async fn body(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<axum::body::Bytes, Problem> {
    let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let told: Option<usize> = told.and_then(|length| length.parse().ok());
    if told.is_some_and(|told| told > bytes_max) {
        return Err(Problem::too_large(bytes_max));
    }
    let whole = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(BODY_SECONDS, whole).await {
        Err(_) => Err(Problem::too_slow(BODY_SECONDS.as_secs())),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(bytes_max)),
        Ok(Err(_)) => Err(Problem::bad_request("the body broke off, or is not framed as it says")),
    }
}

/// The type of a body, without parameters and in lower case; nothing if there is none.
pub(super) fn media_type(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let text = value
        .to_str()
        .map_err(|_| Problem::bad_request("the header `Content-Type` is not ASCII"))?;
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim_matches('"');
        if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return Err(Problem::bad_request(
                "the charset is not UTF-8, which is all that is read",
            ));
        }
    }
    Ok(Some(kind))
}

/// For how long whoever asks would wait for an outcome: `Prefer: wait=SECONDS`, RFC 7240.
pub(super) fn wait(headers: &HeaderMap) -> Duration {
    let all = headers.get_all("prefer");
    let preferences = all.iter().filter_map(|value| value.to_str().ok());
    let wait = preferences.flat_map(|text| text.split(',')).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        is_wait.then(|| value.trim().parse::<u64>().ok()).flatten()
    });
    Duration::from_secs(wait.unwrap_or(PREFER_WAIT_SECONDS).min(PREFER_WAIT_SECONDS_MAX))
}

fn unknown_name(unknown: &str, known: &BTreeSet<String>) -> Problem {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    let shown: String = unknown.chars().take(64).collect();
    Problem::bad_request(format!("`{shown}` is not known here; known is {known}"))
}
