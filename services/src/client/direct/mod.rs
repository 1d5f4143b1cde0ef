//! The client that stands in the plane itself: asks Postgres as role `operator`, NATS as user
//! `operator`, and publishes as whichever publisher it was told to be. It connects to what a
//! question needs, when it needs it; what is away it waits for, and says so once.

mod answers;
mod beginning;
mod build;
mod decide;
mod deployment;
mod kinds;
mod moment;
mod past;
mod patience;
mod press;
mod projection;
mod replay;
mod shown;
mod token;
mod verify;

use std::time::{Duration, Instant};

use helmstream_projections::Database;
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

/// Asks a plane by its directory.
pub struct Direct {
    plane: Plane,
    manner: Manner,
    database: Database,
    /// The database as whoever builds views as they were sees it.
    past: OnceCell<Database>,
    builds: build::Builds,
    epoch: OnceCell<Uuid>,
    log: OnceCell<Connection>,
    /// Fair, so that events whose publish began while this was opened go in the order in which
    /// they came; an `OnceCell` would wake them in any.
    press: Mutex<Option<Press>>,
}

impl Direct {
    pub fn new(plane: Plane, manner: Manner) -> Result<Self, Failure> {
        let database = database(&plane, OPERATOR)?;
        Ok(Self {
            plane,
            manner,
            database,
            past: OnceCell::new(),
            builds: build::Builds::default(),
            epoch: OnceCell::new(),
            log: OnceCell::new(),
            press: Mutex::new(None),
        })
    }

    fn patience(&self) -> Patience {
        Patience::new(self.manner.wait)
    }

    /// The log, for questions.
    async fn log(&self) -> Result<&Connection, Failure> {
        self.log.get_or_try_init(|| self.connect(OPERATOR)).await
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

    /// Connecting itself waits without end, and says so.
    async fn connect(&self, user: &str) -> Result<Connection, Failure> {
        let address = self.plane.address(user);
        let begun = Instant::now();
        let connected = match self.manner.wait {
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
}

fn database(plane: &Plane, role: &str) -> Result<Database, Failure> {
    crate::serve::database(plane, role).map_err(|error| {
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
