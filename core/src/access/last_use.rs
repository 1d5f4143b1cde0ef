//! When it is due to say again that a token was used: seldom, because it is a measurement and not
//! the truth. What time it is comes in as data; saying it is the stream's affair.

use std::collections::BTreeMap;

use helmstream_schemas::Timestamp;

use crate::limits::LAST_USE_EVERY;

/// When the use of each token was told last, by this process.
#[derive(Debug, Clone, Default)]
pub struct LastUse {
    told: BTreeMap<String, Timestamp>,
}

impl LastUse {
    /// Whether the use of a token is to be told now; if so it counts as told.
    pub fn is_due(&mut self, token_id: &str, now: Timestamp) -> bool {
        let is_fresh = |told: &Timestamp| now.since(*told).is_none_or(|age| age < LAST_USE_EVERY);
        if self.told.get(token_id).is_some_and(is_fresh) {
            return false;
        }
        // What is older than the pause says nothing any more: this never grows beyond the tokens
        // of one pause.
        self.told.retain(|_, told| is_fresh(told));
        self.told.insert(token_id.to_owned(), now);
        true
    }

    /// It could not be told: the next use tells it.
    pub fn was_not_told(&mut self, token_id: &str) {
        self.told.remove(token_id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_nanos(0).plus(Duration::from_mins(minutes))
    }

    #[test]
    fn a_use_is_told_hourly_at_most_for_each_token() {
        let mut last_use = LastUse::default();
        let told: Vec<(u64, &str)> =
            [(0, "a"), (1, "a"), (1, "b"), (59, "a"), (60, "a"), (61, "b"), (62, "b")]
                .into_iter()
                .filter(|(minutes, id)| last_use.is_due(id, at(*minutes)))
                .collect();
        assert_eq!(told, [(0, "a"), (1, "b"), (60, "a"), (61, "b")]);
    }

    #[test]
    fn what_could_not_be_told_is_due_again_and_a_clock_that_goes_back_tells_nothing_twice() {
        let mut last_use = LastUse::default();
        assert!(last_use.is_due("a", at(100)));
        assert!(!last_use.is_due("a", at(10)), "a clock that was set back");
        last_use.was_not_told("a");
        assert!(last_use.is_due("a", at(101)));
    }

    #[test]
    fn only_what_was_told_of_late_is_remembered() {
        let mut last_use = LastUse::default();
        (0..500).for_each(|n| assert!(last_use.is_due(&format!("t{n}"), at(n))));
        assert!(last_use.told.len() <= 60, "{}", last_use.told.len());
    }
}
