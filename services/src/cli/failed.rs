//! Tells an operator what did not work: what happened, the detail, a hint, and the code whose page
//! in docs/runbooks says more.

use std::io::{IsTerminal, Write};

use super::{
    ending::Ending,
    escape::{escaped, escaped_lines},
    page::{Ink, Tone},
};
use crate::client::{Code, Failure};

/// Writes a failure to stderr, and says how the program ends by it.
pub(super) fn tell(error: &anyhow::Error) -> Ending {
    let failure = Failure::of(error);
    let ink = Ink::of(std::io::stderr().is_terminal());
    // If not even this can be written, the exit code is all that is left to say.
    let _ = write!(std::io::stderr(), "{}", said(&failure, ink));
    Ending::of(failure.code)
}

fn said(failure: &Failure, ink: Ink) -> String {
    let Failure { code, what, detail, hint } = failure;
    let mut text = format!("{} {}\n", ink.paint(Tone::Bad, "error:"), escaped(what));
    if !detail.is_empty() {
        for line in escaped_lines(detail).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push_str(&format!("  {} {}\n", ink.paint(Tone::Strong, "hint:"), escaped(hint)));
    if *code != Code::NotFound {
        text.push_str(&format!(
            "  {} {code}, docs/runbooks/{code}.md\n",
            ink.paint(Tone::Quiet, "code:")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_what_happened_detail_hint_and_code() {
        let failure = Failure::new(Code::Away, "no answer", "refused\n\u{1b}[31m", "start it");
        assert_eq!(
            said(&failure, Ink::none()),
            "error: no answer\n  refused\n  \\u{1b}[31m\n  hint: start it\n  code: HS-0003, docs/runbooks/HS-0003.md\n"
        );
    }
}
