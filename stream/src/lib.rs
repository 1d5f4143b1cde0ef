//! The log: append, load, consume, read. The only crate that knows NATS. It moves what the core
//! has decided and decides nothing itself.

pub mod alias;
mod api;
pub mod append;
pub mod backup;
pub mod batch;
pub mod cache;
pub mod connect;
pub mod consume;
pub mod crash;
pub mod deadline;
pub mod decide;
pub mod error;
pub mod founding;
pub mod get;
pub mod headers;
pub mod health;
pub mod hop;
mod leaving;
pub mod limits;
pub mod load;
pub mod publish;
pub mod read;
pub mod setup;
pub mod signal;
pub mod tally;
pub mod trust;
mod whole;

pub use connect::{Address, Connection, connect};
pub use error::StreamError;
