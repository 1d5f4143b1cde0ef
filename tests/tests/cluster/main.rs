//! A plane in earnest: three NATS servers that sync always, three copies of everything, each service a
//! process of its own. What becomes of it when any of them dies or stands still, under load.

mod behind;
mod deck;
mod faults;
mod guards;
mod measured;
mod starting;
mod whole;

use std::env;

use tokio::sync::Mutex;

/// One cluster at a time: each is three servers that write everything through.
static ALONE: Mutex<()> = Mutex::const_new(());

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable} is no number"))
    })
}
