//! What a repository still knows of a project's states: every committed version of each of them,
//! oldest first, read through the program `git`. It changes nothing there and runs nothing that a
//! repository's own settings name.

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    process::{Command, Stdio},
};

use helmstream_core::faber::is_read;
use helmstream_schemas::{Timestamp, run::Commit};

use super::{
    Project,
    read::{Seen, understood},
    walk::{Found, PLACES, What},
};
use crate::{
    client::{Code, Failure},
    limits::{FABER_VERSION_BYTES_MAX, FABER_VERSIONS_MAX},
};

/// Which versions of which files there are; none of them is read yet.
#[derive(Debug)]
pub struct Version {
    pub path: String,
    pub commit: Commit,
}

/// Every committed version of every file that is a state by its name, whether it still lies there
/// or not.
pub fn versions(project: &Project, found: &[Found]) -> Result<Vec<Version>, Failure> {
    git(project, &["rev-parse", "--is-inside-work-tree"])?;
    let mut paths: BTreeSet<String> = found
        .iter()
        .filter(|found| matches!(found.what, What::File(_)))
        .map(|found| found.path.clone())
        .collect();
    let log = ["log", "--format=", "--name-only", "-z", "--relative", "--"];
    let names = git(project, &[&log[..], &PLACES[..]].concat())?;
    paths.extend(names.split(|byte| *byte == 0).filter_map(|name| {
        let name = std::str::from_utf8(name).ok()?.trim_start_matches('\n');
        (!name.is_empty()).then(|| name.to_owned())
    }));
    let mut versions = Vec::new();
    for path in paths.into_iter().filter(|path| is_state(path)) {
        let most = format!("--max-count={FABER_VERSIONS_MAX}");
        let log = git(project, &["log", &most, "--format=%H%x09%cI", "--", &path])?;
        let lines: Vec<&str> = std::str::from_utf8(&log).unwrap_or_default().lines().collect();
        versions.extend(lines.into_iter().rev().filter_map(|line| {
            let (id, at) = line.split_once('\t')?;
            let committed_at = Timestamp::parse(at).ok()?;
            Some(Version { path: path.clone(), commit: Commit { id: id.into(), committed_at } })
        }));
    }
    Ok(versions)
}

/// Reads a version; nothing if the commit took the file away, or it is no state after all.
pub fn read(project: &Project, version: &Version) -> Result<Option<Seen>, Failure> {
    let Version { path, commit } = version;
    let name = format!("{}:./{path}", commit.id);
    let Ok(bytes) = git(project, &["cat-file", "-s", &name]) else { return Ok(None) };
    let bytes: u64 = String::from_utf8_lossy(&bytes).trim().parse().unwrap_or(u64::MAX);
    if bytes > FABER_VERSION_BYTES_MAX {
        let why = format!("this version has more than {FABER_VERSION_BYTES_MAX} bytes");
        let seen = Seen::nothing(path, helmstream_core::faber::Shape::Unknown, why);
        return Ok(Some(Seen { commit: Some(commit.clone()), ..seen }));
    }
    let bytes = git(project, &["cat-file", "blob", &name])?;
    let seen = understood(project, path, &bytes, None, Some(commit.clone()));
    Ok((seen.shape.is_state() || !seen.is_whole()).then_some(seen))
}

/// States are called `state.json`, `state-<suffix>.json` and the like in every layout.
fn is_state(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    is_read(path) && name.contains("state")
}

/// What git says, or why it does not.
fn git(project: &Project, words: &[&str]) -> Result<Vec<u8>, Failure> {
    let hint = "install git and sync a folder of a work tree; or sync without --history";
    let cannot = |detail: String| {
        let what = format!("cannot read the history of {}", project.dir.display());
        Failure::new(Code::Input, what, detail, hint)
    };
    let output = Command::new("git")
        .args(["--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=false"])
        .args(["-c", "log.showSignature=false", "-c", "core.quotePath=false", "-C"])
        .arg(&project.dir)
        .args(words)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => cannot("there is no program `git` here".into()),
            _ => cannot(format!("git does not run: {error}")),
        })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(cannot(said.lines().next().unwrap_or("git says nothing").to_owned()))
}
