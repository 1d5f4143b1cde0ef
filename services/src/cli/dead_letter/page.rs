//! One dead letter, for people: why, what was decided about it and what came of that, and a cleaned
//! form of what was published.

use helmstream_projections::dead_letter::Decided;
use helmstream_projections::questions::dead_letter::{DeadLetterShown, Retry};
use helmstream_schemas::outcome::Outcome;

use super::{
    super::{
        escape::{escaped, escaped_lines},
        output::Screen,
        page::{Page, Tone},
        when,
    },
    stands, tone,
};
use crate::client::{Answer, dead_letter::Shown, limits::SHOWN_BYTES_MAX};

pub(super) fn page(screen: &Screen, answer: &Answer<Shown>) -> String {
    let Shown { dead_letter, shown } = &answer.answer;
    let dead_letter = &dead_letter.letter;
    let letter = &dead_letter.letter;
    let mut page = Page::new(screen.ink);
    page.line(format!(
        "{} of {}, INBOX {}",
        screen.ink.paint(Tone::Bad, "dead letter"),
        escaped(&letter.publisher),
        letter.inbox_sequence
    ));
    page.field("reason", escaped(&letter.reason));
    page.field("detail", escaped(&letter.detail));
    page.field("hint", escaped(&letter.hint));
    page.field("recorded", when::instant_and_age(dead_letter.recorded_at, screen.now));
    page.field("bytes", letter.bytes.to_string());
    page.field("kept", format!("DEADLETTERS {}", letter.dead_sequence));
    page.field(
        "stands",
        screen.ink.paint(tone(dead_letter.standing), &escaped(&stands(dead_letter))),
    );
    decisions(&mut page, screen, dead_letter);
    page.head("What was published, without secrets and personal values");
    match shown {
        None => page.line("  it is no longer kept"),
        Some(shown) => {
            let end = shown.floor_char_boundary(SHOWN_BYTES_MAX);
            for line in escaped_lines(&shown[..end]).lines() {
                page.line(format!("  {line}"));
            }
            if end < shown.len() {
                let more = shown.len() - end;
                page.line(
                    screen
                        .ink
                        .paint(Tone::Quiet, &format!("  … and {more} bytes more; -o json has all")),
                );
            }
        }
    }
    page.finish()
}

fn decisions(page: &mut Page, screen: &Screen, shown: &DeadLetterShown) {
    if shown.retries.is_empty() && shown.discarded.is_none() {
        return;
    }
    page.head("What was decided");
    for retry in &shown.retries {
        page.field(
            &format!("retry {}", retry.attempt.number),
            decided(screen, &retry.attempt.decided),
        );
        page.field("", escaped(&became(retry)));
    }
    if let Some(discarded) = &shown.discarded {
        page.field("discarded", decided(screen, discarded));
    }
}

fn decided(screen: &Screen, decided: &Decided) -> String {
    let Decided { sequence, by, at, reason, .. } = decided;
    let when = when::instant_and_age(*at, screen.now);
    let reason = reason.as_ref().map(|reason| format!(": {}", escaped(reason)));
    format!(
        "{when} by {} ({}), event {sequence}{}",
        escaped(&by.id),
        by.kind,
        reason.unwrap_or_default()
    )
}

/// What a retry became, in a few words.
pub(super) fn became(retry: &Retry) -> String {
    if let Some(detail) = &retry.attempt.failed {
        return format!("failed: {detail}");
    }
    let Some(became) = &retry.became else {
        return "nothing is known of it yet".to_owned();
    };
    let inbox = format!("INBOX {}", became.inbox_sequence);
    match &became.outcome {
        None => format!("it lies at {inbox}"),
        Some(Outcome::Event { sequence, context, aggregate, name, .. }) => {
            format!("became event {sequence}, {name} of {context} {aggregate}")
        }
        Some(Outcome::ExternalFact { sequence, source, .. }) => {
            format!("became event {sequence}, a fact of {source}")
        }
        Some(Outcome::Unchanged { context, aggregate, .. }) => {
            format!("was known of {context} {aggregate}")
        }
        Some(Outcome::DuplicateOf { first_inbox_sequence }) => {
            format!("was accepted before, as INBOX {first_inbox_sequence}")
        }
        Some(Outcome::Refused { sequence, reason, .. }) => {
            format!("was refused ({reason}), event {sequence}")
        }
        Some(Outcome::DeadLetter { reason, .. }) => {
            format!("a dead letter again ({reason}), {inbox}")
        }
        Some(Outcome::Lost) => format!("{inbox} was lost"),
    }
}
