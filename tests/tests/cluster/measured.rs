//! What was measured of each fault, and the table of it.

use std::{collections::BTreeMap, time::Duration};

/// Of one fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// The longest time in which no publish was acknowledged.
    pub(crate) unacknowledged: Duration,
    /// The longest time in which the publisher was told no outcome.
    pub(crate) untold: Duration,
}

/// The longest refusal of writing that is aimed at.
pub(crate) const GOAL: Duration = Duration::from_secs(5);

/// By kind of fault: how often, the median and the longest of each, in seconds.
pub(crate) fn print(all: &BTreeMap<String, Vec<Measured>>) {
    println!(
        "| fault | count | nothing acknowledged: median | longest | no outcome told: median | longest |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (kind, of) in all {
        row(kind, of);
    }
    let every: Vec<Measured> = all.values().flatten().copied().collect();
    row("all", &every);
    let beyond = every.iter().filter(|one| one.unacknowledged > GOAL).count();
    println!("{beyond} of {} refused writing for longer than {GOAL:?}", every.len());
}

fn row(kind: &str, of: &[Measured]) {
    let seconds = |get: fn(&Measured) -> Duration| {
        let mut all: Vec<f64> = of.iter().map(|one| get(one).as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2], all[all.len() - 1])
    };
    let (median, longest) = seconds(|one| one.unacknowledged);
    let (untold_median, untold_longest) = seconds(|one| one.untold);
    println!(
        "| {kind} | {} | {median:.2} | {longest:.2} | {untold_median:.2} | {untold_longest:.2} |",
        of.len()
    );
}
