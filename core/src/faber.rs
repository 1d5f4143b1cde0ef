//! Files of a FABER project: what each of them is, by its content rather than by its name, and what
//! is published of it. Pure: a file's path and bytes come in, CloudEvents come out. The same
//! content gives the same events with the same ids, so that reading a project again adds nothing.

mod papers;
mod pieces;
mod registries;
mod runs;
mod shape;
mod unreadable;
mod watch;

use helmstream_schemas::{Timestamp, run::Commit};
use serde_json::Value;

use self::{papers::Kind, pieces::Source};
pub use self::{papers::order, shape::Shape};
use crate::door::strict;

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct File<'a> {
    /// Where it lies in the project's folder, with `/` between the parts.
    pub path: &'a str,
    pub bytes: &'a [u8],
    /// When it was last written, as the file system says.
    pub written_at: Option<Timestamp>,
    /// The commit that holds this content, where it comes out of a repository.
    pub commit: Option<Commit>,
}

/// What is published of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What the file is; the first column of the coverage table.
    pub shape: Shape,
    /// None, if the file says nothing that has to be kept.
    pub pieces: Vec<Piece>,
}

/// One thing that a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Where in the file, such as `line 3`; absent for the whole file.
    pub place: Option<String>,
    /// Why it could not be read; then it is published to be kept as a dead letter.
    pub quarantined: Option<String>,
    /// A CloudEvent in the JSON event format.
    pub event: Value,
}

/// Reads a file of the project of that name.
pub fn read(project: &str, file: &File<'_>) -> Reading {
    let source = Source { project, file };
    match papers::kind(file.path) {
        Kind::Nothing(shape) => Reading { shape, pieces: Vec::new() },
        Kind::Text => text(&source),
        Kind::Json | Kind::Lines if content(file.bytes).trim_ascii().is_empty() => {
            unreadable(&source, "the file is empty".into())
        }
        Kind::Json => whole(&source),
        Kind::Lines if strict::parse(content(file.bytes)).is_ok_and(|value| value.is_array()) => {
            whole(&source)
        }
        Kind::Lines => lines(&source),
    }
}

/// Whether a file at that path is read; of any other it is known what it says: nothing.
pub fn is_read(path: &str) -> bool {
    !matches!(papers::kind(path), Kind::Nothing(_))
}

/// What is published of a file or folder whose content cannot be had at all.
pub fn unread(project: &str, path: &str, reason: &str) -> Piece {
    let file = File { path, bytes: b"", written_at: None, commit: None };
    Source { project, file: &file }.quarantine(None, reason.to_owned(), b"")
}

/// A file that holds one JSON value; or several after all, if its first line is one.
fn whole(source: &Source<'_>) -> Reading {
    let bytes = content(source.file.bytes).trim_ascii();
    let value = match strict::parse(bytes) {
        Ok(value) => value,
        Err(dead) => {
            let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
            let first = parts.next().is_some_and(|line| strict::parse(line.trim_ascii()).is_ok());
            let several = first && parts.next().is_some();
            return if several { lines(source) } else { unreadable(source, dead.detail) };
        }
    };
    let shape = shape_of(source.file.path, &value);
    let pieces = match (shape, value) {
        (Shape::EventLog | Shape::Changelog, Value::Array(items)) => {
            let numbered = items.into_iter().zip(1..);
            numbered.map(|(item, n): (_, usize)| line(source, format!("item {n}"), item)).collect()
        }
        (Shape::Deployments, value) => registry(source, value),
        (shape, _) if shape.says_nothing() => Vec::new(),
        (Shape::Event, value) => vec![source.event(None, value)],
        (shape, value) => vec![source.file(shape, None, value)],
    };
    Reading { shape, pieces }
}

/// A file that holds one JSON value a line.
fn lines(source: &Source<'_>) -> Reading {
    let mut shape = None;
    let mut pieces = Vec::new();
    for (bytes, number) in content(source.file.bytes).split(|byte| *byte == b'\n').zip(1_usize..) {
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let place = format!("line {number}");
        match strict::parse(bytes.trim_ascii()) {
            Ok(value) => {
                shape = shape.or(runs::log(&value));
                pieces.push(line(source, place, value));
            }
            Err(dead) => pieces.push(source.quarantine(Some(place), dead.detail, bytes)),
        }
    }
    Reading { shape: shape.unwrap_or_else(|| papers::log_of(source.file.path)), pieces }
}

fn line(source: &Source<'_>, place: String, value: Value) -> Piece {
    match runs::log(&value) {
        Some(Shape::EventLog) => source.event(Some(place), value),
        shape => source.file(shape.unwrap_or(Shape::Unknown), Some(place), value),
    }
}

/// A registry of deployments: each of them, and what the registry says beside them.
fn registry(source: &Source<'_>, value: Value) -> Vec<Piece> {
    let (entries, head) = registries::split(value);
    let entries = entries
        .into_iter()
        .map(|(place, entry)| source.file(Shape::Deployments, Some(place), entry));
    let mut pieces: Vec<Piece> = entries.collect();
    let head = head.map(|head| source.file(Shape::Deployments, Some("head".into()), head));
    pieces.extend(head);
    pieces
}

/// A file that is no JSON: settings are kept as they are written.
fn text(source: &Source<'_>) -> Reading {
    let File { path, bytes, .. } = source.file;
    match std::str::from_utf8(content(bytes)) {
        Ok(text) => {
            let shape = papers::settings(path, text);
            let keep = !shape.says_nothing();
            let piece = || source.file(shape, None, Value::String(text.to_owned()));
            Reading { shape, pieces: keep.then(piece).into_iter().collect() }
        }
        Err(_) if papers::is_settings(path) => unreadable(source, "the text is not UTF-8".into()),
        Err(_) => Reading { shape: Shape::Foreign, pieces: Vec::new() },
    }
}

fn unreadable(source: &Source<'_>, reason: String) -> Reading {
    let piece = source.quarantine(None, reason, source.file.bytes);
    Reading { shape: Shape::Unreadable, pieces: vec![piece] }
}

/// What a JSON value is. A schema says of other files what they hold, so it comes first; then what
/// names itself best.
fn shape_of(path: &str, value: &Value) -> Shape {
    let lower;
    let value = match value {
        Value::Object(held) if held.keys().any(|key| key.contains(char::is_uppercase)) => {
            let entries = held.iter().map(|(key, value)| (key.to_lowercase(), value.clone()));
            lower = Value::Object(entries.collect());
            &lower
        }
        value => value,
    };
    let found = match value {
        Value::Object(held) => papers::shape(path, held)
            .or_else(|| runs::shape(path, held))
            .or_else(|| registries::shape(path, held))
            .or_else(|| watch::shape(held)),
        Value::Array(items) => items.first().and_then(runs::log),
        _ => None,
    };
    found.unwrap_or(Shape::Unknown)
}

/// The bytes without the mark that some editors put before UTF-8.
fn content(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

#[cfg(test)]
mod tests;
