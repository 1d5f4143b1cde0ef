//! `cargo xtask test`: everything that has to hold before a change goes in, the same here and in
//! CI.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::cargo::{self, cargo, exit_code};
use crate::codegen::codegen;
use crate::failure::Failure;
use crate::provision::provision;

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Run only the tests whose names hold this, and none of the other steps.
    filter: Option<String>,
    /// Leave out what only judges the text: formatting, lints, generated files.
    #[arg(long)]
    fast: bool,
}

pub(crate) fn test(options: Test) -> Result<(), Failure> {
    let mut steps = Steps::default();
    if !options.fast && options.filter.is_none() {
        need_component("fmt")?;
        need_component("clippy")?;
        steps.run("cargo fmt --check", || {
            run(cargo(&["fmt", "--check"]), "`cargo fmt` puts it right")
        })?;
        let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        steps.run("cargo clippy", || run(cargo(&clippy), "its own words are above"))?;
        steps.run("cargo xtask codegen --check", || codegen(true))?;
    }
    let servers = steps.run("servers", provision)?;
    let build = ["-p", "helmstream-services", "--bin", "helmstream"];
    let programs = steps.run("cargo build", || cargo::build(&build))?;

    let mut tests = cargo(&["test", "--workspace"]);
    tests.args(&options.filter).env("HELMSTREAM_BIN", programs.path("helmstream")?);
    servers.hand_to(&mut tests);
    steps.run("cargo test", || run(tests, "run one alone with `cargo xtask test NAME`"))?;
    eprintln!("all is well: {}", steps.summary());
    Ok(())
}

/// What was done, and how long it took.
#[derive(Default)]
struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    /// A header before, the duration after, also when it failed.
    fn run<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        eprintln!("==> {name}");
        let began = Instant::now();
        let result = step();
        let took = began.elapsed();
        let ended = if result.is_ok() { "done" } else { "failed" };
        eprintln!("    {name}: {ended} after {}", seconds(took));
        self.0.push((name, took));
        result
    }

    fn summary(&self) -> String {
        let told = self.0.iter().map(|(name, took)| format!("{name} {}", seconds(*took)));
        let total = self.0.iter().map(|(_, took)| *took).sum();
        format!("{}; {} in all", told.collect::<Vec<_>>().join(", "), seconds(total))
    }
}

fn run(mut command: Command, hint: &str) -> Result<(), Failure> {
    let shown = std::iter::once("cargo".into())
        .chain(command.get_args().map(|argument| argument.to_string_lossy()));
    let shown = shown.collect::<Vec<_>>().join(" ");
    let status = command.status().map_err(|error| {
        Failure::new(format!("cannot run {shown}"), error.to_string(), "is cargo on the PATH?")
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{shown} failed"), status.to_string(), hint)
        .with_exit(exit_code(status)))
}

/// rustup leaves these out of its minimal profile, and what cargo says then names only one of them.
fn need_component(subcommand: &str) -> Result<(), Failure> {
    let asked = cargo(&[subcommand, "--version"]).output();
    let detail = match asked {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_string(),
        Err(error) => error.to_string(),
    };
    Err(Failure::new(
        format!("`cargo {subcommand}` is not there"),
        detail,
        "rustup component add rustfmt clippy\nor leave formatting and lints out with --fast",
    ))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_stops_with_the_childs_own_exit_code() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 42"]);
        let failure = Steps::default().run("shell", || run(command, "none")).unwrap_err();
        assert_eq!((failure.exit, failure.what.as_str()), (42, "cargo -c exit 42 failed"));
    }

    #[test]
    fn the_summary_tells_each_step_and_the_whole() {
        let steps =
            Steps(vec![("fmt", Duration::from_millis(240)), ("test", Duration::from_secs(3))]);
        assert_eq!(steps.summary(), "fmt 0.2 s, test 3.0 s; 3.2 s in all");
    }
}
