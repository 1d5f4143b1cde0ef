//! `helmstream deadletter retry` and `discard`: asks, and tells the record that came of it.

use anyhow::Result;
use helmstream_schemas::{Expected, outcome::Outcome};

use super::super::{
    ending::Ending,
    escape::escaped,
    output::{Format, Screen},
    page::Tone,
};
use crate::client::{
    Client,
    dead_letter::{DecideRequest, Decided, Decision},
    limits::OUTCOMES_ASKED_MAX,
};

/// What is decided about which.
#[derive(Debug, clap::Args)]
pub(in super::super) struct DecideArgs {
    /// Positions in INBOX of the publishes that they were
    #[arg(value_name = "INBOX-POSITION", required = true, num_args = 1..=OUTCOMES_ASKED_MAX)]
    inbox_sequences: Vec<u64>,
    /// Why; it stands on the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only if what was decided before is at this revision, which `show -o json` tells; 0 if nothing was
    #[arg(long, value_name = "REVISION")]
    if_revision: Option<Expected>,
}

pub(super) async fn decide(
    client: &impl Client,
    screen: &Screen,
    decision: Decision,
    args: DecideArgs,
) -> Result<Ending> {
    let DecideArgs { inbox_sequences, reason, if_revision } = args;
    let mut all = Vec::new();
    for inbox_sequence in inbox_sequences {
        let (reason, expected_revision) = (reason.clone(), if_revision.clone());
        let request = DecideRequest { inbox_sequence, decision, reason, expected_revision };
        let decided = client.dead_letter_decide(request).await?;
        match screen.format {
            Format::Table => screen.print(&line(screen, &decided))?,
            Format::Ndjson => screen.data(&decided, "")?,
            Format::Json | Format::Yaml | Format::Registry => {}
        }
        all.push(decided);
    }
    if matches!(screen.format, Format::Json | Format::Yaml) {
        screen.data(&serde_json::json!({ "decided": all }), "decided")?;
    }
    if screen.format == Format::Table && decision == Decision::Retry && all.iter().any(is_event) {
        screen.print("what each retry became: `helmstream deadletter show INBOX-POSITION`\n")?;
    }
    let any = |is: fn(&Decided) -> bool| all.iter().any(is);
    Ok(if any(|decided| is_bad(decided.settled.counted())) {
        Ending::Refused
    } else if any(|decided| decided.settled.counted().is_none()) {
        Ending::Unknown
    } else {
        Ending::Done
    })
}

fn is_event(decided: &Decided) -> bool {
    matches!(decided.settled.counted(), Some(Outcome::Event { .. }))
}

fn is_bad(outcome: Option<&Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Refused { .. } | Outcome::DeadLetter { .. } | Outcome::Lost))
}

fn line(screen: &Screen, decided: &Decided) -> String {
    let word = |tone, text: &str| screen.ink.paint(tone, text);
    let said = match decided.settled.counted() {
        None => {
            let inbox = decided.settled.receipt.inbox_sequence;
            format!("{}: asked as INBOX {inbox}", word(Tone::Warn, "unknown yet"))
        }
        Some(Outcome::Event { name, .. }) => word(Tone::Good, name),
        Some(Outcome::Unchanged { .. }) => match decided.decision {
            Decision::Retry => word(Tone::Quiet, "unchanged"),
            Decision::Discard => word(Tone::Quiet, "it was discarded before"),
        },
        Some(Outcome::Refused { reason, detail, .. }) => {
            format!("{} ({}): {}", word(Tone::Bad, "refused"), escaped(reason), escaped(detail))
        }
        Some(Outcome::DeadLetter { reason, detail, .. }) => {
            let refused = word(Tone::Bad, "could not be asked");
            format!("{refused} ({}): {}", escaped(reason), escaped(detail))
        }
        Some(other) => word(Tone::Warn, other.word()),
    };
    let recorded = decided.recorded.as_ref().map(|recorded| {
        let by = &recorded.actor;
        format!(", event {} by {} ({})", recorded.sequence, escaped(&by.id), by.kind)
    });
    format!("dead letter {}: {said}{}\n", decided.dead_letter, recorded.unwrap_or_default())
}
