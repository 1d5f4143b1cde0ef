//! The program `helmstream`. What it can do stands in `cli`.

use std::process::ExitCode;

/// What one thread allocates another frees, for every record that is read: the system's own
/// allocator spent a third of a projector's time on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    helmstream_services::cli::main()
}
