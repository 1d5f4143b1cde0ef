//! What a person reads when a command of xtask cannot go on: what happened, the detail, a hint.
//!
//! Not a place for logic: each file that can fail says its own three parts.

use std::fmt;
use std::path::Path;

/// One failed command. `exit` is what the shell gets.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) detail: String,
    pub(crate) hint: String,
    pub(crate) exit: u8,
}

impl Failure {
    pub(crate) fn new(
        what: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Failure {
        Failure { what: what.into(), detail: detail.into(), hint: hint.into(), exit: 1 }
    }

    /// For the file system: what was tried on which path, and the system's own words.
    pub(crate) fn io(tried: &str, path: &Path, error: std::io::Error) -> Failure {
        Failure::new(
            format!("cannot {tried} {}", path.display()),
            error.to_string(),
            "look at the permissions and the free space of that place",
        )
    }

    pub(crate) fn with_exit(self, exit: u8) -> Failure {
        Failure { exit, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for (label, text) in [("detail", &self.detail), ("hint", &self.hint)] {
            write!(f, "\n{label:>7}: {}", text.replace('\n', "\n         "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_three_parts_with_later_lines_indented() {
        let failure = Failure::new("cannot go on", "one\ntwo", "try again");
        assert_eq!(
            failure.to_string(),
            "error: cannot go on\n detail: one\n         two\n   hint: try again"
        );
    }
}
