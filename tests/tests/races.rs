//! Grant against the end of the time: two processes, a real server with real due messages, released
//! together. Exactly one of them closes each question, whatever either believed.
//!
//! Short in `cargo test`; long by hand:
//! `HELMSTREAM_RACES=100000 HELMSTREAM_SEED=7 cargo test -p helmstream-tests --test races -- --nocapture`

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use helmstream_core::approval::Approval;
use helmstream_schemas::{Subject, refusal::COMMAND_REFUSED};
use helmstream_stream::{
    append::EVENTS,
    decide::Desk,
    read::{extent, read},
};
use helmstream_tests::{harness::TestPlane, patience::eventually, race};

/// Races that are released at one instant.
const BATCH: usize = 500;

/// Time to ask and arm a batch before it is released: several times what it takes.
const LEAD: Duration = Duration::from_secs(2);

struct Racer {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Racer {
    fn start(plane: &TestPlane, role: &str, seed: u64) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_racer"))
            .arg(plane.plane.directory())
            .args([role, &seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the racer starts");
        let says = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, says }
    }

    fn hear(&mut self, wanted: &str) {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("the racer says something");
        assert_eq!(line.trim(), wanted, "the racer ended or says something else");
    }

    fn say(&mut self, line: &str) {
        let mut stdin = self.child.stdin.as_ref().expect("piped");
        writeln!(stdin, "{line}").expect("the racer listens");
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn number(name: &str, unsaid: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(unsaid)
}

/// Take the guard's header out of `append::guarded` to see this red: both close the same question.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grant_and_expiry_race_and_exactly_one_wins() {
    let races = number("HELMSTREAM_RACES", 1_000) as usize;
    let seed = number("HELMSTREAM_SEED", std::process::id().into());
    println!("{races} races, HELMSTREAM_SEED={seed}");
    let plane = TestPlane::start().await;
    let asker = plane.connect("approval").await;
    let desk = Desk::<Approval>::new(asker, 1);
    let mut granting = Racer::start(&plane, "grant", seed);
    granting.hear("ready");
    let _expiring = Racer::start(&plane, "expire", 0);
    for first in (0..races).step_by(BATCH) {
        let count = BATCH.min(races - first);
        let expires_at = race::now().plus(LEAD);
        granting.say(&format!("{first} {count} {}", expires_at.nanos()));
        let asking = stream::iter(first..first + count).map(|race| {
            let (desk, request) = (&desk, race::request(race, expires_at));
            async move { desk.settle(&race::approval(race), &request).await }
        });
        asking
            .buffer_unordered(race::AT_ONCE)
            .for_each(|settled| async { drop(settled.expect("it is asked")) })
            .await;
        granting.hear(&format!("granted {first}"));
    }
    let (granted, expired) = judged(&plane, races).await;
    println!("granted {granted}, expired {expired}");
    assert_eq!(granted + expired, races, "each has one outcome");
    let least = races / 10;
    assert!(
        granted >= least && expired >= least,
        "granted {granted}, expired {expired} of {races}"
    );
}

/// A third one reads EVENTS: how many were granted, and how many expired.
async fn judged(plane: &TestPlane, races: usize) -> (usize, usize) {
    let third = plane.connect("ledger").await;
    eventually("every question is closed", async || {
        let ends = ends(&third).await;
        let open = (0..races).filter(|race| !ends.contains_key(race)).count();
        (open == 0).then_some(())
    })
    .await;
    let ends = ends(&third).await;
    for (race, ends) in &ends {
        assert_eq!(ends.len(), 1, "race {race} was closed by {ends:?}");
    }
    let of = |how: &str| ends.values().filter(|ends| ends[0] == how).count();
    (of("granted"), of("expired"))
}

/// What closed each race, as the log has it.
async fn ends(connection: &helmstream_stream::Connection) -> BTreeMap<usize, Vec<String>> {
    let mut ends: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let last = extent(connection, EVENTS).await.expect("the log answers").last;
    let mut reader = read(connection, EVENTS, 1).await.expect("the log answers");
    let mut read_to = 0;
    while read_to < last {
        for record in reader.next().await.expect("the log answers").records {
            read_to = record.sequence;
            let Ok(Subject::Event { id, .. }) = record.subject.parse() else { continue };
            let Some(race) = race::race_of(&id) else { continue };
            let name = record.attributes.kind().expect("a type of ours").name;
            if !matches!(name.as_str(), "requested" | "reminded" | COMMAND_REFUSED) {
                ends.entry(race).or_default().push(name);
            }
        }
    }
    ends
}
