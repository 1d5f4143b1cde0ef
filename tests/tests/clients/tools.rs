//! The languages that the guide's examples are written in, and the packages that they name.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use helmstream_tests::tools::Pinned;

/// The folder of the examples.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/examples")
}

/// A command that runs `publish.py`.
pub(crate) fn python() -> Option<Command> {
    let folder = examples();
    let pinned = Pinned { name: "python", folder: &folder, files: &["requirements.txt"] };
    // What signs a login comes as source only.
    let mut command = Command::new(pinned.python(&["nkeys"])?.join("bin/python"));
    command.arg(folder.join("publish.py"));
    Some(command)
}

/// A command that runs `publish.mjs`.
pub(crate) fn node() -> Option<Command> {
    let files = ["package.json", "package-lock.json", "publish.mjs"];
    let (home, mut command) = Pinned { name: "npm", folder: &examples(), files: &files }.node()?;
    command.arg(home.join("publish.mjs"));
    Some(command)
}
