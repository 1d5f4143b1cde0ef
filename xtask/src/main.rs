//! `cargo xtask`: what is done to the checkout itself. Finds the servers, starts the plane, tests,
//! generates, measures.
//!
//! Knows of our crates only the schemas; everything else it builds and runs as programs.

mod bench;
mod cargo;
mod checkout;
mod codegen;
mod failure;
mod provision;
mod test;
mod up;

use std::process::ExitCode;

use clap::Parser;

/// Work on the Helmstream checkout.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = ENVIRONMENT)]
enum Xtask {
    /// Start the whole plane on this machine, with a sample run to look at. Ctrl-C stops it.
    Up(up::Up),
    /// Run every check and every test.
    Test(test::Test),
    /// Write JSON Schemas, the AsyncAPI document and samples from the types.
    Codegen {
        /// Write nothing; fail if anything would be written.
        #[arg(long)]
        check: bool,
    },
    /// Measure the plane against its own limits.
    Bench(bench::Bench),
}

const ENVIRONMENT: &str = "\
Environment:
  HELMSTREAM_NATS_SERVER   the nats-server program to use (2.14 or newer)
  HELMSTREAM_POSTGRES_BIN  the folder of the PostgreSQL programs to use (15 or newer)
  HELMSTREAM_TOOLS         where they are installed when the machine has none [default: .tools]";

fn main() -> ExitCode {
    let done = match Xtask::parse() {
        Xtask::Up(options) => up::up(options),
        Xtask::Test(options) => test::test(options),
        Xtask::Codegen { check } => codegen::codegen(check),
        Xtask::Bench(options) => bench::bench(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit)
        }
    }
}
