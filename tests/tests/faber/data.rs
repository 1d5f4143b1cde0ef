//! Real files of FABER projects. They lie beside the repository where somebody has put them, and are
//! no part of it: without them the tests that need them say so and pass.

use std::{
    fs,
    path::{Path, PathBuf},
};

use helmstream_core::faber::{File, Reading, read};
use serde_json::Value;

/// The name of the project as which everything is read.
pub(crate) const PROJECT: &str = "shop";

/// The folder of real files, if it is there.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/faber");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: there are no real files at {}", folder.display());
    None
}

/// Every file below a folder, by its path within it, in order.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{} is empty", folder.display());
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(root, &path, found);
        } else {
            let within = path.strip_prefix(root).expect("within").to_string_lossy().into_owned();
            found.push((within, fs::read(&path).expect("a file")));
        }
    }
}

/// Reads a file as the plane does.
pub(crate) fn reading(path: &str, bytes: &[u8]) -> Reading {
    read(PROJECT, &File { path, bytes, written_at: None, commit: None })
}

/// A file as the JSON it is.
pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}
