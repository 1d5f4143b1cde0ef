//! Faults one after the other under load; afterwards everything that was acknowledged has exactly one
//! outcome, every event is what its command comes to, and every row is what a fold from scratch gives.
//! How long writing was refused is measured at the publisher.
//!
//! Short in `cargo test`; long by hand:
//! `HELMSTREAM_FAULTS=200 HELMSTREAM_SEED=7 cargo test -p helmstream-tests --test cluster faults -- --nocapture`

use std::{collections::BTreeMap, path::Path, time::Duration};

use helmstream_projections::Database;
use helmstream_stream::Connection;
use helmstream_tests::{
    harness::TestPlane,
    kill::{ending::end, load::Load, mortals::Mortals, pause::Paused, silence::Silence},
    rest,
    running::ALL,
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    ALONE,
    deck::{Blow, Deck, Fault, Victim, kind},
    measured::{self, Measured},
    number, whole,
};

/// How long it may take until something is acknowledged, and an outcome told, once everybody is back.
/// Generous: how long it did take is measured.
const RECOVERED: Duration = Duration::from_secs(120);

/// Publishes a second at the beginning, at least and at most: each is several records, three times on the
/// disk. The load follows what the machine can give.
const RATE_FIRST: u64 = 80;
const RATE_MIN: u64 = 40;
const RATE_MAX: u64 = 300;

/// Messages that may wait before less is published, before nothing is, and from where on more is.
const WAITING_MANY: u64 = 2_500;
const WAITING_MAX: u64 = 8_000;
const WAITING_FEW: u64 = 1_000;

struct Test {
    plane: TestPlane,
    operator: Connection,
    database: Database,
    mortals: Mortals,
    load: Load,
    rate: u64,
    acknowledged: Silence,
    told: Silence,
    deck: Deck,
    begun: Instant,
}

/// What ends a blow, and when.
enum Ending {
    Restart(Victim, usize),
    GoOn(Paused),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_dies_or_stands_still_nothing_acknowledged_is_lost_and_writing_comes_back() {
    let (faults, seed) = (number("HELMSTREAM_FAULTS", 8), number("HELMSTREAM_SEED", 20_261_122));
    let at_most = Duration::from_secs(number("HELMSTREAM_FAULTS_SECONDS_MAX", 86_400));
    println!("{faults} faults, seed {seed}");
    let _alone = ALONE.lock().await;
    let mut test = Test::start(faults, seed).await;
    let mut all: BTreeMap<String, Vec<Measured>> = BTreeMap::new();
    for at in 1..=faults {
        if test.begun.elapsed() > at_most {
            println!("time is over after {} faults", at - 1);
            break;
        }
        let fault = test.deck.draw();
        let is_whole = test.moment(fault).await;
        let (victims, measured) = test.befall(fault).await;
        let kind = kind(fault) + if is_whole { "" } else { ", one still catching up" };
        println!(
            "{at:4}: {kind} ({victims}): {:.2} s without an acknowledgement, {:.2} s without an outcome; {} acknowledged after {} s, aiming at {} a second",
            measured.unacknowledged.as_secs_f64(),
            measured.untold.as_secs_f64(),
            test.load.acknowledged(),
            test.begun.elapsed().as_secs(),
            test.rate,
        );
        all.entry(kind).or_default().push(measured);
    }
    measured::print(&all);
    test.end().await;
}

impl Test {
    async fn start(faults: u64, seed: u64) -> Self {
        let plane = TestPlane::start_cluster().await;
        plane.set_up_cluster().await;
        let program = Path::new(env!("CARGO_BIN_EXE_helmstream-tested"));
        let mut mortals = Mortals::new(program, plane.plane.directory());
        ALL.into_iter().for_each(|service| mortals.start(service, None));
        let load = Load::begin(plane.connect("faber").await, seed);
        load.aim(RATE_FIRST);
        let (acknowledged, told) = load.silences();
        Self {
            operator: plane.connect("operator").await,
            database: plane.plane.database("operator").expect("the operator has a password"),
            plane,
            mortals,
            load,
            rate: RATE_FIRST,
            acknowledged,
            told,
            deck: Deck::new(faults, seed ^ 1),
            begun: Instant::now(),
        }
    }

    /// Waits for a moment in which things go on, before the loss of a node until all copies are there, and lets the load follow what
    /// the machine can give.
    async fn moment(&mut self, fault: Fault) -> bool {
        let is_of_node = fault.iter().any(|blow| blow.is_of_node());
        let is_whole = !is_of_node || whole::followers(&self.operator).await;
        let deadline = Instant::now() + RECOVERED * 3;
        loop {
            let waiting = rest::waiting(&self.operator).await.unwrap_or(0);
            self.load.rest(waiting > WAITING_MAX);
            if waiting <= WAITING_MAX {
                self.rate = match waiting {
                    WAITING_MANY.. => (self.rate * 7 / 10).max(RATE_MIN),
                    WAITING_FEW.. => self.rate,
                    _ => (self.rate * 6 / 5).min(RATE_MAX),
                };
                break;
            }
            assert!(Instant::now() < deadline, "{waiting} wait, and nothing works them off");
            sleep(Duration::from_millis(200)).await;
        }
        self.load.aim(self.rate);
        self.goes_on("before the next fault").await;
        let pause = self.deck.pick(400) as u64;
        sleep(Duration::from_millis(pause)).await;
        is_whole
    }

    /// Waits until something was acknowledged and told that was not yet.
    async fn goes_on(&mut self, when: &str) {
        let (acknowledged, told) = (self.load.acknowledged(), self.load.told());
        let deadline = Instant::now() + RECOVERED;
        while self.load.acknowledged() == acknowledged || self.load.told() == told {
            assert_eq!(self.mortals.dead(), [], "nobody was told to die");
            if Instant::now() > deadline {
                whole::tell(&self.operator, self.plane.plane.directory()).await;
                panic!(
                    "nothing goes on {when}: {} acknowledged, {} told since",
                    self.load.acknowledged() - acknowledged,
                    self.load.told() - told
                );
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// All of a fault at once, and each of it until it is over.
    async fn befall(&mut self, fault: Fault) -> (String, Measured) {
        let mut nodes = Vec::new();
        let mut struck = Vec::new();
        for blow in fault {
            let (Blow::Kill(victim) | Blow::Pause(victim)) = *blow;
            let at = match victim {
                Victim::Service => self.deck.pick(ALL.len()),
                Victim::Postgres => 0,
                Victim::Leader(stream) => match whole::leader(&self.operator, stream).await {
                    Some(at) => at,
                    None => self.deck.pick(3),
                },
                Victim::Node => {
                    let at = self.deck.pick(3);
                    if nodes.contains(&at) { (at + 1) % 3 } else { at }
                }
            };
            if matches!(victim, Victim::Node | Victim::Leader(_)) {
                nodes.push(at);
            }
            struck.push((*blow, victim, at, self.deck.lasts(*blow)));
        }
        self.acknowledged.begin();
        self.told.begin();
        let begun = Instant::now();
        let mut endings = Vec::new();
        let mut victims = Vec::new();
        for (blow, victim, at, lasts) in struck {
            victims.push(format!("{} {:.1} s", named(victim, at), lasts.as_secs_f64()));
            endings.push((begun + lasts, self.strike(blow, victim, at)));
        }
        endings.sort_by_key(|(at, _)| *at);
        for (at, ending) in endings {
            sleep_until(at).await;
            self.end_blow(ending).await;
        }
        self.goes_on("once everybody is back").await;
        let measured =
            Measured { unacknowledged: self.acknowledged.longest(), untold: self.told.longest() };
        (victims.join(", "), measured)
    }

    fn strike(&mut self, blow: Blow, victim: Victim, at: usize) -> Ending {
        match (blow, victim) {
            (Blow::Kill(_), Victim::Service) => self.mortals.kill(ALL[at]),
            (Blow::Kill(_), Victim::Postgres) => self.postgres().kill(),
            (Blow::Kill(_), _) => self.plane.node(at).kill(),
            (Blow::Pause(_), Victim::Service) => {
                return Ending::GoOn(Paused::new(self.mortals.process_id(ALL[at])));
            }
            (Blow::Pause(_), Victim::Postgres) => {
                return Ending::GoOn(Paused::new(self.postgres().process_id()));
            }
            (Blow::Pause(_), _) => {
                return Ending::GoOn(Paused::new(self.plane.node(at).process_id()));
            }
        }
        Ending::Restart(victim, at)
    }

    async fn end_blow(&mut self, ending: Ending) {
        match ending {
            Ending::GoOn(paused) => drop(paused),
            Ending::Restart(Victim::Service, at) => self.mortals.start(ALL[at], None),
            Ending::Restart(Victim::Postgres, _) => {
                self.postgres().restart().await.expect("the server starts again");
            }
            Ending::Restart(_, at) => {
                self.plane.node(at).restart().await.expect("the server starts again");
            }
        }
    }

    fn postgres(&mut self) -> &mut helmstream_services::local::postgres::PostgresServer {
        self.plane.postgres.as_mut().expect("this plane has its own")
    }

    /// Works off what is left, and looks everything over.
    async fn end(self) {
        let Self { plane, operator, database, mut mortals, load, begun, .. } = self;
        end(&plane, (&operator, &database), &mut mortals, load, begun).await;
    }
}

fn named(victim: Victim, at: usize) -> String {
    match victim {
        Victim::Service => ALL[at].to_owned(),
        Victim::Postgres => "postgres".to_owned(),
        Victim::Node | Victim::Leader(_) => format!("node-{at}"),
    }
}
