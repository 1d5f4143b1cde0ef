//! Gates of a run: those that were passed without a grant first and loudly, then what was asked, what
//! the run claims was answered, and what people answered. No gate passes by what the run claims.

use std::collections::BTreeMap;

use helmstream_projections::run::gates::Gate;
use helmstream_schemas::run::{Answer, GateSettled, Settled};

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
    let bypasses = gates.iter().flat_map(|gate| gate.bypasses.iter().map(move |b| (gate, b)));
    for (gate, bypass) in bypasses.filter(|(_, bypass)| !bypass.was_granted()) {
        page.empty();
        page.line(page.ink.paint(Tone::Alarm, " GATE PASSED WITHOUT A GRANT "));
        page.line(format!(
            "  the gate at {} was asked in claim {} and had no grant when the run went on in claim {}, at {}",
            place_of(&gate.gate),
            bypass.asked_number,
            bypass.passed_number,
            place_of(&bypass.passed_at)
        ));
        if let Some(number) = bypass.claimed_number {
            page.line(format!(
                "  the run claims that it was granted, in claim {number}; a claim passes no gate"
            ));
        }
        page.line(match &bypass.cleared {
            Some(cleared) => format!(
                "  a grant came later, {}; that clears it and does not undo it",
                when::instant(cleared.at)
            ),
            None => format!("  {}", page.ink.paint(Tone::Bad, "nobody has granted it since")),
        });
    }
}

/// Every gate.
pub(super) fn write(page: &mut Page, gates: &[Gate], people: &BTreeMap<String, String>) {
    if gates.is_empty() {
        return;
    }
    page.head("Gates");
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
                "    {word}as the run claims in claim {}{}{person}",
                answered.number,
                at(&answered.claimed_at)
            ));
        }
        for settled in &gate.settled {
            page.line(format!("    {}", settled_of(page, settled)));
        }
        if gate.settled.is_empty() && !gate.asked.is_empty() {
            page.line(format!("    {}", page.ink.paint(Tone::Warn, "nobody has answered")));
        }
        for bypass in &gate.bypasses {
            let (tone, said) = match bypass.was_granted() {
                true => (Tone::Quiet, "after the grant, of which the run was told later"),
                false => (Tone::Alarm, "without a grant"),
            };
            let word = page.ink.paint(tone, "passed");
            page.line(format!("    {word}     in claim {} {said}", bypass.passed_number));
        }
    }
}

/// How an approval of the gate was closed, by whom and why.
fn settled_of(page: &Page, settled: &GateSettled) -> String {
    let (tone, word) = match settled.outcome {
        Settled::Granted => (Tone::Good, "granted"),
        Settled::Denied => (Tone::Bad, "denied"),
        Settled::Withdrawn => (Tone::Quiet, "withdrawn"),
        Settled::Expired => (Tone::Warn, "expired"),
    };
    let word = page.ink.paint(tone, &format!("{word:<11}"));
    let by = settled.by.as_ref().map(|by| format!(" by {}", escaped(&by.id))).unwrap_or_default();
    let why =
        settled.reason.as_deref().map(|why| format!(": {}", escaped(why))).unwrap_or_default();
    format!("{word}{}{by}{why}", when::instant(settled.at))
}
