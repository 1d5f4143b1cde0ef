//! FABER's sender of entities' events, as far as the other side sees it: it sends one at a time and
//! does with each answer what its table says. It is no copy of it: it has no queue and no batches.

use std::time::Duration;

use reqwest::{Method, header::RETRY_AFTER};
use serde_json::Value;

use crate::web::{Answered, Web};

/// What became of an event, as the sender takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Accepted,
    /// Not to be sent again; with the code of the error.
    Dropped(String),
    /// The sender has switched itself off.
    Off,
    GaveUp,
}

/// A sender with a token.
pub struct Sender {
    pub web: Web,
    /// Until the token was refused.
    pub is_on: bool,
    /// The pauses that it was told to make, in seconds.
    pub told_to_wait: Vec<u64>,
    /// How long the first of its own pauses is; each is twice the one before.
    pub pause: Duration,
}

/// How often it sends an event that met a fault; and one that met nobody.
const TRIES_AFTER_500: u32 = 3;
const TRIES_AFTER_503: u32 = 5;

impl Sender {
    pub fn new(web: Web) -> Self {
        Self { web, is_on: true, told_to_wait: Vec::new(), pause: Duration::from_millis(100) }
    }

    /// One request with this body, with the headers that the sender has.
    pub async fn ask(&self, body: impl Into<reqwest::Body>) -> Answered {
        let request = self.web.request(Method::POST, "/v1/faber/entity-events");
        let request = request.header("x-faber-version", "2.1.0").header("x-request-id", "r-1");
        let request = request.header("content-type", "application/json").body(body);
        let response = request.send().await.expect("the door for HTTP answers");
        Answered::of(response).await.expect("it answers whole")
    }

    /// Sends until the event is taken or its table says to stop.
    pub async fn send(&mut self, event: &Value) -> Sent {
        let mut failed = 0;
        while self.is_on {
            let answered = self.ask(event.to_string()).await;
            let code = || answered.body["error_code"].as_str().unwrap_or_default().to_owned();
            let tries = match answered.status {
                200 => return Sent::Accepted,
                400 | 403 => return Sent::Dropped(code()),
                401 => {
                    self.is_on = false;
                    break;
                }
                429 => {
                    let seconds = answered.headers[RETRY_AFTER].to_str().expect("a number");
                    let seconds = seconds.parse().expect("whole seconds");
                    self.told_to_wait.push(seconds);
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    continue;
                }
                500 => TRIES_AFTER_500,
                503 => TRIES_AFTER_503,
                other => panic!("{other} is not in its table: {answered:?}"),
            };
            failed += 1;
            if failed >= tries {
                return Sent::GaveUp;
            }
            tokio::time::sleep(self.pause * 2_u32.pow(failed - 1)).await;
        }
        Sent::Off
    }
}
