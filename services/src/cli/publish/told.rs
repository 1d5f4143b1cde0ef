//! What became of published events, as it is told: a line for each that is no plain event and a
//! summary, or every one as data. It keeps counts and the positions that are unknown, and no event.

use std::collections::BTreeMap;

use anyhow::Result;
use helmstream_schemas::outcome::Outcome;
use serde_json::{Map, Value, json};

use super::super::{
    bar::Bar,
    ending::Ending,
    escape::escaped,
    ids::ranges,
    output::{self, Format, Screen},
    page::{Ink, Tone},
};
use crate::{
    amounts::counted,
    client::{Failure, publish::Settled},
};

/// What became of one event of the input.
pub(super) struct Told {
    pub(super) number: u64,
    pub(super) line: u64,
    /// Or why it could not be published at all.
    pub(super) what: Result<Settled, Failure>,
}

/// Tells outcomes as they come.
pub(super) struct Teller<'a> {
    screen: &'a Screen,
    bar: Bar,
    counts: BTreeMap<&'static str, u64>,
    all: u64,
    unknown: Vec<u64>,
    /// Nobody reads any more; what is on its way is still published.
    is_deaf: bool,
}

/// An outcome's one word for those that the plane has none of.
const UNKNOWN: &str = "unknown yet";
const NOT_TAKEN: &str = "not taken";

/// Every word, in the order of a summary.
const WORDS: [&str; 9] = [
    "event",
    "external fact",
    "unchanged",
    "duplicate of",
    "refused",
    "dead letter",
    "lost",
    NOT_TAKEN,
    UNKNOWN,
];

impl<'a> Teller<'a> {
    pub(super) fn new(screen: &'a Screen, bar: Bar) -> Self {
        Self { screen, bar, counts: BTreeMap::new(), all: 0, unknown: Vec::new(), is_deaf: false }
    }

    pub(super) fn tell(&mut self, told: Told, read_to: u64) -> Result<()> {
        self.all += 1;
        *self.counts.entry(told.word()).or_default() += 1;
        if let (UNKNOWN, Ok(settled)) = (told.word(), &told.what) {
            self.unknown.push(settled.receipt.inbox_sequence);
        }
        self.bar.advance(read_to, counted(self.all, "event"));
        match self.screen.format {
            Format::Table => match told.line(self.screen.ink) {
                Some(line) => self.write(&line),
                None => Ok(()),
            },
            Format::Ndjson => self.write(&(output::json(&told.data(), false)? + "\n")),
            Format::Json | Format::Registry => {
                let opening = if self.all == 1 { "{\"events\":[\n" } else { ",\n" };
                self.write(&(opening.to_owned() + &output::json(&told.data(), false)?))
            }
            Format::Yaml => self.write(&format!("---\n{}", output::yaml(&told.data())?)),
        }
    }

    /// Something went wrong in the middle: what was told so far stays readable.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.bar.clear();
        if self.screen.format == Format::Json {
            self.write(if self.all == 0 { "" } else { "\n]}\n" })?;
        } else if self.all > 0 && self.screen.format == Format::Table {
            self.write(&format!("{}, and then it stopped\n", self.summary()))?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, publisher: &str) -> Result<Ending> {
        self.bar.clear();
        let summary = json!({ "told": self.all, "by": publisher, "outcomes": self.counts });
        match self.screen.format {
            Format::Table => {
                let text = self.summary() + "\n" + &self.next_steps();
                self.write(&text)?;
            }
            Format::Json | Format::Registry => {
                let opening = if self.all == 0 { "{\"events\":[" } else { "\n" };
                self.write(&format!(
                    "{opening}],\"summary\":{}}}\n",
                    output::json(&summary, false)?
                ))?;
            }
            Format::Yaml => {
                self.write(&format!("---\n{}", output::yaml(&json!({ "summary": summary }))?))?
            }
            Format::Ndjson => {}
        }
        let any = |words: &[&str]| words.iter().any(|word| self.counts.contains_key(word));
        Ok(if any(&["refused", "dead letter", "lost", NOT_TAKEN]) {
            Ending::Refused
        } else if any(&[UNKNOWN]) {
            Ending::Unknown
        } else {
            Ending::Done
        })
    }

    fn summary(&self) -> String {
        let said = WORDS.iter().filter_map(|word| {
            let count = *self.counts.get(word)?;
            Some(match *word {
                "event" | "dead letter" | "external fact" => counted(count, word),
                "duplicate of" => counted(count, "duplicate"),
                word => format!("{count} {word}"),
            })
        });
        match self.all {
            0 => "there is no event in the input".to_owned(),
            all => format!("{all} told: {}", said.collect::<Vec<_>>().join(", ")),
        }
    }

    fn next_steps(&self) -> String {
        let mut text = String::new();
        if self.all == 0 {
            text += "an event is a CloudEvent as JSON; see `helmstream publish --help`\n";
        }
        if self.counts.contains_key("dead letter") {
            text += "look at dead letters with `helmstream deadletter show INBOX-POSITION`\n";
        }
        if !self.unknown.is_empty() {
            text += &format!("ask again with `helmstream outcome {}`\n", ranges(&self.unknown));
        }
        text
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if self.is_deaf || text.is_empty() {
            return Ok(());
        }
        match self.bar.aside(|| self.screen.print(text)) {
            Err(error) if output::is_broken_pipe(&error) => self.is_deaf = true,
            written => written?,
        }
        Ok(())
    }
}

impl Told {
    /// The outcome's one word.
    fn word(&self) -> &'static str {
        match &self.what {
            Err(_) => NOT_TAKEN,
            Ok(settled) => settled.counted().map_or(UNKNOWN, Outcome::word),
        }
    }

    /// A line for people; none for a plain event.
    fn line(&self, ink: Ink) -> Option<String> {
        let place = format!("event {} (line {})", self.number, self.line);
        let settled = match &self.what {
            Err(failure) => {
                let word = ink.paint(Tone::Bad, NOT_TAKEN);
                return Some(format!("{place}: {word}: {}\n  {}\n", failure.detail, failure.hint));
            }
            Ok(settled) => settled,
        };
        let place = format!("{place}, INBOX {}", settled.receipt.inbox_sequence);
        let word = |tone| ink.paint(tone, self.word());
        let sent_again = match (&settled.outcome, settled.receipt.sent_times) {
            (Some(Outcome::DuplicateOf { first_inbox_sequence }), times @ 2..) => Some(format!(
                "sent {times} times because NATS did not answer, taken once (INBOX {first_inbox_sequence})"
            )),
            // Without a key nobody can tell the copies apart.
            (Some(Outcome::DeadLetter { .. }), times @ 2..) => Some(format!(
                "sent {times} times because NATS did not answer, and perhaps kept as often"
            )),
            _ => None,
        };
        let said = match settled.counted() {
            None => format!("{}: it lies in INBOX, and nothing was heard of it", word(Tone::Warn)),
            Some(Outcome::Event { .. }) => sent_again.clone()?,
            Some(Outcome::ExternalFact { sequence, source, .. }) => {
                format!("{} of {}, event {sequence}", word(Tone::Plain), escaped(source))
            }
            Some(Outcome::Unchanged { context, aggregate, .. }) => {
                format!("{}: known of {context} {}", word(Tone::Quiet), escaped(aggregate))
            }
            Some(Outcome::DuplicateOf { first_inbox_sequence }) => {
                format!("{} INBOX {first_inbox_sequence}", word(Tone::Quiet))
            }
            Some(Outcome::Refused { sequence, reason, detail, .. }) => {
                format!(
                    "{} ({}): {}, event {sequence}",
                    word(Tone::Bad),
                    escaped(reason),
                    escaped(detail)
                )
            }
            Some(Outcome::DeadLetter { reason, detail, hint, .. }) => {
                let (reason, detail, hint) = (escaped(reason), escaped(detail), escaped(hint));
                format!("{} ({reason}): {detail}\n  {hint}", word(Tone::Bad))
            }
            Some(Outcome::Lost) => {
                format!("{}: it vanished from INBOX; publish it again", word(Tone::Bad))
            }
        };
        let again = sent_again
            .filter(|again| *again != said)
            .map(|again| format!("\n  {again}"))
            .unwrap_or_default();
        Some(format!("{place}: {said}{again}\n"))
    }

    fn data(&self) -> Value {
        let mut data = Map::from_iter([
            ("number".to_owned(), json!(self.number)),
            ("line".to_owned(), json!(self.line)),
        ]);
        let more = match &self.what {
            Ok(settled) => serde_json::to_value(settled).unwrap_or_default(),
            Err(failure) => {
                json!({ "outcome": "not_taken", "detail": failure.detail, "hint": failure.hint })
            }
        };
        if let Value::Object(more) = more {
            data.extend(more);
        }
        data.entry("outcome").or_insert_with(|| json!("unknown_yet"));
        Value::Object(data)
    }
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
