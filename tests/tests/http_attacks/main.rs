//! What an attacker sends to the door for HTTP, a row for each attack: every one has the status and
//! the type of problem that it must have, one answer, and no effect that it should not have; and
//! the door goes on.

mod bodies;
mod framing;
mod let_in;
mod paths;
mod permitted;
mod stores;

use std::collections::BTreeSet;

use helmstream_schemas::{ActorKind, access::Role};
use helmstream_stream::{append::EVENTS, read::extent};
use helmstream_tests::{
    harness::TestPlane,
    running::{ALL, Running},
    web::Web,
};
use serde_json::Value;

/// One attack.
pub(crate) struct Case {
    /// What is tried, in words by which it is found again.
    pub(crate) row: String,
    /// What is sent, to the byte.
    pub(crate) sent: Vec<u8>,
    pub(crate) wanted: Wanted,
}

/// What must come of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    /// It is refused with this status and this type of problem, and nothing is recorded.
    Refused(u16, &'static str),
    /// The HTTP library refuses it before it is a request, without a document.
    Unread(u16),
    /// The connection is closed without a word.
    Closed,
    /// It is answered, does no harm, and nothing is recorded.
    Harmless(u16),
    /// It is taken for what it is, and so many events are recorded.
    Recorded(u16, u64),
}

/// What was answered to bytes.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Case {
    pub(crate) fn new(row: impl Into<String>, sent: Vec<u8>, wanted: Wanted) -> Self {
        Self { row: row.into(), sent, wanted }
    }
}

/// A request as bytes, on a connection that ends with its answer.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nHost: plane\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

/// The same by whoever has this token.
pub(crate) fn by(token: &str, line: &str, kind: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("Authorization", bearer.as_str()), ("Prefer", "wait=30")];
    if !kind.is_empty() {
        headers.push(("Content-Type", kind));
    }
    request(line, &headers, body.as_ref())
}

/// A question by whoever has this token.
pub(crate) fn asked(token: &str, path: &str) -> Vec<u8> {
    by(token, &format!("GET {path}"), "", "")
}

pub(crate) async fn plane() -> (Running, Web) {
    let plane = TestPlane::start_running(&ALL).await;
    let admin = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    (plane, admin)
}

/// Tries them one after the other; what is wrong with any is told at the end.
pub(crate) async fn try_all(plane: &Running, web: &Web, cases: Vec<Case>, at_least: usize) {
    let rows: BTreeSet<&str> = cases.iter().map(|case| case.row.as_str()).collect();
    assert_eq!(rows.len(), cases.len(), "two rows have one name");
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(why) = tried(plane, web, case).await {
            wrong.push(format!("{}: {why}", case.row));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

async fn tried(plane: &Running, web: &Web, case: &Case) -> Result<(), String> {
    let before = head(plane).await;
    let answer = web.raw(&case.sent).await;
    let told = match case.wanted {
        Wanted::Closed if answer.is_empty() => None,
        _ => Some(Told::of(&answer)?),
    };
    if let Some(told) = &told {
        told.is(case.wanted)?;
    }
    if web.get("/livez").await.status != 200 {
        return Err("it does not live any more".to_owned());
    }
    let wanted = match case.wanted {
        Wanted::Recorded(_, events) => events,
        _ => 0,
    };
    match head(plane).await - before {
        found if found == wanted => Ok(()),
        found => Err(format!("{found} events were recorded, not {wanted}: {told:?}")),
    }
}

pub(crate) async fn head(plane: &Running) -> u64 {
    extent(&plane.operator, EVENTS).await.expect("the log answers").last
}

impl Told {
    /// The one answer that bytes are.
    pub(crate) fn of(answer: &str) -> Result<Self, String> {
        if answer.matches("HTTP/1.").count() != 1 {
            return Err(format!("not one answer: {answer:?}"));
        }
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without an end")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| format!("no status: {head}"))?;
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
        Ok(Self { status, head: head.to_owned(), body })
    }

    fn is(&self, wanted: Wanted) -> Result<(), String> {
        let is_so = match wanted {
            Wanted::Refused(status, problem) => {
                let kind = format!("urn:helmstream:problem:{problem}");
                let is_document = self.head.contains("content-type: application/problem+json");
                self.status == status
                    && self.body["status"] == status
                    && self.body["type"] == kind
                    && is_document
            }
            Wanted::Unread(status) => self.status == status && self.body == "",
            Wanted::Harmless(status) | Wanted::Recorded(status, _) => self.status == status,
            Wanted::Closed => false,
        };
        let shown: String = self.body.to_string().chars().take(400).collect();
        is_so.then_some(()).ok_or_else(|| format!("wanted {wanted:?}, not {} {shown}", self.status))
    }
}
