//! Streams as the server itself hands them out and takes them back: every message with its position
//! and its time. What becomes of the bytes is the caller's affair. Durables do not come along: the
//! server would write down where they stand later than what they stand on; `durables` puts them
//! back where they stood before.

mod durables;
mod inbox;
mod restore;
mod snapshot;

use async_nats::{Client, Request};
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

use crate::{Connection, StreamError};

pub use self::{
    durables::{Floor, floors, put_back},
    inbox::pass_over,
    restore::{present, restore},
    snapshot::{Taken, snapshot},
};

/// The order in which streams are taken while the plane works, each whole before the next begins. One
/// that holds what came of another's messages is taken so that nothing falls between the two:
///
/// * INBOX and DEADLINES forget what was worked off, and COMMANDS and JOURNAL hold what came of it: the
///   first come first, so that what was gone from them by then is in the others.
/// * JOURNAL and EVENTS name the commands they come from: COMMANDS after both, so that every cause is
///   there. What is decided or said anew after a restore comes to the same under the same ids.
/// * Events and commands name dead letters: DEADLETTERS after them.
/// * STATES, SIGNALS and OUT say nothing that is not on the log: before EVENTS, so that none of them
///   is ahead of it.
pub const ORDER: [&str; 9] = [
    "INBOX",
    "DEADLINES",
    "STATES",
    "SIGNALS",
    "OUT",
    "JOURNAL",
    "EVENTS",
    "COMMANDS",
    "DEADLETTERS",
];

/// Asks the server's API, and takes its time; nothing means that what was asked about is not there.
async fn ask(
    connection: &Connection,
    subject: &str,
    body: Bytes,
    seconds_max: u64,
) -> Result<Option<Value>, StreamError> {
    let denial = connection.denial_of(subject);
    let answer = tokio::select! {
        answer = request(&connection.client, subject, body, seconds_max) => answer?,
        detail = denial => {
            let user = connection.user.clone();
            return Err(StreamError::NotPermitted { user, subject: subject.to_owned(), detail });
        }
    };
    if answer.is_empty() {
        return Ok(Some(Value::Null));
    }
    let value: Value = serde_json::from_slice(&answer).map_err(|source| {
        StreamError::Malformed { what: format!("the answer to {subject}"), source }
    })?;
    match value.get("error") {
        None => Ok(Some(value)),
        Some(error) if error["code"] == 404 => Ok(None),
        Some(error) => Err(refused(
            subject,
            error["code"].as_u64().unwrap_or_default(),
            error["err_code"].as_u64().unwrap_or_default(),
            error["description"].as_str().unwrap_or_default(),
        )),
    }
}

async fn request(
    client: &Client,
    subject: &str,
    body: Bytes,
    seconds_max: u64,
) -> Result<Bytes, StreamError> {
    let request = Request::new().payload(body).timeout(Some(Duration::from_secs(seconds_max)));
    let answer = client.send_request(subject.to_owned(), request).await;
    let answer =
        answer.map_err(|source| StreamError::NoAnswer { subject: subject.to_owned(), source })?;
    Ok(answer.payload)
}

fn refused(subject: &str, status: u64, code: u64, description: &str) -> StreamError {
    let description = description.to_owned();
    StreamError::Refused { subject: subject.to_owned(), status, code, description }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_stream_is_taken_once() {
        let taken: BTreeSet<String> = ORDER.iter().map(|&name| name.to_owned()).collect();
        let all: BTreeSet<String> =
            crate::setup::stream_names().expect("the files are JSON").into_iter().collect();
        assert_eq!(taken, all);
        assert_eq!(ORDER.len(), all.len());
    }

    #[test]
    fn what_came_of_a_message_is_taken_after_it() {
        let at = |name: &str| ORDER.iter().position(|taken| *taken == name).expect("it is taken");
        for (first, then) in [
            ("INBOX", "JOURNAL"),
            ("INBOX", "COMMANDS"),
            ("DEADLINES", "COMMANDS"),
            ("JOURNAL", "COMMANDS"),
            ("EVENTS", "COMMANDS"),
            ("STATES", "EVENTS"),
            ("OUT", "EVENTS"),
            ("COMMANDS", "DEADLETTERS"),
        ] {
            assert!(at(first) < at(then), "{first} before {then}");
        }
    }
}
