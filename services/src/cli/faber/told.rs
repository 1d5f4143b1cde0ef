//! What became of a project's files, as it is told: what needs a look and a summary, or every file
//! as data. Of files that are plain it keeps only counts.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::super::{
    bar::Bar,
    ending::Ending,
    escape::escaped,
    output::{self, Format, Screen},
    page::Tone,
    table::{Head, cell, table, toned},
};
use crate::{
    amounts::counted,
    faber::{
        Project,
        sync::Synced,
        told::{Told, Word},
        walk::PLACES,
    },
    limits::FABER_ROWS_MAX,
};

/// Tells files as they come.
pub(super) struct Teller<'a> {
    screen: &'a Screen,
    bar: Bar,
    project: String,
    dir: String,
    /// Each file at once, because there is no end to wait for.
    is_watching: bool,
    files: BTreeMap<Word, u64>,
    events: BTreeMap<Word, u64>,
    all: u64,
    /// What needs a look, and how much more there is than fits.
    rows: Vec<Told>,
    more: u64,
    /// Nobody reads any more; what is on its way is still published.
    is_deaf: bool,
}

impl<'a> Teller<'a> {
    pub(super) fn new(screen: &'a Screen, bar: Bar, project: &Project, is_watching: bool) -> Self {
        Self {
            screen,
            bar,
            project: project.name.clone(),
            dir: project.dir.display().to_string(),
            is_watching,
            files: BTreeMap::new(),
            events: BTreeMap::new(),
            all: 0,
            rows: Vec::new(),
            more: 0,
            is_deaf: false,
        }
    }

    pub(super) fn tell(&mut self, synced: Synced) -> Result<()> {
        let Synced { told, done, all } = synced;
        self.all += 1;
        *self.files.entry(told.outcome).or_default() += 1;
        for (word, count) in &told.events {
            *self.events.entry(*word).or_default() += count;
        }
        self.bar.towards(done, all);
        self.bar.advance(done, counted(done, "file"));
        match self.screen.format {
            // What is plain and brings nothing new is no news.
            Format::Table if self.is_watching => match told.outcome {
                Word::HadAlready | Word::Nothing => Ok(()),
                _ => self.write(&self.line(&told)),
            },
            Format::Table => {
                if is_plain(told.outcome) {
                } else if self.rows.len() < FABER_ROWS_MAX {
                    self.rows.push(told);
                } else {
                    self.more += 1;
                }
                Ok(())
            }
            Format::Ndjson => self.write(&(output::json(&told, false)? + "\n")),
            Format::Json | Format::Registry => {
                let opening = if self.all == 1 { "{\"files\":[\n" } else { ",\n" };
                self.write(&(opening.to_owned() + &output::json(&told, false)?))
            }
            Format::Yaml => self.write(&format!("---\n{}", output::yaml(&told)?)),
        }
    }

    /// Something went wrong in the middle: what was told so far stays readable.
    pub(super) fn stop(&mut self) -> Result<()> {
        self.bar.clear();
        if self.screen.format == Format::Json {
            self.write(if self.all == 0 { "" } else { "\n]}\n" })?;
        } else if self.all > 0 && self.screen.format == Format::Table {
            let text = self.rows();
            self.write(&format!("{text}{}, and then it stopped\n", self.summary()))?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Ending> {
        self.bar.clear();
        let summary = self.data();
        match self.screen.format {
            Format::Table => {
                let text = self.rows() + &self.summary() + "\n" + &self.next_steps();
                self.write(&text)?;
            }
            Format::Json | Format::Registry => {
                let opening = if self.all == 0 { "{\"files\":[" } else { "\n" };
                let summary = output::json(&summary, false)?;
                self.write(&format!("{opening}],\"summary\":{summary}}}\n"))?;
            }
            Format::Yaml => {
                self.write(&format!("---\n{}", output::yaml(&json!({ "summary": summary }))?))?
            }
            Format::Ndjson => {}
        }
        Ok(if self.files.keys().any(|word| word.is_bad()) {
            Ending::Refused
        } else if self.files.contains_key(&Word::UnknownYet) {
            Ending::Unknown
        } else {
            Ending::Done
        })
    }

    /// A line for one file, while watching.
    fn line(&self, told: &Told) -> String {
        let word = self.screen.ink.paint(tone(told.outcome), told.outcome.word());
        let reason = reason(told).map(|reason| format!(": {}", escaped(&reason)));
        format!("{}: {word}{}\n", escaped(&name(told)), reason.unwrap_or_default())
    }

    fn rows(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let heads = [Head::Whole("OUTCOME"), Head::Wraps("FILE"), Head::Wraps("WHY")];
        let rows = self.rows.iter().map(|told| {
            let word = toned(tone(told.outcome), told.outcome.word());
            vec![word, cell(name(told)), cell(reason(told).unwrap_or_default())]
        });
        let mut text = table(self.screen, &heads, rows.collect());
        if self.more > 0 {
            text += &format!("and {} more; -o ndjson has all\n", self.more);
        }
        text + "\n"
    }

    fn summary(&self) -> String {
        if self.all == 0 {
            return format!("there is nothing of FABER in {}", escaped(&self.dir));
        }
        let counts = |counts: &BTreeMap<Word, u64>| {
            let said = Word::ALL.iter().filter_map(|word| {
                counts.get(word).map(|count| format!("{count} {}", word.word()))
            });
            said.collect::<Vec<_>>().join(", ")
        };
        let mut text = format!(
            "{} of {}: {}",
            counted(self.all, "file"),
            escaped(&self.project),
            counts(&self.files)
        );
        let events: u64 = self.events.values().sum();
        if events > 0 {
            text += &format!(" ({}: {})", counted(events, "event"), counts(&self.events));
        }
        text
    }

    fn next_steps(&self) -> String {
        let mut text = String::new();
        if self.all == 0 {
            text += &format!("looked for {}\n", PLACES.join(", "));
        }
        if self.files.contains_key(&Word::Quarantined) {
            text += "what could not be read is kept: `helmstream deadletter list`\n";
        }
        if self.files.contains_key(&Word::UnknownYet) {
            text += "sync again to hear of what is unknown yet\n";
        }
        text
    }

    fn data(&self) -> Value {
        json!({
            "project": self.project, "told": self.all, "files": self.files, "events": self.events
        })
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

const fn is_plain(word: Word) -> bool {
    matches!(word, Word::Taken | Word::HadAlready | Word::Nothing)
}

const fn tone(word: Word) -> Tone {
    match word {
        Word::Taken => Tone::Good,
        Word::HadAlready | Word::Nothing => Tone::Quiet,
        Word::UnknownYet => Tone::Warn,
        Word::Conflict | Word::Quarantined | Word::Refused | Word::Lost => Tone::Bad,
    }
}

/// A file, and the version of it.
fn name(told: &Told) -> String {
    match &told.commit {
        Some(commit) => format!("{} at {}", told.path, commit.get(..12).unwrap_or(commit)),
        None => told.path.clone(),
    }
}

/// Why, where, and how often.
fn reason(told: &Told) -> Option<String> {
    let reason = told.reason()?;
    let place = reason.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let inbox = match reason.inbox_sequence {
        Some(inbox) if reason.is_known => format!(" (known since INBOX {inbox})"),
        Some(inbox) => format!(" (INBOX {inbox})"),
        None => String::new(),
    };
    let same = told.events.get(&told.outcome).copied().unwrap_or_default();
    let others = if same > 1 { format!("; and {} more", same - 1) } else { String::new() };
    Some(format!("{place}{}{inbox}{others}", reason.reason))
}
