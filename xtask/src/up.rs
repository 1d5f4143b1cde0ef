//! `cargo xtask up`: everything a new reader needs for a running plane.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::cargo;
use crate::checkout;
use crate::failure::Failure;
use crate::provision::provision;

#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// Begin anew: forget everything the plane has recorded in this checkout. Asks first.
    #[arg(long)]
    reset: bool,
    /// Do not ask.
    #[arg(long, requires = "reset")]
    yes: bool,
    /// More for `helmstream up`, after `--`.
    #[arg(last = true)]
    more: Vec<OsString>,
}

/// Returns only when it fails.
pub(crate) fn up(options: Up) -> Result<(), Failure> {
    if options.reset && !options.yes && !confirmed()? {
        return Err(Failure::new(
            "nothing was reset",
            "the answer was not yes",
            "without --reset the plane goes on where it was",
        ));
    }
    let servers = provision()?;
    let programs = cargo::build(&["-p", "helmstream-services", "--bin", "helmstream"])?;
    let mut helmstream = Command::new(programs.path("helmstream")?);
    helmstream.args(["up", "--sample", "--dir"]).arg(checkout::plane());
    if options.reset {
        helmstream.args(["--reset", "--yes"]);
    }
    helmstream.args(options.more);
    servers.hand_to(&mut helmstream);
    gives_back_memory(&mut helmstream);
    become_it(helmstream)
}

/// As the units of `ops/systemd` have it: freed memory goes back within ten milliseconds.
pub(crate) fn gives_back_memory(command: &mut Command) {
    command.env("MIMALLOC_PURGE_DELAY", "10");
}

/// The program takes our place, so that Ctrl-C, signals and the exit code are its own and nobody
/// returns to the shell before it.
pub(crate) fn become_it(mut command: Command) -> Result<(), Failure> {
    let error = command.exec();
    let program = command.get_program().display();
    Err(Failure::new(
        format!("cannot run {program}"),
        error.to_string(),
        "was it removed after it was built?",
    ))
}

fn confirmed() -> Result<bool, Failure> {
    let plane = checkout::plane();
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(
            "--reset asks before it forgets everything, and there is no terminal to ask on",
            format!("it would delete what the plane recorded in {}", plane.display()),
            "add --yes if that is meant",
        ));
    }
    eprint!("Delete everything the plane recorded in {}? [y/N] ", plane.display());
    let mut answer = String::new();
    let read = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut answer));
    read.map_err(|error| {
        Failure::new("no answer could be read", error.to_string(), "add --yes to go without asking")
    })?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_is_a_yes() {
        assert!(is_yes("y\n") && is_yes(" Yes \n"));
        assert!(!is_yes("\n") && !is_yes("") && !is_yes("n\n") && !is_yes("yesterday\n"));
    }
}
