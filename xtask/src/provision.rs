//! Finds the two servers the plane stands on, NATS and PostgreSQL, or installs pinned ones into the
//! checkout.
//!
//! Asks nobody and changes nothing outside the tools folder. Starting the servers is the program's
//! own affair.

mod choose;
mod error;
mod install;
mod places;
mod server;
mod version;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checkout;
use crate::failure::Failure;
use choose::{Candidate, Source, choose};
use error::{ProvisionError, System};
use server::{NATS, POSTGRES, Server};
use version::Version;

/// Programs that were run and found new enough.
#[derive(Debug)]
pub(crate) struct Provisioned {
    /// The program itself.
    nats_server: PathBuf,
    /// The folder that holds `postgres` and `initdb`.
    postgres_bin: PathBuf,
}

impl Provisioned {
    /// Tells a program we run where the servers are, by the same variables an operator may set.
    pub(crate) fn hand_to(&self, command: &mut Command) {
        command.env(NATS.variable, &self.nats_server).env(POSTGRES.variable, &self.postgres_bin);
    }
}

/// Says on standard error what it found, passed over and installed.
pub(crate) fn provision() -> Result<Provisioned, Failure> {
    let tools = checkout::tools();
    let find =
        |server| find_or_install(server, &tools).map_err(|error| error.failure(System::this()));
    let (nats, postgres) = (find(&NATS)?, find(&POSTGRES)?);
    Ok(Provisioned {
        nats_server: nats.programs[0].clone(),
        postgres_bin: postgres.folder().to_path_buf(),
    })
}

fn find_or_install(server: &'static Server, tools: &Path) -> Result<Candidate, ProvisionError> {
    let (candidate, version) = match checkout::path_in(server.variable) {
        Some(path) => ordered(server, path)?,
        None => found_or_installed(server, tools)?,
    };
    let (folder, source) = (candidate.folder().display(), candidate.source);
    eprintln!("{}: {version} in {folder} ({source})", server.name);
    Ok(candidate)
}

/// An override is an order, not a wish: when it does not serve, nothing else is taken in its place.
fn ordered(server: &'static Server, path: PathBuf) -> Result<(Candidate, Version), ProvisionError> {
    let candidate = places::overridden(server, &path);
    match choose::examine(&candidate, server.minimum, version::ask) {
        Ok(version) => Ok((candidate, version)),
        Err(unusable) => Err(ProvisionError::Override { server, path, unusable }),
    }
}

fn found_or_installed(
    server: &'static Server,
    tools: &Path,
) -> Result<(Candidate, Version), ProvisionError> {
    let mut candidates = places::on_this_machine(server);
    candidates.push(Candidate::in_folder(server, &install::folder(server, tools), Source::Tools));
    let choice = choose(candidates, server.minimum, version::ask);
    for (path, unusable) in &choice.passed_over {
        eprintln!("{}: passed over {}: {unusable}", server.name, path.display());
    }
    match choice.found {
        Some(found) => Ok(found),
        None => install::install(server, tools, &choice.passed_over),
    }
}
