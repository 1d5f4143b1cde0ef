//! Prometheus' own checker of rules and metrics (Debian: package `prometheus`), where this machine has
//! it; where not, that is said and what it would check is skipped.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// Names the program, where it is not on the PATH.
const VARIABLE: &str = "HELMSTREAM_PROMTOOL";

pub(crate) fn program() -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = || {
        env::split_paths(&path).map(|folder| folder.join("promtool")).find(|file| file.is_file())
    };
    let found = named.or_else(on_path);
    if found.is_none() {
        // Not by a macro, whose output the harness keeps to itself while a test passes.
        let said = format!(
            "\nSKIPPED: there is no promtool on the PATH (Debian: `apt-get install prometheus`), \
             and {VARIABLE} does not name it; what it checks is not checked\n"
        );
        let _ = std::io::stderr().write_all(said.as_bytes());
    }
    found
}

/// Runs it in a folder; what it said if it is not content.
pub(crate) fn content(program: &Path, folder: &Path, words: &[&str]) -> Result<(), String> {
    let ran = Command::new(program).args(words).current_dir(folder).output();
    let ran = ran.map_err(|error| format!("{}: {error}", program.display()))?;
    match ran.status.success() {
        true => Ok(()),
        false => Err(format!(
            "promtool {}:\n{}{}",
            words.join(" "),
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        )),
    }
}
