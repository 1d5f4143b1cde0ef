//! The checkout as it lies on disk, for the rules that are tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold nothing written by people.
const PASSED_OVER: [&str; 7] =
    ["target", ".git", ".tools", ".helmstream", "mutants.out", "mutants.out.old", "node_modules"];

/// What `init` makes beside the containers: secrets, which may be another user's.
const MADE: &str = "compose/plane";

/// The root of the checkout.
pub fn root() -> PathBuf {
    let tests =
        Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().expect("the tests are somewhere");
    tests.parent().expect("the tests are in a checkout").to_owned()
}

/// Every file of the checkout, by its path from the root, in order.
pub fn files() -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            match path.is_dir() {
                true if PASSED_OVER.contains(&&*name) || path == root.join(MADE) => {}
                true => folders.push(path),
                false => {
                    let path = path.strip_prefix(&root).expect("below the root");
                    found.push(path.to_string_lossy().into_owned());
                }
            }
        }
    }
    found.sort();
    found
}

/// A file's text; nothing if it is no text.
pub fn text(path: &str) -> Option<String> {
    String::from_utf8(fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
        .ok()
}

/// Every Rust file with its text.
pub fn rust() -> Vec<(String, String)> {
    with_ending(".rs")
}

/// Every file of an ending with its text.
pub fn with_ending(ending: &str) -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|path| path.ends_with(ending))
        .filter_map(|path| Some((path.clone(), text(&path)?)))
        .collect()
}
