//! Phases of a run with their steps below them, how each ended and how long the run says it took.

use helmstream_projections::run::view::Stage;
use helmstream_schemas::{
    Timestamp,
    run::{Ending, Phase, Place},
};

use super::super::{
    escape::escaped,
    page::{Page, Tone},
    when,
};
use crate::limits::{STAGE_COLUMNS_MAX, STAGE_COLUMNS_MIN};

/// Phases in their order, each with its steps; steps of no phase that was begun by themselves.
pub(super) fn write(page: &mut Page, phases: &[Stage], steps: &[Stage], now: Timestamp) {
    if phases.is_empty() && steps.is_empty() {
        return;
    }
    page.head("Phases and steps");
    let mut places: Vec<String> = Vec::new();
    for stage in phases.iter().chain(steps) {
        let phase = phase_of(&stage.place);
        if !places.contains(&phase) {
            places.push(phase);
        }
    }
    let names = steps.iter().filter_map(|step| step.place.step.as_deref());
    let longest = names.map(|name| escaped(name).chars().count()).max().unwrap_or_default();
    let width = (longest + 3).clamp(STAGE_COLUMNS_MIN, STAGE_COLUMNS_MAX);
    for phase in places {
        let mut begun = phases.iter().filter(|stage| phase_of(&stage.place) == phase).peekable();
        if begun.peek().is_none() {
            page.line(format!(
                "  {phase:<width$}{}",
                page.ink.paint(Tone::Quiet, "not begun by name")
            ));
        }
        begun.for_each(|stage| line(page, stage, &format!("  {phase:<width$}"), now));
        for step in steps.iter().filter(|step| phase_of(&step.place) == phase) {
            let name = escaped(step.place.step.as_deref().unwrap_or("a step"));
            line(page, step, &format!("    {name:<0$} ", width - 3), now);
        }
    }
}

/// A place in the pipeline: `release / merge-pr`.
pub(super) fn place_of(place: &Place) -> String {
    match &place.step {
        Some(step) => format!("{} / {}", phase_of(place), escaped(step)),
        None => phase_of(place),
    }
}

/// An ending in the word and tone in which it is told.
pub(super) const fn ending(ending: Ending) -> (Tone, &'static str) {
    match ending {
        Ending::Completed => (Tone::Good, "completed"),
        Ending::Warning => (Tone::Warn, "completed with warnings"),
        Ending::Failed => (Tone::Bad, "failed"),
        Ending::Skipped => (Tone::Quiet, "skipped"),
        Ending::Cancelled => (Tone::Quiet, "cancelled"),
        Ending::Other => (Tone::Plain, "ended"),
    }
}

fn phase_of(place: &Place) -> String {
    match (place.phase, &place.phase_text) {
        (Some(phase), None) if phase != Phase::Other => phase.word().to_owned(),
        (_, Some(text)) => escaped(text).into_owned(),
        _ => "no phase".to_owned(),
    }
}

fn line(page: &mut Page, stage: &Stage, name: &str, now: Timestamp) {
    let told = stage.file.as_ref().filter(|_| stage.number.is_none());
    let (tone, word) = match (stage.ending, told) {
        (Some(over), _) => ending(over),
        (None, Some(file)) if file.gone => (Tone::Warn, "gone"),
        (None, Some(file)) => (Tone::Plain, file.status.as_deref().unwrap_or("no status")),
        (None, None) => (Tone::Strong, "going on"),
    };
    let word = escaped(word);
    let took = match (stage.begun_at, stage.ended_at) {
        (Some(begun), Some(ended)) => ended.since(begun).map(when::span),
        (Some(begun), None) if stage.ending.is_none() && told.is_none() => {
            Some(format!("since {}", when::age(begun, now)))
        }
        (None, Some(ended)) if told.is_some() => Some(when::instant(ended)),
        _ => None,
    };
    let again = if stage.begun_times > 1 {
        format!("  begun {} times", stage.begun_times)
    } else {
        String::new()
    };
    let word = page.ink.paint(tone, &format!("{word:<11}"));
    page.line(format!("{name}{word} {}{again}", took.unwrap_or_default()));
    if let Some(error) = &stage.error {
        let said: Vec<_> =
            [&error.code, &error.message].into_iter().flatten().map(|text| escaped(text)).collect();
        page.line(format!("      {}", page.ink.paint(Tone::Bad, &said.join(": "))));
    }
}
