//! A plane of processes, published to at full pace while its services and servers are killed one
//! after the other; afterwards everything that was acknowledged has exactly one outcome, and every
//! row is what a fold from scratch gives.
//!
//! Short in `cargo test`; long by hand:
//! `HELMSTREAM_KILLS=200 HELMSTREAM_SEED=7 cargo test -p helmstream-tests --test kill -- --nocapture`

use std::{collections::BTreeMap, env, path::Path, time::Duration};

use helmstream_projections::Database;
use helmstream_stream::Connection;
use helmstream_tests::{
    harness::TestPlane,
    kill::{
        chance::Chance,
        deck::{Death, Deck},
        ending::end,
        load::{Load, Pace},
        mortals::Mortals,
    },
    rest,
    running::ALL,
};
use tokio::time::Instant;

/// Publishes that have to be acknowledged in the second before a kill for it to count.
const PACE_MIN: u64 = 500;

/// Messages that may wait to be admitted or decided before publishing pauses, and at how many it
/// goes on: so that a long test ends soon after its last kill.
const WAITING_MAX: u64 = 8_000;
const WAITING_MIN: u64 = 4_000;

/// How long a kill may wait for its moment.
const MOMENT: Duration = Duration::from_secs(120);

struct Test {
    plane: TestPlane,
    operator: Connection,
    database: Database,
    mortals: Mortals,
    load: Load,
    pace: Pace,
    chance: Chance,
    deaths: BTreeMap<String, u64>,
    begun: Instant,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_under_load_every_publish_has_one_outcome_and_every_row_is_its_fold() {
    let (kills, seed) = (number("HELMSTREAM_KILLS", 10), number("HELMSTREAM_SEED", 20_260_301));
    println!("{kills} kills, seed {seed}");
    let plane = TestPlane::start_alone().await;
    plane.set_up().await;
    let program = Path::new(env!("CARGO_BIN_EXE_helmstream-tested"));
    let mut mortals = Mortals::new(program, plane.plane.directory());
    for service in ALL {
        mortals.start(service, None);
    }
    let mut test = Test {
        operator: plane.connect("operator").await,
        database: plane.plane.database("operator").expect("the operator has a password"),
        load: Load::begin(plane.connect("faber").await, seed),
        plane,
        mortals,
        pace: Pace::new(),
        chance: Chance::new(seed ^ 1),
        deaths: BTreeMap::new(),
        begun: Instant::now(),
    };
    test.kill(kills).await;
    let Test { plane, operator, database, mut mortals, load, deaths, begun, .. } = test;
    for service in ALL.into_iter().filter(|service| mortals.is_doomed(service)).collect::<Vec<_>>()
    {
        mortals.kill(service);
        mortals.start(service, None);
    }
    end(&plane, (&operator, &database), &mut mortals, load, begun).await;
    for (death, count) in &deaths {
        println!("{count:4} × {death}");
    }
    assert_points(&deaths, kills);
}

impl Test {
    /// Kills until so many deaths were counted.
    async fn kill(&mut self, kills: u64) {
        let mut deck = Deck::new();
        let mut counted = 0;
        while counted < kills {
            counted += self.moment().await;
            let pace = self.note();
            let death = deck.draw(&mut self.chance);
            if death.service().is_some_and(|service| self.mortals.is_doomed(service)) {
                deck.put_back(death);
            } else {
                self.die(death).await;
                let is_dead = !matches!(death, Death::Point { .. });
                counted += if is_dead { self.count(death, pace) } else { 0 };
            }
        }
    }

    /// Counts a death, if enough was being published.
    fn count(&mut self, death: Death, pace: u64) -> u64 {
        let counts = u64::from(pace >= PACE_MIN);
        *self.deaths.entry(death.to_string()).or_default() += counts;
        let (total, seconds): (u64, _) =
            (self.deaths.values().sum(), self.begun.elapsed().as_secs());
        println!(
            "{total:4}: {death}, {pace} a second, {} acknowledged after {seconds} s",
            self.load.acknowledged()
        );
        counts
    }

    /// Waits for a moment of chance in which enough is being published. Whoever dies meanwhile
    /// where it was told is started again; how many of them count.
    async fn moment(&mut self) -> u64 {
        let mut counted = 0;
        let deadline = Instant::now() + MOMENT;
        let wanted = Instant::now() + Duration::from_millis(100 + self.chance.below(1_400));
        while Instant::now() < wanted || self.note() < PACE_MIN {
            let waiting = rest::waiting(&self.operator).await.unwrap_or(0);
            assert!(
                Instant::now() < deadline,
                "not up to pace: {} a second, {waiting} wait",
                self.note()
            );
            if waiting > WAITING_MAX {
                self.load.rest(true);
            } else if waiting < WAITING_MIN {
                self.load.rest(false);
            }
            let pace = self.note();
            for (service, point) in self.mortals.dead() {
                self.mortals.start(service, None);
                counted += self.count(Death::at(service, point), pace);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        counted
    }

    fn note(&mut self) -> u64 {
        self.pace.note(self.load.acknowledged())
    }

    /// Somebody dies and is started again, or is started to die.
    async fn die(&mut self, death: Death) {
        match death {
            Death::Service(service) => {
                self.mortals.kill(service);
                self.mourn().await;
                self.mortals.start(service, None);
            }
            Death::Nats => {
                self.plane.nats.kill();
                self.mourn().await;
                self.plane.nats.restart().await.expect("the server starts again");
            }
            Death::Postgres => {
                self.plane.postgres.as_mut().expect("this plane has its own").kill();
                self.mourn().await;
                let postgres = self.plane.postgres.as_mut().expect("this plane has its own");
                postgres.restart().await.expect("the server starts again");
            }
            Death::Point { service, point, passes_max } => {
                self.mortals.kill(service);
                self.mortals.start(service, Some((point, 1 + self.chance.below(passes_max))));
            }
        }
    }

    /// A little while without the one that died.
    async fn mourn(&mut self) {
        let pause = self.chance.below(400);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable} is no number"))
    })
}

/// In a long test every point between two steps is where somebody died, often.
fn assert_points(deaths: &BTreeMap<String, u64>, kills: u64) {
    let at = |points: &[&str]| -> u64 {
        let ends =
            |death: &str| points.iter().any(|point| death.ends_with(&format!(" at {point}")));
        deaths.iter().filter(|(death, _)| ends(death)).map(|(_, count)| count).sum()
    };
    for (what, points) in [
        ("after append before acknowledgement", &["appended", "settled", "admitted"][..]),
        ("after commit before acknowledgement", &["committed"]),
        ("after outcome before reply", &["before_reply"]),
    ] {
        let count = at(points);
        println!("{count:4} died {what}");
        assert!(kills < 200 || count >= 10, "{what}: {count}");
    }
}
