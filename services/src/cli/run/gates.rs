//! Gates of a run: those that were passed without an answer first and loudly, then what was asked
//! and what the run claims was answered. No gate passes by what the run claims.

use std::collections::BTreeMap;

use helmstream_projections::run::gates::{Bypass, Gate};
use helmstream_schemas::run::Answer;

use super::{
    super::{
        escape::escaped,
        page::{Page, Tone},
        when,
    },
    stages::place_of,
};

/// What nobody may overlook.
pub(super) fn alarms(page: &mut Page, gates: &[Gate]) {
    for gate in gates {
        for bypass in &gate.bypasses {
            let Bypass { asked_number, passed_number, passed_at, cleared_by } = bypass;
            page.empty();
            page.line(page.ink.paint(Tone::Alarm, " GATE PASSED WITHOUT AN ANSWER "));
            page.line(format!(
                "  the gate at {} was asked in claim {asked_number} and had no grant when the run went on in claim {passed_number}, at {}",
                place_of(&gate.gate),
                place_of(passed_at)
            ));
            page.line(match cleared_by {
                Some(number) => format!("  a grant was claimed later, in claim {number}; that clears it and does not undo it"),
                None => format!("  {}", page.ink.paint(Tone::Bad, "no grant has been claimed since")),
            });
        }
    }
}

/// Every gate.
pub(super) fn write(page: &mut Page, gates: &[Gate], people: &BTreeMap<String, String>) {
    if gates.is_empty() {
        return;
    }
    page.head("Gates (answers as the run claims them)");
    for gate in gates {
        page.line(format!("  {}", place_of(&gate.gate)));
        let at =
            |at: &Option<_>| at.map(|at| format!(", {}", when::instant(at))).unwrap_or_default();
        for asked in &gate.asked {
            page.line(format!("    asked      in claim {}{}", asked.number, at(&asked.claimed_at)));
        }
        for answered in &gate.answers {
            let (tone, word) = match answered.answer {
                Answer::Granted => (Tone::Good, "granted"),
                Answer::Denied => (Tone::Bad, "denied"),
            };
            let person = match answered.person.as_deref().map(|id| (id, people.get(id))) {
                Some((id, Some(name))) => format!(", by {} ({})", escaped(name), escaped(id)),
                Some((id, None)) => format!(", by {}", escaped(id)),
                None => String::new(),
            };
            let word = page.ink.paint(tone, &format!("{word:<11}"));
            page.line(format!(
                "    {word}in claim {}{}{person}",
                answered.number,
                at(&answered.claimed_at)
            ));
        }
        if gate.answers.is_empty() && !gate.asked.is_empty() {
            page.line(format!("    {}", page.ink.paint(Tone::Warn, "no answer was claimed")));
        }
        for bypass in &gate.bypasses {
            let word = page.ink.paint(Tone::Alarm, "passed");
            page.line(format!(
                "    {word}     in claim {} without an answer",
                bypass.passed_number
            ));
        }
    }
}
