//! The program behind `cargo xtask bench`: what the plane does in a second and how long it takes,
//! each beside the limit it is held to, measured in the same run on the same servers. It says which
//! goals were met and fails on none: a figure is a figure.

mod ahead;
mod append;
mod capacity;
mod cores;
mod decide;
mod fill;
mod fold;
mod http;
mod ledger;
mod load;
mod machine;
mod memory;
mod past;
mod peers;
mod rebuild;
mod report;
mod rounds;
mod sample;
mod serving;
mod stand;
mod visible;
mod watch;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use crate::report::Report;

/// The service's own: parts of the plane run in this program too, and the bare sides beside them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measure the plane against its own limits
#[derive(Debug, Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench")]
struct Cli {
    /// What to measure; everything if nothing is named
    #[arg(value_enum, value_name = "NAME")]
    names: Vec<Name>,
    /// Write the figures here too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A tenth of the work: shows that it runs, measures little
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Guarded appends against the bare client doing the same
    Append,
    /// Stored commands decided and appended, against bare guarded publishes
    Decide,
    /// An aggregate of 100 events loaded out of a long log
    Load,
    /// The view of runs folded, against bare writes of rows
    Fold,
    /// The ledger folded, against bare COPY of the same rows
    Ledger,
    /// A view rebuilt and swapped in, against one bare reader
    Rebuild,
    /// From the acknowledgement of a publish to its row
    Visible,
    /// Batches published over HTTP, against bare publishes
    Http,
    /// From the acknowledgement of a publish to each of a thousand who watch
    Watch,
    /// A list of 100,000 runs as of a random moment of a log of 10,000,000 events
    Past,
    /// What a million claims cost in time, disk and memory, backed up and put back
    Capacity,
    /// The same commands and rows by other libraries, which are built for it
    Peers,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    quick: bool,
}

impl Scale {
    /// `full`, or `quick` where only running counts.
    pub(crate) fn of<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Runtime::new().context("cannot start")?;
    let report = runtime.block_on(measure(&cli))?;
    print!("{report}");
    if let Some(file) = &cli.json {
        let json = serde_json::to_string_pretty(&report.json()).context("cannot write JSON")?;
        fs::write(file, json + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

async fn measure(cli: &Cli) -> Result<Report> {
    let scale = Scale { quick: cli.quick };
    let mut report = Report::new(cli.quick);
    for name in Name::value_variants() {
        if !cli.names.is_empty() && !cli.names.contains(name) {
            continue;
        }
        eprintln!("{name:?} …");
        // Awaited in a box, so that the frame of one does not lie in that of all.
        match name {
            Name::Append => Box::pin(append::bench(scale, &mut report)).await,
            Name::Decide => Box::pin(decide::bench(scale, &mut report)).await,
            Name::Load => Box::pin(load::bench(scale, &mut report)).await,
            Name::Fold => Box::pin(fold::bench(scale, &mut report)).await,
            Name::Ledger => Box::pin(ledger::bench(scale, &mut report)).await,
            Name::Rebuild => Box::pin(rebuild::bench(scale, &mut report)).await,
            Name::Visible => Box::pin(visible::bench(scale, &mut report)).await,
            Name::Http => Box::pin(http::bench(scale, &mut report)).await,
            Name::Watch => Box::pin(watch::bench(scale, &mut report)).await,
            Name::Past => Box::pin(past::bench(scale, &mut report)).await,
            Name::Capacity => Box::pin(capacity::bench(scale, &mut report)).await,
            Name::Peers => Box::pin(peers::bench(scale, &mut report)).await,
        }
        .with_context(|| format!("cannot measure {name:?}"))?;
    }
    Ok(report)
}
