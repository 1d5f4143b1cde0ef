//! A folder that is watched while somebody writes into it.

use std::{fs, path::PathBuf, pin::Pin};

use futures_util::{Stream, StreamExt};
use helmstream_services::{
    client::Failure,
    faber::{
        Project,
        sync::{Synced, Wanted, sync},
        told::{Told, Word},
    },
};
use helmstream_tests::{harness::TestPlane, patience::PATIENCE, running::names};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Scratch, WITH, client};

const EVENTS: &str = ".fractary/faber/runs/acme/shop/w/events";

fn event(number: u64, message: &str) -> Value {
    json!({
        "event_id": number, "type": "checkpoint", "timestamp": "2026-04-01T10:00:00.000Z",
        "run_id": "acme/shop/w", "message": message, "metadata": {}
    })
}

/// The next file that is told.
async fn next(synced: &mut Pin<Box<dyn Stream<Item = Result<Synced, Failure>> + '_>>) -> Told {
    let next = tokio::time::timeout(PATIENCE, synced.next()).await.expect("a file is told");
    next.expect("watching goes on").unwrap_or_else(|failure| panic!("{failure:?}")).told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_told_as_it_comes_and_what_is_half_written_when_it_is_whole() {
    let plane = TestPlane::start_running(&WITH).await;
    let scratch = Scratch::make();
    let path = |name: &str| format!("{EVENTS}/{name}.json");
    scratch.put(&path("001-a"), &event(1, "one").to_string());
    let client = client(&plane);
    let (stop, stopped) = watch::channel(false);
    let project = Project::open(&scratch.0, None).expect("a project");
    let wanted = Wanted { watch: true, history: false, stop: stopped };
    let mut synced: Pin<Box<dyn Stream<Item = _> + '_>> = Box::pin(sync(&client, project, wanted));
    let told = next(&mut synced).await;
    assert_eq!((told.path, told.outcome), (path("001-a"), Word::Taken));

    // Half of it, then another file whole: only that one is told, and the half once it is whole.
    let whole = event(2, "two").to_string();
    scratch.put(&path("002-b"), &whole[..whole.len() / 2]);
    scratch.put(&path("003-c"), &event(3, "three").to_string());
    let told = next(&mut synced).await;
    assert_eq!((told.path, told.outcome), (path("003-c"), Word::Taken));
    scratch.put(&path("002-b"), &whole);
    let told = next(&mut synced).await;
    assert_eq!((told.path, told.outcome), (path("002-b"), Word::Taken));

    // Renumbered: it says what it said. Vanished: nothing is said. Overwritten: it says otherwise.
    let old: PathBuf = scratch.0.join(path("003-c"));
    fs::rename(&old, scratch.0.join(path("004-c"))).expect("a file can be renamed");
    let told = next(&mut synced).await;
    assert_eq!((told.path, told.outcome), (path("004-c"), Word::HadAlready));
    fs::remove_file(scratch.0.join(path("001-a"))).expect("a file can be removed");
    scratch.put(&path("002-b"), &event(2, "otherwise").to_string());
    let told = next(&mut synced).await;
    assert_eq!((told.path, told.outcome), (path("002-b"), Word::Conflict));

    // What stays half is kept, once it had its time.
    scratch.put(&path("005-d"), &whole[..whole.len() / 2]);
    let told = next(&mut synced).await;
    assert_eq!((told.path.as_str(), told.outcome), (path("005-d").as_str(), Word::Quarantined));
    scratch.put(&path("005-d"), &event(5, "five").to_string());
    let told = next(&mut synced).await;
    assert_eq!((told.path, told.outcome), (path("005-d"), Word::Taken));

    // What is half when it ends is told, and is nobody's dead letter.
    scratch.put(&path("006-e"), "{");
    scratch.put(&path("007-f"), &event(7, "seven").to_string());
    assert_eq!(next(&mut synced).await.path, path("007-f"));
    stop.send_replace(true);
    let told = next(&mut synced).await;
    assert_eq!((told.path, told.outcome), (path("006-e"), Word::Nothing));
    let ended = tokio::time::timeout(PATIENCE, synced.next()).await.expect("it ends");
    assert!(ended.is_none(), "{ended:?}");
    let events = names(&plane.events("evt.run.acme/shop/w").await);
    assert_eq!(events.iter().filter(|name| *name == "noted").count(), 5, "{events:?}");
    assert_eq!(events.iter().filter(|name| *name == "claim_disputed").count(), 1, "{events:?}");
}
