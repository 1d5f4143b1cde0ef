//! `helmstream replay`: every record of EVENTS in the form in which it is hashed, so that anybody
//! can compute its hash again from what is printed. It reads the log, not the views.

use anyhow::Result;
use helmstream_schemas::{Id, Subject};
use serde_json::json;

use super::{
    bar::Bar,
    ending::Ending,
    escape::escaped,
    output::{self, Format, Screen},
    page::Tone,
};
use crate::{
    amounts::counted,
    client::{
        Client,
        replay::{Page, Replayed, Request},
    },
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
With -o ndjson each line has `head`, an object whose RFC 8785 form is what is hashed; the payload
as stored, as `payload` if it is UTF-8 and as `payload_base64` if not; and `hash`, SHA-256 over the
length of the head as 32 bits, big end first, the head, and the payload. docs/guides/prove.md has a
program of a few lines that computes it again.

Examples:
  helmstream replay
  helmstream replay -o ndjson | python3 recompute.py
  helmstream replay --from 1000 --to 1999 -o ndjson | jq -r .hash
  helmstream replay --context run --id acme/shop-42 --type step_ended")]
pub(super) struct ReplayArgs {
    /// From this position on EVENTS on
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: u64,
    /// Up to this position, which has to be there [default: the end of the log]
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
    /// Of this context only, such as run or approval
    #[arg(long, alias = "domain")]
    context: Option<String>,
    /// Of this type only, whole or the word alone, such as step_ended
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Of this aggregate only, such as a run
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    args: ReplayArgs,
) -> Result<Ending> {
    let mut request = Request {
        from_seq: args.from,
        to_seq: args.to,
        context: args.context,
        aggregate: args.id.map(Id::new).transpose()?,
        kind: args.kind,
    };
    let mut page = client.replay(request.clone()).await?;
    let (head, to) = (page.as_of_seq, page.answer.to_seq);
    let end = (to + 1).saturating_sub(args.from);
    let mut teller = Teller { screen, bar: Bar::new(Some(end)), told: 0, last: None };
    loop {
        let Page { records, read_to_seq, next, .. } = page.answer;
        teller.tell(&records)?;
        let done = (read_to_seq + 1).saturating_sub(args.from);
        teller.bar.advance(done, format!("EVENTS {read_to_seq} of {to}"));
        let Some(next) = next else { break };
        request = Request { from_seq: next, to_seq: Some(to), ..request };
        page = match client.replay(request.clone()).await {
            Ok(page) => page,
            Err(failure) => {
                teller.stop()?;
                return Err(failure.into());
            }
        };
    }
    teller.finish(args.from, to, head)
}

/// Tells records as they come, and keeps none of them.
struct Teller<'a> {
    screen: &'a Screen,
    bar: Bar,
    told: u64,
    /// Position and hash of the last record that was told.
    last: Option<(String, String)>,
}

impl Teller<'_> {
    fn tell(&mut self, records: &[Replayed]) -> Result<()> {
        let mut text = String::new();
        for record in records {
            self.told += 1;
            match self.screen.format {
                Format::Table => text += &line(self.screen, record),
                Format::Ndjson => text += &(output::json(record, false)? + "\n"),
                Format::Json | Format::Registry => {
                    text += if self.told == 1 { "{\"records\":[\n" } else { ",\n" };
                    text += &output::json(record, false)?;
                }
                Format::Yaml => text += &format!("---\n{}", output::yaml(record)?),
            }
        }
        if let Some(last) = records.last() {
            self.last = Some((field(last, "sequence").to_owned(), last.hash.to_string()));
        }
        self.write(&text)
    }

    /// Something went wrong in the middle: what was told so far stays readable, and does not look
    /// as if it were all.
    fn stop(&mut self) -> Result<()> {
        self.bar.clear();
        match self.screen.format {
            Format::Json if self.told > 0 => self.write("\n]}\n"),
            Format::Table if self.told > 0 => {
                let said = counted(self.told, "record");
                self.write(&format!("{said}, and then it stopped\n"))
            }
            _ => Ok(()),
        }
    }

    fn finish(mut self, from: u64, to: u64, head: u64) -> Result<Ending> {
        self.bar.clear();
        match self.screen.format {
            Format::Table => {
                let hash = match &self.last {
                    Some((position, hash)) => format!("; {position} has hash {hash}"),
                    None => String::new(),
                };
                let said = counted(self.told, "record");
                let range = match from > to {
                    true => "nothing new".to_owned(),
                    false => format!("EVENTS {from} to {to}"),
                };
                self.write(&format!("{said}, {range}; the log ends at {head}{hash}\n"))?;
            }
            Format::Json | Format::Registry => {
                let opening = if self.told == 0 { "{\"records\":[" } else { "\n" };
                let summary = json!({ "from_seq": from, "to_seq": to, "records": self.told });
                let rest = output::json(&summary, false)?;
                self.write(&format!("{opening}],\"as_of_seq\":{head},\"summary\":{rest}}}\n"))?;
            }
            Format::Yaml | Format::Ndjson => {}
        }
        Ok(Ending::Done)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let written = self.bar.aside(|| self.screen.print(text));
        if written.is_err() {
            self.bar.clear();
        }
        written
    }
}

/// A record for people: where, when, the beginning of its hash, what, of which aggregate.
fn line(screen: &Screen, record: &Replayed) -> String {
    let hash: String = record.hash.to_string().chars().take(HASH_SHOWN).collect();
    let (kind, subject) = (field(record, "ce-type"), field(record, "subject"));
    let name = match kind.split('.').collect::<Vec<_>>()[..] {
        ["helmstream", _, name, _] => name,
        _ => kind,
    };
    let of = match subject.parse() {
        Ok(Subject::Event { context, id }) => format!("{context} {}", id.as_str()),
        _ => subject.to_owned(),
    };
    format!(
        "{:>8}  {}  {}  {} of {}\n",
        field(record, "sequence"),
        screen.ink.paint(Tone::Quiet, &recorded(record)),
        screen.ink.paint(Tone::Strong, &hash),
        escaped(name),
        escaped(&of),
    )
}

/// Digits of a hash that a person compares at a glance; the whole is in the other forms.
const HASH_SHOWN: usize = 16;

fn field<'a>(record: &'a Replayed, name: &str) -> &'a str {
    record.head.get(name).map(String::as_str).unwrap_or_default()
}

fn recorded(record: &Replayed) -> String {
    let nanos = field(record, "recorded").parse().unwrap_or_default();
    super::when::instant(helmstream_schemas::Timestamp::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Attributes, Hash, Record, Timestamp};

    use super::*;

    /// What an auditor does: the printed line in, the hash out, by no code of ours but the digest.
    fn recomputed(line: &str) -> Hash {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        // An object of texts in the order of its names is canonical but for its escapes, which the
        // writer of JSON shares with RFC 8785.
        let head = serde_json::to_vec(&line["head"]).expect("JSON");
        let payload = line["payload"].as_str().expect("a text");
        let length = u32::try_from(head.len()).expect("short").to_be_bytes();
        Hash::of(&[&length[..], &head, payload.as_bytes()].concat())
    }

    #[test]
    fn the_hash_can_be_computed_again_from_the_line() {
        let mut attributes = Attributes::default();
        attributes.set("type", "helmstream.run.noted.v1");
        attributes.set("subject", "a\u{202e}\"\\\u{1b}\u{7f}\u{85}\u{1f600}\u{e0041}");
        let record = Record {
            stream: "EVENTS".into(),
            subject: "evt.run.a".into(),
            sequence: 7,
            recorded_at: Timestamp::from_nanos(1_767_225_600_123_456_789),
            attributes,
            payload: "{\"a\" : \"\u{202e}\u{0}\r\u{e0041}\"}\n".into(),
        };
        let wanted = Hash::of_record(&record);
        let replayed = Replayed::of(record);
        for over_lines in [true, false] {
            let text = output::json(&replayed, over_lines).unwrap();
            assert_eq!(recomputed(&text), wanted, "{text}");
            let read: Replayed = serde_json::from_str(&text).unwrap();
            assert_eq!(read, replayed);
        }
        let yaml: Replayed = serde_yaml_ng::from_str(&output::yaml(&replayed).unwrap()).unwrap();
        assert_eq!(yaml, replayed);
    }
}
