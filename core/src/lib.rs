//! The decisions of the plane: pure functions, data in and data out. No IO, no async, no clock, no
//! chance, no environment; whatever is not deterministic comes in as recorded data.

pub mod access;
pub mod aggregate;
pub mod alias;
pub mod approval;
pub mod causes;
pub mod command;
pub mod dead_letter;
pub mod decider;
pub mod deployment;
pub mod door;
pub mod due;
pub mod emit;
pub mod external;
pub mod faber;
pub mod limits;
pub mod react;
pub mod run;

pub use aggregate::{Aggregate, Ahead, Decision, NewEvent};
pub use command::NewCommand;
pub use decider::{Deadline, Decider, Rejection};
