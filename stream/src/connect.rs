//! One authenticated connection to the log. It outlives any restart of the server, says when it is
//! cut and when it is back, and makes a denied subject audible. It does not look at what is on the
//! server; that is `setup`.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_nats::{
    Client, ClientError, ConnectErrorKind, ConnectOptions, Event, ServerError, connection::State,
    jetstream,
};
use helmstream_schemas::Distrust;
use tokio::sync::watch;
use tracing::{Span, debug, error, info, warn};

use crate::{error::StreamError, limits, tally::Tally, trust};

/// Where the server is and who is asking.
#[derive(Debug, Clone)]
pub struct Address {
    /// `nats://host:port`, or `tls://host:port` to speak to nobody whose certificate is not good for
    /// that host; several separated by commas, and if one is over TLS, all are.
    pub url: String,
    /// A user of `nats/permissions`; also the client's name and the stem of its inbox.
    pub user: String,
    /// File with the user's nkey seed; none for a server that asks for no proof.
    pub seed_file: Option<PathBuf>,
    /// File with the certificates of the only authorities that count, in PEM; the system's if none.
    /// It is read anew for each connection.
    pub trusted: Option<PathBuf>,
}

/// A connection and who it belongs to. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Connection {
    pub client: Client,
    pub jetstream: jetstream::Context,
    pub user: String,
    /// What it has been through.
    pub tally: Arc<Tally>,
    address: Address,
    denied: watch::Receiver<Option<String>>,
    distrusted: watch::Receiver<Option<Distrust>>,
}

impl Connection {
    /// What the server last refused this connection for want of permission, in its own words.
    /// A denied publish gets no answer at all, so whoever timed out looks here for the reason.
    pub fn denied(&self) -> Option<String> {
        self.denied.borrow().clone()
    }

    /// Why the server that answers there now is not taken for the one that was meant, if it is not.
    pub fn distrusted(&self) -> Option<Distrust> {
        self.distrusted.borrow().clone()
    }

    /// Whether the server is at the other end at this moment, as far as the client knows.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Another one to the same place, for what may end a connection.
    pub async fn another(&self) -> Result<Self, StreamError> {
        connect(&self.address).await
    }

    /// How often it was cut so far. What was on its way then never came.
    pub fn cuts(&self) -> watch::Receiver<u64> {
        self.tally.cuts.subscribe()
    }

    /// What comes of asking on a subject, or that this user may not: that gets no answer, which without
    /// this would look like a server that is away.
    pub(crate) async fn unless_denied<T>(
        &self,
        subject: &str,
        asking: impl Future<Output = T>,
    ) -> Result<T, StreamError> {
        let denial = self.denial_of(subject);
        // The answer first: it is what comes, and then nobody has to look for a denial.
        tokio::select! {
            biased;
            answer = asking => Ok(answer),
            detail = denial => {
                let (user, subject) = (self.user.clone(), subject.to_owned());
                Err(StreamError::NotPermitted { user, subject, detail })
            }
        }
    }

    /// Waits until the server denies `subject` from now on, for ever if it never does; for racing
    /// against an answer.
    pub fn denial_of(&self, subject: &str) -> impl Future<Output = String> + use<> {
        let mut denied = self.denied.clone();
        denied.mark_unchanged();
        let named = format!("\"{subject}\"");
        async move {
            while denied.changed().await.is_ok() {
                let words = denied.borrow_and_update().clone().unwrap_or_default();
                if words.contains(&named) {
                    return words;
                }
            }
            std::future::pending().await
        }
    }
}

/// Connects, waiting for as long as nobody listens at the address; a wait is said once, and so is
/// its end. A server that answers but does not know the user, or is not trusted, is an error at once;
/// one that turns out so later is waited for.
pub async fn connect(address: &Address) -> Result<Connection, StreamError> {
    let seed = read_seed(address).await?;
    trust::check(address).await?;
    let (denied_sender, denied) = watch::channel(None);
    let (distrusted_sender, distrusted) = watch::channel(None);
    let tally = Arc::new(Tally::default());
    let mut attempt = 0;
    let client = loop {
        attempt += 1;
        match options(
            address,
            seed.as_deref(),
            denied_sender.clone(),
            distrusted_sender.clone(),
            tally.clone(),
        )
        .connect(servers(&address.url))
        .await
        {
            Ok(client) => break client,
            Err(source) => match source.kind() {
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    return Err(StreamError::NotLetIn {
                        url: address.url.clone(),
                        user: address.user.clone(),
                        source,
                    });
                }
                ConnectErrorKind::ServerParse => {
                    return Err(StreamError::Connect {
                        url: address.url.clone(),
                        user: address.user.clone(),
                        source,
                    });
                }
                _ => {
                    if let Some(reason) = trust::reason(&source) {
                        return Err(StreamError::Untrusted { url: address.url.clone(), reason });
                    }
                    if attempt == 1 {
                        warn!(url = address.url, user = address.user, cause = %source, "waiting for NATS");
                    }
                    tokio::time::sleep(limits::reconnect_delay(attempt)).await;
                }
            },
        }
    };
    if attempt > 1 {
        info!(
            url = address.url,
            user = address.user,
            attempts = attempt,
            "NATS is there, going on"
        );
    }
    let jetstream = jetstream::ContextBuilder::new()
        .timeout(Duration::from_secs(limits::REQUEST_TIMEOUT_SECONDS))
        .ack_timeout(Duration::from_secs(limits::ACK_TIMEOUT_SECONDS))
        .build(client.clone());
    let (user, address) = (address.user.clone(), address.clone());
    Ok(Connection { client, jetstream, user, tally, address, denied, distrusted })
}

/// The inbox of a user: the only place where it may receive answers.
pub fn inbox_prefix(user: &str) -> String {
    format!("_INBOX_{user}")
}

async fn read_seed(address: &Address) -> Result<Option<String>, StreamError> {
    let Some(path) = &address.seed_file else { return Ok(None) };
    let text = tokio::fs::read_to_string(path).await.map_err(|source| {
        StreamError::SeedUnreadable { user: address.user.clone(), path: path.clone(), source }
    })?;
    let seed = text.trim().to_owned();
    // Parsed here so that a broken file is named; the client would only say that signing failed.
    nkeys::KeyPair::from_seed(&seed).map_err(|source| StreamError::SeedMalformed {
        user: address.user.clone(),
        path: path.clone(),
        source,
    })?;
    Ok(Some(seed))
}

fn servers(url: &str) -> Vec<&str> {
    url.split(',').map(str::trim).collect()
}

fn options(
    address: &Address,
    seed: Option<&str>,
    denied: watch::Sender<Option<String>>,
    distrusted: watch::Sender<Option<Distrust>>,
    tally: Arc<Tally>,
) -> ConnectOptions {
    let user = address.user.clone();
    // The client says what happens to it in a task of its own; whose it is stays with what is said.
    let of_service = Span::current();
    let believed = distrusted.clone();
    let options = ConnectOptions::new()
        .name(format!("helmstream {user}"))
        .custom_inbox_prefix(inbox_prefix(&user))
        .connection_timeout(Duration::from_secs(limits::CONNECT_TIMEOUT_SECONDS))
        .request_timeout(Some(Duration::from_secs(limits::REQUEST_TIMEOUT_SECONDS)))
        .ping_interval(Duration::from_secs(limits::PING_INTERVAL_SECONDS))
        .max_reconnects(None)
        .reconnect_delay_callback(limits::reconnect_delay)
        .event_callback(move |event| {
            if matches!(event, Event::Disconnected) {
                tally.cuts.send_modify(|cuts| *cuts += 1);
            }
            if matches!(event, Event::Connected) {
                believed.send_replace(None);
            }
            of_service.in_scope(|| say(&user, event, &denied));
            std::future::ready(())
        });
    let options = trust::secured(options, address, distrusted);
    match seed {
        Some(seed) => options.nkey(seed.to_owned()),
        None => options,
    }
}

fn say(user: &str, event: Event, denied: &watch::Sender<Option<String>>) {
    match event {
        Event::Connected => info!(user, "connected to NATS"),
        Event::Disconnected => warn!(user, "disconnected from NATS, trying to return"),
        Event::ServerError(ServerError::Other(words))
            if words.to_lowercase().contains("permissions violation") =>
        {
            error!(user, words, "NATS denied a subject");
            denied.send_replace(Some(words));
        }
        Event::ServerError(refusal) => error!(user, %refusal, "NATS reports an error"),
        Event::SlowConsumer(subscription) => {
            warn!(user, subscription, "messages were dropped: reading too slowly")
        }
        Event::LameDuckMode => warn!(user, "the NATS server is about to go"),
        Event::ClientError(ClientError::Other(cause))
            if cause.contains("authorization violation") =>
        {
            error!(user, "NATS no longer lets this user in, trying on");
        }
        // One of these comes with every failed attempt to return; the cut itself was already said.
        Event::ClientError(cause) => debug!(user, %cause, "NATS client"),
        Event::Draining | Event::Closed => debug!(user, "the connection to NATS is closing"),
    }
}
