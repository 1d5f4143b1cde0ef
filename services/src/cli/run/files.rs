//! What the files of a run say of it: what cannot all be true first and loudly, and each sighting in
//! the timeline with what it changed.

use std::time::Duration;

use helmstream_projections::run::files::{Contradicted, Contradicts};
use helmstream_schemas::{
    Timestamp,
    run::{Change, Contradiction, Ending, Observed, Place, Sighting, Told},
};

use super::{
    super::{
        escape::escaped,
        page::{Page, Tone},
        when,
    },
    stages::{ending, place_of},
};

/// What nobody may overlook.
pub(super) fn alarms(page: &mut Page, contradictions: &[Contradicted]) {
    if contradictions.is_empty() {
        return;
    }
    page.empty();
    page.line(page.ink.paint(Tone::Alarm, " WHAT ITS FILES SAY CANNOT ALL BE TRUE "));
    for found in contradictions {
        let said = match &found.what {
            Contradicts::Itself(what) => contradiction(what),
            Contradicts::StillOpen { ending: ended, status } => format!(
                "the run says that it {}, and its state still says `{}`",
                ending(*ended).1,
                escaped(status)
            ),
        };
        let place = page.ink.paint(Tone::Quiet, &format!("[{}]", found.sequence));
        page.line(format!("  {}: {said}  {place}", escaped(&found.path)));
    }
}

/// A sighting in one line.
pub(super) fn seen(observed: &Observed) -> (Tone, String) {
    let path = escaped(&observed.sighting.path);
    let Sighting { commit, written_at, received_at, .. } = &observed.sighting;
    let when = match (commit, written_at) {
        (Some(commit), _) => {
            let id = commit.id.chars().take(12).collect::<String>();
            format!(" of commit {}, {},", escaped(&id), when::instant(commit.committed_at))
        }
        (None, Some(at)) => format!(", written {},", when::instant(*at)),
        (None, None) => format!(", received {},", when::instant(*received_at)),
    };
    let said = match &observed.told {
        Told::State(_) if observed.late => (
            Tone::Quiet,
            "was seen late: a younger one was known, so it changes nothing".to_owned(),
        ),
        Told::State(_) if observed.changes.is_empty() => {
            (Tone::Quiet, "tells nothing new".to_owned())
        }
        Told::State(_) => (Tone::Plain, "was seen".to_owned()),
        Told::Metadata(_) => (Tone::Plain, "tells what the run was begun with".to_owned()),
        Told::Published(line) => {
            let status = line.status.as_deref().unwrap_or("no status");
            let message = line.message.as_deref().map(|text| format!(": {}", escaped(text)));
            let word = escaped(&line.word);
            let place = place_of(&line.place);
            let message = message.unwrap_or_default();
            (Tone::Plain, format!("tells of {word} at {place}, {}{message}", escaped(status)))
        }
    };
    (said.0, format!("{path}{when} {}", said.1))
}

/// What a sighting changed: the time at which the file says that it did, and what.
pub(super) fn changes(
    observed: &Observed,
) -> impl Iterator<Item = (Option<Timestamp>, Tone, String)> {
    observed.changes.iter().map(|change| match change {
        Change::Run { from, to } => (None, tone(to), moved("the run", from.as_ref(), to)),
        Change::Phase { place, from, to } => {
            (None, tone(to), moved(&place_of(place), from.as_ref(), to))
        }
        Change::Step { place, from, to, completed_at, message } => {
            let said = moved(&place_of(place), from.as_ref(), to);
            let message = message.as_deref().map(|text| format!(": {}", escaped(text)));
            (*completed_at, tone(to), said + &message.unwrap_or_default())
        }
        Change::StepGone { place } => {
            (None, Tone::Warn, format!("{} is not there any more", place_of(place)))
        }
    })
}

fn moved(what: &str, from: Option<&String>, to: &str) -> String {
    let to = if to.is_empty() { "no status" } else { to };
    match from {
        Some(from) if from == to => format!("{what} {}, told anew", escaped(to)),
        Some(from) => format!("{what} {} (was {})", escaped(to), escaped(from)),
        None => format!("{what} {}", escaped(to)),
    }
}

fn tone(status: &str) -> Tone {
    match Ending::of(status) {
        Ending::Other => Tone::Plain,
        over => ending(over).0,
    }
}

fn contradiction(found: &Contradiction) -> String {
    let of = |place: &Option<Place>| place.as_ref().map_or("the run".to_owned(), place_of);
    match found {
        Contradiction::StillRunning { place, message } => format!(
            "{} is a success, and its message says that something was still running: {}",
            place_of(place),
            escaped(message)
        ),
        Contradiction::AheadOfSighting { place, claimed_at, seen_at, ahead_ms } => format!(
            "{} is dated {}, {} after it was seen ({})",
            of(place),
            when::instant(*claimed_at),
            when::span(Duration::from_millis(*ahead_ms)),
            when::instant(*seen_at)
        ),
        Contradiction::FrozenUpdate { updated_at, changes } => format!(
            "{changes} steps changed while the time of the last change stood still at {}",
            when::instant(*updated_at)
        ),
        Contradiction::Undone { place, from } => {
            format!("{} had ended ({}) and has not any more", place_of(place), escaped(from))
        }
        Contradiction::Move { from, to } => {
            format!("the run cannot become `{}` after `{}`", escaped(to), escaped(from))
        }
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
