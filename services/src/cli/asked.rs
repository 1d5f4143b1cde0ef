//! Asking the plane for something: one event, and what became of it. What it is about is decided in
//! the file of its noun.

use std::time::Duration;

use anyhow::Result;
use helmstream_schemas::{Id, outcome::Outcome, time};
use serde_json::json;

use super::{
    ending::Ending,
    escape::escaped,
    output::{Format, Screen},
    page::Tone,
};
use crate::client::{
    Client,
    publish::{Receipt, Request, Settled},
};

/// What became of something that was asked.
pub(super) struct Told {
    settled: Settled,
}

/// Asks, and waits for what becomes of it.
pub(super) async fn ask(client: &impl Client, request: Request) -> Result<Told> {
    let receipt = client.publish(request).await?;
    let mut settled = client.settle(receipt).await?;
    // Its id is new, so a duplicate is the same one that was sent before and not heard of.
    if let (Some(Outcome::DuplicateOf { first_inbox_sequence }), None) =
        (&settled.outcome, &settled.first)
    {
        let first = Receipt { inbox_sequence: *first_inbox_sequence, sent_times: 1 };
        settled.first = client.settle(first).await?.outcome;
    }
    Ok(Told { settled })
}

impl Told {
    /// What counts of it; nothing while it is unknown.
    pub(super) fn counted(&self) -> Option<&Outcome> {
        self.settled.counted()
    }

    /// The aggregate that it became an event of, or that knew it.
    pub(super) fn aggregate(&self) -> Option<Id> {
        match self.settled.counted()? {
            Outcome::Event { aggregate, .. } | Outcome::Unchanged { aggregate, .. } => {
                Id::new(aggregate.as_str()).ok()
            }
            _ => None,
        }
    }

    /// The position of its event.
    pub(super) fn sequence(&self) -> Option<u64> {
        match self.settled.counted()? {
            Outcome::Event { sequence, .. } => Some(*sequence),
            _ => None,
        }
    }

    /// Says what became of it; `done` is what is said of what was done or was so already.
    pub(super) fn finish(
        &self,
        screen: &Screen,
        done: impl FnOnce(&Self) -> String,
    ) -> Result<Ending> {
        let counted = self.settled.counted();
        let ending = match counted {
            None => Ending::Unknown,
            Some(
                Outcome::Event { .. }
                | Outcome::ExternalFact { .. }
                | Outcome::Unchanged { .. }
                | Outcome::DuplicateOf { .. },
            ) => Ending::Done,
            Some(Outcome::Refused { .. } | Outcome::DeadLetter { .. } | Outcome::Lost) => {
                Ending::Refused
            }
        };
        if screen.format != Format::Table {
            let mut data = serde_json::to_value(&self.settled)?;
            if counted.is_none() {
                data["outcome"] = json!("unknown_yet");
            }
            screen.data(&data, "")?;
            return Ok(ending);
        }
        let said = match counted {
            None => format!(
                "unknown yet: it lies in INBOX {0}; helmstream outcome {0}",
                self.settled.receipt.inbox_sequence
            ),
            Some(Outcome::Refused { reason, detail, .. }) => format!(
                "{} ({}): {}",
                screen.ink.paint(Tone::Bad, "refused"),
                escaped(reason),
                escaped(detail)
            ),
            Some(Outcome::DeadLetter { reason, detail, hint, .. }) => format!(
                "{} ({}): {}\n  {}",
                screen.ink.paint(Tone::Bad, "dead letter"),
                escaped(reason),
                escaped(detail),
                escaped(hint)
            ),
            Some(Outcome::Lost) => "lost: it vanished from INBOX; ask again".to_owned(),
            Some(Outcome::Unchanged { .. } | Outcome::DuplicateOf { .. }) => {
                format!("{} (it was so already)", escaped(&done(self)))
            }
            Some(Outcome::Event { sequence, .. } | Outcome::ExternalFact { sequence, .. }) => {
                format!("{}, event {sequence}", escaped(&done(self)))
            }
        };
        screen.print(&format!("{said}\n"))?;
        Ok(ending)
    }
}

/// A duration as FABER and people write it: `90s`, `30m`, `24h`, `2d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    time::duration(text).ok_or_else(|| "a duration is such as 90s, 30m, 24h or 2d".to_owned())
}
