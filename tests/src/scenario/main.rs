//! `helmstream` as it is, built beside the scenarios that run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    helmstream_services::cli::main()
}
