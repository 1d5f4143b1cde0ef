//! Streams as the server itself hands them out and takes them back: every message with its position
//! and its time. What becomes of the bytes is the caller's affair. Durables do not come along: the
//! server would write down where they stand later than what they stand on; `durables` puts them
//! back where they stood before.

mod durables;
mod inbox;
mod restore;
mod snapshot;

pub use self::{
    durables::{Floor, floors, put_back},
    inbox::pass_over,
    restore::restore,
    snapshot::{Taken, snapshot},
};

/// The order in which streams are taken while the plane works, each whole before the next begins. One
/// that holds what came of another's messages is taken so that nothing falls between the two:
///
/// * INBOX and DEADLINES forget what was worked off, and COMMANDS and JOURNAL hold what came of it: the
///   first come first, so that what was gone from them by then is in the others.
/// * JOURNAL and EVENTS name the commands they come from: COMMANDS after both, so that every cause is
///   there. What is decided or said anew after a restore comes to the same under the same ids.
/// * Events and commands name dead letters: DEADLETTERS after them.
/// * STATES, SIGNALS and OUT say nothing that is not on the log: before EVENTS, so that none of them
///   is ahead of it.
pub const ORDER: [&str; 9] = [
    "INBOX",
    "DEADLINES",
    "STATES",
    "SIGNALS",
    "OUT",
    "JOURNAL",
    "EVENTS",
    "COMMANDS",
    "DEADLETTERS",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_stream_is_taken_once() {
        let taken: BTreeSet<String> = ORDER.iter().map(|&name| name.to_owned()).collect();
        let all: BTreeSet<String> =
            crate::setup::stream_names().expect("the files are JSON").into_iter().collect();
        assert_eq!(taken, all);
        assert_eq!(ORDER.len(), all.len());
    }

    #[test]
    fn what_came_of_a_message_is_taken_after_it() {
        let at = |name: &str| ORDER.iter().position(|taken| *taken == name).expect("it is taken");
        for (first, then) in [
            ("INBOX", "JOURNAL"),
            ("INBOX", "COMMANDS"),
            ("DEADLINES", "COMMANDS"),
            ("JOURNAL", "COMMANDS"),
            ("EVENTS", "COMMANDS"),
            ("STATES", "EVENTS"),
            ("OUT", "EVENTS"),
            ("COMMANDS", "DEADLETTERS"),
        ] {
            assert!(at(first) < at(then), "{first} before {then}");
        }
    }
}
