//! What programs are told of the plane, held against published tools: the OpenAPI document against a
//! linter with rules of ours, the AsyncAPI document against its parser, and the plane itself against
//! what the OpenAPI document says of it.

mod linted;
mod messages;
mod names;
mod tried;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use helmstream_tests::tools::Pinned;

/// The folder of this test, with what it pins.
pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/described")
}

/// A folder with the packages of Node, and Node's command; absent if they cannot be had.
pub(crate) fn node() -> Option<(PathBuf, Command)> {
    let files = ["package.json", "package-lock.json", "asyncapi.mjs"];
    Pinned { name: "described-npm", folder: &here(), files: &files }.node()
}

/// What a program ended with, and all that it said.
pub(crate) fn ran(command: &mut Command) -> (bool, String) {
    let output = command.stdin(std::process::Stdio::null()).output().expect("the program starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
