//! Looks how a service stands, when somebody wants to know: whether its servers answer it, how far
//! behind the log its durables and its views are, and how old INBOX has grown. What cannot be found
//! out is told as not known, never as what it was before.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use helmstream_projections::Database;
use helmstream_schemas::Timestamp;
use helmstream_stream::{
    Connection, StreamError,
    consume::{self, Durable},
    read::{self, Extent},
    tally::Tally,
};
use tokio::time::timeout;

use super::position::{Position, Positions};
use crate::{clock, http::limits::HEALTH_PATIENCE, limits::INBOX_AGE_MAX};

/// What a service has to do, as far as one can see from outside whether it does it.
#[derive(Debug)]
pub struct Duties {
    pub service: &'static str,
    pub durables: Vec<Durable>,
    /// Streams that its views are folded from, and INBOX if it answers for that; each once.
    pub streams: Vec<&'static str>,
    pub asks_views: bool,
}

/// A service that runs, and what it is looked at by.
pub(super) struct Watched {
    service: &'static str,
    connection: Connection,
    /// Of a service that asks the views.
    database: Option<Database>,
    durables: Vec<Durable>,
    /// Streams that its views are folded from, and INBOX if it answers for that.
    streams: Vec<&'static str>,
    positions: Positions,
}

/// How a service stands.
#[derive(Debug)]
pub struct Looked {
    pub service: &'static str,
    pub is_running: bool,
    /// Why its NATS server does not answer it, or does not store what it publishes.
    pub nats: Result<(), String>,
    /// The same of Postgres, of a service that asks the views.
    pub postgres: Option<Result<(), String>>,
    /// What its durables have still to do; nothing while NATS is away.
    pub durables: Vec<(String, u64)>,
    pub views: Vec<ViewStands>,
    /// Of the service that empties it, while NATS answers.
    pub inbox: Option<Inbox>,
    pub(super) tally: Option<Arc<Tally>>,
}

/// How an edition of a view stands.
#[derive(Debug)]
pub struct ViewStands {
    pub position: Arc<Position>,
    /// How much of the stream it has still to read; not known while NATS is away.
    pub lag: Option<u64>,
}

/// How full INBOX is.
#[derive(Debug, Clone, Copy)]
pub struct Inbox {
    pub messages: u64,
    pub age: Duration,
}

impl Watched {
    pub(super) fn new(
        duties: Duties,
        connection: &Connection,
        database: &Database,
        positions: Positions,
    ) -> Self {
        let Duties { service, durables, streams, asks_views } = duties;
        Self {
            service,
            connection: connection.clone(),
            database: asks_views.then(|| database.clone()),
            durables,
            streams,
            positions,
        }
    }

    pub(super) async fn look(&self) -> Looked {
        let (log, postgres) = tokio::join!(self.log(), self.postgres());
        let (nats, (durables, extents)) = match log {
            // It answers questions with its disk full, and stores nothing.
            Ok(found) => (self.connection.tally.refusal().map_or(Ok(()), Err), found),
            Err(reason) => (Err(reason), Default::default()),
        };
        let head = |stream: &str| {
            let found = extents.iter().find(|(name, _)| *name == stream);
            found.map(|(_, extent)| extent.last)
        };
        let stands = |position: Arc<Position>| {
            let lag = head(position.stream).map(|head| head.saturating_sub(position.at()));
            ViewStands { position, lag }
        };
        let inbox = extents.iter().find(|(name, _)| *name == "INBOX");
        Looked {
            service: self.service,
            is_running: true,
            nats,
            postgres,
            durables,
            views: self.positions.all().into_iter().map(stands).collect(),
            inbox: inbox.map(|(_, extent)| Inbox::of(extent, clock::now())),
            tally: Some(self.connection.tally.clone()),
        }
    }

    async fn log(&self) -> Result<Found, String> {
        // What is asked on a connection that is cut would be sent when it is back.
        if !self.connection.is_connected() {
            return Err(cut_off(&self.connection));
        }
        let lags = self.durables.iter().map(async |durable| {
            Ok::<_, StreamError>((
                durable.name.clone(),
                consume::lag(&self.connection, durable).await?,
            ))
        });
        let extents = self.streams.iter().map(async |stream| {
            Ok::<_, StreamError>((*stream, read::extent(&self.connection, stream).await?))
        });
        let both = async { tokio::try_join!(try_join_all(lags), try_join_all(extents)) };
        within(both, "NATS does not answer").await
    }

    async fn postgres(&self) -> Option<Result<(), String>> {
        let database = self.database.as_ref()?;
        Some(within(database.ping(), "Postgres does not answer").await)
    }
}

fn cut_off(connection: &Connection) -> String {
    match connection.distrusted() {
        Some(reason) => format!("NATS is not trusted: {reason}"),
        None => "it is cut off from NATS".to_owned(),
    }
}

/// What durables have still to do, and how far streams reach.
type Found = (Vec<(String, u64)>, Vec<(&'static str, Extent)>);

async fn within<T, E: std::fmt::Display>(
    asked: impl Future<Output = Result<T, E>>,
    too_long: &str,
) -> Result<T, String> {
    match timeout(HEALTH_PATIENCE, asked).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(too_long.to_owned()),
    }
}

impl Inbox {
    fn of(extent: &Extent, now: Timestamp) -> Self {
        let age = now.since(extent.oldest_at).filter(|_| extent.messages > 0);
        Self { messages: extent.messages, age: age.unwrap_or_default() }
    }
}

impl Looked {
    pub(super) fn not_running(service: &'static str) -> Self {
        Self {
            service,
            is_running: false,
            nats: Ok(()),
            postgres: None,
            durables: Vec::new(),
            views: Vec::new(),
            inbox: None,
            tally: None,
        }
    }

    /// Why it cannot do its work; nothing if it can.
    pub fn not_ready(&self) -> Option<String> {
        if !self.is_running {
            return Some("it does not run yet".to_owned());
        }
        for server in std::iter::once(&self.nats).chain(&self.postgres) {
            if let Err(reason) = server {
                return Some(reason.clone());
            }
        }
        if let Some(halted) = self.views.iter().find(|held| held.position.is_halted()) {
            return Some(format!("{} is folded no more", halted.position.edition));
        }
        let age = self.inbox.map(|inbox| inbox.age).filter(|age| *age > INBOX_AGE_MAX)?;
        Some(format!("the oldest publish waits for the door since {} s", age.as_secs()))
    }
}
