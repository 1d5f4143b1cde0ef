//! `helmstream setup`: creates what a plane needs on its servers and refuses what differs. Running
//! it again changes nothing.

use std::path::PathBuf;

use anyhow::{Context, Result};
use helmstream_projections::{
    self as projections,
    setup::{Login, Role},
};
use helmstream_stream::{self as stream, connect, founding};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    local::{credentials, plane::Plane},
    serve::database,
};

/// What `helmstream setup` is asked.
#[derive(Debug, Clone, clap::Args)]
pub struct SetupArgs {
    /// The plane's directory.
    #[arg(skip)]
    pub plane: PathBuf,
}

/// What was there and what was made.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Tells this log from every other.
    pub epoch: Uuid,
    /// `stream EVENTS: created` and so on, in order.
    pub items: Vec<String>,
}

/// Sets a plane up and says what was made.
pub async fn run(args: SetupArgs) -> Result<()> {
    let plane = Plane::open(&args.plane)?;
    let report = set_up(&plane).await?;
    for item in &report.items {
        println!("{item}");
    }
    println!("epoch {}", report.epoch);
    Ok(())
}

/// Sets a plane up.
pub async fn set_up(plane: &Plane) -> Result<Report> {
    let connection = connect(&plane.address("setup")).await.context("cannot set up the log")?;
    let streams = stream::setup::setup(&connection).await.context("cannot set up the log")?;
    let epoch = founding::found(&connection).await.context("cannot found the plane")?;
    let logins = Role::ALL.into_iter().map(|role| {
        let login = plane.login(role.name())?;
        Ok(Login { role, name: login.role, password: login.password })
    });
    let logins = logins.collect::<Result<Vec<Login>>>()?;
    let admin = database(plane, credentials::OWNER)?;
    projections::setup::setup(&admin, &logins).await.context("cannot set up the views")?;
    let items = streams
        .items
        .into_iter()
        .map(|item| format!("{}: {}", item.item, if item.created { "created" } else { "present" }))
        .collect();
    Ok(Report { epoch, items })
}
