//! Runs cargo from within `cargo xtask`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::checkout;
use crate::failure::Failure;

/// A cargo command at the root of the checkout.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(checkout::root());
    // `cargo run` told us about the package xtask. Build scripts of dependencies (ring's) look at
    // the same variables, and would be built anew whenever somebody changes between `cargo build`
    // and `cargo xtask`.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        }) {
            command.env_remove(name);
        }
    }
    command
}

/// Builds and says where each program is: only cargo knows, because target folder and profile can
/// be set in many places.
pub(crate) fn build(arguments: &[&str]) -> Result<Programs, Failure> {
    let mut command = cargo(&["build", "--message-format=json-render-diagnostics"]);
    let shown = format!("cargo build {}", arguments.join(" "));
    let cannot_start = |error: std::io::Error| {
        Failure::new(format!("cannot run {shown}"), error.to_string(), "is cargo on the PATH?")
    };
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().map_err(cannot_start)?;
    let messages = child.stdout.take().map(BufReader::new);
    let programs = messages
        .into_iter()
        .flat_map(BufRead::lines)
        .map_while(Result::ok)
        .filter_map(|line| program(&line));
    let programs = Programs(programs.collect());
    let status = child.wait().map_err(cannot_start)?;
    if status.success() {
        return Ok(programs);
    }
    let failure = Failure::new(
        format!("{shown} failed"),
        status.to_string(),
        "the compiler's own words are above",
    );
    Err(failure.with_exit(exit_code(status)))
}

/// What was built, by name.
pub(crate) struct Programs(BTreeMap<String, PathBuf>);

impl Programs {
    pub(crate) fn path(&self, name: &str) -> Result<&PathBuf, Failure> {
        self.0.get(name).ok_or_else(|| {
            Failure::new(
                format!("cargo built no program named {name}"),
                format!("it built: {}", self.0.keys().cloned().collect::<Vec<_>>().join(", ")),
                "a crate has lost its [[bin]], or it has another name",
            )
        })
    }
}

/// What a shell would say; a signal is 128 and its number.
pub(crate) fn exit_code(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// Reads one line of cargo's messages.
fn program(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let executable = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_string(), executable.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_read_from_cargos_messages_and_everything_else_is_passed_over() {
        let built = r#"{"reason":"compiler-artifact","target":{"name":"helmstream","kind":["bin"]},"executable":"/t/debug/helmstream"}"#;
        assert_eq!(program(built), Some(("helmstream".into(), "/t/debug/helmstream".into())));
        let library = r#"{"reason":"compiler-artifact","target":{"name":"serde","kind":["lib"]},"executable":null}"#;
        assert_eq!(program(library), None);
        assert_eq!(program(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(program("warning: something"), None);
    }
}
