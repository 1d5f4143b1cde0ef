//! `cargo xtask bench`: the measurements, with release builds and the same servers as everything
//! else.

use std::ffi::OsString;
use std::process::Command;

use crate::cargo;
use crate::failure::Failure;
use crate::provision::provision;
use crate::up::{become_it, gives_back_memory};

#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    /// For the bench program itself; `--help` tells them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Returns only when it fails.
pub(crate) fn bench(options: Bench) -> Result<(), Failure> {
    let servers = provision()?;
    let packages = ["--release", "-p", "helmstream-services", "-p", "helmstream-tests"];
    let programs =
        cargo::build(&[&packages[..], &["--bin", "helmstream", "--bin", "bench"]].concat())?;
    let mut bench = Command::new(programs.path("bench")?);
    bench.args(options.arguments).env("HELMSTREAM_BIN", programs.path("helmstream")?);
    servers.hand_to(&mut bench);
    gives_back_memory(&mut bench);
    become_it(bench)
}
