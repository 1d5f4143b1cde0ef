//! Somebody outside who publishes and waits for what becomes of it: through its own user, its own
//! permission and its own inbox, as a real one would.

use std::collections::BTreeMap;

use async_nats::{HeaderMap, Subscriber};
use futures_util::StreamExt;
use helmstream_schemas::outcome::{Outcome, Reply};
use helmstream_stream::{Connection, headers::REPLY_TO, publish::store};
use serde_json::Value;

use crate::patience::PATIENCE;

/// A publisher and its inbox.
pub struct Publisher {
    pub connection: Connection,
    subject: String,
    inbox: String,
    answers: Subscriber,
    heard: BTreeMap<u64, Vec<Outcome>>,
}

impl Publisher {
    /// Listens on an inbox of the connection's user.
    pub async fn open(connection: Connection) -> Self {
        let inbox = connection.client.new_inbox();
        let answers =
            connection.client.subscribe(inbox.clone()).await.expect("the connection is open");
        // The subscription is in place once the server has answered what was sent after it.
        connection.client.flush().await.expect("the connection is open");
        let subject = format!("in.{}", connection.user);
        Self { connection, subject, inbox, answers, heard: BTreeMap::new() }
    }

    /// Where it listens.
    pub fn inbox(&self) -> &str {
        &self.inbox
    }

    /// Publishes; its position in INBOX.
    pub async fn publish(&self, event: &Value) -> u64 {
        self.publish_bytes(event.to_string().into_bytes()).await
    }

    /// Publishes any bytes; their position in INBOX.
    pub async fn publish_bytes(&self, bytes: Vec<u8>) -> u64 {
        self.publish_for(bytes, &self.inbox.clone()).await
    }

    /// Publishes and names any place as the one where it waits.
    pub async fn publish_for(&self, bytes: Vec<u8>, reply_to: &str) -> u64 {
        let mut headers = HeaderMap::new();
        headers.insert(REPLY_TO, reply_to);
        store(&self.connection, &self.subject, headers, bytes.into())
            .await
            .unwrap_or_else(|error| panic!("cannot publish: {error}"))
    }

    /// Waits for the reply to a publish.
    pub async fn hear(&mut self, inbox_sequence: u64) -> Outcome {
        while !self.heard.contains_key(&inbox_sequence) {
            let reply = tokio::time::timeout(PATIENCE, self.answers.next()).await;
            let reply = reply.unwrap_or_else(|_| panic!("no reply for INBOX {inbox_sequence}"));
            let reply: Reply = serde_json::from_slice(&reply.expect("an open inbox").payload)
                .expect("a reply in the form of a reply");
            self.heard.entry(reply.inbox_sequence).or_default().push(reply.outcome);
        }
        self.heard[&inbox_sequence][0].clone()
    }
}
