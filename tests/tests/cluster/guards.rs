//! Guards that several contend for on three replicas, each through a server of its own, while the
//! stream's leader is made to step down again and again: each guard is won once, and whoever was told
//! that it has won is on the log where it was told.
//!
//! Short in `cargo test`; long by hand:
//! `HELMSTREAM_GUARDS=100000 HELMSTREAM_SEED=7 cargo test -p helmstream-tests --test cluster guards -- --nocapture`

use std::collections::{BTreeMap, HashMap};

use async_nats::HeaderMap;
use futures_util::{StreamExt, future::join_all, stream};
use helmstream_schemas::{Context, Id, Subject};
use helmstream_stream::{
    Address, Connection,
    append::EVENTS,
    connect, get,
    publish::{Published, publish},
    read::{extent, read},
};
use helmstream_tests::{harness::TestPlane, kill::chance::Chance, patience::eventually};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{ALONE, number};

/// Who contends for each guard: two at each server.
const CONTENDERS: usize = 6;

/// Guards that are contended for at the same time, each on a subject of its own.
const AT_ONCE: usize = 64;

/// Subjects; more than what is under way at the same time, so that two guards of one never are.
const SUBJECTS: u64 = 1_000;

/// Guards between two times at which the leader steps down.
const STEP_DOWN_EVERY: u64 = 2_000;

/// What an event says of itself: which guard it was to win, the revision it named, and who.
const SAYS: [&str; 3] = ["guard", "revision", "contender"];

/// What was answered.
#[derive(Default)]
struct Told {
    /// Position on the log by guard and contender.
    won: HashMap<(u64, usize), u64>,
    codes: BTreeMap<u64, u64>,
    unanswered: u64,
}

/// Leave the guard's header out of `contend` to see this red.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_contended_guard_is_won_once_also_while_leaders_step_down() {
    let (guards, seed) = (number("HELMSTREAM_GUARDS", 2_000), number("HELMSTREAM_SEED", 7));
    println!("{guards} guards, {CONTENDERS} contend for each, seed {seed}");
    let _alone = ALONE.lock().await;
    let mut plane = TestPlane::start_cluster().await;
    let admin = plane.admin().await;
    plane.set_up_cluster().await;
    let mut contenders = Vec::new();
    for url in plane.plane.places().nats_url.split(',').cycle().take(CONTENDERS) {
        let address = Address { url: url.to_owned(), ..plane.plane.address("run") };
        contenders.push(connect(&address).await.expect("the server is there"));
    }
    let (begun, mut told, mut step_downs) = (Instant::now(), Told::default(), 0);
    let mut chance = Chance::new(seed);
    let every = STEP_DOWN_EVERY.min(guards / 4);
    for first in (0..guards).step_by(every as usize) {
        let last = guards.min(first + every);
        // Somewhere in the middle of what is under way.
        let stepping = first + chance.below(last - first);
        let winning = stream::iter(first..last).map(|guard| {
            let (contenders, admin) = (&contenders, &admin);
            async move {
                if guard == stepping {
                    step_down(admin).await;
                }
                win(contenders, guard).await
            }
        });
        let mut winning = winning.buffer_unordered(AT_ONCE);
        while let Some(one) = winning.next().await {
            told.won.extend(one.won);
            one.codes.into_iter().for_each(|(code, n)| *told.codes.entry(code).or_default() += n);
            told.unanswered += one.unanswered;
        }
        step_downs += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{guards} guards contended for in {seconds:.0} s, the leader stepped down {step_downs} times; refused by code {:?}, without an answer {}",
        told.codes, told.unanswered
    );
    judge(&plane, guards, &told).await;
    println!("each was won once, and the log has no gap");
    for code in [10_071, 10_164] {
        assert!(told.codes.contains_key(&code), "{code} was never said: {:?}", told.codes);
    }
}

/// Whoever is not the leader does what the leader is asked; an answer there is in any case.
async fn step_down(admin: &Connection) {
    let subject = format!("$JS.API.STREAM.LEADER.STEPDOWN.{EVENTS}");
    let _ = admin.client.request(subject, "".into()).await;
}

/// Guards follow one another on a subject, and never two of them at the same time.
fn subject(guard: u64) -> String {
    let id = Id::new(format!("contended-{}", guard % SUBJECTS)).expect("a name");
    Subject::Event { context: Context::Run, id }.to_string()
}

/// All contend until one has won. An answer may be lost, and then the log tells; and what the log tells
/// may be old, and then all lose and contend again.
async fn win(contenders: &[Connection], guard: u64) -> Told {
    let mut told = Told::default();
    let subject = subject(guard);
    loop {
        let (revision, last_won) = tip(&contenders[0], &subject).await;
        if last_won == Some(guard) {
            return told;
        }
        let each = contenders.iter().enumerate().map(|(contender, connection)| {
            contend(connection, &subject, (guard, revision, contender))
        });
        for (contender, answer) in join_all(each).await.into_iter().enumerate() {
            match answer {
                Ok(Published::Stored { sequence }) => {
                    told.won.insert((guard, contender), sequence);
                }
                Ok(Published::Refused { code, .. }) => *told.codes.entry(code).or_default() += 1,
                Ok(Published::Unknown) | Err(_) => told.unanswered += 1,
            }
        }
        if !told.won.is_empty() {
            return told;
        }
    }
}

async fn contend(
    connection: &Connection,
    subject: &str,
    (guard, revision, contender): (u64, u64, usize),
) -> Result<Published, helmstream_stream::StreamError> {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Expected-Last-Subject-Sequence", revision.to_string());
    let [of_guard, of_revision, of_contender] = SAYS;
    let says = json!({of_guard: guard, of_revision: revision, of_contender: contender});
    publish(connection, subject, headers, says.to_string().into()).await
}

/// The subject's last position and which guard was won there, from whoever answers.
async fn tip(connection: &Connection, subject: &str) -> (u64, Option<u64>) {
    let last = eventually("the last event of a subject", async || {
        get::last(connection, EVENTS, subject).await.ok()
    });
    let Some(last) = last.await else { return (0, None) };
    let said: Value = serde_json::from_slice(&last.payload).unwrap_or_default();
    (last.sequence, said[SAYS[0]].as_u64())
}

/// The log alone: positions without a gap, on each subject every event upon the very event that it named,
/// every guard once, and every contender who was told so is where it was told.
async fn judge(plane: &TestPlane, guards: u64, told: &Told) {
    let ledger = plane.connect("ledger").await;
    let head = extent(&ledger, EVENTS).await.expect("the log answers").last;
    let mut reader = read(&ledger, EVENTS, 1).await.expect("the log answers");
    let mut tips: HashMap<String, u64> = HashMap::new();
    let mut won: HashMap<u64, (u64, u64)> = HashMap::new();
    let mut read_to = 0;
    while read_to < head {
        for record in reader.next().await.expect("the log answers").records {
            assert_eq!(record.sequence, read_to + 1, "a gap in the log");
            read_to = record.sequence;
            let said: Value = serde_json::from_slice(&record.payload).unwrap_or_default();
            let [Some(guard), Some(revision), Some(contender)] =
                SAYS.map(|name| said[name].as_u64())
            else {
                continue;
            };
            let tip = tips.insert(record.subject.clone(), record.sequence).unwrap_or(0);
            assert_eq!(revision, tip, "{record:?} stands on what it did not name");
            let before = won.insert(guard, (contender, record.sequence));
            assert_eq!(before, None, "guard {guard} was won twice");
        }
    }
    assert_eq!(won.len() as u64, guards, "a guard was never won");
    for ((guard, contender), sequence) in &told.won {
        let on_log = (*contender as u64, *sequence);
        assert_eq!(won.get(guard), Some(&on_log), "guard {guard}: who was told is not on the log");
    }
}
