//! Whoever is told to end in the middle, as `timeout` and `docker stop` tell it, leaves nothing behind.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use helmstream_tests::{harness::TestPlane, kill::pause::Paused, patience::eventually};

use super::{create, folder};

/// Wait for Ctrl-C alone to see this red, as the drill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_told_to_end_leaves_no_draft_and_is_in_nobodys_way() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let place = folder(&plane, "place");
    fs::create_dir(&place).expect("a folder");
    // It begins its draft and then waits for NATS, which stands still.
    let still = Paused::new(plane.nats.process_id());
    let begun = begin(&place, &["--patience", "600", "backup", "create"], |command| {
        command.arg(place.join("taken")).arg("--plane").arg(plane.plane.directory())
    });
    eventually("a draft", async || (!names(&place).is_empty()).then_some(())).await;
    is_told_to_end(begun);
    assert_eq!(names(&place), [""; 0]);
    drop(still);
    create(&plane.plane, &place.join("taken")).await.expect("a backup can be taken");
    assert_eq!(names(&place), ["taken"]);
}

/// Name the draft after the process to see this red: in a container the next process has the same number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_backup_left_is_in_nobodys_way() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let place = folder(&plane, "place");
    let left = format!(".taken.{}.draft", std::process::id());
    fs::create_dir_all(place.join(&left)).expect("a folder");
    create(&plane.plane, &place.join("taken")).await.expect("a backup can be taken");
    assert_eq!(names(&place), [left, "taken".to_owned()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_that_is_told_to_end_leaves_no_plane() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let of = folder(&plane, "backup");
    create(&plane.plane, &of).await.expect("a backup can be taken");
    let place = folder(&plane, "drills");
    fs::create_dir(&place).expect("a folder");
    // Postgres runs as somebody else than root, who has to get there.
    fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).expect("a folder");
    let begun = begin(&place, &["backup", "drill"], |command| command.arg(&of));
    // From here on it puts back, sets up and folds: seconds.
    eventually("both its servers", async || {
        let drilled = place.join(names(&place).first()?);
        drilled.join("nats/data").exists().then_some(())
    })
    .await;
    is_told_to_end(begun);
    assert_eq!(names(&place), [""; 0]);
}

fn begin(place: &Path, args: &[&str], more: impl Fn(&mut Command) -> &mut Command) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_helmstream-tested"));
    command.env("TMPDIR", place).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    more(&mut command).spawn().expect("the program runs")
}

/// SIGTERM; it ends as one that was interrupted.
fn is_told_to_end(begun: Child) {
    let told = Command::new("kill").arg(begun.id().to_string()).status().expect("a signal is sent");
    assert!(told.success());
    let Output { status, stderr, .. } = begun.wait_with_output().expect("it ends");
    assert_eq!(status.code(), Some(130), "{status}: {}", String::from_utf8_lossy(&stderr));
}

fn names(place: &Path) -> Vec<String> {
    let entries = fs::read_dir(place).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
