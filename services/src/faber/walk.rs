//! What lies in a project's folder where FABER keeps things. Nothing is passed over: what cannot be
//! looked at is found as such, with the reason. It reads no file.

use std::{
    fs::{self, FileType, Metadata},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::Path,
};

use helmstream_core::faber::{is_read, order};

use crate::limits::{FABER_DEPTH_MAX, FABER_FILES_MAX};

/// Where FABER and its plugins keep things, in every layout there was: settings, runs, plans,
/// entities, changelogs, registries, and what Helm says of what was shipped.
pub const PLACES: [&str; 9] = [
    ".faber.config.toml",
    "faber.toml",
    ".fractary",
    "logs/fractary",
    "helm/registry",
    "helm/issues",
    "helm/config",
    "plugins/helm/registry",
    "plugins/helm/issues",
];

/// Folders that are full of files of somebody else's.
const FOREIGN: [&str; 2] = [".git", "node_modules"];

/// Something that lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// From the project's folder on, with `/` between the parts.
    pub path: String,
    pub what: What,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    File(Stamp),
    /// It cannot be looked at, or is not what its name says.
    Unread(String),
    /// It is none of FABER's.
    Nothing(&'static str),
}

/// What tells a file that was written again from one that was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    inode: u64,
    /// Nanoseconds since 1970; when it was last written, and when anything of it was last changed.
    written: i128,
    changed: i128,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub files_max: usize,
    pub depth_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { files_max: FABER_FILES_MAX, depth_max: FABER_DEPTH_MAX }
    }
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        let nanos =
            |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            bytes: data.len(),
            inode: data.ino(),
            written: nanos(data.mtime(), data.mtime_nsec()),
            changed: nanos(data.ctime(), data.ctime_nsec()),
        }
    }
}

/// Everything in the places of the project, in the order in which it is read: by folder, and in a
/// folder by the number that a name begins with.
pub fn walk(dir: &Path, bounds: Bounds) -> Vec<Found> {
    let mut walk = Walk { root: dir, bounds, found: Vec::new() };
    for place in PLACES {
        match fs::symlink_metadata(dir.join(place)) {
            Ok(data) => walk.entry(place.to_owned(), data.file_type(), 0),
            Err(error) if is_absent(&error) => {}
            Err(error) => walk.add(place.to_owned(), What::Unread(cannot(&error))),
        }
    }
    let Walk { mut found, .. } = walk;
    found.sort_by(|a, b| order(&a.path).cmp(&order(&b.path)));
    if found.len() > bounds.files_max {
        found.truncate(bounds.files_max);
        let reason = format!("more than {} files lie there; not all are read", bounds.files_max);
        found.push(Found { path: ".fractary".into(), what: What::Unread(reason) });
    }
    found
}

struct Walk<'a> {
    root: &'a Path,
    bounds: Bounds,
    found: Vec<Found>,
}

impl Walk<'_> {
    fn add(&mut self, path: String, what: What) {
        self.found.push(Found { path, what });
    }

    fn is_full(&self) -> bool {
        self.found.len() > self.bounds.files_max
    }

    fn entry(&mut self, path: String, kind: FileType, depth: usize) {
        if kind.is_symlink() {
            self.link(path);
        } else if kind.is_dir() {
            self.folder(path, depth);
        } else if kind.is_file() {
            self.file(path);
        } else if is_read(&path) {
            self.add(path, What::Unread("it is neither a file nor a folder".into()));
        } else {
            self.add(path, What::Nothing("neither a file nor a folder"));
        }
    }

    fn folder(&mut self, path: String, depth: usize) {
        let name = path.rsplit('/').next().unwrap_or(&path);
        if FOREIGN.contains(&name) {
            return self.add(path, What::Nothing("a folder of somebody else's"));
        }
        if is_read(&path) {
            self.add(path.clone(), What::Unread("a folder lies where a file should".into()));
        }
        if depth >= self.bounds.depth_max {
            let reason = format!("folders lie more than {} deep", self.bounds.depth_max);
            return self.add(path, What::Unread(reason));
        }
        let entries = match fs::read_dir(self.root.join(&path)) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return,
            Err(error) => return self.add(path, What::Unread(cannot(&error))),
        };
        for entry in entries {
            if self.is_full() {
                return;
            }
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, kind)) => match name.to_str() {
                    Some(name) => self.entry(format!("{path}/{name}"), kind, depth + 1),
                    None => {
                        let lossy = format!("{path}/{}", name.to_string_lossy());
                        self.add(lossy, What::Unread("its name is not UTF-8".into()));
                    }
                },
                Err(error) if is_absent(&error) => {}
                Err(error) => self.add(path.clone(), What::Unread(cannot(&error))),
            }
        }
    }

    /// A link to a file of the project is that file under another name; every other leads away.
    fn link(&mut self, path: String) {
        let what = match self.root.join(&path).canonicalize() {
            Err(error) if is_read(&path) => {
                What::Unread(format!("the link leads nowhere: {}", error.kind()))
            }
            Err(_) => What::Nothing("a link that leads nowhere"),
            Ok(to) if !to.starts_with(self.root) => What::Nothing("a link out of the project"),
            Ok(to) if to.is_dir() => What::Nothing("a link to a folder, which is not followed"),
            Ok(_) => return self.file(path),
        };
        self.add(path, what);
    }

    fn file(&mut self, path: String) {
        match fs::metadata(self.root.join(&path)) {
            Ok(data) => self.add(path, What::File(Stamp::of(&data))),
            Err(error) if is_absent(&error) => {}
            Err(error) => self.add(path, What::Unread(cannot(&error))),
        }
    }
}

/// It vanished while it was looked for, or was never there.
pub(super) fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Without the number of the system's own, which differs from one to the next.
pub(super) fn cannot(error: &std::io::Error) -> String {
    format!("it cannot be read: {}", error.kind())
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
