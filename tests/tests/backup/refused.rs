//! What is no backup, or has no place to go, is refused by name, and nothing is left of it.

use std::{fs, path::Path, process::Command};

use helmstream_schemas::Hash;
use helmstream_services::{
    backup::{
        Step, drill,
        manifest::{FilePart, MANIFEST, Manifest},
    },
    client::{Code, Failure},
};
use helmstream_tests::harness::TestPlane;
use uuid::Uuid;

use super::{create, folder, restore, verify};

/// A plane that was founded, and a backup of it.
async fn taken() -> (TestPlane, std::path::PathBuf) {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let of = folder(&plane, "backup");
    create(&plane.plane, &of).await.expect("a backup can be taken");
    (plane, of)
}

fn says(failure: &Failure, code: Code, what: &str) {
    assert_eq!((failure.code, &*failure.what), (code, what), "{failure:#?}");
    assert!(!failure.hint.is_empty());
}

/// Changes something, and puts it back.
fn with(path: &Path, change: impl FnOnce(&mut Vec<u8>), then: impl FnOnce()) {
    let bytes = fs::read(path).expect("it is there");
    let mut changed = bytes.clone();
    change(&mut changed);
    fs::write(path, changed).expect("it can be written");
    then();
    fs::write(path, bytes).expect("it can be written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_not_what_its_manifest_says_is_refused_by_name() {
    let (_plane, of) = taken().await;
    let refused = || verify(&of).expect_err("it is no backup any more");
    with(
        &of.join("EVENTS.tar.s2"),
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
        || {
            let failure = refused();
            says(&failure, Code::Backup, "EVENTS.tar.s2 is damaged");
            assert!(failure.detail.contains("SHA-256"), "{failure:?}");
        },
    );
    with(
        &of.join("COMMANDS.tar.s2"),
        |bytes| bytes.truncate(bytes.len() - 1),
        || says(&refused(), Code::Backup, "COMMANDS.tar.s2 is damaged"),
    );
    with(
        &of.join(MANIFEST),
        |bytes| bytes.push(b'\n'),
        || says(&refused(), Code::Backup, "the manifest was changed"),
    );
    fs::write(of.join("more.txt"), "").expect("it can be written");
    says(&refused(), Code::Backup, "more.txt does not belong to the backup");
    fs::remove_file(of.join("more.txt")).expect("it is there");
    verify(&of).expect("it is whole again");
    fs::remove_file(of.join("JOURNAL.tar.s2")).expect("it is there");
    says(&refused(), Code::Backup, "JOURNAL.tar.s2 is missing");
    let empty = TestPlane::start_empty().await;
    let failure = restore(&empty, &of).await.expect_err("it cannot be put back");
    says(&failure, Code::Backup, "JOURNAL.tar.s2 is missing");
    fs::remove_file(of.join(MANIFEST)).expect("it is there");
    says(&refused(), Code::Backup, &format!("{} is no backup", of.display()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_another_plane_is_refused() {
    let (_plane, of) = taken().await;
    let mut manifest = Manifest::read(&of).expect("it is whole");
    let (is, says_now) = (manifest.epoch, Uuid::new_v4());
    manifest.epoch = says_now;
    fs::write(of.join(MANIFEST), manifest.bytes()).expect("it can be written");
    let empty = TestPlane::start_empty().await;
    let failure = restore(&empty, &of).await.expect_err("it cannot be put back");
    says(&failure, Code::Backup, "EVENTS of the backup is another log");
    for epoch in [is, says_now] {
        assert!(failure.detail.contains(&epoch.to_string()), "{failure:?}");
    }
}

/// Hand the failure on as it is to see this red: it says that nothing was changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_in_the_middle_says_that_a_part_is_there_unless_it_is_thrown_away() {
    let (_plane, of) = taken().await;
    // A manifest that was made to fit: only putting it back finds out.
    changed(&of, |manifest| &mut manifest.people.file, b"nobody\n");
    let empty = TestPlane::start_empty().await;
    let failure = restore(&empty, &of).await.expect_err("it cannot be put back");
    says(&failure, Code::Backup, "people.ndjson cannot be read");
    assert!(failure.hint.contains("throw away"), "{failure:#?}");
    let again = restore(&empty, &of).await.expect_err("there is something");
    says(&again, Code::NotEmpty, "the plane is not empty");
    let drilled = drill::drill(&of, &mut |_: Step<'_>| ()).await.expect_err("nor in a drill");
    says(&drilled, Code::Backup, "people.ndjson cannot be read");
    assert!(drilled.hint.contains("nothing was changed"), "{drilled:#?}");
    // What the server refuses is no other matter.
    changed(&of, |manifest| &mut manifest.streams[0].file, b"no archive");
    let empty = TestPlane::start_empty().await;
    let failure = restore(&empty, &of).await.expect_err("it cannot be put back");
    assert!(failure.what.contains("SNAPSHOT.RESTORE.INBOX"), "{failure:#?}");
    assert!(failure.hint.contains("throw away"), "{failure:#?}");
}

/// Writes a file of a backup anew, and the manifest so that it fits.
fn changed(of: &Path, part: impl Fn(&mut Manifest) -> &mut FilePart, bytes: &[u8]) {
    let mut manifest = Manifest::read(of).expect("it is whole");
    let part = part(&mut manifest);
    (part.bytes, part.sha256) = (bytes.len() as u64, Hash::of(bytes));
    fs::write(of.join(&part.name), bytes).expect("it can be written");
    fs::write(of.join(MANIFEST), manifest.bytes()).expect("it can be written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plane_that_has_something_is_left_as_it_is() {
    let (plane, of) = taken().await;
    let failure = restore(&plane, &of).await.expect_err("there is something");
    says(&failure, Code::NotEmpty, "the plane is not empty");
    for held in ["stream EVENTS with 1", "stream INBOX with 0", "schema run", "schema people"] {
        assert!(failure.detail.contains(held), "{failure:?}");
    }
    // One of the two is enough.
    let half = TestPlane::start().await;
    let failure = restore(&half, &of).await.expect_err("there is something");
    assert!(!failure.detail.contains("schema"), "{failure:?}");
    let failure = create(&plane.plane, &of).await.expect_err("there is something");
    says(&failure, Code::Backup, &format!("{} is there already", of.display()));
    verify(&of).expect("it is as it was");
}

/// A file that may not grow fails as one on a full disk does: in the middle of a write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_no_room_nothing_is_left_that_could_be_a_backup() {
    let (plane, _) = taken().await;
    // In the first file, and in the last.
    for (blocks, file) in [(0, "INBOX.tar.s2"), (8, MANIFEST)] {
        let of = folder(&plane, "full");
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let tried = Command::new("sh")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_helmstream-tested"), "--plane"])
            .arg(plane.plane.directory())
            .args(["backup", "create"])
            .arg(&of)
            .output()
            .expect("a shell runs");
        let said = String::from_utf8_lossy(&tried.stderr).into_owned();
        assert_eq!(tried.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot write") && said.contains(file), "{said}");
        assert!(said.contains("HS-0013"), "{said}");
        let left = fs::read_dir(plane.plane.directory()).expect("a folder").flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        let is_of_it = |name: &&std::ffi::OsString| name.to_string_lossy().contains("full");
        assert_eq!(left.iter().find(is_of_it), None);
    }
}
