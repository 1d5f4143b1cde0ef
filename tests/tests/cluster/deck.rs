//! What befalls whom: a deck of faults, shuffled anew when it is used up, so that every kind comes up
//! as often as it stands here whatever the seed.

use std::{fmt, time::Duration};

use helmstream_tests::kill::chance::Chance;

/// Pauses are between these, short ones as often as long ones: below and above what the servers take
/// for a leader that is gone, four to nine seconds.
const PAUSE_MS: (u64, u64) = (200, 8_000);

/// The same in the short form.
const PAUSE_MS_SHORT: (u64, u64) = (200, 2_000);

/// How long who was killed is away at most.
const AWAY_MS_MAX: u64 = 1_500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Node,
    /// The node that leads this stream.
    Leader(&'static str),
    Service,
    Postgres,
}

/// One of what befalls the plane at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// SIGKILL.
    Kill(Victim),
    /// SIGSTOP, and SIGCONT some time later.
    Pause(Victim),
}

/// All that befalls the plane at once.
pub(crate) type Fault = &'static [Blow];

use self::{
    Blow::{Kill, Pause},
    Victim::{Leader, Node, Postgres, Service},
};

/// Of each kind as many as there are of it, and of two nodes at once the fewest.
const ALL: [Fault; 25] = [
    &[Kill(Node)],
    &[Kill(Node)],
    &[Kill(Leader("INBOX"))],
    &[Kill(Leader("INBOX"))],
    &[Kill(Leader("EVENTS"))],
    &[Pause(Node)],
    &[Pause(Node)],
    &[Pause(Leader("INBOX"))],
    &[Pause(Leader("INBOX"))],
    &[Pause(Leader("EVENTS"))],
    &[Kill(Service)],
    &[Kill(Service)],
    &[Kill(Service)],
    &[Kill(Service)],
    &[Pause(Service)],
    &[Pause(Service)],
    &[Pause(Service)],
    &[Kill(Postgres)],
    &[Pause(Postgres)],
    &[Pause(Postgres)],
    &[Kill(Node), Kill(Service)],
    &[Kill(Node), Kill(Postgres)],
    &[Pause(Node), Kill(Service)],
    &[Pause(Node), Pause(Postgres)],
    &[Kill(Node), Kill(Node)],
];

/// One of each that differs most.
const SHORT: [Fault; 8] = [
    &[Kill(Leader("INBOX"))],
    &[Kill(Leader("EVENTS"))],
    &[Pause(Leader("EVENTS"))],
    &[Pause(Node)],
    &[Pause(Service)],
    &[Kill(Node), Kill(Service)],
    &[Kill(Node), Pause(Postgres)],
    &[Kill(Node), Kill(Node)],
];

/// The deck.
pub(crate) struct Deck {
    of: &'static [Fault],
    left: Vec<Fault>,
    chance: Chance,
}

impl Deck {
    /// As long a deck as so many faults deserve.
    pub(crate) fn new(faults: u64, seed: u64) -> Self {
        let of = if faults > SHORT.len() as u64 { &ALL[..] } else { &SHORT[..] };
        Self { of, left: Vec::new(), chance: Chance::new(seed) }
    }

    pub(crate) fn draw(&mut self) -> Fault {
        if self.left.is_empty() {
            self.left = self.of.to_vec();
            self.chance.shuffle(&mut self.left);
        }
        self.left.pop().expect("it was filled just now")
    }

    /// One of so many.
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        self.chance.below(count as u64) as usize
    }

    /// How long a blow lasts.
    pub(crate) fn lasts(&mut self, blow: Blow) -> Duration {
        let (least, most) = if self.of.len() == SHORT.len() { PAUSE_MS_SHORT } else { PAUSE_MS };
        let ms = match blow {
            Kill(_) => self.chance.below(AWAY_MS_MAX),
            Pause(_) => {
                let share = self.chance.below(1_000) as f64 / 1_000.0;
                (least as f64 * (most as f64 / least as f64).powf(share)) as u64
            }
        };
        Duration::from_millis(ms)
    }
}

impl Blow {
    pub(crate) fn is_of_node(self) -> bool {
        let (Kill(victim) | Pause(victim)) = self;
        matches!(victim, Node | Leader(_))
    }
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, victim) = match self {
            Kill(victim) => ("kill", victim),
            Pause(victim) => ("pause", victim),
        };
        match victim {
            Node => write!(f, "{verb} a node"),
            Leader(stream) => write!(f, "{verb} the leader of {stream}"),
            Service => write!(f, "{verb} a service"),
            Postgres => write!(f, "{verb} Postgres"),
        }
    }
}

/// What a fault is called in the table.
pub(crate) fn kind(fault: Fault) -> String {
    match fault {
        [Kill(Node), Kill(Node)] => "kill two nodes".into(),
        _ => fault.iter().map(Blow::to_string).collect::<Vec<_>>().join(" and "),
    }
}
