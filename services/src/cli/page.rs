//! Text for people: tones, and labels with what they stand for. It knows no data; what comes from
//! outside is escaped before it comes here.

use std::fmt::Write;

/// What a piece of text is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Quiet,
    Strong,
    Good,
    Warn,
    Bad,
    /// What nobody may overlook.
    Alarm,
}

/// Whether tones are colours or nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    coloured: bool,
}

impl Ink {
    #[cfg(test)]
    pub(super) const fn none() -> Self {
        Self { coloured: false }
    }

    /// Colours on a terminal, unless the reader does not want any.
    pub(super) fn of(is_terminal: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let unable = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { coloured: is_terminal && !unwanted && !unable }
    }

    pub(super) const fn is_coloured(self) -> bool {
        self.coloured
    }

    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => "",
            Tone::Quiet => "2",
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Alarm => "1;37;41",
        };
        if !self.coloured || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// A page that is written from top to bottom.
pub(super) struct Page {
    pub(super) ink: Ink,
    text: String,
}

impl Page {
    pub(super) const fn new(ink: Ink) -> Self {
        Self { ink, text: String::new() }
    }

    pub(super) fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref().trim_end());
        self.text.push('\n');
    }

    pub(super) fn empty(&mut self) {
        self.text.push('\n');
    }

    /// The head of a part, with an empty line before it.
    pub(super) fn head(&mut self, text: &str) {
        let painted = self.ink.paint(Tone::Strong, text);
        self.empty();
        self.line(painted);
    }

    /// A label and what it stands for; nothing if that is nothing.
    pub(super) fn field(&mut self, label: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            let label = self.ink.paint(Tone::Quiet, &format!("{label:<12}"));
            let _ = writeln!(self.text, "  {label}{}", value.as_ref());
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amounts::counted;

    #[test]
    fn without_colours_there_is_only_text() {
        assert_eq!(Ink::none().paint(Tone::Alarm, "x"), "x");
        assert_eq!(Ink { coloured: true }.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Ink { coloured: true }.paint(Tone::Plain, "x"), "x");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([counted(0, "event"), counted(1, "event")], ["0 events", "1 event"]);
    }
}
