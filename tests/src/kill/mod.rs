//! A plane of processes under load, some of which are killed: what runs, who publishes, who dies.
//! What has to be true afterwards is in `audit`; the test itself is in `tests/kill.rs`.

pub mod chance;
pub mod deck;
pub mod ending;
pub mod load;
pub mod mortals;
pub mod outcomes;
pub mod pause;
pub mod silence;
