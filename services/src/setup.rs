//! `helmstream setup`: what a plane needs on its servers, beside what is there; and making what is
//! missing, and changing what differs where nothing is lost by it. The rest is refused. Running it again
//! changes nothing. How it looks is told in `cli/setup.rs`.

use std::time::Duration;

use helmstream_projections::{
    self as projections,
    setup::{Login, Role},
};
use helmstream_stream::{self as stream, Connection, StreamError, founding, setup::is_refused};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    client::{
        Failure,
        direct::{connected, database, patience::Patience},
    },
    local::{accounts, credentials::OWNER, plane::Plane},
};

/// What was there and what was made.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Tells this log from every other.
    pub epoch: Uuid,
    /// `stream EVENTS: created` and so on, in order.
    pub items: Vec<String>,
}

/// What setup would do.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// What is not as it should be.
    pub items: Vec<Item>,
    /// How many things are.
    pub present: usize,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// `stream EVENTS`, `role door`.
    pub item: String,
    pub step: Step,
    pub what: Vec<What>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Create,
    Change,
    /// Setup does not do this, and nothing else as long as this is so.
    Refuse,
    /// It is not made by setup.
    Elsewhere,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct What {
    pub difference: String,
    /// What would be lost by making it as it should be.
    pub loss: Option<String>,
    pub way_out: Option<String>,
}

impl Plan {
    /// Whether setup would refuse.
    pub fn is_refused(&self) -> bool {
        self.items.iter().any(|item| item.step == Step::Refuse)
    }
}

/// Compares the servers with what a plane needs, and changes nothing. What does not answer yet, such as
/// a cluster without a leader, is waited for: this long, or without end. Connecting itself waits without
/// end.
pub async fn plan(plane: &Plane, wait: Option<Duration>) -> Result<Plan, Failure> {
    let connection = connected(plane, "setup", None).await?;
    let looking = || log(&connection, plane.places().replicas);
    let (mut items, mut present) = Patience::new(wait).with("NATS", looking).await?;
    let (admin, logins) = (database(plane, OWNER)?, logins(plane)?);
    let looking = || projections::setup::plan(&admin, &logins);
    let views = Patience::new(wait).with("Postgres", looking).await?;
    items.extend(views.planned.into_iter().map(of_views));
    present += views.present;
    match accounts::differences(plane).map_err(|error| Failure::of(&error))? {
        None => {}
        Some(same) if same.is_empty() => present += 1,
        Some(differing) => items.push(of_accounts(differing)),
    }
    Ok(Plan { items, present })
}

/// Sets a plane up, and waits as `plan` does: what was made stays, and the rest is made by doing it
/// again.
pub async fn set_up(plane: &Plane, wait: Option<Duration>) -> Result<Report, Failure> {
    let connection = connected(plane, "setup", None).await?;
    let making = || stream::setup::setup(&connection, plane.places().replicas);
    let streams = Patience::new(wait).with("NATS", making).await?;
    let founding = || founding::found(&connection);
    let epoch = Patience::new(wait).with("NATS", founding).await?;
    let (admin, logins) = (database(plane, OWNER)?, logins(plane)?);
    let making = || projections::setup::setup(&admin, &logins);
    Patience::new(wait).with("Postgres", making).await?;
    let items = streams
        .items
        .into_iter()
        .map(|item| {
            let became = match (item.created, item.changed) {
                (true, _) => "created",
                (false, true) => "changed",
                (false, false) => "present",
            };
            format!("{}: {became}", item.item)
        })
        .collect();
    Ok(Report { epoch, items })
}

fn logins(plane: &Plane) -> Result<Vec<Login>, Failure> {
    let logins = Role::ALL.into_iter().map(|role| {
        let login = plane.login(role.name()).map_err(|error| Failure::of(&error))?;
        Ok(Login { role, name: login.role, password: login.password })
    });
    logins.collect()
}

/// The streams and consumers, and the event by which the log was founded.
async fn log(connection: &Connection, replicas: usize) -> Result<(Vec<Item>, usize), StreamError> {
    let looked = stream::setup::look(connection, replicas).await?;
    let all = looked.len();
    let has_events = looked.iter().any(|found| found.item == "stream EVENTS" && !found.is_absent);
    let mut items: Vec<Item> = looked.into_iter().filter_map(of_log).collect();
    let mut present = all - items.len();
    let founded = match has_events {
        true => founding::epoch(connection).await?,
        false => None,
    };
    match founded {
        Some(_) => present += 1,
        None => items.push(Item { item: "founding".into(), step: Step::Create, what: Vec::new() }),
    }
    Ok((items, present))
}

fn of_log(found: stream::setup::Found) -> Option<Item> {
    if found.is_absent {
        return Some(Item { item: found.item, step: Step::Create, what: Vec::new() });
    }
    let of = |difference: &stream::error::Difference| {
        let loss = stream::setup::loss(difference);
        let way_out = match loss {
            Some(_) => Some(
                "keep what is there: change the file in nats/ and build anew; or back up, and change the server knowing what is lost",
            ),
            None if is_refused(difference) => Some(
                "nothing is lost by it, but the stream is kept for ever, and no user of the plane may change it: docs/runbooks/HS-0010.md says how it is done by hand",
            ),
            None => None,
        };
        What {
            difference: format!(
                "{} should be {}, is {}",
                difference.field, difference.wanted, difference.found
            ),
            loss,
            way_out: way_out.map(str::to_owned),
        }
    };
    let step = match found.differences.iter().any(is_refused) {
        true => Step::Refuse,
        false => Step::Change,
    };
    let what: Vec<What> = found.differences.iter().map(of).collect();
    (!what.is_empty()).then_some(Item { item: found.item, step, what })
}

fn of_views(planned: projections::setup::Planned) -> Item {
    let (step, loss, way_out) = match planned.step {
        projections::setup::Step::Create => (Step::Create, None, None),
        projections::setup::Step::Change => (Step::Change, None, None),
        projections::setup::Step::Refuse => (
            Step::Refuse,
            Some("what is in the schema"),
            Some(
                "is the schema a view's, drop it and run setup again: it is folded anew from the log; is it `people`, `plane` or somebody else's, keep it and take another database",
            ),
        ),
    };
    let of = |difference| What {
        difference,
        loss: loss.map(str::to_owned),
        way_out: way_out.map(str::to_owned),
    };
    Item { item: planned.item, step, what: planned.what.into_iter().map(of).collect() }
}

fn of_accounts(differing: Vec<String>) -> Item {
    let way_out =
        "`helmstream up` writes the file anew, elsewhere `helmstream init`; then reload NATS";
    let of = |difference| What { difference, loss: None, way_out: Some(way_out.to_owned()) };
    Item {
        item: format!("file nats/{}", accounts::FILE),
        step: Step::Elsewhere,
        what: differing.into_iter().map(of).collect(),
    }
}
