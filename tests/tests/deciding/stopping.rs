//! Told to stop with work in hand: what is under way comes to its end, and what is not begun goes back at
//! once, for others to take in the order of the log. In every test the server itself would bring nothing
//! back for an hour, so what comes again was given back.

use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt;
use helmstream_schemas::Id;
use helmstream_stream::{
    Connection, StreamError,
    append::EVENTS,
    consume::{self, Delivery, Durable},
    decide::Desk,
    headers::to_headers,
    publish::store,
};
use helmstream_tests::{
    admin::api,
    counter::{Counter, asked, numbers},
    harness::TestPlane,
    patience::{PATIENCE, eventually},
};
use serde_json::json;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use uuid::Uuid;

use super::{CACHED_BYTES, id, log};

/// Commands of each counter: more than a partition has out at a time.
const ASKED: u128 = 200;

/// Longer than any test.
const ACK_WAIT: Duration = Duration::from_secs(3_600);

fn reactions() -> Durable {
    Durable { stream: EVENTS, name: "run-approval".to_owned(), group: None }
}

/// What the server does not hear of, it brings again only after an hour.
async fn with_long_ack_wait(admin: &Connection, durable: &Durable) {
    let place = format!("{}.{}", durable.stream, durable.name);
    let info = api(admin, &format!("$JS.API.CONSUMER.INFO.{place}"), json!({})).await;
    let mut config = info["config"].clone();
    config["ack_wait"] = json!(ACK_WAIT.as_nanos() as u64);
    let change = json!({ "stream_name": durable.stream, "config": config, "action": "update" });
    api(admin, &format!("$JS.API.CONSUMER.DURABLE.CREATE.{place}"), change).await;
}

/// Let `work` drop what it has in hand when it is told to stop to see this red.
#[tokio::test]
async fn what_is_begun_comes_to_its_end_and_the_rest_goes_back_at_once_and_in_order() {
    let mut plane = TestPlane::start().await;
    let admin = plane.admin().await;
    with_long_ack_wait(&admin, &reactions()).await;
    let run = plane.connect("run").await;
    let mut stored = Vec::new();
    for name in ["a", "b", "a", "b", "b", "a"] {
        let subject = format!("evt.approval.{name}");
        stored
            .push(store(&admin, &subject, Default::default(), "{}".into()).await.expect("stored"));
    }

    let ((stop, stopped), (go, gate)) = (watch::channel(false), watch::channel(false));
    let ((taking, mut taken), (ending, mut ended)) =
        (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let connection = run.clone();
    let working = tokio::spawn(async move {
        let lane = |delivery: &Delivery| {
            taking.send(delivery.record.sequence).expect("the test listens");
            delivery.record.subject.clone()
        };
        let handle = |delivery: Delivery| {
            let (mut gate, ending) = (gate.clone(), ending.clone());
            async move {
                gate.wait_for(|go| *go).await.expect("the test goes on");
                ending.send(delivery.record.sequence).expect("the test listens");
                Ok(delivery)
            }
        };
        consume::work(&connection, &reactions(), stopped, lane, handle).await
    });
    for sequence in &stored {
        assert_eq!(taken.recv().await, Some(*sequence), "it is in hand");
    }
    let stream = run.jetstream.get_stream_no_info(EVENTS).await.expect("a stream");
    let consumer: PullConsumer = stream.get_consumer("run-approval").await.expect("a durable");
    let left = stored.len() - 2;
    let other = consumer.batch().max_messages(left).expires(PATIENCE).messages().await;
    eventually("somebody else who waits", async || {
        (consumer.get_info().await.ok()?.num_waiting == 2).then_some(())
    })
    .await;
    stop.send_replace(true);
    go.send_replace(true);
    working.await.expect("it does not panic").expect("it ends in order");
    let mut finished = Vec::new();
    while let Some(sequence) = ended.recv().await {
        finished.push(sequence);
    }
    finished.sort_unstable();
    assert_eq!(finished, stored[..2], "what was begun, and nothing else");

    let mut other = other.expect("a pull");
    let mut again = Vec::new();
    while let Some(Ok(message)) = other.next().await {
        let info = message.info().expect("it says where it is from");
        again.push((info.stream_sequence, info.delivered));
    }
    let given_back: Vec<_> = stored[2..].iter().map(|sequence| (*sequence, 2)).collect();
    assert_eq!(again, given_back, "in the order of the log, and nothing that had come to its end");
}

/// Two instances, of which one is told to stop in the middle of load. Let `work` drop what it has in hand
/// to see this red: what it held comes after an hour, and what came later is decided before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_others_go_on_where_one_is_told_to_stop() {
    let mut plane = TestPlane::start().await;
    let admin = plane.admin().await;
    for partition in 0..4 {
        with_long_ack_wait(&admin, &partition_of(partition)).await;
    }
    let counters: Vec<_> = (0..4).map(|n| id(&format!("rolled-{n}"))).collect();
    for n in 1..=ASKED {
        for (at, counter) in counters.iter().enumerate() {
            let command = asked(counter, n * 10 + at as u128, "take");
            let (subject, headers) =
                (command.subject().to_string(), to_headers(&command.attributes));
            store(&admin, &subject, headers, command.payload.into()).await.expect("stored");
        }
    }
    let look = plane.connect("run").await;
    let ((stop_first, first_stopped), (stop, stopped)) =
        (watch::channel(false), watch::channel(false));
    let first = decide(plane.connect("run").await, first_stopped);
    eventually("something that was decided", async || {
        (log(&look, &counters[0]).await.len() > 10).then_some(())
    })
    .await;
    let other = plane.connect("run").await;
    let second = decide(other.clone(), stopped);
    stop_first.send_replace(true);
    let told = Instant::now();
    for ended in first.join_all().await {
        ended.expect("it ends in order");
    }
    let ended = told.elapsed();
    let all = async || {
        let mut all = Vec::new();
        for counter in &counters {
            all.push(log(&look, counter).await);
        }
        let decided = all.iter().map(Vec::len).sum::<usize>();
        (decided >= ASKED as usize * counters.len()).then_some(all)
    };
    let all = eventually("every command decided", all).await;
    let again = other.tally.redelivered.get();
    println!(
        "ended after {ended:?}; {again} came again, and all were decided after {:?}",
        told.elapsed()
    );
    for (at, events) in all.iter().enumerate() {
        assert_eq!(numbers(events), (1..=ASKED as u64).collect::<Vec<_>>());
        let causes =
            events.iter().map(|event| event.attributes.get("causationid").map(str::to_owned));
        let order = (1..=ASKED).map(|n| Uuid::from_u128(n * 10 + at as u128).to_string());
        assert_eq!(causes.collect::<Vec<_>>(), order.map(Some).collect::<Vec<_>>());
    }
    stop.send_replace(true);
    for ended in second.join_all().await {
        ended.expect("it ends in order");
    }
}

fn partition_of(partition: u64) -> Durable {
    Durable { stream: "COMMANDS", name: format!("run-{partition}"), group: Some("one") }
}

/// An instance that decides all partitions.
fn decide(
    connection: Connection,
    stopped: watch::Receiver<bool>,
) -> JoinSet<Result<(), StreamError>> {
    let mut tasks = JoinSet::new();
    for partition in 0..4 {
        let (connection, stopped) = (connection.clone(), stopped.clone());
        tasks.spawn(async move {
            let desk = Desk::<Counter>::new(connection.clone(), CACHED_BYTES);
            let lane = |delivery: &Delivery| delivery.record.subject.clone();
            let handle = |delivery: Delivery| {
                let desk = &desk;
                async move {
                    let token = delivery.record.subject.rsplit('.').next().unwrap_or_default();
                    let counter = Id::from_token(token).expect("a token");
                    desk.settle(&counter, &delivery.record).await?;
                    Ok(delivery)
                }
            };
            consume::work(&connection, &partition_of(partition), stopped, lane, handle).await
        });
    }
    tasks
}
