//! Whether what the publisher was told is stored has come to something.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_projections::{Database, questions::outcome};

use super::load::{Acknowledged, Kind};

/// Questions about outcomes that are asked at once.
const ASKED: usize = 5_000;

/// Everything that the publisher was told is stored has an outcome, and one that fits it.
pub async fn assert_all(database: &Database, acknowledged: &[Acknowledged]) {
    let positions: BTreeSet<u64> = acknowledged.iter().map(|one| one.inbox_sequence).collect();
    assert_eq!(
        positions.len(),
        acknowledged.len(),
        "a position was acknowledged twice: something was lost"
    );
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for part in acknowledged.chunks(ASKED) {
        let asked: Vec<u64> = part.iter().map(|one| one.inbox_sequence).collect();
        let found = outcome::outcomes(database, &asked).await.expect("the views answer");
        for (one, (sequence, outcome)) in part.iter().zip(found) {
            let outcome = outcome.unwrap_or_else(|| panic!("{one:?} has no outcome"));
            assert_eq!(sequence, one.inbox_sequence);
            let word = outcome.word();
            let fits = match one.kind {
                Kind::Garbage => word == "dead letter",
                Kind::External => word == "external fact",
                Kind::SameClaim | Kind::Dispute => matches!(word, "event" | "unchanged"),
                // Of what was not stored the first time, or came again later, the second is the first.
                Kind::Claim | Kind::TwoNames | Kind::Repeat | Kind::Conflict => {
                    matches!(word, "event" | "unchanged" | "duplicate of" | "dead letter")
                }
            };
            assert!(fits, "{one:?} became {outcome:?}");
            *counts.entry(word).or_default() += 1;
        }
    }
    println!("{counts:?}");
}
