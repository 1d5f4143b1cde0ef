//! Where in a trace something happened, in the form of W3C Trace Context: the attribute and the header
//! `traceparent`. The attribute is the publisher's and is kept as it came, whatever it holds; what
//! cannot be read here is no trace, and never an error.

use std::fmt;

/// A span and its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    /// Whoever began it records it, and wants others to.
    pub is_sampled: bool,
}

/// Length of the form that version 00 has; later versions may only add behind it.
const TEXT_BYTES: usize = 55;

impl TraceContext {
    /// Reads `traceparent`; nothing if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let (head, more) = text.split_at_checked(TEXT_BYTES)?;
        let [version] = bytes(&head[..2])?;
        let dashes = [head[2], head[35], head[52]];
        let is_form = match version {
            0 => more.is_empty(),
            // What is never a version.
            0xff => false,
            _ => more.first().is_none_or(|&next| next == b'-'),
        };
        if !is_form || dashes != *b"---" {
            return None;
        }
        let (trace_id, span_id) = (bytes(&head[3..35])?, bytes(&head[36..52])?);
        let [flags] = bytes(&head[53..])?;
        let is_there = trace_id != [0; 16] && span_id != [0; 8];
        is_there.then_some(Self { trace_id, span_id, is_sampled: flags & 1 == 1 })
    }

    /// The id of the trace as others show it.
    pub fn trace_hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (u128::from_be_bytes(self.trace_id), u64::from_be_bytes(self.span_id));
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(self.is_sampled))
    }
}

/// Digits of which two are a byte; capitals are none.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut read = [0; N];
    for (byte, pair) in read.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    (digits.len() == 2 * N).then_some(read)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "00-5b1f0e9c3a774d20b6a1c2d3e4f50617-9a8b7c6d5e4f3021-01";

    #[test]
    fn what_is_written_reads_back() {
        let context = TraceContext::parse(TEXT).unwrap();
        assert!(context.is_sampled);
        assert_eq!(context.to_string(), TEXT);
        assert_eq!(context.trace_hex(), &TEXT[3..35]);
        let unsampled = TraceContext::parse(&TEXT.replace("-01", "-00")).unwrap();
        assert!(!unsampled.is_sampled);
    }

    #[test]
    fn of_a_later_version_counts_what_is_known_of_it() {
        let later = TEXT.replacen("00", "01", 1);
        assert_eq!(TraceContext::parse(&later), TraceContext::parse(TEXT));
        assert_eq!(TraceContext::parse(&format!("{later}-more")), TraceContext::parse(TEXT));
        assert_eq!(TraceContext::parse(&format!("{later}more")), None);
        assert_eq!(TraceContext::parse(&format!("{TEXT}-more")), None, "version 00 has no more");
    }

    #[test]
    fn what_is_no_trace_is_none() {
        for text in [
            "",
            "00",
            &TEXT.to_uppercase(),
            &TEXT.replacen("00", "ff", 1),
            &TEXT.replace('-', "_"),
            &format!(" {TEXT}"),
            "00-00000000000000000000000000000000-9a8b7c6d5e4f3021-01",
            "00-5b1f0e9c3a774d20b6a1c2d3e4f50617-0000000000000000-01",
            "00-5b1f0e9c3a774d20b6a1c2d3e4f5061g-9a8b7c6d5e4f3021-01",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_to_be_looked_at(text in "\\PC{0,80}") {
            let _ = TraceContext::parse(&text);
        }

        #[test]
        fn a_byte_changed_is_another_context_or_none(at in 0..TEXT_BYTES, to in any::<char>()) {
            let mut text: Vec<char> = TEXT.chars().collect();
            let before = std::mem::replace(&mut text[at], to);
            let changed = TraceContext::parse(&text.into_iter().collect::<String>());
            // Flags but the last are not known, and a version is not told.
            let is_of_no_account = matches!(at, 0 | 1 | 53 | 54);
            prop_assert!(before == to || is_of_no_account || changed != TraceContext::parse(TEXT));
        }

        #[test]
        fn every_context_reads_back(trace in 1..=u128::MAX, span in 1..=u64::MAX, is_sampled: bool) {
            let (trace_id, span_id) = (trace.to_be_bytes(), span.to_be_bytes());
            let context = TraceContext { trace_id, span_id, is_sampled };
            prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
        }
    }
}
