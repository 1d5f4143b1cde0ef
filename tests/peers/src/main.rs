//! Other libraries for event sourcing, at the same work as Helmstream's `cargo xtask bench peers`:
//! `cqrs-es` with its Postgres store, and `disintegrate` with its own. The bench builds this program
//! and runs it for every case and round; nothing else of the house knows it. It is a workspace of its
//! own, so that what the peers depend on is no dependency of ours.
//!
//! What is compared. Many runs report so many steps each. The command is "report step k of run r";
//! the decision holds that the number follows the last one; the event is about 1 KB of JSON. So
//! many commands are under way at once, one of each run at a time, and a command counts when its
//! event is committed. Then every event is folded into one row a run, by what the peer itself has
//! for that, and the events folded in a second are the second figure. A peer is used as its own
//! documents show it: its tables, its serialisation, its size of a pool unless the case says
//! another.
//!
//! What is not compared. The peers are libraries on Postgres alone: they have no door, no
//! deduplication of commands, no refusals on record, no schemas, no second reader of the log.
//! Helmstream appends to a log that is replicated where there are three servers, here to one. A
//! peer's commit is on disk before it is confirmed (`synchronous_commit` on); NATS confirms at once
//! and syncs every two minutes unless told to sync always. A loss of power therefore costs Helmstream
//! on one server what the last two minutes brought, and costs the peers nothing; the bench has cases
//! that give each side the other's promise. `cqrs-es` guards one aggregate by its next number, as
//! Helmstream does. `disintegrate` guards whatever its query reads, by serialisable transactions:
//! that can hold rules over several aggregates, and a transaction may be turned away though
//! nobody touched its run; it is then tried again, which is counted. On a Postgres older than 16
//! version 4.0.1 cannot make its own tables; one function is made for it, to the same effect. Folding
//! is a row an event for both peers, with a commit a row, which is what they offer; Helmstream folds a
//! batch a transaction. Nothing about reading, operating or recovering is measured here.
//!
//! The first argument names the peer, the second is the workload as JSON. Where Postgres is comes by
//! the variables that every client of Postgres reads (`PGHOST` and so on), so that no password is in
//! a list of arguments. The figures go to standard output as one line of JSON.

#[cfg(feature = "cqrs-es")]
mod with_cqrs_es;
#[cfg(feature = "disintegrate")]
mod with_disintegrate;
mod workload;

use std::env;

use anyhow::{Context, Result, bail};

use crate::workload::Workload;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let peer = arguments.next().context("the first argument names the peer")?;
    let workload = arguments.next().context("the second argument is the workload")?;
    let workload: Workload =
        serde_json::from_str(&workload).context("the second argument is no workload")?;
    let figures = match peer.as_str() {
        #[cfg(feature = "cqrs-es")]
        "cqrs-es" => with_cqrs_es::measure(&workload).await?,
        #[cfg(feature = "disintegrate")]
        "disintegrate" => with_disintegrate::measure(&workload).await?,
        other => bail!("no peer named {other} was built into this program"),
    };
    print!("{}", serde_json::to_string(&figures)? + "\n");
    Ok(())
}
