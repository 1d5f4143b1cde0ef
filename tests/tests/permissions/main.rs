//! Who may do what on NATS, tried on a real server: every user does its own work, and nobody does
//! another's. What the permissions say is in `nats/permissions`; this file holds the same knowledge
//! once more, as behaviour.

mod writers;

use std::{collections::BTreeSet, time::Duration};

use async_nats::{
    HeaderMap, RequestErrorKind,
    jetstream::{
        self,
        consumer::{PullConsumer, pull::OrderedConfig},
    },
};
use futures_util::StreamExt;
use helmstream_schemas::Verdict;
use helmstream_services::local::credentials;
use helmstream_stream::{
    StreamError,
    connect::{Connection, inbox_prefix},
    get,
};
use helmstream_tests::{harness::TestPlane, tree};
use serde_json::Value;

use self::writers::WRITERS;

/// How long an answer may take before the test fails; nothing passes by waiting for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Take the denials out of ledger.json to see this red: a reader of COMMANDS could then change and
/// delete durables.
#[tokio::test]
async fn every_subject_is_open_to_those_who_need_it_and_to_nobody_else() {
    let plane = TestPlane::start().await;
    let users = credentials::users().expect("the files are readable");
    let mut connections = Vec::new();
    for user in &users {
        connections.push((user.user.as_str(), plane.connect(&user.user).await));
    }
    for (subject, wanted) in WRITERS {
        let mut found = BTreeSet::new();
        for (user, connection) in &connections {
            if may_publish(connection, subject).await {
                found.insert(*user);
            }
        }
        assert_eq!(found, wanted.iter().copied().collect(), "who may publish to {subject}");
    }
}

/// What is told of the plane is tried: no channel of the AsyncAPI document, and no word that travels as a
/// command, is left out above.
#[test]
fn every_channel_that_is_described_is_tried_with_every_user() {
    let path = tree::root().join("schemas/asyncapi.json");
    let text = std::fs::read_to_string(path).expect("it is there");
    let document: Value = serde_json::from_str(&text).expect("it is JSON");
    let is_tried = |wanted: &[&str]| {
        WRITERS.iter().any(|(subject, _)| {
            // A type has dots of its own, and stands last.
            let tokens: Vec<&str> = subject.splitn(wanted.len(), '.').collect();
            let mut each = tokens.iter().zip(wanted);
            tokens.len() == wanted.len()
                && each.all(|(token, wanted)| wanted.starts_with('{') || token == wanted)
        })
    };
    let channels = document["channels"].as_object().expect("there are channels");
    assert!(channels.len() > 30, "{}", channels.len());
    for channel in channels.values() {
        let address = channel["address"].as_str().expect("an address");
        let tokens: Vec<&str> = address.split('.').collect();
        assert!(is_tried(&tokens), "nobody is tried on {address}");
        let words = channel["messages"].as_object().into_iter().flat_map(|words| words.keys());
        for word in words.filter(|_| matches!(tokens[..], ["cmd", _, "{name}", _])) {
            let name = word.split('.').nth(2).expect("a word");
            assert!(is_tried(&["cmd", tokens[1], name, "{id}"]), "nobody is tried on {word}");
        }
    }
}

#[tokio::test]
async fn nobody_listens_to_anything_but_its_own_answers() {
    let plane = TestPlane::start().await;
    for user in credentials::users().expect("the files are readable") {
        let connection = plane.connect(&user.user).await;
        for subject in [
            ">",
            "evt.>",
            "live.run.*",
            "in.*",
            "out.>",
            "cmd.>",
            "$JS.API.>",
            "_INBOX_setup.*",
            "_INBOX.>",
        ] {
            if subject.starts_with(&inbox_prefix(&user.user)) {
                continue;
            }
            let denial = connection.denial_of(subject);
            let _subscription = connection
                .client
                .subscribe(subject)
                .await
                .expect("the client itself does not mind");
            let denied = tokio::time::timeout(PATIENCE, denial).await;
            assert!(
                denied.is_ok_and(|words| words.contains("Subscription")),
                "{} listens to {subject}",
                user.user
            );
        }
    }
}

/// Take `unless_denied` out of `get::message` and `get::round` to see this red: who may not read would
/// try again for ever, as if the server were away.
#[tokio::test]
async fn whoever_may_not_read_is_told_so_and_does_not_wait_for_an_answer() {
    let plane = TestPlane::start().await;
    let faber = plane.connect("faber").await;
    let read = [
        get::last(&faber, "EVENTS", "evt.run.a").await.map(drop),
        get::at(&faber, "EVENTS", 1).await.map(drop),
        get::all(&faber, "EVENTS", "evt.run.a", 1).await.map(drop),
        get::page(&faber, "COMMANDS", ">", 1).await.map(drop),
    ];
    for told in read {
        let error = told.expect_err("it may not");
        assert!(matches!(error, StreamError::NotPermitted { .. }), "{error}");
        assert_eq!(error.verdict(), Verdict::Stop, "{error}");
    }
}

#[tokio::test]
async fn a_publish_goes_through_the_door_and_its_answer_comes_back_to_the_publisher() {
    let plane = TestPlane::start().await;
    let (faber, door, run) =
        (plane.connect("faber").await, plane.connect("door").await, plane.connect("run").await);
    store(&faber, "in.faber", HeaderMap::new()).await;

    let message = next(&durable(&door, "INBOX", "door").await, None).await;
    assert_eq!(message.subject.as_str(), "in.faber");
    store(&door, "cmd.run.report.a", HeaderMap::new()).await;
    message.double_ack().await.expect("the door may acknowledge");

    let mut taken = None;
    for partition in 0..4 {
        let consumer = durable(&run, "COMMANDS", &format!("run-{partition}")).await;
        if consumer.cached_info().num_pending == 1 {
            taken = Some(next(&consumer, Some("one")).await);
        }
    }
    let command = taken.expect("one of the partitions has the command");
    assert!(command.subject.ends_with(".run.report.a"), "{}", command.subject);
    store(&run, "evt.run.a", HeaderMap::new()).await;
    store(&run, "state.run.a", HeaderMap::new()).await;
    store(&run, "jrn.run", HeaderMap::new()).await;
    command.double_ack().await.expect("the decider may acknowledge");

    for (asker, user) in [(faber, "faber"), (plane.connect("operator").await, "operator")] {
        let place = format!("{}.outcome", inbox_prefix(user));
        let mut answers = asker
            .client
            .subscribe(place.clone())
            .await
            .expect("a publisher may listen to its inbox");
        // The subscription is in place once the server has answered what was asked after it.
        store(&asker, &format!("in.{user}"), HeaderMap::new()).await;
        run.client.publish(place, "done".into()).await.expect("the connection is open");
        let answer =
            tokio::time::timeout(PATIENCE, answers.next()).await.expect("an answer in time");
        assert_eq!(answer.expect("an answer").payload, "done");
    }
}

#[tokio::test]
async fn a_deadline_fires_for_the_service_that_armed_it_and_is_gone_once_acknowledged() {
    let plane = TestPlane::start().await;
    let (run, operator) = (plane.connect("run").await, plane.connect("operator").await);
    for (id, at) in [("past", "2020-01-01T00:00:00Z"), ("future", "2099-01-01T00:00:00Z")] {
        let headers = schedule(at, &format!("due.run.{id}.stalled"));
        store(&run, &format!("sch.run.{id}.stalled"), headers).await;
    }
    let due = next(&durable(&run, "DEADLINES", "run-due").await, None).await;
    assert_eq!(due.subject.as_str(), "due.run.past.stalled");
    let scheduler = due
        .headers
        .as_ref()
        .and_then(|headers| headers.get("Nats-Scheduler"))
        .map(ToString::to_string);
    assert_eq!(
        scheduler.as_deref(),
        Some("sch.run.past.stalled"),
        "the server says which schedule fired"
    );
    due.double_ack().await.expect("the decider may acknowledge");

    let info =
        request(&operator, "$JS.API.STREAM.INFO.DEADLINES", r#"{"subjects_filter":">"}"#).await;
    assert_eq!(info["state"]["subjects"].to_string(), r#"{"sch.run.future.stalled":1}"#);
}

#[tokio::test]
async fn readers_in_order_go_on_after_their_consumer_was_lost() {
    let plane = TestPlane::start().await;
    let (door, run) = (plane.connect("door").await, plane.connect("run").await);
    let readers = [
        ("run", "EVENTS"),
        ("deadline", "EVENTS"),
        ("ledger", "EVENTS"),
        ("ledger", "COMMANDS"),
        ("ledger", "JOURNAL"),
    ];
    let mut reading = Vec::new();
    for (user, stream) in readers {
        let connection = plane.connect(user).await;
        let config = OrderedConfig::default();
        let consumer = connection
            .jetstream
            .create_consumer_on_stream(config, stream)
            .await
            .expect("a reader may read");
        let name = consumer.cached_info().name.clone();
        reading.push((
            connection,
            stream,
            name,
            consumer.messages().await.expect("a reader may pull"),
        ));
    }
    for round in 0..2 {
        store(&run, "evt.run.a", HeaderMap::new()).await;
        store(&door, "cmd.run.report.a", HeaderMap::new()).await;
        store(&run, "jrn.run", HeaderMap::new()).await;
        for (connection, stream, name, messages) in &mut reading {
            let message = tokio::time::timeout(PATIENCE, messages.next()).await;
            let message = message.unwrap_or_else(|_| {
                panic!("{} got nothing of {stream} in round {round}", connection.user)
            });
            message.expect("an open stream").expect("a message");
            if round == 0 {
                let deleted =
                    connection.jetstream.delete_consumer_from_stream(name.as_str(), *stream).await;
                deleted.expect("a reader may delete its own consumer");
            }
        }
    }
}

#[tokio::test]
async fn a_schedule_cannot_name_another_one_as_its_origin() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let mut headers = schedule("2020-01-01T00:00:00Z", "due.run.a.stalled");
    headers.insert("Nats-Scheduler", "sch.run.other.stalled");
    let stored = run.jetstream.publish_with_headers("sch.run.a.stalled", headers, "x".into()).await;
    let refused = stored.expect("the connection is open").await.expect_err("the server refuses it");
    assert!(refused.to_string().contains("invalid scheduler"), "{refused}");
}

/// Put faber into the plane's account to see this red: the server stores its own acknowledgement as
/// an event of the run.
#[tokio::test]
async fn a_publisher_cannot_have_the_servers_answer_stored_as_an_event() {
    let plane = TestPlane::start().await;
    let (faber, ledger) = (plane.connect("faber").await, plane.connect("ledger").await);
    for target in
        ["evt.run.victim", "cmd.run.report.victim", "due.run.victim.stalled", "in.operator"]
    {
        faber
            .client
            .publish_with_reply("in.faber", target, "x".into())
            .await
            .expect("the connection is open");
    }
    // Whatever the four above set off was set off before this one is answered.
    store(&faber, "in.faber", HeaderMap::new()).await;
    for stream in ["EVENTS", "COMMANDS"] {
        let info = request(&ledger, &format!("$JS.API.STREAM.INFO.{stream}"), "").await;
        assert_eq!(info["state"]["messages"], 0, "{stream}");
    }
    let operator = plane.connect("operator").await;
    for (stream, subjects) in [("DEADLINES", "null"), ("INBOX", r#"{"in.faber":5}"#)] {
        let info = request(
            &operator,
            &format!("$JS.API.STREAM.INFO.{stream}"),
            r#"{"subjects_filter":">"}"#,
        )
        .await;
        assert_eq!(info["state"]["subjects"].to_string(), subjects, "{stream}");
    }
}

/// Creating a consumer under a durable's name changes the durable. `WRITERS` holds that this is
/// denied where the name is in the subject; here it is only in the body, and the server itself must
/// not heed it.
#[tokio::test]
async fn a_reader_of_commands_cannot_touch_the_durables_of_those_who_decide() {
    let plane = TestPlane::start().await;
    let ledger = plane.connect("ledger").await;
    for name in ["name", "durable_name"] {
        let body = format!(
            r#"{{"stream_name":"COMMANDS","config":{{"{name}":"run-0","ack_policy":"none","filter_subject":"cmd.9.>"}}}}"#
        );
        let answer = request(&ledger, "$JS.API.CONSUMER.CREATE.COMMANDS", &body).await;
        assert!(answer["name"] != "run-0", "{answer}");
    }
    let operator = plane.connect("operator").await;
    let info = request(&operator, "$JS.API.CONSUMER.INFO.COMMANDS.run-0", "").await;
    assert_eq!(
        (&info["config"]["filter_subject"], &info["config"]["ack_policy"]),
        (&"cmd.0.run.>".into(), &"explicit".into())
    );
}

/// Publishes with a place for an answer. The server either says something there, if only that
/// nobody listens, or denies.
async fn may_publish(connection: &Connection, subject: &str) -> bool {
    let payload = if subject.contains("MSG.NEXT") { r#"{"no_wait":true}"# } else { "" };
    let denial = connection.denial_of(subject);
    tokio::select! {
        _ = denial => false,
        answer = connection.client.request(subject.to_owned(), payload.into()) => {
            // Nobody may listen there; what counts is that the server took it.
            assert!(!answer.is_err_and(|error| error.kind() == RequestErrorKind::TimedOut), "{subject}: no word");
            true
        }
    }
}

fn schedule(at: &str, target: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Schedule", format!("@at {at}"));
    headers.insert("Nats-Schedule-Target", target);
    headers.insert("Nats-TTL", "never");
    headers
}

async fn store(connection: &Connection, subject: &str, headers: HeaderMap) {
    let stored =
        connection.jetstream.publish_with_headers(subject.to_owned(), headers, "x".into()).await;
    let stored = stored.expect("the connection is open").await;
    stored.unwrap_or_else(|error| {
        panic!("{} cannot store {subject}: {error}; {:?}", connection.user, connection.denied())
    });
}

async fn request(connection: &Connection, subject: &str, body: &str) -> Value {
    let answer = connection.client.request(subject.to_owned(), body.to_owned().into()).await;
    let answer =
        answer.unwrap_or_else(|error| panic!("{subject}: {error}; {:?}", connection.denied()));
    serde_json::from_slice(&answer.payload).expect("an answer in JSON")
}

async fn durable(connection: &Connection, stream: &str, name: &str) -> PullConsumer {
    let found = connection.jetstream.get_consumer_from_stream(name, stream).await;
    found.unwrap_or_else(|error| panic!("{} cannot find {name}: {error}", connection.user))
}

async fn next(consumer: &PullConsumer, group: Option<&str>) -> jetstream::Message {
    let stream = consumer.stream();
    let stream = if let Some(group) = group { stream.group(group) } else { stream };
    let mut messages = stream.messages().await.expect("a consumer of ours can be pulled from");
    let message = tokio::time::timeout(PATIENCE, messages.next()).await.expect("a message in time");
    message.expect("an open stream").expect("a message")
}
