//! The log was changed.

use helmstream_projections::verify::Kind;
use helmstream_stream::{append::EVENTS, get, headers::to_headers, publish::store};
use helmstream_tests::{admin::api, forge::Stored, patience::eventually, running::Running};
use serde_json::json;

use super::{at, at_rest, difference, goes_on, halts, reads_to, run_sql, verified};

async fn head(plane: &Running) -> u64 {
    let extent = helmstream_stream::read::extent(&plane.operator, EVENTS).await;
    extent.expect("the log answers").last
}

/// Another letter for one that stands in every payload, so that it stays JSON.
fn edit(record: &mut Stored) {
    let text = String::from_utf8(record.payload.clone()).expect("JSON");
    let changed = text.replacen('0', "1", 1);
    assert_ne!(changed, text, "something was changed");
    record.payload = changed.into_bytes();
}

/// Everything of two records but their positions and times.
fn swap(records: &mut [Stored], one: usize, other: usize) {
    let (a, b) = (records[one].clone(), records[other].clone());
    assert_ne!((&a.subject, &a.payload), (&b.subject, &b.payload), "two that are not the same");
    records[one] = Stored { sequence: a.sequence, nanos: a.nanos, ..b.clone() };
    records[other] = Stored { sequence: b.sequence, nanos: b.nanos, ..a };
}

/// Appends somebody's facts, as their service would, until the log has this many records.
async fn grow(plane: &Running, to: u64) {
    let run = plane.plane.connect("run").await;
    let pattern = get::at(&run, EVENTS, 3).await.expect("the log answers").expect("a record");
    while head(plane).await < to {
        let headers = to_headers(&pattern.attributes);
        let payload = pattern.payload.clone().into();
        store(&run, "evt.run.somebody-else", headers, payload).await.expect("a run may append");
    }
}

/// Nothing is changed but that the server was stopped and its disk written as it was.
#[tokio::test]
async fn a_log_that_was_only_stopped_and_started_is_the_same() {
    let (mut plane, client) = at_rest(2).await;
    plane.plane.forge(EVENTS, |_| {}).await;
    let (progress, difference) = verified(&client, 1).await;
    assert_eq!(difference, None);
    assert_eq!(progress.checkpoints, 10, "every view on every stream it reads");
    assert!(progress.streams.iter().all(|walk| walk.records == walk.head_seq), "{progress:?}");
    assert_eq!(progress.streams.len(), 3);
    let caused = plane
        .events(">")
        .await
        .iter()
        .filter(|e| e.attributes.get("causationhash").is_some())
        .count();
    assert!(caused > 10, "events name their commands");
    assert_eq!((progress.causes.compared, progress.causes.unread), (caused as u64, 0));

    // From a position on there is less to do.
    let (progress, difference) = verified(&client, head(&plane).await - 1).await;
    assert_eq!(difference, None);
    let walked: Vec<u64> = progress.streams.iter().map(|walk| walk.records).collect();
    assert!(walked[0] < 4 && walked[2] == 2, "{progress:?}");
}

#[tokio::test]
async fn a_log_that_lost_its_end_halts_its_views_and_is_told() {
    let (mut plane, client) = at_rest(2).await;
    let before = head(&plane).await;
    plane.plane.forge(EVENTS, |records| records.truncate(records.len() - 3)).await;
    assert_eq!(head(&plane).await, before - 3);
    for service in ["run", "ledger", "deadline"] {
        let said = halts(&mut plane, service).await;
        let wanted = format!("it stands at {before}, and the log ends at {}", before - 3);
        assert!(said.contains(&wanted), "{said}");
    }
    let (_, found) = verified(&client, 1).await;
    let found = found.expect("it is a difference");
    assert_eq!((found.kind, &*found.stream), (Kind::BeyondHead, EVENTS));
    assert!(found.log.contains(&format!("ends at {}", before - 3)), "{found:?}");
    assert!(found.found.contains(&format!("up to {before}")), "{found:?}");
}

/// A copy from before is put back and gone on with, until it is as long as what was lost and longer.
#[tokio::test]
async fn an_older_copy_of_the_log_that_is_gone_on_with_halts_its_views_and_is_told() {
    let (mut plane, client) = at_rest(2).await;
    let before = head(&plane).await;
    let msgs = plane.plane.plane.directory().join("nats/data/jetstream/PLANE/streams/EVENTS/msgs");
    let kept = plane.plane.plane.directory().join("older");
    plane.plane.forge(EVENTS, |_| {}).await;
    plane.plane.nats.stop().await;
    std::fs::create_dir(&kept).expect("a folder");
    std::fs::copy(msgs.join("1.blk"), kept.join("1.blk")).expect("a copy");
    plane.plane.nats.restart().await.expect("the server starts again");
    grow(&plane, before + 3).await;
    goes_on(&mut plane, &["run", "ledger"]).await;
    plane.plane.nats.stop().await;
    let _ = std::fs::remove_file(msgs.join("index.db"));
    std::fs::copy(kept.join("1.blk"), msgs.join("1.blk")).expect("the copy is put back");
    plane.plane.nats.restart().await.expect("the server starts again");
    assert_eq!(head(&plane).await, before);
    assert!(halts(&mut plane, "run").await.contains("the log ends at"));
    grow(&plane, before + 9).await;
    let said = halts(&mut plane, "run").await;
    assert!(said.contains("has hash") && said.contains("was applied"), "{said}");
    let (_, found) = verified(&client, 1).await;
    let found = found.expect("it is a difference");
    assert_eq!((found.kind, found.sequence), (Kind::CheckpointAltered, before + 3));
}

/// The same under views that run all the while: the server goes and comes back with less, and what
/// comes next follows on where they are.
#[tokio::test]
async fn a_view_that_runs_while_the_server_comes_back_with_an_older_log_halts() {
    let (mut plane, _) = at_rest(1).await;
    let before = head(&plane).await + 1;
    plane.serve(&["run", "ledger"]);
    grow(&plane, before).await;
    reads_to(&plane, &["run", "ledger"], before).await;
    plane.plane.forge(EVENTS, |records| records.truncate(records.len() - 3)).await;
    grow(&plane, before + 3).await;
    halt(&mut plane, &["run", "ledger"]).await;
}

/// Here nobody hears anything: the server stays, and the stream is made anew with the same epoch.
/// What tells them is that their consumer went with the stream. Begin to read anew in `Reader::next`
/// where it is gone, as the client's ordered consumer does, to see this red: the views go on as if
/// nothing had been.
#[tokio::test]
async fn a_view_that_runs_while_the_stream_is_made_anew_halts_at_the_next_record() {
    // Whether or not it has read anything since it began.
    for grown in [0, 1] {
        made_anew_under_running_views(grown).await;
    }
}

/// Of EVENTS: four durables, and a reader each for runs, the ledger and second names.
const CONSUMERS: u64 = 7;

async fn made_anew_under_running_views(grown: u64) {
    let (mut plane, _) = at_rest(1).await;
    let admin = plane.plane.admin().await;
    let before = head(&plane).await + grown;
    plane.serve(&["run", "ledger"]);
    eventually("a reader for each view", async || {
        let info = api(&admin, "$JS.API.STREAM.INFO.EVENTS", json!({})).await;
        (info["state"]["consumer_count"].as_u64() >= Some(CONSUMERS)).then_some(())
    })
    .await;
    grow(&plane, before).await;
    reads_to(&plane, &["run", "ledger"], before).await;
    let mut records = plane.events(">").await;
    records.truncate(records.len() - 3);
    api(&admin, "$JS.API.STREAM.DELETE.EVENTS", json!({})).await;
    let config = include_str!("../../../nats/streams/EVENTS.json");
    let config = serde_json::from_str(config).expect("JSON");
    api(&admin, "$JS.API.STREAM.CREATE.EVENTS", config).await;
    for record in records {
        let headers = to_headers(&record.attributes);
        store(&admin, &record.subject, headers, record.payload.into()).await.expect("it is stored");
    }
    grow(&plane, before + 3).await;
    halt(&mut plane, &["run", "ledger"]).await;
}

/// What services end with that ran all the while.
async fn halt(plane: &mut Running, services: &[&str]) {
    for service in services {
        let said = format!("{:#}", plane.ended(service).await.expect_err("it does not go on"));
        // A reader that had hardly begun may look before the log has grown again.
        let found = said.contains("has hash") || said.contains("and the log ends at");
        assert!(found, "{said}");
    }
}

#[tokio::test]
async fn a_log_that_was_made_anew_is_told() {
    let (mut plane, client) = at_rest(1).await;
    let admin = plane.plane.admin().await;
    api(&admin, "$JS.API.STREAM.DELETE.EVENTS", json!({})).await;
    plane.plane.set_up().await;
    assert!(halts(&mut plane, "run").await.contains("epoch"));
    let (_, found) = verified(&client, 1).await;
    let found = found.expect("it is a difference");
    assert_eq!(found.kind, Kind::OtherEpoch);
    assert!(found.view.is_some() && found.log.contains("epoch"), "{found:?}");
}

#[tokio::test]
async fn a_record_that_was_edited_is_found_wherever_it_is() {
    let (mut plane, client) = at_rest(2).await;
    let last = head(&plane).await;
    plane.plane.forge(EVENTS, |records| edit(&mut records[2])).await;
    // Deep below where a view stands it looks at nothing: it goes on, and `verify` tells.
    goes_on(&mut plane, &["run"]).await;
    let (progress, found) = verified(&client, 1).await;
    let found = found.expect("it is a difference");
    assert_eq!((found.kind, &*found.stream, found.sequence), (Kind::RecordAltered, EVENTS, 3));
    let record = get::at(&plane.operator, EVENTS, 3).await.expect("the log answers");
    let hash = helmstream_schemas::Hash::of_record(&record.expect("a record")).to_string();
    assert!(found.log.contains(&hash) && !found.found.contains(&hash), "{found:?}");
    assert_eq!(progress.streams[2].records, 2, "what is before it agrees");

    let last = last as usize - 1;
    plane.plane.forge(EVENTS, |records| edit(&mut records[last])).await;
    let said = halts(&mut plane, "ledger").await;
    assert!(said.contains("has hash") && said.contains("was applied"), "{said}");
    assert_eq!(
        difference(&client).await.map(|(kind, _, at)| (kind, at)),
        Some((Kind::CheckpointAltered, last as u64 + 1)),
        "where views stand is looked at first"
    );
}

#[tokio::test]
async fn two_records_that_changed_places_are_found() {
    let (mut plane, client) = at_rest(2).await;
    plane.plane.forge(EVENTS, |records| swap(records, 2, 3)).await;
    assert_eq!(difference(&client).await, at(Kind::RecordAltered, EVENTS, 3));
    plane.plane.forge(EVENTS, |records| swap(records, 2, 3)).await;
    assert_eq!(difference(&client).await, None, "put back, it is as it was");
    let last = head(&plane).await as usize;
    plane.plane.forge(EVENTS, |records| swap(records, last - 2, last - 1)).await;
    let said = halts(&mut plane, "ledger").await;
    assert!(said.contains("has hash") && said.contains("was applied"), "{said}");
}

#[tokio::test]
async fn a_record_that_was_taken_out_is_found_in_every_stream() {
    for stream in [EVENTS, "COMMANDS"] {
        let (mut plane, client) = at_rest(1).await;
        plane.plane.forge(stream, |records| drop(records.remove(2))).await;
        assert_eq!(difference(&client).await, at(Kind::RecordMissing, stream, 3));
    }
}

/// Whoever edits a command and has the ledger read it again has two sides that agree; the event
/// still says which command it was decided from.
#[tokio::test]
async fn a_command_that_was_edited_on_both_sides_is_given_away_by_its_event() {
    let (mut plane, client) = at_rest(1).await;
    plane.plane.forge("COMMANDS", |records| edit(&mut records[1])).await;
    assert_eq!(difference(&client).await, at(Kind::RecordAltered, "COMMANDS", 2));
    run_sql(&plane, "TRUNCATE ledger_v1.record, ledger_v1.checkpoint").await;
    goes_on(&mut plane, &["ledger"]).await;
    let command = plane.commands(">").await.swap_remove(1);
    let id = command.attributes.get("id").expect("an id").to_owned();
    let events = plane.events(">").await;
    let caused = events.iter().find(|event| {
        event.attributes.get("causationid") == Some(&id)
            && event.attributes.get("causationhash").is_some()
    });
    let caused = caused.expect("the command became an event").sequence;
    assert_eq!(difference(&client).await, at(Kind::CauseAltered, EVENTS, caused));
}

/// A clock that was set back shows in the order of the log.
#[tokio::test]
async fn a_record_that_is_older_than_the_one_before_it_is_told() {
    let (mut plane, client) = at_rest(1).await;
    plane.plane.forge(EVENTS, |records| records[3].nanos = records[2].nanos - 1).await;
    run_sql(&plane, "TRUNCATE ledger_v1.record, ledger_v1.checkpoint").await;
    goes_on(&mut plane, &["ledger"]).await;
    assert_eq!(difference(&client).await, at(Kind::TimeWentBack, EVENTS, 4));
}
