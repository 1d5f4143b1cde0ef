//! `helmstream` as it is, but for the points at which it can be told to die
//! (`HELMSTREAM_CRASH_AT`): what tests run that need a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    helmstream_services::cli::main()
}
