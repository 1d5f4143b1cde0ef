//! Splits what is to be published into events, each byte for byte as it stands. It reads as a
//! stream and holds one event at a time; it judges nothing: what is no event the door answers.

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use serde_json::value::RawValue;

use crate::client::limits::PUBLISH_BYTES_MAX;

/// How the input is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One event a line.
    Lines,
    /// One event, a list of events, or lines after all: whatever it turns out to be.
    Unknown,
}

/// One event of the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Counted from 1.
    pub(super) number: u64,
    /// The line it begins on, counted from 1.
    pub(super) line: u64,
    /// How many bytes of the input are read with it.
    pub(super) read_to: u64,
    pub(super) content: Content,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Event(Vec<u8>),
    /// Over `PUBLISH_BYTES_MAX`: passed over, and only counted.
    TooLarge {
        bytes: u64,
    },
}

/// The shape that a file's name promises.
pub(super) fn shape_of(name: &str) -> Shape {
    let name = name.to_ascii_lowercase();
    if name.ends_with(".ndjson") || name.ends_with(".jsonl") {
        Shape::Lines
    } else {
        Shape::Unknown
    }
}

/// The events of the input, in order. An error ends it.
pub(super) fn split(input: impl Read + Send + 'static, shape: Shape) -> io::Result<Pieces> {
    let mut input: Input = Box::new(BufReader::new(input));
    let mut place = Place { line: 1, read_to: 0 };
    skip_mark(&mut input, &mut place)?;
    let form = match shape {
        Shape::Lines => Form::Lines,
        Shape::Unknown => {
            skip_space(&mut input, &mut place, b"")?;
            if peek(&mut input)? == Some(b'[') {
                Form::List { open: false }
            } else {
                undecided(&mut input)?
            }
        }
    };
    Ok(Pieces { input, place, form, number: 0, ended: false })
}

/// The events of an input; see `split`.
pub(super) struct Pieces {
    input: Input,
    place: Place,
    form: Form,
    number: u64,
    ended: bool,
}

type Input = Box<dyn BufRead + Send>;

struct Place {
    line: u64,
    read_to: u64,
}

enum Form {
    Lines,
    List { open: bool },
    Whole,
}

impl Iterator for Pieces {
    type Item = io::Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = match self.form {
            Form::Lines => self.next_line(),
            Form::List { .. } => self.next_element(),
            Form::Whole => self.whole(),
        };
        self.ended = !matches!(found, Ok(Some(_)));
        found.transpose()
    }
}

impl Pieces {
    fn next_line(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let line = self.place.line;
            if peek(&mut self.input)?.is_none() {
                return Ok(None);
            }
            let mut taken = Taken::default();
            take(&mut self.input, &mut self.place, &mut taken, |byte| byte == b'\n')?;
            if let Some(piece) = self.piece(line, taken) {
                return Ok(Some(piece));
            }
        }
    }

    fn next_element(&mut self) -> io::Result<Option<Piece>> {
        loop {
            skip_space(&mut self.input, &mut self.place, b",")?;
            let Form::List { open } = self.form else { return Ok(None) };
            match (peek(&mut self.input)?, open) {
                (None, false) => return Ok(None),
                (None, true) => {
                    let cut = "the list has no end: what came before it was cut off was published";
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, cut));
                }
                (Some(b'['), false) | (Some(b']'), true) => {
                    skip_one(&mut self.input, &mut self.place);
                    self.form = Form::List { open: !open };
                }
                (Some(_), _) => {
                    let line = self.place.line;
                    let mut taken = Taken::default();
                    let mut scan = Scan::default();
                    take(&mut self.input, &mut self.place, &mut taken, |byte| {
                        scan.ends_before(byte)
                    })?;
                    if let Some(piece) = self.piece(line, taken) {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    fn whole(&mut self) -> io::Result<Option<Piece>> {
        let line = self.place.line;
        let mut taken = Taken::default();
        take(&mut self.input, &mut self.place, &mut taken, |_| false)?;
        Ok(self.piece(line, taken))
    }

    /// The piece that was taken; nothing if it is only white space.
    fn piece(&mut self, line: u64, mut taken: Taken) -> Option<Piece> {
        while taken.kept.last().is_some_and(u8::is_ascii_whitespace) && taken.dropped == 0 {
            taken.kept.pop();
        }
        if taken.kept.is_empty() {
            return None;
        }
        self.number += 1;
        let bytes = taken.kept.len() as u64 + taken.dropped;
        let content = if bytes > PUBLISH_BYTES_MAX as u64 {
            Content::TooLarge { bytes }
        } else {
            Content::Event(taken.kept)
        };
        Some(Piece { number: self.number, line, read_to: self.place.read_to, content })
    }
}

/// Reads on until it is clear whether this is one document or lines, and no further: a first line
/// that is a document begins lines, so that a pipe is published as it comes. One document that is
/// larger than an event may be is one event that is too large.
fn undecided(input: &mut Input) -> io::Result<Form> {
    let room = PUBLISH_BYTES_MAX as u64 + 1;
    let mut head = Vec::new();
    input.take(room).read_until(b'\n', &mut head)?;
    let is_json = |bytes: &[u8]| serde_json::from_slice::<&RawValue>(bytes).is_ok();
    let form = if is_json(&head) {
        Form::Lines
    } else {
        input.take(room - head.len() as u64).read_to_end(&mut head)?;
        let is_whole = head.len() <= PUBLISH_BYTES_MAX && is_json(&head);
        if !is_whole && holds_an_object_on_a_line(&head) { Form::Lines } else { Form::Whole }
    };
    let rest = std::mem::replace(input, Box::new(io::empty()));
    *input = Box::new(Cursor::new(head).chain(rest));
    Ok(form)
}

/// Whether this looks like events in lines, some of which may be broken. A document that is
/// written over many lines has none that opens an object at its very beginning and closes it.
fn holds_an_object_on_a_line(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        line.first() == Some(&b'{') && serde_json::from_slice::<&RawValue>(line).is_ok()
    })
}

/// What was taken from the input: all of it, or as much as an event may have and a count.
#[derive(Default)]
struct Taken {
    kept: Vec<u8>,
    dropped: u64,
}

/// Takes bytes until one `ends` it, and that one only if it is a line's end.
fn take(
    input: &mut Input,
    place: &mut Place,
    taken: &mut Taken,
    mut ends: impl FnMut(u8) -> bool,
) -> io::Result<()> {
    loop {
        let buffer = fill(input)?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| ends(*byte));
        let part = &buffer[..end.unwrap_or(buffer.len())];
        // One more than fits, so that what is too large shows as such.
        let room = (PUBLISH_BYTES_MAX + 1).saturating_sub(taken.kept.len()).min(part.len());
        taken.kept.extend_from_slice(&part[..room]);
        taken.dropped += (part.len() - room) as u64;
        let line_end = usize::from(end.is_some_and(|end| buffer[end] == b'\n'));
        let used = part.len() + line_end;
        place.pass(&buffer[..used]);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Where an element of a list ends: before a comma or bracket that is not inside of it.
#[derive(Default)]
struct Scan {
    depth: u64,
    quoted: bool,
    escaped: bool,
}

impl Scan {
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => self.depth -= 1,
            b',' | b']' if self.depth == 0 => return true,
            _ => {}
        }
        false
    }
}

impl Place {
    fn pass(&mut self, bytes: &[u8]) {
        self.read_to += bytes.len() as u64;
        self.line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
}

fn fill(input: &mut Input) -> io::Result<&[u8]> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    input.fill_buf()
}

fn peek(input: &mut Input) -> io::Result<Option<u8>> {
    Ok(fill(input)?.first().copied())
}

fn skip_one(input: &mut Input, place: &mut Place) {
    input.consume(1);
    place.read_to += 1;
}

/// Passes over white space, and over the bytes of `also`.
fn skip_space(input: &mut Input, place: &mut Place, also: &[u8]) -> io::Result<()> {
    loop {
        let buffer = fill(input)?;
        let used =
            buffer.iter().take_while(|b| b.is_ascii_whitespace() || also.contains(b)).count();
        if used == 0 {
            return Ok(());
        }
        place.pass(&buffer[..used]);
        input.consume(used);
    }
}

/// A byte order mark is a property of a file and not of its first event.
fn skip_mark(input: &mut Input, place: &mut Place) -> io::Result<()> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if fill(input)?.starts_with(MARK) {
        input.consume(MARK.len());
        place.read_to += MARK.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
