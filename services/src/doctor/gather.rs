//! Gathers what can be known of a plane. It judges nothing and changes nothing, and what is away is said to
//! be away while the rest is looked at. It comes as the plane's user `operator`, and reads the plane's
//! directory.

mod here;
mod log;

use std::{collections::BTreeSet, fmt, time::Duration};

use helmstream_projections::{
    Database,
    questions::{
        doctor::{self as questions, Armed},
        projection::{parked_list, projection_list},
    },
    setup::unfit,
};
use helmstream_schemas::Timestamp;
use helmstream_stream::{Connection, connect, health};
use tokio::time::timeout;

use super::{
    facts::{Clock, Deadlines, Facts, Postgres},
    limits::{DEAD_LETTER_YOUNG, DOCTOR_ASKING_MAX, DOCTOR_DEADLINES_MAX, DOCTOR_SECOND_LOOK},
};
use crate::{client::direct::OPERATOR, clock, limits::DEADLINE_OVERDUE_AFTER, local::plane::Plane};

/// How to look.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub accepts_power_loss: bool,
    /// Log in as every user of `nats/permissions` and see that it is denied what no file allows. The
    /// server logs each denial.
    pub tries_users: bool,
    /// How long a server may take to be reached.
    pub patience: Duration,
}

/// Looks at everything, once.
pub async fn gather(plane: &Plane, manner: Manner) -> Facts {
    let now = clock::now();
    let patience = manner.patience;
    let views = match plane.database(OPERATOR) {
        Ok(database) => reached(&database, patience).await.map(|()| database),
        Err(error) => Err(format!("{error:#}")),
    };
    let postgres = match &views {
        Ok(views) => asked(of_postgres(views, now)).await,
        Err(reason) => Err(reason.clone()),
    };
    let connection = match timeout(patience, connect(&plane.address(OPERATOR))).await {
        Ok(connected) => connected.map_err(|error| error.to_string()),
        Err(_) => Err(format!("nobody answers at {}", plane.places().nats_url)),
    };
    let is_fit = postgres.as_ref().is_ok_and(|found| found.unfit.is_empty());
    let positions = postgres.as_ref().ok().filter(|_| is_fit).map(|found| &found.positions[..]);
    let nats = match &connection {
        Ok(connection) => asked(log::look(connection, plane, manner, positions, now)).await,
        Err(reason) => Err(reason.clone()),
    };
    let deadlines = match (&connection, &views, &nats) {
        (Ok(connection), Ok(views), Ok(_)) if is_fit => {
            Some(asked(deadlines(connection, views)).await)
        }
        _ => None,
    };
    let here = here::look(plane);
    let accepts_power_loss = manner.accepts_power_loss;
    Facts { now, accepts_power_loss, nats, postgres, here, deadlines }
}

/// A server that hangs counts as away.
async fn asked<T, E: fmt::Display>(
    asking: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match timeout(DOCTOR_ASKING_MAX, asking).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it does not answer within {} s", DOCTOR_ASKING_MAX.as_secs())),
    }
}

async fn reached(database: &Database, patience: Duration) -> Result<(), String> {
    match timeout(patience, database.ping()).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(format!("nobody answers at {}", database.connect().address())),
    }
}

async fn of_postgres(
    database: &Database,
    now: Timestamp,
) -> Result<Postgres, helmstream_projections::ProjectionError> {
    let asked_at = clock::now();
    let server = questions::server(database).await?;
    let clock = apart(asked_at, server.now, clock::now());
    let unfit = unfit(database).await?;
    let mut found = Postgres {
        server,
        clock,
        unfit,
        positions: Vec::new(),
        parked_subjects: Vec::new(),
        undecided: Default::default(),
    };
    if found.unfit.is_empty() {
        found.positions = projection_list(database).await?;
        let parked = parked_list(database, None, crate::limits::SWEEP_PAGE_ROWS).await?;
        let subjects: BTreeSet<String> = parked.into_iter().map(|line| line.subject).collect();
        found.parked_subjects = subjects.into_iter().collect();
        found.undecided = questions::undecided(database, now.minus(DEAD_LETTER_YOUNG)).await?;
    }
    Ok(found)
}

/// How far a clock is ahead that said `told` somewhere between two instants.
fn apart(before: Timestamp, told: Timestamp, after: Timestamp) -> Clock {
    let way = after.since(before).unwrap_or_default();
    let middle = before.nanos() + i64::try_from(way.as_nanos() / 2).unwrap_or_default();
    Clock { ahead_nanos: told.nanos().saturating_sub(middle), give_or_take: way / 2 }
}

async fn deadlines(connection: &Connection, views: &Database) -> anyhow::Result<Deadlines> {
    let mut found = compared(connection, views).await?;
    if !found.missing.is_empty() {
        tokio::time::sleep(DOCTOR_SECOND_LOOK).await;
        let first = found.missing;
        found = compared(connection, views).await?;
        found.missing.retain(|missing| first.contains(missing));
    }
    Ok(found)
}

/// The view first: what it holds was armed before, or is in a moment.
async fn compared(connection: &Connection, views: &Database) -> anyhow::Result<Deadlines> {
    let armed = questions::armed(views, DOCTOR_DEADLINES_MAX).await?;
    let schedules = health::schedules(connection).await?;
    let now = clock::now();
    let is_missing = |one: &Armed| {
        let schedule = format!("sch.{}.{}.{}", one.context, one.id_token, one.purpose);
        one.due_at > now && !schedules.contains(&schedule)
    };
    let is_overdue =
        |one: &Armed| now.since(one.due_at).is_some_and(|late| late > DEADLINE_OVERDUE_AFTER);
    Ok(Deadlines {
        armed: armed.len() as u64,
        missing: armed.iter().filter(|one| is_missing(one)).cloned().collect(),
        overdue: armed.iter().filter(|one| is_overdue(one)).cloned().collect(),
        scheduled: schedules.len() as u64,
        is_cut: armed.len() >= DOCTOR_DEADLINES_MAX as usize,
    })
}
