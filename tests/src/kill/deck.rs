//! Who dies next, and how: a deck of all ways to die, shuffled anew when it is used up, so that
//! every way comes up equally often whatever the seed.

use super::chance::Chance;

/// One way to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Death {
    /// SIGKILL at any moment.
    Service(&'static str),
    Nats,
    Postgres,
    /// By its own hand, right at a named point, at the latest when that is passed so many times.
    Point {
        service: &'static str,
        point: &'static str,
        passes_max: u64,
    },
}

const fn point(service: &'static str, point: &'static str, passes_max: u64) -> Death {
    Death::Point { service, point, passes_max }
}

/// Every way to die.
const ALL: [Death; 21] = [
    Death::Service("door"),
    Death::Service("run"),
    Death::Service("approval"),
    Death::Service("external"),
    Death::Service("deadline"),
    Death::Service("ledger"),
    Death::Nats,
    Death::Postgres,
    // After the append, before the acknowledgement.
    point("run", "appended", 300),
    point("external", "appended", 20),
    point("run", "settled", 300),
    point("approval", "appended", 20),
    // After what an event called for was asked, before that is acknowledged.
    point("approval", "reacted", 100),
    point("door", "admitted", 30),
    // After the commit, before anything else is known of it.
    point("run", "committed", 30),
    point("approval", "committed", 20),
    point("deadline", "committed", 30),
    point("ledger", "committed", 30),
    // After the outcome, before the reply.
    point("run", "before_reply", 300),
    point("door", "before_reply", 30),
    point("external", "before_reply", 20),
];

impl Death {
    /// The service it is of; a server's is of none.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Self::Service(service) | Self::Point { service, .. } => Some(service),
            Self::Nats | Self::Postgres => None,
        }
    }

    /// What is counted when a service died at a point.
    pub fn at(service: &'static str, point: &'static str) -> Self {
        Self::Point { service, point, passes_max: 0 }
    }
}

/// The deck.
#[derive(Debug)]
pub struct Deck {
    left: Vec<Death>,
}

impl Deck {
    /// A deck that is shuffled by the first draw.
    pub fn new() -> Self {
        Self { left: Vec::new() }
    }

    /// The next to die.
    pub fn draw(&mut self, chance: &mut Chance) -> Death {
        if self.left.is_empty() {
            self.left = ALL.to_vec();
            chance.shuffle(&mut self.left);
        }
        self.left.pop().expect("it was filled just now")
    }

    /// Puts one back that cannot be now.
    pub fn put_back(&mut self, death: Death) {
        self.left.insert(0, death);
    }
}

impl Default for Deck {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service(service) => write!(f, "kill {service}"),
            Self::Nats => f.write_str("kill nats"),
            Self::Postgres => f.write_str("kill postgres"),
            Self::Point { service, point, .. } => write!(f, "{service} at {point}"),
        }
    }
}
