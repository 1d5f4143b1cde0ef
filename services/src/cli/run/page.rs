//! One run whole, for people: how it stands, what nobody may overlook, then phases, gates,
//! artifacts and the timeline. Pure: the same run and the same now give the same text.

use helmstream_projections::{questions::run::RunShown, run::RunSummary};
use helmstream_schemas::{Id, Timestamp, run::Artifact};

use super::{
    super::{
        escape::escaped,
        page::{Ink, Page, Tone},
        when,
    },
    files, gates, stages, timeline, tone_of,
};
use crate::{amounts::counted, client::run::Shown};

/// The page of a run.
pub(super) fn page(answer: &Shown, as_of_seq: u64, now: Timestamp, ink: Ink) -> String {
    let RunShown { run, aliases, merged, .. } = &answer.run;
    let mut page = Page::new(ink);
    head(&mut page, &run.id, &run.summary, now);
    page.field("also called", names(aliases));
    page.field("merged", names(merged));
    if let Some(into) = &run.summary.merged_into {
        page.field("is really", escaped(into.as_str()));
    }
    gates::alarms(&mut page, &run.gates);
    files::alarms(&mut page, &run.contradictions);
    disputes(&mut page, run.disputes.len());
    for stall in &run.stalls {
        let silence = stall.due_at.since(stall.heard_at).map(when::span).unwrap_or_default();
        let said =
            format!("nothing was heard for {silence} after {}", when::instant(stall.heard_at));
        page.line(format!("  {} {said}", ink.paint(Tone::Warn, "stalled:")));
    }
    stages::write(&mut page, &run.phases, &run.steps, now);
    gates::write(&mut page, &run.gates, &answer.people);
    artifacts(&mut page, run.artifacts.iter().map(|made| (made.number, &made.artifact)));
    timeline::write(&mut page, &run.timeline);
    page.empty();
    page.line(ink.paint(
        Tone::Quiet,
        &format!("as of event {as_of_seq}; why an event is there: helmstream event why POSITION"),
    ));
    page.finish()
}

fn head(page: &mut Page, id: &Id, summary: &RunSummary, now: Timestamp) {
    let title =
        summary.title.as_deref().map(|title| format!("  {}", escaped(title))).unwrap_or_default();
    let id = page.ink.paint(Tone::Strong, &escaped(id.as_str()));
    page.line(format!("{id}{title}"));
    let status = page.ink.paint(tone_of(summary.status), summary.status.word());
    let phase = summary
        .phase
        .as_deref()
        .map(|phase| format!(", last in {}", escaped(phase)))
        .unwrap_or_default();
    page.field("status", format!("{status}{phase}"));
    page.field("work", escaped(summary.work_id.as_deref().unwrap_or_default()));
    page.field("workflow", escaped(summary.workflow_id.as_deref().unwrap_or_default()));
    page.field("autonomy", escaped(summary.autonomy.as_deref().unwrap_or_default()));
    let instant = |at| when::instant_and_age(at, now);
    page.field("started", summary.started_at.map(instant).unwrap_or_default());
    let took = summary.started_at.zip(summary.ended_at).and_then(|(start, end)| end.since(start));
    let took = took.map(|took| format!(", took {}", when::span(took))).unwrap_or_default();
    page.field("ended", summary.ended_at.map(|at| instant(at) + &took).unwrap_or_default());
    page.field("heard", summary.heard_at.map(instant).unwrap_or_default());
    page.field("claims", summary.claims.to_string());
}

fn names(ids: &[Id]) -> String {
    ids.iter().map(|id| escaped(id.as_str())).collect::<Vec<_>>().join("  ")
}

fn disputes(page: &mut Page, count: usize) {
    if count > 0 {
        let said = format!(
            "{} of numbers that stand already; the first stands",
            counted(count as u64, "other claim")
        );
        page.line(format!("  {} {said}", page.ink.paint(Tone::Bad, "disputed:")));
    }
}

fn artifacts<'a>(page: &mut Page, made: impl Iterator<Item = (Option<u64>, &'a Artifact)>) {
    let mut made = made.peekable();
    if made.peek().is_none() {
        return;
    }
    page.head("Artifacts");
    for (number, artifact) in made {
        let named = [&artifact.name, &artifact.path, &artifact.url, &artifact.sha];
        let named: Vec<_> = named.into_iter().flatten().map(|text| escaped(text)).collect();
        let size = artifact.size_bytes.map(|bytes| format!("  {bytes} bytes")).unwrap_or_default();
        let told = number.map_or("its state".to_owned(), |number| format!("claim {number}"));
        page.line(format!("  {:<12}{}{size}  ({told})", escaped(&artifact.kind), named.join("  ")));
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
