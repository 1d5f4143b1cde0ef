//! Files that FABER reads. An event becomes a file of its own under a number that none has; the
//! registry is replaced in one step. A reader sees a file whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Result;
use helmstream_core::emit::{Answer, SOURCE, approval_event, event_file_name, number_of_file};
use serde_json::Value;

use super::{super::output, refused};
use crate::client::{Code, Failure, limits::WRITES_TRIED_MAX};

/// Where FABER's emitter keeps the next number.
const NEXT_ID: &str = ".next-id";

/// An event's file.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    /// Whether it was not there before.
    pub(super) is_new: bool,
}

/// Writes an answer as the next event of a run, numbered after `last` at least.
pub(super) fn append(folder: &Path, last: u64, answer: Answer<'_>) -> Result<Written> {
    for _ in 0..WRITES_TRIED_MAX {
        let files = events(folder)?;
        let last = files.last().map_or(last, |(number, _)| last.max(*number));
        let number = (last + 1).max(next_id(folder));
        let event = approval_event(number, answer).map_err(refused)?;
        if let Some(path) = there(&files, &event)? {
            return Ok(Written { path, is_new: false });
        }
        let kind = event["type"].as_str().unwrap_or_default();
        let path = folder.join(event_file_name(number, kind));
        let text = output::json(&event, true)? + "\n";
        if create(&path, &text).map_err(|error| unwritable(&path, &error))? {
            replace_text(&folder.join(NEXT_ID), &format!("{}\n", number + 1))?;
            return Ok(Written { path, is_new: true });
        }
    }
    let what = format!("no number is free in {}", folder.display());
    let detail = format!("{WRITES_TRIED_MAX} of them were taken by others");
    Err(Failure::new(Code::Refused, what, detail, "try again when fewer write there").into())
}

/// The files of events, by their numbers: by their names they would not be in order.
fn events(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Failure> {
    let unreadable = |error: io::Error| {
        let what = format!("cannot read {}", folder.display());
        let hint = "name the folder `events` of the run, which has to be there";
        Failure::new(Code::Input, what, error.to_string(), hint)
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if let Some(number) = entry.file_name().to_str().and_then(number_of_file) {
            files.push((number, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// What the emitter would take next. It is not always there, and not always right.
fn next_id(folder: &Path) -> u64 {
    fs::read_to_string(folder.join(NEXT_ID))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

/// The file that holds this very answer already. Events of another run are no place for it.
fn there(files: &[(u64, PathBuf)], event: &Value) -> Result<Option<PathBuf>, Failure> {
    let read =
        |path: &Path| -> Option<Value> { serde_json::from_slice(&fs::read(path).ok()?).ok() };
    let other = files.iter().filter_map(|(_, path)| read(path)).find_map(|held| {
        let run = held.get("run_id")?.as_str()?;
        (held["run_id"] != event["run_id"]).then(|| run.to_owned())
    });
    if let Some(other) = other {
        let what = "these are the events of another run";
        let detail = format!("{other}, and not {}", event["run_id"]);
        return Err(Failure::new(Code::Input, what, detail, "name the folder `events` of the run"));
    }
    let is_this = |held: &Value| {
        let same = |at: &str| held.pointer(at) == event.pointer(at);
        held["source"] == SOURCE
            && ["/type", "/metadata/approval", "/metadata/round"].into_iter().all(same)
    };
    let found = files.iter().find(|(_, path)| read(path).as_ref().is_some_and(is_this));
    Ok(found.map(|(_, path)| path.clone()))
}

/// Creates a file with all of its content, unless there is one.
fn create(path: &Path, text: &str) -> io::Result<bool> {
    let draft = draft(path, text)?;
    let linked = fs::hard_link(&draft, path);
    let _ = fs::remove_file(&draft);
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// The JSON in a file; `None` if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Value>, Failure> {
    let what = || format!("cannot read {}", path.display());
    let hint = "mend it or move it away; what is there is never thrown away";
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::new(Code::Input, what(), error.to_string(), hint)),
    };
    let read = serde_json::from_slice(&bytes);
    read.map(Some).map_err(|error| Failure::new(Code::Input, what(), error.to_string(), hint))
}

/// Puts JSON in the place of a file: of the one that a link leads to, and for those who could read
/// it before. Not, if it is not what it was `before`.
pub(super) fn replace(path: &Path, before: Option<&Value>, value: &Value) -> Result<bool> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = output::json(value, true)? + "\n";
    let draft = draft(&path, &text).map_err(|error| unwritable(&path, &error))?;
    let is_as_before = read(&path).map(|now| now.as_ref() == before);
    if !matches!(is_as_before, Ok(true)) {
        let _ = fs::remove_file(&draft);
        return Ok(is_as_before?);
    }
    fs::rename(draft, &path).map_err(|error| unwritable(&path, &error))?;
    Ok(true)
}

fn replace_text(path: &Path, text: &str) -> Result<(), Failure> {
    draft(path, text)
        .and_then(|draft| fs::rename(draft, path))
        .map_err(|error| unwritable(path, &error))
}

/// A file beside another one, with its content on the disk.
fn draft(path: &Path, text: &str) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}.draft", std::process::id()));
    let written = File::create(&draft).and_then(|mut file| {
        if let Ok(before) = fs::metadata(path) {
            file.set_permissions(before.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    if let Err(error) = written {
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    Ok(draft)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let hint = "check that the folder is there and may be written to";
    Failure::new(Code::Input, format!("cannot write {}", path.display()), error.to_string(), hint)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
