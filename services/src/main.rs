//! The program `helmstream`. What it can do stands in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    helmstream_services::cli::main()
}
