//! `--at`: what a fold of EVENTS was as of a moment. Ages are as of then, a list says how far the
//! view as it was is built, and a page says in its last line what it is. What is no fold of EVENTS
//! has no such flag.

use std::io::{self, IsTerminal};

use anyhow::Result;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use helmstream_projections::views::View;
use helmstream_schemas::Timestamp;
use serde_json::json;

use super::{
    bar::Bar,
    output::{self, Format, Screen},
    page::Tone,
    when,
};
use crate::{
    amounts::counted,
    client::{
        Client,
        past::{Moment, Request, Standing, When},
    },
};

/// A moment on the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct AtArg {
    /// As of a position on EVENTS, or of a time (RFC 3339, or a date): the last event recorded by then
    #[arg(long, value_name = "POSITION|TIME", value_parser = moment)]
    at: Option<When>,
}

/// The moment that a question is about: the present, unless one was named.
#[derive(Clone, Copy, Default)]
pub(super) struct At(Option<Moment>);

impl AtArg {
    pub(super) async fn asked(&self, client: &impl Client) -> Result<At> {
        Ok(At(match self.at {
            Some(when) => Some(client.moment(when).await?),
            None => None,
        }))
    }
}

impl At {
    /// The position, as a request carries it.
    pub(super) fn sequence(self) -> Option<u64> {
        self.0.map(|moment| moment.sequence)
    }

    /// The screen, with the time that it was then.
    pub(super) fn screen(self, screen: &Screen) -> Screen {
        self.0.map_or(*screen, |moment| Screen { now: moment.now, ..*screen })
    }

    /// Waits until a view can be asked as it was, and tells how far that is.
    pub(super) async fn ready(
        self,
        client: &impl Client,
        screen: &Screen,
        view: &str,
    ) -> Result<()> {
        match self.0 {
            Some(moment) => ready(client, screen, view, moment.sequence).await,
            None => Ok(()),
        }
    }

    /// Says in a last line what a page or list of a view is.
    pub(super) fn foot(self, screen: &Screen, view: &str) -> Result<()> {
        let version = View::named(view).map_or(0, |view| view.version);
        self.foot_of(screen, |at| {
            let events = if at == 1 { "event 1".into() } else { format!("events 1 to {at}") };
            format!("what version {version} of the view `{view}` says of {events}")
        })
    }

    /// The same, in other words than a view's.
    pub(super) fn foot_of(self, screen: &Screen, what: impl Fn(u64) -> String) -> Result<()> {
        let (Some(moment), Format::Table) = (self.0, screen.format) else { return Ok(()) };
        let said = format!("{}: {}", told(&moment), what(moment.sequence));
        screen.print(&(screen.ink.paint(Tone::Quiet, &said) + "\n"))
    }
}

/// `as of EVENTS 120, recorded 2026-01-31 09:30:12Z`.
fn told(moment: &Moment) -> String {
    format!("as of EVENTS {}, recorded {}", moment.sequence, when::instant(moment.recorded_at))
}

/// Asks again and again whether a view as it was is ready; it is built meanwhile. On a terminal
/// there is a bar, and as data one line each time.
pub(super) async fn ready(
    client: &impl Client,
    screen: &Screen,
    view: &str,
    at: u64,
) -> Result<()> {
    let mut bar: Option<Bar> = None;
    let request = Request { view: view.to_owned(), at };
    let done = loop {
        let standing = match client.past(request.clone()).await {
            Ok(standing) => standing,
            Err(failure) => break Err(failure.into()),
        };
        let Standing::Building { from, read_to } = standing else { break Ok(()) };
        if from == 0 {
            continue;
        }
        match screen.format {
            Format::Json | Format::Ndjson => {
                let building = json!({"view": view, "at": at, "from": from, "read_to": read_to});
                let line = output::json(&json!({ "building": building }), false)?;
                screen.print(&(line + "\n"))?;
            }
            Format::Table if io::stderr().is_terminal() => {
                let bar = bar.get_or_insert_with(|| Bar::new(Some(at + 1 - from)));
                let read = (read_to + 1).saturating_sub(from);
                let said = format!(
                    "the view {view} as of EVENTS {at}: {read} of {}",
                    counted(at + 1 - from, "event")
                );
                bar.advance(read, said);
            }
            Format::Table | Format::Yaml | Format::Registry => {}
        }
    };
    if let Some(bar) = bar {
        bar.clear();
    }
    done
}

/// A position, an instant, or a day, which is meant as its beginning.
pub(super) fn moment(text: &str) -> Result<When, String> {
    if let Ok(sequence) = text.parse() {
        return Ok(When::Sequence(sequence));
    }
    let instant = match text.len() {
        10 => Timestamp::parse(&format!("{text}T00:00:00Z")),
        _ => Timestamp::parse(text),
    };
    instant.map(When::Time).map_err(|_| {
        "a moment is a position such as 120, a time such as 2026-01-31T09:30:00Z, or a date such as 2026-01-31, which is its beginning in UTC".to_owned()
    })
}

/// Says why `--at` was not understood where it has no meaning.
pub(super) fn explained(said: clap::Error) -> clap::Error {
    let is_at = matches!(
        said.get(ContextKind::InvalidArg),
        Some(ContextValue::String(argument)) if argument == "--at"
    );
    if said.kind() != ErrorKind::UnknownArgument || !is_at {
        return said;
    }
    let why = "`--at` is a flag of what is a fold of EVENTS: run, approval, deployment (list, show), deployment history, token list, event (list, show, why) and emit registry. \
               This command is about something else, such as dead letters, outcomes or the state of servers and views, of which there is no earlier state to be had\n";
    clap::Error::raw(ErrorKind::UnknownArgument, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_a_time_or_the_beginning_of_a_day() {
        let time = |text| When::Time(Timestamp::parse(text).unwrap());
        assert_eq!(moment("120"), Ok(When::Sequence(120)));
        assert_eq!(moment("2026-01-31T10:30:00+01:00"), Ok(time("2026-01-31T09:30:00Z")));
        assert_eq!(moment("2026-01-31"), Ok(time("2026-01-31T00:00:00Z")));
        for other in ["", "-1", "yesterday", "2026-01-31T09:30:00", "2026-13-31"] {
            assert!(moment(other).is_err(), "{other}");
        }
    }
}
