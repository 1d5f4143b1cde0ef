//! `helmstream deadletter`: what was published and could not be read.

use anyhow::Result;

use super::{
    ending::Ending,
    escape::{escaped, escaped_lines},
    output::{Format, Screen},
    page::{Page, Tone},
    table::{Head, cell, table, toned},
    when,
};
use crate::client::{
    Answer, Client,
    dead_letter::{ListRequest, ShowRequest, Shown},
    limits::{LIST_ROWS, LIST_ROWS_MAX, SHOWN_BYTES_MAX},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeadLetterCommand {
    /// List dead letters, the latest first
    #[command(after_help = "\
Examples:
  helmstream deadletter list
  helmstream deadletter list -o ndjson | jq .reason")]
    List {
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
        limit: u32,
        /// Only those before this one; the list says where it ended
        #[arg(long, value_name = "POSITION")]
        before: Option<u64>,
    },
    /// Show one: why it could not be read, what to do, and what was published
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
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: DeadLetterCommand,
) -> Result<Ending> {
    match command {
        DeadLetterCommand::List { limit, before } => {
            list(client, screen, ListRequest { limit, before }).await
        }
        DeadLetterCommand::Show { inbox_sequence } => {
            let answer = client.dead_letter_show(ShowRequest { inbox_sequence }).await?;
            match screen.format {
                Format::Table => screen.print(&page(screen, &answer))?,
                _ => screen.data(&answer, "")?,
            }
            Ok(Ending::Done)
        }
    }
}

async fn list(client: &impl Client, screen: &Screen, request: ListRequest) -> Result<Ending> {
    let answer = client.dead_letter_list(request).await?;
    if screen.format != Format::Table {
        screen.data(&answer, "dead_letters")?;
        return Ok(Ending::Done);
    }
    let letters = &answer.answer.dead_letters;
    if letters.is_empty() {
        screen.print("No dead letters: everything that was published could be read.\n")?;
        return Ok(Ending::Done);
    }
    let rows = letters.iter().map(|shown| {
        let letter = &shown.letter;
        vec![
            cell(letter.inbox_sequence.to_string()),
            cell(when::age(shown.recorded_at, screen.now)),
            cell(&letter.publisher),
            toned(Tone::Bad, &letter.reason),
            cell(&letter.detail),
            cell(letter.bytes.to_string()),
        ]
    });
    let heads = [
        Head::Whole("INBOX"),
        Head::Whole("WHEN"),
        Head::Spare("PUBLISHER"),
        Head::Whole("REASON"),
        Head::Wraps("DETAIL"),
        Head::Spare("BYTES"),
    ];
    screen.print(&table(screen, &heads, rows.collect()))?;
    if let Some(next) = answer.answer.next {
        screen.print(&format!("earlier ones: --before {next}\n"))?;
    }
    Ok(Ending::Done)
}

fn page(screen: &Screen, answer: &Answer<Shown>) -> String {
    let Shown { dead_letter, shown } = &answer.answer;
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
