//! Makes text from outside safe to be seen: what would steer a terminal, turn the direction of
//! writing or be invisible is written out. It does not quote; what is harmless stays as it is, so
//! that ids can be copied.

use std::borrow::Cow;

/// A text for one line.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, steers)
}

/// A text of several lines.
pub(super) fn escaped_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| c != '\n' && steers(c))
}

/// Whether a character does something else than to be seen.
pub(super) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            // Zero width, directions, line and paragraph ends, overrides, isolates.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn escape(text: &str, steers: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&steers) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' if steers(c) => escaped.push_str("\\n"),
            '\r' if steers(c) => escaped.push_str("\\r"),
            '\t' if steers(c) => escaped.push_str("\\t"),
            c if steers(c) => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        for (text, shown) in [
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("x\u{7f}\0\u{8}", "x\\u{7f}\\u{0}\\u{8}"),
            ("a\nb\r\tc\u{2028}", "a\\nb\\r\\tc\\u{2028}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[test]
    fn what_is_only_seen_stays_as_it_is() {
        for text in ["acme/shop-42", "ä ö 漢字 😀", "C:\\x {y} \"z\"", "ע ب"] {
            assert_eq!(escaped(text), text);
        }
    }

    #[test]
    fn lines_stay_lines_where_they_may() {
        assert_eq!(escaped_lines("a\nb\u{1b}\r"), "a\nb\\u{1b}\\r");
    }
}
