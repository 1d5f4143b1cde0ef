//! Somebody who publishes all the time, a little of everything, and keeps a record of what was
//! acknowledged: that record, and not the plane's, is what the plane is held to.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::HeaderMap;
use futures_util::StreamExt;
use helmstream_stream::{
    Connection,
    headers::REPLY_TO,
    publish::{Published, publish},
};
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{chance::Chance, silence::Silence};
use crate::{
    faber::{again_as, external, said},
    race,
};

/// Publishes a second that are aimed at, unless told otherwise.
const RATE: u64 = 650;

/// How often some are sent.
const EVERY_MS: u64 = 10;

/// Publishes that may be unanswered at a time: more than are sent while a server starts again.
const UNANSWERED_MAX: usize = 8_000;

/// Runs that go on at a time, and events one run has at most.
const RUNS: usize = 40;
const RUN_EVENTS_MAX: u64 = 40;

/// What was published, as far as its outcome depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Claim,
    External,
    Repeat,
    SameClaim,
    Dispute,
    Conflict,
    Garbage,
    TwoNames,
}

/// A publish that was acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledged {
    pub inbox_sequence: u64,
    pub kind: Kind,
}

/// A load that goes on until it is told to stop.
pub struct Load {
    shared: Arc<Shared>,
    records: mpsc::UnboundedReceiver<Acknowledged>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    acknowledged: AtomicU64,
    failed: AtomicU64,
    /// Outcomes that the publisher was told.
    told: AtomicU64,
    rate: AtomicU64,
    rests: AtomicBool,
    stops: AtomicBool,
}

impl Load {
    /// Begins to publish as the connection's user.
    pub fn begin(connection: Connection, seed: u64) -> Self {
        Self::begin_at(connection, seed, RATE)
    }

    /// The same at another pace, in publishes a second.
    pub fn begin_at(connection: Connection, seed: u64, rate: u64) -> Self {
        let shared = Arc::new(Shared { rate: AtomicU64::new(rate), ..Shared::default() });
        let (sender, records) = mpsc::unbounded_channel();
        let task = tokio::spawn(publish_on(connection, shared.clone(), sender, Chance::new(seed)));
        Self { shared, records, task }
    }

    /// How many were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::SeqCst)
    }

    /// How many were told something else.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::SeqCst)
    }

    /// How many outcomes the publisher was told so far.
    pub fn told(&self) -> u64 {
        self.shared.told.load(Ordering::SeqCst)
    }

    /// Watches how long nothing was acknowledged, and how long no outcome was told.
    pub fn silences(&self) -> (Silence, Silence) {
        let (acknowledged, told) = (self.shared.clone(), self.shared.clone());
        (
            Silence::watch(move || acknowledged.acknowledged.load(Ordering::SeqCst)),
            Silence::watch(move || told.told.load(Ordering::SeqCst)),
        )
    }

    /// Aims at so many publishes a second from now on.
    pub fn aim(&self, rate: u64) {
        self.shared.rate.store(rate, Ordering::SeqCst);
    }

    /// Publishes nothing for a while, or goes on.
    pub fn rest(&self, rests: bool) {
        self.shared.rests.store(rests, Ordering::SeqCst);
    }

    /// Ends it; everything that was acknowledged.
    pub async fn end(mut self) -> Vec<Acknowledged> {
        self.shared.stops.store(true, Ordering::SeqCst);
        self.task.await.expect("the publisher does not panic");
        let mut all = Vec::new();
        while let Some(record) = self.records.recv().await {
            all.push(record);
        }
        all
    }
}

async fn publish_on(
    connection: Connection,
    shared: Arc<Shared>,
    records: mpsc::UnboundedSender<Acknowledged>,
    chance: Chance,
) {
    let mut script = Script::new(chance);
    let inbox = connection.client.new_inbox();
    let mut outcomes = connection.client.subscribe(inbox.clone()).await.expect("it may listen");
    let hears = shared.clone();
    let hearing = tokio::spawn(async move {
        while outcomes.next().await.is_some() {
            hears.told.fetch_add(1, Ordering::SeqCst);
        }
    });
    let unanswered = Arc::new(Semaphore::new(UNANSWERED_MAX));
    let mut tick = interval(Duration::from_millis(EVERY_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut due = 0;
    while !shared.stops.load(Ordering::SeqCst) {
        tick.tick().await;
        if shared.rests.load(Ordering::SeqCst) {
            due = 0;
            continue;
        }
        due += shared.rate.load(Ordering::SeqCst) * EVERY_MS;
        for _ in 0..due / 1_000 {
            let (kind, bytes) = script.next();
            let permit = unanswered.clone().acquire_owned().await.expect("it is never closed");
            let (connection, shared, records) =
                (connection.clone(), shared.clone(), records.clone());
            let mut headers = HeaderMap::new();
            headers.insert(REPLY_TO, inbox.as_str());
            tokio::spawn(async move {
                if let Ok(Published::Stored { sequence }) =
                    publish(&connection, "in.faber", headers, bytes.into()).await
                {
                    shared.acknowledged.fetch_add(1, Ordering::SeqCst);
                    let _ = records.send(Acknowledged { inbox_sequence: sequence, kind });
                } else {
                    shared.failed.fetch_add(1, Ordering::SeqCst);
                }
                drop(permit);
            });
        }
        due %= 1_000;
    }
    // What is unanswered yet is answered, or is not, within the time an answer may take.
    let _ = unanswered.acquire_many(UNANSWERED_MAX as u32).await;
    hearing.abort();
}

/// What is said next.
struct Script {
    chance: Chance,
    /// Name and last number of each run that goes on.
    runs: Vec<(String, u64)>,
    runs_begun: u64,
    facts: u64,
    /// What was said lately, to be said again.
    lately: VecDeque<Value>,
}

impl Script {
    fn new(chance: Chance) -> Self {
        let mut script =
            Self { chance, runs: Vec::new(), runs_begun: 0, facts: 0, lately: VecDeque::new() };
        for _ in 0..RUNS {
            let run = script.new_run();
            script.runs.push(run);
        }
        script
    }

    fn new_run(&mut self) -> (String, u64) {
        self.runs_begun += 1;
        (format!("load/{}", self.runs_begun), 0)
    }

    fn next(&mut self) -> (Kind, Vec<u8>) {
        let roll = self.chance.below(100);
        let earlier = (!self.lately.is_empty()).then(|| {
            let at = self.chance.below(self.lately.len() as u64) as usize;
            self.lately[at].clone()
        });
        let (kind, event) = match (roll, earlier) {
            (0..4, _) => {
                self.facts += 1;
                let source = format!("/sensors/{}", self.facts % 5);
                (
                    Kind::External,
                    external(&source, &self.facts.to_string(), json!({"n": self.facts})),
                )
            }
            (4..8, Some(event)) => (Kind::Repeat, event),
            (8..11, Some(event)) => {
                let id = format!("again {}", self.chance.number());
                (Kind::SameClaim, again_as(&event, &id))
            }
            (11..14, Some(mut event)) => {
                event["id"] = format!("other {}", self.chance.number()).into();
                event["data"]["message"] =
                    format!("says otherwise {}", self.chance.below(3)).into();
                (Kind::Dispute, event)
            }
            (14..16, Some(mut event)) => {
                event["data"]["message"] = "under the same id".into();
                (Kind::Conflict, event)
            }
            (16..18, _) => {
                return (Kind::Garbage, format!("garbage {}", self.chance.number()).into_bytes());
            }
            (18, _) => {
                let two = self.chance.below(RUNS as u64) as usize;
                let other = self.runs[self.chance.below(RUNS as u64) as usize].0.clone();
                let event = self.claim(two, json!({"metadata": {"aliases": [other]}}));
                (Kind::TwoNames, event)
            }
            _ => {
                let at = self.chance.below(RUNS as u64) as usize;
                let event = self.claim(at, json!({}));
                self.lately.push_back(event.clone());
                if self.lately.len() > 500 {
                    self.lately.pop_front();
                }
                (Kind::Claim, event)
            }
        };
        (kind, event.to_string().into_bytes())
    }

    /// The next claim of a run; now and then with somebody's name in it.
    fn claim(&mut self, at: usize, more: Value) -> Value {
        if self.runs[at].1 >= RUN_EVENTS_MAX {
            self.runs[at] = self.new_run();
        }
        let (name, number) = &mut self.runs[at];
        *number += 1;
        let words = [
            "checkpoint",
            "phase_start",
            "step_start",
            "step_complete",
            "phase_complete",
            "approval_request",
        ];
        let word = match *number {
            1 => "workflow_start",
            RUN_EVENTS_MAX => "workflow_complete",
            number => words[number as usize % words.len()],
        };
        let mut all = json!({"phase": "build", "step": format!("s{}", *number / 6)});
        if *number == 1 {
            all["metadata"] = json!({"autonomy": "guarded"});
        }
        if word == "approval_request" {
            // Young, so that people are asked.
            all["timestamp"] = race::now().to_string().into();
        }
        for (key, value) in more.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        let event = said(name, *number, word, all);
        if self.chance.percent(5) {
            let mut event = event;
            event["data"]["user"] = format!("person {}", self.chance.below(50)).into();
            return event;
        }
        event
    }
}

/// How many were acknowledged lately, a second.
pub struct Pace {
    seen: VecDeque<(Instant, u64)>,
}

impl Pace {
    /// The window in which publishes are counted.
    const WINDOW: Duration = Duration::from_secs(1);

    pub fn new() -> Self {
        Self { seen: VecDeque::new() }
    }

    /// Notes how many there are by now; how many came within the last second.
    pub fn note(&mut self, acknowledged: u64) -> u64 {
        let now = Instant::now();
        self.seen.push_back((now, acknowledged));
        while self.seen.get(1).is_some_and(|(at, _)| now - *at >= Self::WINDOW) {
            self.seen.pop_front();
        }
        match self.seen.front() {
            Some((at, before)) if now - *at >= Self::WINDOW => {
                let passed = (now - *at).as_secs_f64();
                ((acknowledged - before) as f64 / passed) as u64
            }
            _ => 0,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}
