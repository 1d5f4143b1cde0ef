//! What was measured, as tables for people and as JSON for machines. A goal is shown beside its
//! figure, met or missed; nothing is left out for being slow.

use std::fmt;

use serde_json::{Value, json};

use crate::machine::Machine;

/// Everything that was measured in one run of the program.
pub(crate) struct Report {
    machine: Machine,
    quick: bool,
    lines: Vec<Line>,
}

/// One case of one bench. Lines of a bench have the same figures, by name and in order.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) bench: &'static str,
    pub(crate) case: String,
    pub(crate) unit: Unit,
    pub(crate) figures: Vec<(&'static str, f64)>,
    pub(crate) ratio: Option<f64>,
    pub(crate) goals: Vec<Goal>,
    /// What else has to be known to read the figures.
    pub(crate) note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    EventsASecond,
    Milliseconds,
    BytesAnEvent,
    Megabytes,
}

/// What a line is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// The ratio is at least this.
    Ratio(f64),
    /// A figure stays under so many milliseconds.
    Under(&'static str, f64),
}

impl Report {
    pub(crate) fn new(quick: bool) -> Self {
        Self { machine: Machine::this(), quick, lines: Vec::new() }
    }

    /// Adds a line, and says it at once to whoever waits.
    pub(crate) fn add(&mut self, line: Line) {
        eprintln!("  {}", line.said());
        self.lines.push(line);
    }

    /// The versions of the servers, as they say them.
    pub(crate) fn servers(&mut self, nats: String, postgres: String) {
        self.machine.nats_server = nats;
        self.machine.postgres = postgres;
    }

    pub(crate) fn json(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().map(Line::json).collect();
        json!({ "machine": self.machine.json(), "quick": self.quick, "lines": lines })
    }
}

impl Line {
    fn json(&self) -> Value {
        let figures: serde_json::Map<String, Value> =
            self.figures.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let goals: Vec<Value> = self
            .goals
            .iter()
            .map(|goal| json!({ "goal": goal.to_string(), "met": self.meets(*goal) }))
            .collect();
        json!({
            "bench": self.bench, "case": self.case, "unit": self.unit.name(), "figures": figures,
            "ratio": self.ratio, "goals": goals, "note": self.note,
        })
    }

    fn figure(&self, name: &str) -> f64 {
        self.figures.iter().find(|(known, _)| *known == name).map_or(f64::NAN, |(_, value)| *value)
    }

    fn meets(&self, goal: Goal) -> bool {
        match goal {
            Goal::Ratio(least) => self.ratio.is_some_and(|ratio| ratio >= least),
            Goal::Under(name, bound) => self.figure(name) < bound,
        }
    }

    fn said(&self) -> String {
        self.cells().join(" | ")
    }

    fn cells(&self) -> Vec<String> {
        let ratio = self.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let met = |goal: &Goal| if self.meets(*goal) { "met" } else { "missed" };
        let goals: Vec<String> =
            self.goals.iter().map(|goal| format!("{goal}: {}", met(goal))).collect();
        let figures = self.figures.iter().map(|(_, value)| self.unit.write(*value));
        [self.case.clone()]
            .into_iter()
            .chain(figures)
            .chain([ratio, goals.join(", "), self.note.clone()])
            .collect()
    }

    fn heads(&self) -> Vec<String> {
        let figures = self.figures.iter().map(|(name, _)| format!("{name}, {}", self.unit.name()));
        [self.bench.to_owned()]
            .into_iter()
            .chain(figures)
            .chain(["ratio", "goal", "note"].map(str::to_owned))
            .collect()
    }
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::EventsASecond => "1/s",
            Self::Milliseconds => "ms",
            Self::BytesAnEvent => "bytes an event",
            Self::Megabytes => "MB",
        }
    }

    /// A figure that could not be had is none; the note says why.
    fn write(self, value: f64) -> String {
        match self {
            _ if value.is_nan() => "none".to_owned(),
            Self::EventsASecond | Self::BytesAnEvent | Self::Megabytes => thousands(value),
            Self::Milliseconds => format!("{value:.2}"),
        }
    }
}

/// A table a bench, in Markdown.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        if self.quick {
            writeln!(
                f,
                "\nMeasured with --quick: it shows that everything runs, and little more."
            )?;
        }
        for (index, line) in self.lines.iter().enumerate() {
            let is_first = index == 0 || self.lines[index - 1].heads() != line.heads();
            if is_first {
                let rule: Vec<&str> = line.heads().iter().map(|_| "---").collect();
                writeln!(f, "\n| {} |\n| {} |", line.heads().join(" | "), rule.join(" | "))?;
            }
            writeln!(f, "| {} |", line.cells().join(" | "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(least) => write!(f, "{least:.1}"),
            Self::Under(name, bound) => write!(f, "{name} under {bound} ms"),
        }
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(
            [thousands(7.4), thousands(1_234.0), thousands(1_234_567.0)],
            ["7", "1,234", "1,234,567"]
        );
    }

    #[test]
    fn a_figure_that_could_not_be_had_is_said_to_be_none() {
        assert_eq!(Unit::EventsASecond.write(f64::NAN), "none");
    }

    #[test]
    fn a_missed_goal_is_said() {
        let line = Line {
            bench: "append",
            case: "1 at once".into(),
            unit: Unit::EventsASecond,
            figures: vec![("ours", 9_000.0), ("bare", 12_000.0)],
            ratio: Some(0.75),
            goals: vec![Goal::Ratio(0.9)],
            note: String::new(),
        };
        assert_eq!(line.said(), "1 at once | 9,000 | 12,000 | 0.75 | 0.9: missed | ");
    }
}
