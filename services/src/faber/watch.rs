//! What of a folder is new since it was last looked at, and what is not whole yet. The clock comes
//! in as data.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use super::walk::{Found, What};
use crate::limits::FABER_SETTLE_FOR;

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Watch {
    seen: HashMap<String, What>,
    /// Files that could not be read, and since when.
    held: HashMap<String, Instant>,
}

impl Watch {
    /// Whether this was not seen before, or is not what it was.
    pub fn is_new(&self, found: &Found) -> bool {
        self.seen.get(&found.path) != Some(&found.what)
    }

    /// Whether something that is not whole is left alone for now: whoever writes it may be in the
    /// middle of it.
    pub fn holds(&mut self, found: &Found, is_whole: bool, now: Instant) -> bool {
        if is_whole {
            self.held.remove(&found.path);
            return false;
        }
        let since = *self.held.entry(found.path.clone()).or_insert(now);
        now.duration_since(since) < FABER_SETTLE_FOR
    }

    /// It was read as it is.
    pub fn saw(&mut self, found: Found) {
        self.held.remove(&found.path);
        self.seen.insert(found.path, found.what);
    }

    /// Forgets what is no longer there.
    pub fn keep(&mut self, found: &[Found]) {
        let there: HashSet<&str> = found.iter().map(|found| found.path.as_str()).collect();
        self.seen.retain(|path, _| there.contains(path.as_str()));
        self.held.retain(|path, _| there.contains(path.as_str()));
    }

    /// What is left alone still, in order.
    pub fn held(&self) -> Vec<String> {
        let mut held: Vec<String> = self.held.keys().cloned().collect();
        held.sort();
        held
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn found(path: &str, reason: &str) -> Found {
        Found { path: path.into(), what: What::Unread(reason.into()) }
    }

    #[test]
    fn only_what_changed_is_new_and_what_vanished_is_new_when_it_comes_back() {
        let mut watch = Watch::default();
        let (one, other) = (found("a", "1"), found("a", "2"));
        assert!(watch.is_new(&one));
        watch.saw(one.clone());
        assert!(!watch.is_new(&one) && watch.is_new(&other));
        watch.keep(&[]);
        assert!(watch.is_new(&one));
    }

    #[test]
    fn what_is_not_whole_is_left_alone_for_a_while_and_no_longer() {
        let mut watch = Watch::default();
        let (half, begun) = (found("a", "half"), Instant::now());
        assert!(watch.holds(&half, false, begun));
        let later = begun + FABER_SETTLE_FOR - Duration::from_millis(1);
        assert!(watch.holds(&half, false, later));
        assert_eq!(watch.held(), ["a"]);
        assert!(!watch.holds(&half, false, begun + FABER_SETTLE_FOR));
        watch.saw(half.clone());
        assert!(watch.held().is_empty());
        assert!(watch.holds(&half, false, begun + FABER_SETTLE_FOR * 2), "it has time again");
        assert!(!watch.holds(&half, true, begun + FABER_SETTLE_FOR * 2), "it is whole");
        assert!(watch.held().is_empty());
    }
}
