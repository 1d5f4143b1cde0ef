//! Where answers go and in which form: for people on a terminal, or whole as JSON, YAML or one
//! object a line. In every form what would steer a terminal is written out; in JSON and YAML by
//! their own means, so that what is read back is exact.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use helmstream_schemas::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, ser::Formatter};

use super::{escape::steers, page::Ink, when};

/// In which form answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
    Yaml,
    Ndjson,
    /// FABER's registry of deployments; only where deployments are asked for.
    #[value(hide = true)]
    Registry,
}

/// Where answers are written.
#[derive(Clone, Copy)]
pub(super) struct Screen {
    pub(super) format: Format,
    pub(super) ink: Ink,
    /// Columns of the terminal; absent in a pipe, where nothing is cut or wrapped.
    pub(super) width: Option<u16>,
    pub(super) now: Timestamp,
}

impl Screen {
    pub(super) fn of_stdout(format: Format) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = is_terminal.then(|| comfy_table::Table::new().width()).flatten();
        Self { format, ink: Ink::of(is_terminal), width, now: when::now() }
    }

    /// Writes text for people, already escaped.
    pub(super) fn print(&self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Writes an answer as data. With one object a line, those of the list `items`, each with the
    /// rest of the answer that is not a list; the answer itself if it has no such list.
    pub(super) fn data(&self, answer: &impl Serialize, items: &str) -> Result<()> {
        self.print(&match self.format {
            Format::Yaml => yaml(answer)?,
            Format::Ndjson => lines(serde_json::to_value(answer)?, items)?,
            Format::Json | Format::Table | Format::Registry => json(answer, true)? + "\n",
        })
    }
}

/// Whether an error only says that nobody reads any more.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}

/// JSON, over many lines if it is for people as well.
pub(super) fn json(value: &impl Serialize, over_lines: bool) -> Result<String> {
    let mut bytes = Vec::new();
    if over_lines {
        let pretty = Careful(serde_json::ser::PrettyFormatter::new());
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, pretty))?;
    } else {
        let compact = Careful(serde_json::ser::CompactFormatter);
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, compact))?;
    }
    Ok(String::from_utf8(bytes)?)
}

/// YAML. The library writes most of what steers a terminal as it is, but escapes U+001A and quotes
/// what holds it: so each such character goes through it as its number between two of those.
pub(super) fn yaml(value: &impl Serialize) -> Result<String> {
    let plain = serde_yaml_ng::to_string(value)?;
    if !plain.contains(marks) {
        return Ok(plain);
    }
    const MARK: char = '\u{1a}';
    let marked = |c: char| match c {
        c if marks(c) => format!("{MARK}{:x}{MARK}", u32::from(c)),
        c => c.to_string(),
    };
    let marked = texts(serde_json::to_value(value)?, &|text| text.chars().map(marked).collect());
    let text = serde_yaml_ng::to_string(&marked)?;
    let mut parts = text.split("\\x1A");
    let mut written = parts.next().unwrap_or_default().to_owned();
    while let (Some(number), Some(after)) = (parts.next(), parts.next()) {
        written.push_str(&format!("\\U{number:0>8}"));
        written.push_str(after);
    }
    Ok(written)
}

/// The ends of lines are YAML's own affair.
fn marks(c: char) -> bool {
    c != '\n' && steers(c)
}

fn texts(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) if text.contains(marks) => Value::String(change(&text)),
        Value::Array(items) => items.into_iter().map(|item| texts(item, change)).collect(),
        Value::Object(held) => {
            let changed = held.into_iter().map(|(key, value)| {
                let key = if key.contains(marks) { change(&key) } else { key };
                (key, texts(value, change))
            });
            Value::Object(changed.collect())
        }
        other => other,
    }
}

fn lines(mut answer: Value, items: &str) -> Result<String> {
    let Some(Value::Array(list)) = answer.get_mut(items).map(Value::take) else {
        return Ok(json(&answer, false)? + "\n");
    };
    let Value::Object(mut rest) = answer else { return Ok(String::new()) };
    rest.remove(items);
    rest.remove("next");
    let mut text = String::new();
    for item in list {
        let mut line: Map<String, Value> = rest.clone();
        match item {
            Value::Object(item) => line.extend(item),
            other => drop(line.insert(items.to_owned(), other)),
        }
        text.push_str(&json(&Value::Object(line), false)?);
        text.push('\n');
    }
    Ok(text)
}

/// A formatter that writes as `\u` escapes what would steer a terminal.
struct Careful<F>(F);

impl<F: Formatter> Formatter for Careful<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut plain = fragment;
        while let Some(at) = plain.find(steers) {
            let (before, rest) = plain.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut chars = rest.chars();
            let mut units = [0; 2];
            for unit in chars.next().unwrap_or_default().encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = chars.as_str();
        }
        writer.write_all(plain.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nasty() -> Value {
        json!({"a": "x\u{202e}y\u{9b}\u{1b}[m\n\u{1a}", "k\u{200b}": ["plain: text", "- x", "\u{e0041}", 1.5, null]})
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_in_json_and_it_reads_back() {
        for over_lines in [true, false] {
            let text = json(&nasty(), over_lines).unwrap();
            assert!(!text.contains(|c| c != '\n' && steers(c)), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), nasty());
        }
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_in_yaml_and_it_reads_back() {
        let text = yaml(&nasty()).unwrap();
        assert!(!text.contains(|c| c != '\n' && steers(c)), "{text}");
        assert_eq!(serde_yaml_ng::from_str::<Value>(&text).unwrap(), nasty());
    }

    #[test]
    fn each_line_says_what_it_is_as_of() {
        let answer = json!({"as_of_seq": 7, "runs": [{"id": "a"}, {"id": "b"}], "next": 3});
        assert_eq!(
            lines(answer, "runs").unwrap(),
            "{\"as_of_seq\":7,\"id\":\"a\"}\n{\"as_of_seq\":7,\"id\":\"b\"}\n"
        );
        assert_eq!(lines(json!({"as_of_seq": 7, "runs": []}), "runs").unwrap(), "");
        assert_eq!(
            lines(json!({"as_of_seq": 7, "id": 1}), "").unwrap(),
            "{\"as_of_seq\":7,\"id\":1}\n"
        );
    }

    #[test]
    fn a_reader_that_went_away_is_told_from_an_error() {
        let broken = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&anyhow::Error::new(broken).context("cannot write")));
        assert!(!is_broken_pipe(&anyhow::anyhow!("other")));
    }
}
