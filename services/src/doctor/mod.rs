//! What is to be thought of a plane: facts in, findings out. `examine` is a pure function, so what it
//! finds can be told in tables; the facts are gathered in `gather.rs`, and shown in `cli/doctor.rs`.

pub mod facts;
pub mod gather;
mod growth;
mod guard;
pub mod limits;
mod servers;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use self::{facts::Facts, limits::DOCTOR_NAMES_MAX};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Fine,
    /// Worth knowing; nothing is to be done.
    Note,
    /// Something is to be done, not at once.
    Warning,
    /// Something is wrong that somebody has to see to.
    Wrong,
}

/// One thing that was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `lag`.
    pub check: &'static str,
    pub severity: Severity,
    pub what: String,
    /// The same as numbers and names, for scripts.
    pub figures: BTreeMap<&'static str, Value>,
    pub what_to_do: Option<String>,
    /// The page that says more, below docs/runbooks.
    pub runbook: Option<&'static str>,
}

/// Everything that can be said of a plane by what was gathered, in one order.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let parts = [
        servers::examine(facts),
        growth::examine(facts),
        work::examine(facts),
        guard::examine(facts),
    ];
    parts.concat()
}

/// The worst of them.
pub fn worst(findings: &[Finding]) -> Severity {
    findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Fine)
}

impl Finding {
    fn new(check: &'static str, severity: Severity, what: impl Into<String>) -> Self {
        let (figures, what_to_do, runbook) = (BTreeMap::new(), None, None);
        Self { check, severity, what: what.into(), figures, what_to_do, runbook }
    }

    fn figure(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.figures.insert(name, value.into());
        self
    }

    fn advised(mut self, what: impl Into<String>, runbook: &'static str) -> Self {
        self.what_to_do = Some(what.into());
        self.runbook = Some(runbook);
        self
    }
}

/// The first names of many, and that there are more.
fn named<T: AsRef<str>>(names: &[T]) -> String {
    let first: Vec<&str> = names.iter().take(DOCTOR_NAMES_MAX).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// `40 s`, `12 min`, `5 h`, `9 days`.
fn lasting(duration: std::time::Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
