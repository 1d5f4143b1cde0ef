//! A backup, on real servers: taken while the plane works, put back where nothing is, compared byte for
//! byte; and whatever is no backup is refused by name. Backups lie beside the plane they are of, and
//! go with it.

mod copies;
mod interrupted;
mod put_back;
mod refused;
mod under_load;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use helmstream_services::{
    backup::{self, Step, create::Created, restore::Restored},
    client::Failure,
    local::plane::Plane,
};
use helmstream_tests::{harness::TestPlane, patience::PATIENCE};

/// How long a server may be away.
const WAIT: Option<Duration> = Some(PATIENCE);

/// Where a backup of a plane lies.
pub(crate) fn folder(plane: &TestPlane, name: &str) -> PathBuf {
    plane.plane.directory().join(name)
}

pub(crate) async fn create(plane: &Plane, folder: &Path) -> Result<Created, Failure> {
    backup::create::create(plane, folder, WAIT, &mut |_: Step<'_>| ()).await
}

pub(crate) fn verify(folder: &Path) -> Result<backup::verify::Verified, Failure> {
    backup::verify::verify(folder, &mut |_: Step<'_>| ())
}

pub(crate) async fn restore(plane: &TestPlane, folder: &Path) -> Result<Restored, Failure> {
    // Roles belong to the whole Postgres that tests share; two that set up at once would try again.
    backup::restore::restore(&plane.plane, folder, WAIT, &mut |_: Step<'_>| ()).await
}

/// `helmstream` of a plane, as somebody types it.
pub(crate) fn helmstream(plane: &TestPlane, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_helmstream-tested"))
        .arg("--plane")
        .arg(plane.plane.directory())
        .args(args)
        .output()
        .expect("the program runs")
}

/// What `replay` prints up to a position: every event in the form that is hashed, with its hash.
pub(crate) fn replay(plane: &TestPlane, to: u64) -> Vec<u8> {
    let Output { status, stdout, stderr } =
        helmstream(plane, &["replay", "-o", "ndjson", "--to", &to.to_string()]);
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    assert_eq!(stdout.iter().filter(|byte| **byte == b'\n').count() as u64, to);
    stdout
}
