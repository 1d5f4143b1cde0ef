//! Everything a run said, and what the plane says of it, one line each in the order of the run's
//! own numbers. The times are the run's claims; one that lies after its receipt is flagged.

use std::time::Duration;

use helmstream_projections::run::{Entry, What};
use helmstream_schemas::{
    Timestamp,
    run::{Answer, Claim, Settled},
};

use super::{
    super::{
        escape::escaped,
        page::{Page, Tone},
        when,
    },
    files,
    stages::{ending, place_of},
};

/// The timeline.
pub(super) fn write(page: &mut Page, entries: &[Entry]) {
    page.head("Timeline (claim, claimed time, what; [position of the event])");
    let mut day = String::new();
    for entry in entries {
        let claimed_at = entry.claim.as_ref().and_then(|claim| claim.claimed_at);
        let number = entry.claim.as_ref().map(|claim| claim.number.to_string()).unwrap_or_default();
        let time = match (claimed_at, &entry.claim) {
            (Some(at), _) => time_of(page, at, &mut day),
            (None, Some(_)) => "no time".to_owned(),
            (None, None) => String::new(),
        };
        let (tone, what) = what(entry);
        let what = page.ink.paint(tone, &what);
        let place = page.ink.paint(Tone::Quiet, &format!("[{}]", entry.sequence));
        page.line(format!("  {number:>5}  {time:<10} {what}  {place}"));
        if let What::Observed(observed) = &entry.what {
            for (at, tone, said) in files::changes(observed) {
                let time = at.map(|at| time_of(page, at, &mut day)).unwrap_or_default();
                page.line(format!("  {:>5}  {time:<10}   {}", "", page.ink.paint(tone, &said)));
            }
        }
        if let Some(claim) = &entry.claim {
            for remark in remarks(claim) {
                page.line(format!(
                    "  {:>5}  {:<10} {}",
                    "",
                    "",
                    page.ink.paint(Tone::Warn, &remark)
                ));
            }
        }
    }
}

/// A time of day; above the first of a day, the day.
fn time_of(page: &mut Page, at: Timestamp, day: &mut String) -> String {
    if when::day(at) != *day {
        *day = when::day(at);
        page.line(format!("  {}", page.ink.paint(Tone::Quiet, day)));
    }
    when::time_of_day(at)
}

fn what(entry: &Entry) -> (Tone, String) {
    let message =
        |said: String| match entry.claim.as_ref().and_then(|claim| claim.message.as_deref()) {
            Some(message) => format!("{said}: {}", escaped(message)),
            None => said,
        };
    match &entry.what {
        What::Started(_) => (Tone::Strong, message("started".to_owned())),
        What::Resumed(fact) => {
            let word = if fact.rerun { "began again" } else { "went on" };
            (Tone::Strong, message(word.to_owned()))
        }
        What::PhaseBegun(fact) => (Tone::Plain, format!("{} began", place_of(&fact.place))),
        What::PhaseEnded(fact) => {
            let (tone, word) = ending(fact.ending);
            (tone, message(format!("{} {word}", place_of(&fact.place))))
        }
        What::StepBegun(fact) => {
            let again = if fact.again { " again" } else { "" };
            (Tone::Plain, format!("{} began{again}", place_of(&fact.place)))
        }
        What::StepEnded(fact) => {
            let (tone, word) = ending(fact.ending);
            (tone, message(format!("{} {word}", place_of(&fact.place))))
        }
        What::ArtifactRecorded(_) => (Tone::Plain, message(made(entry.claim.as_ref()))),
        What::ApprovalAsked(fact) => {
            (Tone::Warn, message(format!("approval asked at {}", place_of(&fact.gate))))
        }
        What::ApprovalAnswered(fact) => {
            let (tone, word) = match fact.answer {
                Answer::Granted => (Tone::Good, "granted"),
                Answer::Denied => (Tone::Bad, "denied"),
            };
            (
                tone,
                message(format!("approval {word} at {}, as the run claims", place_of(&fact.gate))),
            )
        }
        What::Noted(_) => {
            let word = entry.claim.as_ref().map(|claim| claim.word.as_str()).unwrap_or_default();
            (Tone::Quiet, message(escaped(word).into_owned()))
        }
        What::Ended(fact) => {
            let (tone, word) = ending(fact.ending);
            (tone, message(format!("the run {word}")))
        }
        What::GateBypassed(fact) => {
            (Tone::Alarm, format!("GATE PASSED WITHOUT A GRANT at {}", place_of(&fact.gate)))
        }
        What::Observed(fact) => files::seen(fact),
        What::GateSettled(fact) => {
            let place = place_of(&fact.gate);
            match fact.outcome {
                Settled::Granted => (Tone::Good, format!("approval granted at {place}")),
                Settled::Denied => (Tone::Bad, format!("approval denied at {place}")),
                Settled::Withdrawn => (Tone::Quiet, format!("approval withdrawn at {place}")),
                Settled::Expired => (Tone::Warn, format!("approval expired at {place}")),
            }
        }
        What::ClaimDisputed(fact) => {
            let stands = fact.stands.to_string();
            (
                Tone::Bad,
                message(format!(
                    "disputed: another claim of this number ({}…) stands",
                    &stands[..8]
                )),
            )
        }
        What::Stalled(fact) => (
            Tone::Warn,
            format!("stalled: nothing was heard after {}", when::instant(fact.heard_at)),
        ),
        What::Merged(fact) => {
            (Tone::Quiet, format!("proved to be {}", escaped(fact.into.as_str())))
        }
    }
}

fn made(claim: Option<&Claim>) -> String {
    let Some(claim) = claim else { return "recorded an artifact".to_owned() };
    let kinds: Vec<_> = claim.artifacts.iter().map(|artifact| escaped(&artifact.kind)).collect();
    match kinds.is_empty() {
        true => escaped(&claim.word).into_owned(),
        false => format!("{} ({})", escaped(&claim.word), kinds.join(", ")),
    }
}

/// What is odd about a claim's own time.
fn remarks(claim: &Claim) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(ahead) = claim.ahead_ms {
        let ahead = when::span(Duration::from_millis(ahead));
        let received = when::instant(claim.received_at);
        remarks.push(format!("claims to be {ahead} later than it was received ({received})"));
    }
    if let Some(text) = &claim.claimed_text {
        remarks.push(format!("its time `{}` cannot be read as an instant", escaped(text)));
    }
    remarks
}
