//! Several writers of one aggregate: the guard is exact, and what is not known to be stored is not
//! stored twice.

use std::collections::BTreeSet;

use async_nats::HeaderMap;
use futures_util::{StreamExt, future::join_all};
use helmstream_core::{NewEvent, command::event_id};
use helmstream_schemas::{Attributes, Context, Subject, Verdict, outcome::Outcome};
use helmstream_stream::{
    Address, Connection, StreamError,
    append::{EVENTS, append},
    connect,
    consume::{self, Durable},
    decide::Desk,
    get,
    headers::to_headers,
    load,
    publish::{Published, publish, store},
};
use helmstream_tests::{
    cluster::Cluster,
    counter::{Counter, asked, delivered, numbers},
    harness::TestPlane,
    patience::eventually,
    proxy::Wire,
    running::names,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::{CACHED_BYTES, id, log, subject};

const WRITERS: u128 = 8;
const COMMANDS_EACH: u128 = 25;

/// Every desk decides commands of its own on one counter, all at once.
async fn crowd(connections: &[Connection], counter: &helmstream_schemas::Id) {
    let writers = (0..WRITERS).map(|writer| {
        let connection = connections[writer as usize % connections.len()].clone();
        let counter = counter.clone();
        tokio::spawn(async move {
            let desk = Desk::<Counter>::new(connection, CACHED_BYTES);
            for n in 0..COMMANDS_EACH {
                let name = if n % 5 == 0 { "take_two" } else { "take" };
                let command = delivered(&counter, 1 + writer * COMMANDS_EACH + n, name);
                let outcome = desk.settle(&counter, &command).await.expect("it is settled");
                assert!(matches!(outcome, Outcome::Event { .. }), "{outcome:?}");
            }
        })
    });
    for ended in join_all(writers).await {
        ended.expect("no writer panics");
    }
}

async fn assert_numbers_are_whole(connection: &Connection, counter: &helmstream_schemas::Id) {
    let events = log(connection, counter).await;
    let wanted = (WRITERS * COMMANDS_EACH + WRITERS * COMMANDS_EACH / 5) as u64;
    assert_eq!(numbers(&events), (1..=wanted).collect::<Vec<_>>(), "each number once and in order");
    let causes: BTreeSet<_> = events.iter().map(|e| e.attributes.get("causationid")).collect();
    assert_eq!(causes.len() as u128, WRITERS * COMMANDS_EACH);
}

/// Undo the guard's header in `append::guarded` to see this red: numbers are handed out twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_of_one_aggregate_lose_nothing_and_decide_on_nothing_stale() {
    let plane = TestPlane::start().await;
    let counter = id("crowded");
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(plane.connect("run").await);
    }
    crowd(&connections, &counter).await;
    assert_numbers_are_whole(&connections[0], &counter).await;
}

/// On a replicated stream the server has two words for a conflict. Undo the second of
/// `append::CONFLICT_CODES` to see this red: a writer fails with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_three_replicas_both_codes_of_a_conflict_are_conflicts() {
    let plane = TestPlane::start_empty().await;
    let cluster = Cluster::start(plane.plane.directory()).await;
    let mut connections = Vec::new();
    for at in 0..3 {
        connections.push(cluster.connect(at).await);
    }
    let mut codes = BTreeSet::new();
    for round in 0.. {
        let subject = subject(&id(&format!("probe-{round}")));
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
        let each =
            (0..12).map(|n| publish(&connections[n % 3], &subject, headers.clone(), "{}".into()));
        let answers = join_all(each).await;
        let stored =
            answers.iter().filter(|answer| matches!(answer, Ok(Published::Stored { .. }))).count();
        assert_eq!(stored, 1, "{answers:?}");
        for answer in answers {
            if let Published::Refused { code, .. } = answer.expect("the cluster answers") {
                codes.insert(code);
            }
        }
        if codes.len() > 1 {
            break;
        }
        assert!(round < 2_000, "only {codes:?} was ever said");
    }
    assert_eq!(codes, BTreeSet::from([10_071, 10_164]));
    let counter = id("crowded");
    crowd(&connections, &counter).await;
    assert_numbers_are_whole(&connections[0], &counter).await;
}

/// A wire that loses one answer of EVENTS. Let `settle` take an unknown append for one that failed
/// (answer an error instead of reading the tail) to see this red, or take the search for the cause
/// out of the core's `decide`: the command is decided twice.
async fn decide_over_a_lossy_wire(name: &str, wanted: &[u64]) {
    let plane = TestPlane::start().await;
    let wire = Wire::to(plane.nats.port()).await;
    let address = Address { url: wire.url.clone(), ..plane.plane.address("run") };
    let connection = connect(&address).await.expect("the wire carries");
    let counter = id("unheard");
    let desk = Desk::<Counter>::new(connection.clone(), CACHED_BYTES);
    desk.settle(&counter, &delivered(&counter, 1, "take")).await.expect("it is settled");
    wire.lose_an_answer_with("\"stream\":\"EVENTS\"");
    let outcome =
        desk.settle(&counter, &delivered(&counter, 2, name)).await.expect("it is settled");
    assert_eq!(wire.lost(), 1, "the answer was lost");
    let events = log(&connection, &counter).await;
    assert_eq!(numbers(&events), wanted);
    let last = events.last().expect("an event");
    assert!(
        matches!(outcome, Outcome::Event { sequence, .. } if sequence == last.sequence),
        "{outcome:?}"
    );
    let next = desk.settle(&counter, &delivered(&counter, 3, "take")).await.expect("it is settled");
    assert!(
        matches!(next, Outcome::Event { sequence, .. } if sequence == last.sequence + 1),
        "{next:?}"
    );
}

#[tokio::test]
async fn an_append_that_was_stored_and_never_answered_is_found_and_not_made_again() {
    decide_over_a_lossy_wire("take", &[1, 2]).await;
}

#[tokio::test]
async fn a_batch_that_was_stored_and_never_answered_is_found_and_not_made_again() {
    decide_over_a_lossy_wire("take_two", &[1, 2, 3]).await;
}

/// Ids are one per stream, so anybody's can swallow an append that carries one. Let
/// `append::guarded` set `Nats-Msg-Id` to the event's id to see this red: the foreign message is
/// taken for ours.
#[tokio::test]
async fn a_foreign_message_with_the_id_of_our_event_does_not_swallow_it() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let (counter, foreign) = (id("ours"), id("theirs"));
    let ours = event_id(Uuid::from_u128(1), 0).to_string();
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", ours.as_str());
    let desk = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
    store(&run, &subject(&foreign), headers, "{}".into()).await.expect("the run may publish it");
    let outcome =
        desk.settle(&counter, &delivered(&counter, 1, "take")).await.expect("it is settled");
    let events = log(&run, &counter).await;
    assert_eq!(numbers(&events), [1]);
    assert_eq!(events[0].attributes.get("id"), Some(ours.as_str()));
    assert!(
        matches!(outcome, Outcome::Event { sequence, .. } if sequence == events[0].sequence),
        "{outcome:?}"
    );
}

/// Two processes on the same durables, one of which dies without a word. Take the guard out of
/// `append::guarded`, or acknowledge before handling in `consume::work_off`, to see this red.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_deciders_on_the_same_durables_come_to_one_outcome_each_though_one_dies() {
    const ASKED: u128 = 160;
    let plane = TestPlane::start().await;
    let (door, look) = (plane.connect("door").await, plane.connect("run").await);
    let counters: Vec<_> = (0..5).map(|n| id(&format!("shared-{n}"))).collect();
    let (stop, stopped) = watch::channel(false);
    let decider = async |stopped: &watch::Receiver<bool>| {
        let connection = plane.connect("run").await;
        let mut tasks = tokio::task::JoinSet::new();
        for partition in 0..4 {
            let (connection, stopped) = (connection.clone(), stopped.clone());
            tasks.spawn(async move {
                let desk = Desk::<Counter>::new(connection.clone(), CACHED_BYTES);
                let durable = Durable {
                    stream: "COMMANDS",
                    name: format!("run-{partition}"),
                    group: Some("one"),
                };
                let lane = |d: &consume::Delivery| d.record.subject.clone();
                let handle = |delivery: consume::Delivery| {
                    let desk = &desk;
                    async move {
                        let text = delivery.record.subject.rsplit('.').next().unwrap_or_default();
                        let counter = helmstream_schemas::Id::from_token(text).expect("a token");
                        desk.settle(&counter, &delivery.record).await?;
                        Ok(delivery)
                    }
                };
                consume::work(&connection, &durable, stopped, lane, handle).await
            });
        }
        tasks
    };
    let mut first = decider(&stopped).await;
    let second = decider(&stopped).await;
    for n in 1..=ASKED {
        let command = asked(
            &counters[n as usize % counters.len()],
            n,
            if n % 7 == 0 { "take_two" } else { "take" },
        );
        // The names that the door may ask; what is asked stands in the type.
        let subject =
            command.subject().to_string().replace(&format!(".{}.", command.name), ".report.");
        store(&door, &subject, to_headers(&command.attributes), command.payload.into())
            .await
            .expect("stored");
        if n == ASKED / 2 {
            eventually("something that was decided", async || {
                (log(&look, &counters[0]).await.len() > 3).then_some(())
            })
            .await;
            first.abort_all();
            while first.join_next().await.is_some() {}
        }
    }
    let wanted = (ASKED + ASKED / 7) as usize;
    let events = eventually("every command decided", async || {
        let mut all = Vec::new();
        for counter in &counters {
            all.push(log(&look, counter).await);
        }
        (all.iter().map(Vec::len).sum::<usize>() >= wanted).then_some(all)
    })
    .await;
    for events in &events {
        assert_eq!(
            numbers(events),
            (1..=events.len() as u64).collect::<Vec<_>>(),
            "{:?}",
            names(events)
        );
    }
    assert_eq!(events.iter().map(Vec::len).sum::<usize>(), wanted);
    stop.send_replace(true);
    for ended in second.join_all().await {
        ended.expect("the second ends in order");
    }
}

/// Undo `republish` in nats/streams/EVENTS.json and listen to the stream's own subjects instead to
/// see this red: refused appends pass by there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_subscriber_on_live_sees_every_stored_event_once_and_no_refused_one() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    plane.set_up().await;
    let mut live = admin.client.subscribe("live.run.>").await.expect("an admin may listen");
    let mut raw = admin.client.subscribe("evt.run.>").await.expect("an admin may listen");
    admin.client.flush().await.expect("the connection is open");
    let counter = id("watched");
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(plane.connect("run").await);
    }
    crowd(&connections, &counter).await;
    let events = log(&connections[0], &counter).await;
    let mut seen = Vec::new();
    for _ in &events {
        let message = tokio::time::timeout(helmstream_tests::patience::PATIENCE, live.next()).await;
        let message = message.expect("every event passes by").expect("an open subscription");
        let sequence: u64 = message
            .headers
            .as_ref()
            .and_then(|h| h.get("Nats-Sequence"))
            .and_then(|text| text.as_str().parse().ok())
            .expect("its position");
        seen.push((sequence, message.payload.to_vec()));
    }
    seen.sort();
    let stored: Vec<_> = events.into_iter().map(|event| (event.sequence, event.payload)).collect();
    assert_eq!(seen, stored);
    // What was sent after all of them, by the same server, comes after all of them.
    store(&connections[0], "evt.run.last", HeaderMap::new(), "last".into()).await.expect("stored");
    let last = live.next().await.expect("an open subscription");
    assert_eq!(last.payload, "last", "nothing passed by twice");
    let mut appends = 0;
    while raw.next().await.expect("an open subscription").payload != "last" {
        appends += 1;
    }
    assert!(
        appends > stored.len(),
        "there were refused appends, which nobody on live saw: {appends}"
    );
}

/// Take every refusal for a conflict in `append` to see this red: it would be tried for ever.
#[tokio::test]
async fn an_event_that_no_stream_takes_is_an_error_and_no_conflict() {
    let plane = TestPlane::start().await;
    let connection = plane.connect("run").await;
    let counter = id("too-large");
    let too_large = vec![b' '; 1_100_000];
    let event = NewEvent {
        subject: Subject::Event { context: Context::Run, id: counter.clone() },
        attributes: Attributes::default(),
        payload: too_large,
    };
    let refused = append(&connection, &[event], 0).await.expect_err("over the stream's limit");
    assert!(matches!(refused, StreamError::Refused { .. }), "{refused}");
    assert_eq!(refused.verdict(), Verdict::Refuse);
    assert!(log(&plane.connect("operator").await, &counter).await.is_empty());
}

/// Take the comparison of `Nats-Last-Sequence` out of `get::round` to see this red: the counter is
/// loaded without its third number, and nobody knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_in_the_middle_of_a_load_is_missed() {
    let plane = TestPlane::start().await;
    let wire = Wire::to(plane.nats.port()).await;
    let address = Address { url: wire.url.clone(), ..plane.plane.address("run") };
    let connection = connect(&address).await.expect("the wire carries");
    let counter = id("holed");
    let desk = Desk::<Counter>::new(connection.clone(), CACHED_BYTES);
    for n in 1..=5 {
        desk.settle(&counter, &delivered(&counter, n, "take")).await.expect("it is settled");
    }
    for lost in [1, 3, 5] {
        wire.lose_an_answer_with(&format!("Nats-Sequence: {lost}\r\n"));
        let read = get::all(&connection, EVENTS, &subject(&counter), 1).await;
        let missed = read.expect_err("four of five are not all");
        assert_eq!(missed.verdict(), Verdict::Retry, "{missed}");
    }
    assert_eq!(wire.lost(), 3);
    assert_eq!(numbers(&log(&connection, &counter).await), [1, 2, 3, 4, 5]);
}

/// What is loaded may come from a server that was away: only the leader knows whether it is all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aggregate_that_is_behind_the_log_is_told_to_be() {
    let plane = TestPlane::start().await;
    let connection = plane.connect("run").await;
    let counter = id("behind");
    let desk = Desk::<Counter>::new(connection.clone(), CACHED_BYTES);
    let mut before = load::load::<Counter>(&connection, &counter).await.expect("it loads");
    for n in 1..=3 {
        assert!(load::is_current(&connection, &counter, &before).await.expect("an answer"));
        desk.settle(&counter, &delivered(&counter, n, "take")).await.expect("it is settled");
        assert!(!load::is_current(&connection, &counter, &before).await.expect("an answer"));
        before = load::catch_up(&connection, &counter, before).await.expect("it loads");
    }
}
