//! What is found in folders made for it.

use std::os::unix::{ffi::OsStrExt, fs::symlink};

use super::*;

/// A folder that is gone with the value.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("helmstream-walk-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir.canonicalize().unwrap())
    }

    fn put(&self, path: &str, text: &str) {
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn walk(&self) -> Vec<(String, String)> {
        self.walk_within(Bounds::default())
    }

    /// Paths, and what they are in a word.
    fn walk_within(&self, bounds: Bounds) -> Vec<(String, String)> {
        let said = |what| match what {
            What::File(_) => "file".to_owned(),
            What::Unread(reason) => reason,
            What::Nothing(why) => why.to_owned(),
        };
        walk(&self.0, bounds).into_iter().map(|found| (found.path, said(found.what))).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect()
}

#[test]
fn files_come_by_folder_and_number_and_what_lies_elsewhere_is_not_looked_at() {
    let scratch = Scratch::new();
    let runs = ".fractary/faber/runs/acme/1";
    for name in ["1000-b.json", "999-a.json", "002-c.json"] {
        scratch.put(&format!("{runs}/events/{name}"), "{}");
    }
    scratch.put(&format!("{runs}/state.json"), "{}");
    scratch.put("src/state.json", "{}");
    scratch.put("logs/fractary/runs/a.json", "{}");
    scratch.put(".faber.config.toml", "");
    let found: Vec<String> = scratch.walk().into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        found,
        [
            ".faber.config.toml",
            ".fractary/faber/runs/acme/1/state.json",
            ".fractary/faber/runs/acme/1/events/002-c.json",
            ".fractary/faber/runs/acme/1/events/999-a.json",
            ".fractary/faber/runs/acme/1/events/1000-b.json",
            "logs/fractary/runs/a.json",
        ]
    );
}

#[test]
fn what_is_not_what_its_name_says_is_found_with_the_reason() {
    let scratch = Scratch::new();
    scratch.put(".fractary/a/state.json/inner.json", "{}");
    scratch.put(".fractary/b/plain", "");
    let name = std::ffi::OsStr::from_bytes(b"\xff.json");
    fs::write(scratch.0.join(".fractary/b").join(name), "{}").unwrap();
    symlink("nowhere.json", scratch.0.join(".fractary/c.json")).unwrap();
    symlink("/etc/hostname", scratch.0.join(".fractary/d.json")).unwrap();
    symlink("b", scratch.0.join(".fractary/e")).unwrap();
    symlink("b/plain", scratch.0.join(".fractary/f.json")).unwrap();
    let expected = pairs(&[
        (".fractary/c.json", "the link leads nowhere: entity not found"),
        (".fractary/d.json", "a link out of the project"),
        (".fractary/e", "a link to a folder, which is not followed"),
        (".fractary/f.json", "file"),
        (".fractary/a/state.json", "a folder lies where a file should"),
        (".fractary/a/state.json/inner.json", "file"),
        (".fractary/b/plain", "file"),
        (".fractary/b/\u{fffd}.json", "its name is not UTF-8"),
    ]);
    assert_eq!(scratch.walk(), expected);
}

#[test]
fn bounds_are_told_and_not_passed_in_silence() {
    let scratch = Scratch::new();
    scratch.put(".fractary/a/b/c/deep.json", "{}");
    for n in 0..5 {
        scratch.put(&format!(".fractary/{n}.json"), "{}");
    }
    let shallow = scratch.walk_within(Bounds { files_max: 100, depth_max: 2 });
    assert!(shallow.contains(&(".fractary/a/b".into(), "folders lie more than 2 deep".into())));
    let few = scratch.walk_within(Bounds { files_max: 3, depth_max: 10 });
    assert_eq!(few.len(), 4);
    assert!(few[3].1.starts_with("more than 3 files"), "{few:?}");
}

#[test]
fn a_file_that_was_written_again_has_another_stamp() {
    let scratch = Scratch::new();
    scratch.put(".fractary/a.json", "{}");
    let before = walk(&scratch.0, Bounds::default());
    assert_eq!(walk(&scratch.0, Bounds::default()), before);
    scratch.put(".fractary/a.json", "{ }");
    assert_ne!(walk(&scratch.0, Bounds::default()), before);
}
