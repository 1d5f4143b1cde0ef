//! `helmstream event tail`: events as they are recorded, a line each, until Ctrl-C or as many as
//! were asked for.

use std::pin::pin;

use anyhow::Result;
use futures_util::StreamExt;
use helmstream_schemas::{Id, attributes as ce};
use tokio::sync::watch;

use super::{
    super::{
        ending::Ending,
        escape::escaped,
        output::{self, Format, Screen},
        page::Tone,
        when,
    },
    name_of, tone_of,
};
use crate::{
    amounts::counted,
    client::{
        Client,
        event::{TailRequest, Told, place_of},
    },
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TailArgs {
    /// From this position on [default: what is recorded from now on]
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,
    /// Of this context only, such as run or approval
    #[arg(long)]
    context: Option<String>,
    /// Of this aggregate only, such as a run
    #[arg(long, value_name = "ID", visible_alias = "id")]
    aggregate: Option<String>,
    /// Of this type only, whole or the word alone, such as step_ended
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// End after so many events [default: go on until Ctrl-C]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

pub(super) async fn tail(
    client: &impl Client,
    screen: &Screen,
    args: TailArgs,
    mut stop: watch::Receiver<bool>,
) -> Result<Ending> {
    let TailArgs { from, context, aggregate, kind, count } = args;
    let aggregate = aggregate.map(Id::new).transpose()?.map(|id| id.as_str().to_owned());
    let request = TailRequest { from_seq: from, context, aggregate, kind };
    request.check()?;
    let mut events = pin!(client.tail(request));
    let mut teller = Teller { screen, told: 0 };
    while count.is_none_or(|count| teller.told < count) {
        let next = tokio::select! {
            next = events.next() => next,
            _ = stop.wait_for(|stop| *stop) => {
                teller.finish()?;
                // Without a number there is no other end, and this is one as it should be.
                return Ok(if count.is_some() { Ending::Interrupted } else { Ending::Done });
            }
        };
        match next {
            Some(Ok(told)) => teller.tell(&told)?,
            Some(Err(failure)) => {
                teller.stop()?;
                return Err(failure.into());
            }
            None => break,
        }
    }
    teller.finish()?;
    Ok(Ending::Done)
}

/// Tells events as they come, and keeps none of them.
struct Teller<'a> {
    screen: &'a Screen,
    told: u64,
}

impl Teller<'_> {
    fn tell(&mut self, event: &Told) -> Result<()> {
        self.told += 1;
        let text = match self.screen.format {
            Format::Table => line(self.screen, event),
            Format::Ndjson => output::json(event, false)? + "\n",
            Format::Json | Format::Registry => {
                let opening = if self.told == 1 { "{\"events\":[\n" } else { ",\n" };
                opening.to_owned() + &output::json(event, false)?
            }
            Format::Yaml => format!("---\n{}", output::yaml(event)?),
        };
        self.screen.print(&text)
    }

    /// Something went wrong in the middle: what was told so far stays readable.
    fn stop(&self) -> Result<()> {
        match self.screen.format {
            Format::Table if self.told > 0 => {
                let said = counted(self.told, "event");
                self.screen.print(&format!("{said}, and then it stopped\n"))
            }
            Format::Json if self.told > 0 => self.screen.print("\n]}\n"),
            _ => Ok(()),
        }
    }

    fn finish(&self) -> Result<()> {
        match self.screen.format {
            Format::Json if self.told == 0 => self.screen.print("{\"events\":[]}\n"),
            Format::Json => self.screen.print("\n]}\n"),
            _ => Ok(()),
        }
    }
}

/// Columns for what an event is of and for what it is: most fit, and what is longer moves only its
/// own line.
const OF_COLUMNS: usize = 32;
const EVENT_COLUMNS: usize = 20;

/// An event as `event list` shows it; its id goes where there is no room.
fn line(screen: &Screen, event: &Told) -> String {
    let attribute = |name| event.attributes.get(name).unwrap_or_default();
    let (context, aggregate) = place_of(&event.subject);
    let kind = attribute(ce::TYPE);
    let recorded = when::instant(event.recorded_at);
    let of = format!("{:<OF_COLUMNS$}", escaped(&format!("{context} {aggregate}")));
    let name = format!("{:<EVENT_COLUMNS$}", escaped(name_of(kind)));
    let begins = format!("{:>8}  ", event.sequence);
    let all = [&begins, &recorded, &of, &name].map(|text| text.chars().count());
    let id = escaped(attribute(ce::ID));
    let columns = all.iter().sum::<usize>() + 6 + id.chars().count();
    let has_room = screen.width.is_none_or(|width| columns <= usize::from(width));
    let recorded = screen.ink.paint(Tone::Quiet, &recorded);
    let (ends, name) = match has_room {
        true => (format!("  {id}"), screen.ink.paint(tone_of(kind), &name)),
        false => (String::new(), screen.ink.paint(tone_of(kind), name.trim_end())),
    };
    format!("{begins}{recorded}  {of}  {name}{ends}\n")
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Attributes, Record, Timestamp};

    use super::*;
    use crate::cli::page::Ink;

    #[test]
    fn an_event_is_one_line_whatever_it_holds_and_gives_up_its_id_where_there_is_no_room() {
        let mut attributes = Attributes::default();
        attributes.set(ce::TYPE, "helmstream.run.noted\u{1b}.v1");
        attributes.set(ce::ID, "0d1f");
        let told = Told::of(Record {
            stream: "EVENTS".into(),
            subject: "evt.run.acme/shop-42".into(),
            sequence: 17,
            recorded_at: Timestamp::from_nanos(1_767_225_600_000_000_000),
            attributes,
            payload: b"{}".to_vec(),
        });
        let screen = |width| Screen {
            format: Format::Table,
            ink: Ink::none(),
            width,
            now: Timestamp::default(),
        };
        let whole = line(&screen(None), &told);
        let words: Vec<&str> = whole.split_whitespace().collect();
        let wanted =
            ["17", "2026-01-01", "00:00:00Z", "run", "acme/shop-42", "noted\\u{1b}", "0d1f"];
        assert_eq!(words, wanted);
        assert_eq!(whole.matches('\n').count(), 1);
        let narrow = line(&screen(Some(80)), &told);
        assert!(narrow.ends_with("noted\\u{1b}\n"), "{narrow}");
    }
}
