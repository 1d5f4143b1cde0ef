//! The views: events in, rows out. The only crate that knows SQL. A projection is a pure fold, the
//! projector applies it batch by batch under a fence, and `questions` reads what came of it.
//! Nothing here decides anything, and nothing here knows where the records come from.

pub mod access;
pub mod alias;
pub mod approval;
mod columns;
pub mod copy;
pub mod database;
pub mod dead_letter;
pub mod deadline;
pub mod deployment;
pub mod digest;
pub mod edition;
pub mod error;
pub mod keyed;
pub mod ledger;
pub mod limits;
pub mod parking;
pub mod past;
pub mod people;
pub mod position;
pub mod projection;
pub mod projector;
pub mod questions;
pub mod redrive;
pub mod run;
pub mod session;
pub mod setup;
pub mod tls;
pub mod verify;
pub mod views;

pub use access::Access;
pub use alias::Alias;
pub use approval::Approval;
pub use database::{Connect, Database};
pub use dead_letter::DeadLetter;
pub use deadline::Deadline;
pub use deployment::Deployment;
pub use error::ProjectionError;
pub use ledger::Ledger;
pub use position::{Checkpoint, Diverged};
pub use projection::Projection;
pub use projector::{Applied, Projector};
pub use run::Run;
pub use tls::Tls;
