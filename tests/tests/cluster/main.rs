//! A plane in earnest: three NATS servers that sync always, three copies of everything, each service a
//! process of its own. What becomes of it when any of them dies or stands still, under load.

mod starting;

use tokio::sync::Mutex;

/// One cluster at a time: each is three servers that write everything through.
static ALONE: Mutex<()> = Mutex::const_new(());
