//! Bytes that could not be read, as a text from which they can be had back: every backslash is
//! doubled, and every byte that is not UTF-8 is written as `\xff`.

use std::fmt::Write;

use crate::limits::QUARANTINE_BYTES_MAX;

/// The bytes as a text, as many as a dead letter shows; what is cut off is said beside it by the
/// length and the digest of the whole.
pub(super) fn text(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(QUARANTINE_BYTES_MAX)];
    let mut text = String::with_capacity(shown.len());
    for chunk in shown.utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a text was made of.
    fn bytes(text: &str) -> Vec<u8> {
        let mut found = Vec::new();
        let mut left = text.as_bytes();
        while let Some((first, rest)) = left.split_first() {
            left = match (first, rest) {
                (b'\\', [b'\\', rest @ ..]) => {
                    found.push(b'\\');
                    rest
                }
                (b'\\', [b'x', high, low, rest @ ..]) => {
                    let hex = [*high, *low];
                    let hex = std::str::from_utf8(&hex).unwrap();
                    found.push(u8::from_str_radix(hex, 16).unwrap());
                    rest
                }
                (byte, rest) => {
                    found.push(*byte);
                    rest
                }
            };
        }
        found
    }

    proptest! {
        #[test]
        fn bytes_can_be_had_back_whatever_they_are(given in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(bytes(&text(&given)), given);
        }

        #[test]
        fn a_text_that_looks_escaped_is_told_from_one_that_is(given in r"[\\xf0-9]{0,12}") {
            prop_assert_eq!(bytes(&text(given.as_bytes())), given.as_bytes());
        }
    }

    #[test]
    fn what_is_too_long_is_cut_at_the_limit() {
        assert_eq!(text(&vec![b'a'; QUARANTINE_BYTES_MAX + 1]).len(), QUARANTINE_BYTES_MAX);
        assert_eq!(text(b"a\xffb\\"), "a\\xffb\\\\");
    }
}
