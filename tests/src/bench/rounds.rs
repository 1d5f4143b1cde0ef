//! Figures out of rounds. Two sides take turns, so that whatever else the machine does falls on
//! both; what counts is the median of the rounds, and of the ratio the median of their ratios.

use std::time::Duration;

/// Two sides by rounds, each a rate.
#[derive(Debug, Default)]
pub(crate) struct Duel {
    ours: Vec<f64>,
    bare: Vec<f64>,
}

impl Duel {
    pub(crate) fn round(&mut self, ours: f64, bare: f64) {
        self.ours.push(ours);
        self.bare.push(bare);
    }

    pub(crate) fn ours(&self) -> f64 {
        median(&self.ours)
    }

    pub(crate) fn bare(&self) -> f64 {
        median(&self.bare)
    }

    pub(crate) fn ratio(&self) -> f64 {
        let ratios: Vec<f64> =
            self.ours.iter().zip(&self.bare).map(|(ours, bare)| ours / bare).collect();
        median(&ratios)
    }
}

/// How long single things took, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1_000.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The middle, what one in a hundred exceeds, and the longest.
    pub(crate) fn figures(&self) -> Vec<(&'static str, f64)> {
        vec![("p50", self.share(0.5)), ("p99", self.share(0.99)), ("max", self.share(1.0))]
    }

    /// The time that a share of them did not exceed; 1.0 is the longest.
    pub(crate) fn share(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => sorted[len / 2],
        len => (sorted[len / 2 - 1] + sorted[len / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians() {
        let mut duel = Duel::default();
        for (ours, bare) in [(10.0, 20.0), (30.0, 30.0), (80.0, 100.0)] {
            duel.round(ours, bare);
        }
        assert_eq!((duel.ours(), duel.bare(), duel.ratio()), (30.0, 30.0, 0.8));
        assert_eq!(median(&[1.0, 3.0]), 2.0);
    }

    #[test]
    fn a_share_is_the_smallest_time_that_so_many_did_not_exceed() {
        let mut times = Times::default();
        (1..=100).rev().for_each(|ms| times.add(Duration::from_millis(ms)));
        assert_eq!([times.share(0.5), times.share(0.99), times.share(1.0)], [50.0, 99.0, 100.0]);
    }
}
