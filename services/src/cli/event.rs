//! `helmstream event`: events as the log has them, one whole, and why one is there.

mod tail;
mod why;

use anyhow::Result;
use helmstream_projections::questions::{event::EventLine, order::Order};
use helmstream_schemas::{Context, Id};
use tokio::sync::watch;

use super::{
    at::AtArg,
    ending::Ending,
    escape::{escaped, escaped_lines},
    ids::EventName,
    output::{self, Format, Screen},
    page::{Page, Tone},
    table::{Head, cell, table, toned},
    when,
};
use crate::client::{
    Answer, Client,
    event::{ListRequest, Name, ShowRequest, Shown, WhyRequest},
    limits::{LIST_ROWS, LIST_ROWS_MAX},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum EventCommand {
    /// List events in the order of the log
    #[command(after_help = "\
Examples:
  helmstream event list
  helmstream event list --context run --id acme/shop-42
  helmstream event list --type gate_bypassed -o ndjson | jq .aggregate
  helmstream event list --about pkg:oci/shop@sha256:0b31
  helmstream event list --from 1000 --limit 100
  helmstream event list --sort -sequence --limit 10
  helmstream event list --at 2026-01-31T09:30:00Z")]
    List(ListArgs),
    /// Show events as they are recorded, a line each
    #[command(after_help = "\
Whoever is cut off goes on where it was, without a gap and without a repeat, for as long as
--patience says. With -o ndjson every line is one event with its payload and its hash.

Exit codes: 0 after --count events, and at Ctrl-C without --count; 130 at Ctrl-C before.

Examples:
  helmstream event tail
  helmstream event tail --context approval
  helmstream event tail --aggregate acme/shop-42 --type gate_bypassed --count 1
  helmstream event tail --from 1000 -o ndjson | jq .data")]
    Tail(tail::TailArgs),
    /// Show one event whole
    #[command(after_help = "\
Examples:
  helmstream event show 17
  helmstream event show 17 -o json | jq .data")]
    Show {
        /// Its position on EVENTS, or its id
        #[arg(value_name = "POSITION|ID")]
        event: EventName,
        #[command(flatten)]
        at: AtArg,
    },
    /// Tell why an event is there: from the message at the door to every effect
    #[command(after_help = "\
Examples:
  helmstream event why 17
  helmstream event why 17 -o yaml")]
    Why {
        /// The event's position on EVENTS, or the id of an event or a command
        #[arg(value_name = "POSITION|ID")]
        event: EventName,
        #[command(flatten)]
        at: AtArg,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[arg(long, help = format!("Of this context only: {}", Context::ALL.map(Context::name).join(", ")))]
    context: Option<String>,
    /// Of this aggregate only, such as a run
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Of this type only, whole or the word alone, such as step_ended
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// External facts about this only: a CloudEvent's subject, or the id of a CDEvent's
    #[arg(long, value_name = "ID")]
    about: Option<String>,
    /// From this position on
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: u64,
    /// By which field: sequence; with `-` before it the last one first
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort: Option<Order<EventLine>>,
    /// Only those before this position
    #[arg(long, value_name = "POSITION")]
    before: Option<u64>,
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
    limit: u32,
    #[command(flatten)]
    at: AtArg,
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: EventCommand,
    stop: watch::Receiver<bool>,
) -> Result<Ending> {
    match command {
        EventCommand::List(args) => list(client, screen, args).await,
        EventCommand::Tail(args) => tail::tail(client, screen, args, stop).await,
        EventCommand::Show { event, at } => {
            let at = at.asked(client).await?;
            let screen = &at.screen(screen);
            let request = ShowRequest { event: name(event), at: at.sequence() };
            let answer = client.event_show(request).await?;
            match screen.format {
                Format::Table => screen.print(&page(screen, &answer)?)?,
                _ => screen.data(&answer, "")?,
            }
            at.foot_of(screen, |_| "an event never changes, and this one was there".to_owned())?;
            Ok(Ending::Done)
        }
        EventCommand::Why { event, at } => {
            let at = at.asked(client).await?;
            let screen = &at.screen(screen);
            let request = WhyRequest { event: name(event), at: at.sequence() };
            let answer = client.event_why(request).await?;
            match screen.format {
                Format::Table => {
                    screen.print(&why::page(&answer.answer.why, screen.now, screen.ink))?
                }
                _ => screen.data(&answer, "")?,
            }
            at.foot_of(screen, |_| "causes and effects that were recorded by then".to_owned())?;
            Ok(Ending::Done)
        }
    }
}

const fn name(event: EventName) -> Name {
    match event {
        EventName::Id(id) => Name::Id(id),
        EventName::Sequence(sequence) => Name::Sequence(sequence),
    }
}

async fn list(client: &impl Client, screen: &Screen, args: ListArgs) -> Result<Ending> {
    let aggregate = args.id.map(Id::new).transpose()?;
    let at = args.at.asked(client).await?;
    let screen = &at.screen(screen);
    let foot = || at.foot_of(screen, |at| format!("events 1 to {at} as the ledger holds them"));
    let request = ListRequest {
        context: args.context,
        aggregate,
        kind: args.kind,
        about: args.about,
        from_seq: args.from,
        limit: args.limit,
        sort: args.sort,
        before: args.before,
        at: at.sequence(),
    };
    let answer = client.event_list(request).await?;
    if screen.format != Format::Table {
        screen.data(&answer, "events")?;
        return Ok(Ending::Done);
    }
    let events = &answer.answer.events;
    if events.is_empty() {
        let as_of = answer.as_of_seq;
        screen.print(&format!(
            "No such events up to position {as_of}. `helmstream event list` without filters shows all; \
             `helmstream publish` brings some.\n"
        ))?;
        foot()?;
        return Ok(Ending::Done);
    }
    let heads = [
        Head::Whole("POSITION"),
        Head::Whole("RECORDED"),
        Head::Wraps("OF"),
        Head::Whole("EVENT"),
        Head::Spare("ID"),
    ];
    let rows = events.iter().map(|event| {
        vec![
            cell(event.sequence.to_string()),
            toned(Tone::Quiet, when::short_and_age(event.recorded_at, screen.now)),
            cell(format!("{} {}", event.context, event.aggregate)),
            toned(tone_of(&event.kind), name_of(&event.kind)),
            cell(event.id.to_string()),
        ]
    });
    screen.print(&table(screen, &heads, rows.collect()))?;
    if let Some(next) = answer.answer.next {
        let is_backwards = args.sort.filter(Order::descends);
        let more = is_backwards.map(|sort| format!("more: --sort {sort} --before {next}\n"));
        screen.print(&more.unwrap_or_else(|| format!("more: --from {next}\n")))?;
    }
    foot()?;
    Ok(Ending::Done)
}

fn page(screen: &Screen, answer: &Answer<Shown>) -> Result<String> {
    let event = &answer.answer.event;
    let line: &EventLine = &event.line;
    let mut page = Page::new(screen.ink);
    let name = screen.ink.paint(Tone::Strong, &escaped(name_of(&line.kind)));
    page.line(format!("{name} of {} {}", line.context, escaped(line.aggregate.as_str())));
    page.field("id", line.id.to_string());
    page.field("position", format!("{} {}", event.stream, line.sequence));
    page.field("subject", escaped(&event.subject));
    let instant = |at| when::instant_and_age(at, screen.now);
    page.field("claimed", line.claimed_at.map(instant).unwrap_or_default());
    page.field("received", line.received_at.map(instant).unwrap_or_default());
    page.field("recorded", instant(line.recorded_at));
    page.field("actor", escaped(line.actor.as_deref().unwrap_or_default()));
    page.field(
        "caused by",
        line.causation_id.map(|id| format!("command {id}")).unwrap_or_default(),
    );
    let agrees = match event.hash_agrees {
        true => screen.ink.paint(Tone::Good, "agrees with the record"),
        false => screen.ink.paint(Tone::Alarm, "DOES NOT AGREE WITH THE RECORD"),
    };
    page.field("hash", format!("{}, {agrees}", line.hash));
    page.head("Attributes");
    for (name, value) in event.attributes.iter() {
        page.line(format!("  {:<18}{}", escaped(name), escaped(value)));
    }
    page.head("Data");
    for text in escaped_lines(&output::json(&event.data, true)?).lines() {
        page.line(format!("  {text}"));
    }
    Ok(page.finish())
}

/// The word of a type: `step_ended` of `helmstream.run.step_ended.v1`.
fn name_of(kind: &str) -> &str {
    match kind.split('.').collect::<Vec<_>>()[..] {
        ["helmstream", _, name, _] => name,
        _ => kind,
    }
}

fn tone_of(kind: &str) -> Tone {
    match name_of(kind) {
        "gate_bypassed" => Tone::Alarm,
        "command_refused" | "claim_disputed" => Tone::Bad,
        "stalled" => Tone::Warn,
        _ => Tone::Plain,
    }
}
