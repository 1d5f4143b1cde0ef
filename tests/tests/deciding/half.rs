//! A decision of which the log holds only a part: what a server leaves that is killed while it moves
//! a batch from its stage to the stream, and what a backup takes at such a moment.

use helmstream_schemas::{Id, Record};
use helmstream_stream::{
    Connection, StreamError, append::EVENTS, decide::Desk, get, headers::to_headers, load::load,
    publish::store,
};
use helmstream_tests::{
    counter::{Counter, asked, numbers},
    harness::TestPlane,
};

use super::{CACHED_BYTES, assert_loads_as_folded, id, log};

/// Stores a command as the door does, and reads it back as it is delivered.
async fn stored(admin: &Connection, counter: &Id, n: u128, name: &str) -> Record {
    let command = asked(counter, n, name);
    let (subject, headers) = (command.subject().to_string(), to_headers(&command.attributes));
    store(admin, &subject, headers, command.payload.into()).await.expect("it is stored");
    let one = format!("cmd.*.run.{name}.{}", counter.token());
    let all = get::all(admin, "COMMANDS", &one, 1).await.expect("the log answers");
    all.into_iter().next_back().expect("it is there")
}

/// A plane, and a counter whose second decision was cut after the first of its two events.
async fn cut(counter: &Id) -> (TestPlane, Connection, Desk<Counter>, Vec<Record>) {
    let mut plane = TestPlane::start().await;
    let admin = plane.admin().await;
    let mut commands = Vec::new();
    for (n, name) in [(1, "take"), (2, "take_two"), (3, "take")] {
        commands.push(stored(&admin, counter, n, name).await);
    }
    let run = plane.connect("run").await;
    let desk = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
    for command in &commands[..2] {
        desk.settle(counter, command).await.expect("it is settled");
    }
    assert_eq!(numbers(&log(&run, counter).await), [1, 2, 3]);
    plane
        .forge(EVENTS, |records| {
            records.pop();
        })
        .await;
    let run = plane.connect("run").await;
    assert_eq!(numbers(&log(&run, counter).await), [1, 2]);
    (plane, run, desk, commands)
}

/// Undo `Desk::current` (let it hand on what it loaded) to see this red.
#[tokio::test]
async fn the_rest_of_a_decision_is_stored_before_anything_else_is_decided() {
    let counter = id("half");
    let (_plane, run, remembering, commands) = cut(&counter).await;
    let told = load::<Counter>(&run, &counter).await;
    assert!(matches!(told, Err(StreamError::Half { .. })), "nobody decides on a part: {told:?}");

    let fresh = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
    fresh.settle(&counter, &commands[2]).await.expect("it is settled");
    let events = log(&run, &counter).await;
    assert_eq!(numbers(&events), [1, 2, 3, 4]);
    assert_eq!(
        events[2].attributes.get("causationid"),
        events[1].attributes.get("causationid"),
        "the third is the second decision's"
    );
    assert_loads_as_folded::<Counter>(&run, &counter, "whole again").await;

    let again = fresh.settle(&counter, &commands[1]).await.expect("it is settled");
    assert_eq!(again, remembering.settle(&counter, &commands[1]).await.expect("it is settled"));
    assert_eq!(numbers(&log(&run, &counter).await), [1, 2, 3, 4], "nothing twice");
}

/// Whoever was there when it was stored remembers more than the log holds.
#[tokio::test]
async fn whoever_remembers_the_whole_finds_the_log_shorter_and_makes_it_whole() {
    let counter = id("shorter");
    let (_plane, run, remembering, commands) = cut(&counter).await;
    remembering.settle(&counter, &commands[2]).await.expect("it is settled");
    assert_eq!(numbers(&log(&run, &counter).await), [1, 2, 3, 4]);
    assert_loads_as_folded::<Counter>(&run, &counter, "whole again").await;
}

#[tokio::test]
async fn a_part_that_is_not_what_its_command_comes_to_is_left_as_it_is() {
    let counter = id("other");
    let (mut plane, _, _, commands) = cut(&counter).await;
    plane
        .forge(EVENTS, |records| {
            records.last_mut().expect("an event").payload = br#"{"number":7}"#.to_vec();
        })
        .await;
    let run = plane.connect("run").await;
    let desk = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
    let refused = desk.settle(&counter, &commands[2]).await.expect_err("it is not decided");
    assert!(refused.to_string().contains("comes to something else"), "{refused}");
    assert_eq!(numbers(&log(&run, &counter).await), [1, 7]);
}
