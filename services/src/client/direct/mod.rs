//! The client that stands in the plane itself: asks Postgres as role `operator`, NATS as user
//! `operator`, and publishes as whichever publisher it was told to be. It connects to what a
//! question needs, when it needs it; what is away it waits for, and says so once.

mod answers;
mod beginning;
mod build;
mod decide;
mod deployment;
pub(super) mod kinds;
mod moment;
mod past;
pub(crate) mod patience;
mod press;
mod projection;
mod replay;
mod shown;
mod tail;
mod token;
mod verify;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use helmstream_projections::{Database, people};
use helmstream_schemas::{Actor, ActorKind};
use helmstream_stream::{Connection, connect};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

use self::{patience::Patience, press::Press};
use super::{
    failure::{Code, Failure},
    limits::AWAY_PAUSE,
};
use crate::local::plane::Plane;

/// As whom the command line asks.
pub const OPERATOR: &str = "operator";

/// How a plane is asked.
#[derive(Debug, Clone)]
pub struct Manner {
    /// The NATS user that publishes.
    pub publisher: String,
    /// How long a world that is away is waited for; without end if absent.
    pub wait: Option<Duration>,
    /// How long nothing at all may be heard of publishes before they count as unknown yet.
    pub outcome_wait: Duration,
}

/// Asks a plane by its directory. Clones share everything but whom they speak for.
#[derive(Clone)]
pub struct Direct {
    plane: Arc<Plane>,
    manner: Manner,
    /// Its NATS user and its Postgres role.
    asks_as: &'static str,
    /// Whom it publishes for, if that is not the publisher itself; only the door for HTTP is
    /// believed.
    speaks_for: Option<Actor>,
    /// Whether answers hold who stands behind the opaque ids of persons.
    sees_people: bool,
    database: Database,
    /// The database as whoever builds views as they were sees it.
    past: Arc<OnceCell<Database>>,
    builds: Arc<build::Builds>,
    epoch: Arc<OnceCell<Uuid>>,
    log: Arc<OnceCell<Connection>>,
    /// Fair, so that events whose publish began while this was opened go in the order in which
    /// they came; an `OnceCell` would wake them in any.
    press: Arc<Mutex<Option<Press>>>,
}

impl Direct {
    /// Asks as the operator.
    pub fn new(plane: Plane, manner: Manner) -> Result<Self, Failure> {
        Self::new_as(OPERATOR, plane, manner)
    }

    /// Asks as one of the plane's users, which is also a role of its database.
    pub fn new_as(asks_as: &'static str, plane: Plane, manner: Manner) -> Result<Self, Failure> {
        let database = database(&plane, asks_as)?;
        Ok(Self {
            plane: Arc::new(plane),
            manner,
            asks_as,
            speaks_for: None,
            sees_people: true,
            database,
            past: Arc::default(),
            builds: Arc::default(),
            epoch: Arc::default(),
            log: Arc::default(),
            press: Arc::default(),
        })
    }

    /// The same, asking and publishing on behalf of somebody.
    pub fn speaking_for(&self, actor: Actor, sees_people: bool) -> Self {
        Self { speaks_for: Some(actor), sees_people, ..self.clone() }
    }

    /// Who asks.
    fn actor(&self) -> Actor {
        let operator = || Actor { id: OPERATOR.to_owned(), kind: ActorKind::Human };
        self.speaks_for.clone().unwrap_or_else(operator)
    }

    /// Who stands behind the opaque ids of persons. Whoever may not see it sees the ids.
    async fn people(&self, ids: &[String]) -> BTreeMap<String, String> {
        match self.sees_people {
            true => people::names(&self.database, ids).await.unwrap_or_default(),
            false => BTreeMap::new(),
        }
    }

    fn patience(&self) -> Patience {
        Patience::new(self.manner.wait)
    }

    /// The log, for questions.
    async fn log(&self) -> Result<&Connection, Failure> {
        self.log.get_or_try_init(|| self.connect(self.asks_as)).await
    }

    /// The connection that publishes.
    async fn press(&self) -> Result<Press, Failure> {
        let mut kept = self.press.lock().await;
        if let Some(press) = &*kept {
            return Ok(press.clone());
        }
        let connection = self.connect(&self.manner.publisher).await?;
        let press = Press::open(connection, self.database.clone(), &self.manner).await?;
        Ok(kept.insert(press).clone())
    }

    async fn connect(&self, user: &str) -> Result<Connection, Failure> {
        connected(&self.plane, user, self.manner.wait).await
    }
}

/// The log as one of the plane's users. Connecting itself waits without end, and says so.
pub(crate) async fn connected(
    plane: &Plane,
    user: &str,
    wait: Option<Duration>,
) -> Result<Connection, Failure> {
    let address = plane.address(user);
    let begun = Instant::now();
    let connected = match wait {
        None => connect(&address).await?,
        Some(wait) => tokio::time::timeout(wait, connect(&address))
            .await
            .map_err(|_| away(format!("NATS at {} does not answer", address.url), wait))??,
    };
    if begun.elapsed() > AWAY_PAUSE {
        tracing::info!("NATS is there, going on");
    }
    Ok(connected)
}

/// The views as one of the plane's roles.
pub(crate) fn database(plane: &Plane, role: &str) -> Result<Database, Failure> {
    plane.database(role).map_err(|error| {
        let hint =
            "the plane's secrets are readable by the user who made it; run this as that user";
        Failure::new(Code::NotLetIn, "cannot log in to Postgres", format!("{error:#}"), hint)
    })
}

/// The world did not come back in time.
fn away(what: String, waited: Duration) -> Failure {
    let detail = format!("waited {} s", waited.as_secs());
    Failure::new(
        Code::Away,
        what,
        detail,
        "is the plane running? `helmstream up` runs one; `--patience SECONDS` waits longer",
    )
}
