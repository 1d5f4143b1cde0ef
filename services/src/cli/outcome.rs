//! `helmstream outcome`: what became of publishes and commands, asked later.

use anyhow::Result;
use helmstream_schemas::outcome::Outcome;
use serde_json::{Value, json};

use super::{
    ending::Ending,
    ids::Asked,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, table, toned},
};
use crate::client::{
    Client,
    limits::OUTCOMES_ASKED_MAX,
    outcome::{Found, Request},
};

/// What `helmstream outcome` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  helmstream outcome 41
  helmstream outcome 41..93 120
  helmstream outcome 0b6c1f0e-5d1c-5a55-9a5e-1f0f6d1f7a11")]
pub(super) struct OutcomeArgs {
    /// Positions in INBOX, ranges of them (41..93), or ids of commands
    #[arg(value_name = "POSITION|COMMAND", required = true)]
    asked: Vec<Asked>,
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    args: OutcomeArgs,
) -> Result<Ending> {
    let mut request = Request::default();
    for asked in args.asked {
        match asked {
            Asked::Inbox(first, last) => {
                let room = OUTCOMES_ASKED_MAX.saturating_sub(request.inbox_sequences.len());
                anyhow::ensure!(
                    last - first < room as u64,
                    "cannot ask for more than {OUTCOMES_ASKED_MAX} outcomes at once"
                );
                request.inbox_sequences.extend(first..=last);
            }
            Asked::Command(id) => request.command_ids.push(id),
        }
    }
    let answer = client.outcome_list(request).await?;
    let outcomes = &answer.answer.outcomes;
    match screen.format {
        Format::Table => {
            let heads = [Head::Whole("OF"), Head::Whole("OUTCOME"), Head::Wraps("WHAT")];
            screen.print(&table(screen, &heads, outcomes.iter().map(row).collect()))?;
        }
        _ => {
            let mut data = serde_json::to_value(&answer)?;
            for found in data["outcomes"]
                .as_array_mut()
                .into_iter()
                .flatten()
                .filter_map(Value::as_object_mut)
            {
                found.entry("outcome").or_insert_with(|| json!("unknown_yet"));
            }
            screen.data(&data, "outcomes")?;
        }
    }
    let any = |is: fn(&Option<Outcome>) -> bool| outcomes.iter().any(|found| is(&found.outcome));
    let is_bad = |outcome: &Option<Outcome>| {
        matches!(
            outcome,
            Some(Outcome::Refused { .. } | Outcome::DeadLetter { .. } | Outcome::Lost)
        )
    };
    Ok(if any(is_bad) {
        Ending::Refused
    } else if any(Option::is_none) {
        Ending::Unknown
    } else {
        Ending::Done
    })
}

fn row(found: &Found) -> Vec<comfy_table::Cell> {
    let of = match (found.inbox_sequence, found.command_id) {
        (Some(sequence), _) => format!("INBOX {sequence}"),
        (None, Some(id)) => id.to_string(),
        (None, None) => String::new(),
    };
    let (tone, what) = match &found.outcome {
        None => (Tone::Warn, "nothing is known of it, yet or at all".to_owned()),
        Some(Outcome::Event { sequence, context, aggregate, name, .. }) => {
            (Tone::Good, format!("{name} of {context} {aggregate}, event {sequence}"))
        }
        Some(Outcome::ExternalFact { sequence, source, .. }) => {
            (Tone::Plain, format!("of {source}, event {sequence}"))
        }
        Some(Outcome::Unchanged { context, aggregate, .. }) => {
            (Tone::Quiet, format!("known of {context} {aggregate}"))
        }
        Some(Outcome::DuplicateOf { first_inbox_sequence }) => {
            (Tone::Quiet, format!("INBOX {first_inbox_sequence}"))
        }
        Some(Outcome::Refused { reason, detail, sequence, .. }) => {
            (Tone::Bad, format!("{reason}: {detail}, event {sequence}"))
        }
        Some(Outcome::DeadLetter { reason, detail, .. }) => {
            (Tone::Bad, format!("{reason}: {detail}"))
        }
        Some(Outcome::Lost) => (Tone::Bad, "it vanished from INBOX; publish it again".to_owned()),
    };
    let word = found.outcome.as_ref().map_or("unknown yet", Outcome::word);
    vec![cell(of), toned(tone, word), cell(what)]
}
