//! `helmstream deadletter`: what was published and could not be read, and what is done about it.

mod decide;
mod page;

use anyhow::Result;
use helmstream_projections::dead_letter::Standing;
use helmstream_projections::questions::{
    cursor::Cursor, dead_letter::DeadLetterShown, order::Order,
};

use self::decide::DecideArgs;
use super::{
    ending::Ending,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, further, table, toned},
    when,
};
use crate::client::{
    Client,
    dead_letter::{Decision, ListRequest, ShowRequest},
    limits::{LIST_ROWS, LIST_ROWS_MAX},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeadLetterCommand {
    /// List dead letters about which something is still to be decided, the latest first
    #[command(after_help = "\
Examples:
  helmstream deadletter list
  helmstream deadletter list --all
  helmstream deadletter list --sort sequence
  helmstream deadletter list -o ndjson | jq .reason")]
    List {
        /// Those as well that were retried or discarded
        #[arg(long)]
        all: bool,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
        limit: u32,
        /// By which field, the smallest first; with `-` before it the greatest first: sequence (the usual one, downwards), inbox_sequence
        #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
        sort: Option<Order<DeadLetterShown>>,
        /// What follows on the page before: its list says where it ended
        #[arg(long, value_name = "END")]
        before: Option<Cursor>,
    },
    /// Show one: why it could not be read, what was decided, and what was published
    #[command(after_help = "\
What was published is shown without secrets and personal values, never raw. Bytes that are no UTF-8
stand as \\xff.

Example:
  helmstream deadletter show 41")]
    Show {
        /// The position in INBOX of the publish that it was
        #[arg(value_name = "INBOX-POSITION")]
        inbox_sequence: u64,
    },
    /// Publish some again, byte for byte, on behalf of who published them
    #[command(after_help = "\
That it is published again is an event; what it becomes then is an outcome of its own, which
`helmstream deadletter show` tells. Only a person may ask.

Examples:
  helmstream deadletter retry 41 --reason mended
  helmstream deadletter retry 41 43 57")]
    Retry(DecideArgs),
    /// Set some aside for good: nothing more will be done about them
    #[command(after_help = "\
What was published stays kept as long as any dead letter. Only a person may ask.

Example:
  helmstream deadletter discard 41 --reason test")]
    Discard(DecideArgs),
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: DeadLetterCommand,
) -> Result<Ending> {
    match command {
        DeadLetterCommand::List { all, limit, sort, before } => {
            list(client, screen, ListRequest { all, limit, sort, before }).await
        }
        DeadLetterCommand::Show { inbox_sequence } => {
            let answer = client.dead_letter_show(ShowRequest { inbox_sequence }).await?;
            match screen.format {
                Format::Table => screen.print(&page::page(screen, &answer))?,
                _ => screen.data(&answer, "")?,
            }
            Ok(Ending::Done)
        }
        DeadLetterCommand::Retry(args) => {
            decide::decide(client, screen, Decision::Retry, args).await
        }
        DeadLetterCommand::Discard(args) => {
            decide::decide(client, screen, Decision::Discard, args).await
        }
    }
}

async fn list(client: &impl Client, screen: &Screen, request: ListRequest) -> Result<Ending> {
    let (all, sort) = (request.all, request.sort);
    let answer = client.dead_letter_list(request).await?;
    if screen.format != Format::Table {
        screen.data(&answer, "dead_letters")?;
        return Ok(Ending::Done);
    }
    let letters = &answer.answer.dead_letters;
    if letters.is_empty() {
        screen.print(match all {
            true => "No dead letters: everything that was published could be read.\n",
            false => "No dead letters are open; --all lists those that were dealt with.\n",
        })?;
        return Ok(Ending::Done);
    }
    let rows = letters.iter().map(|shown| {
        let letter = &shown.letter;
        vec![
            cell(letter.inbox_sequence.to_string()),
            cell(when::age(shown.recorded_at, screen.now)),
            cell(&letter.publisher),
            toned(Tone::Bad, &letter.reason),
            toned(tone(shown.standing), stands(shown)),
            cell(&letter.detail),
            cell(letter.bytes.to_string()),
        ]
    });
    let heads = [
        Head::Whole("INBOX"),
        Head::Whole("WHEN"),
        Head::Spare("PUBLISHER"),
        Head::Whole("REASON"),
        Head::Wraps("STANDS"),
        Head::Wraps("DETAIL"),
        Head::Spare("BYTES"),
    ];
    screen.print(&table(screen, &heads, rows.collect()))?;
    screen.print(&further(sort, answer.answer.next.as_ref()))?;
    Ok(Ending::Done)
}

/// How a dead letter stands, and what its last retry became.
fn stands(shown: &DeadLetterShown) -> String {
    let times = match shown.retries.len() {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    let last = shown.retries.last();
    match (shown.standing, last) {
        (Standing::Retried, Some(last)) => format!("retried {times}: {}", page::became(last)),
        (Standing::RetryFailed, _) => format!("open: retried {times}, the last one failed"),
        (Standing::Discarded, Some(_)) => format!("discarded, retried {times} before"),
        (standing, _) => standing.word().to_owned(),
    }
}

const fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Open | Standing::RetryFailed => Tone::Warn,
        Standing::Retried => Tone::Plain,
        Standing::Discarded => Tone::Quiet,
    }
}
