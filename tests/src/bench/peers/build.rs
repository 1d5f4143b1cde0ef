//! Builds the program of the peers, which no check and no test of the house builds. When not all of
//! them can be built, those that can be are, and what the compiler said of the others is kept.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use helmstream_tests::tree;

/// Of what the compiler said last, so many lines are shown, and so many characters.
const LINES_SHOWN: usize = 5;
const CHARACTERS_SHOWN: usize = 400;

pub(crate) struct Built {
    pub(crate) program: Option<PathBuf>,
    /// Peers that are not in the program, and what cargo said last of each.
    pub(crate) missing: BTreeMap<&'static str, String>,
}

impl Built {
    pub(crate) fn why_not(&self, peer: &str) -> String {
        cell("cannot be built", self.missing.get(peer).map_or("", String::as_str))
    }
}

/// All peers in one program, or as many as can be built.
pub(crate) fn build(peers: &[&'static str]) -> Result<Built> {
    let mut missing = BTreeMap::new();
    let mut left = peers.to_vec();
    let words = match cargo(peers)? {
        Ok(program) => return Ok(Built { program: Some(program), missing }),
        Err(words) => words,
    };
    for peer in peers {
        if let Err(words) = cargo(&[peer])? {
            missing.insert(*peer, words);
            left.retain(|other| other != peer);
        }
    }
    // Each of them alone, but not both together: the first is shown, the others are not.
    if missing.is_empty() {
        missing.extend(left.drain(1..).map(|peer| (peer, words.clone())));
    }
    let program = if left.is_empty() { None } else { cargo(&left)?.ok() };
    Ok(Built { program, missing })
}

/// Says as it goes what is compiled. The inner error is what cargo said.
fn cargo(peers: &[&str]) -> Result<Result<PathBuf, String>> {
    eprintln!("  building {} …", peers.join(" and "));
    let target = env::current_exe().context("cannot find this program")?;
    let target = target.ancestors().nth(2).context("this program is nowhere")?.join("peers");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--release", "--locked", "--bin", "peers"])
        .args(["--no-default-features", "--features", &peers.join(",")])
        .arg("--manifest-path")
        .arg(tree::root().join("tests/peers/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // As xtask does it: what `cargo run` said of another package is not for this one.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().context("cannot run cargo")?;
    let mut words = Vec::new();
    for line in child.stderr.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let line = line.context("cannot hear cargo")?;
        eprintln!("  {line}");
        words.push(line);
    }
    let status = child.wait().context("cannot wait for cargo")?;
    Ok(match status.success() {
        true => Ok(target.join("release").join("peers")),
        false => Err(words.join("\n")),
    })
}

/// The last lines of something longer, as a cell of a table holds them.
pub(crate) fn cell(what: &str, words: &str) -> String {
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LINES_SHOWN)..].join(" / ").replace('|', "\\|");
    let shown: String = last.chars().filter(|c| !c.is_control()).take(CHARACTERS_SHOWN).collect();
    format!("{what}: {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_cell_with_its_last_lines() {
        let words = "1\n2\n3\n\n4\n  a | b\n5\n6\n";
        assert_eq!(cell("cannot be built", words), "cannot be built: 3 / 4 / a \\| b / 5 / 6");
    }
}
