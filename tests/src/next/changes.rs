//! What the next version has that this one has not: one event, `run.annotated`, and the command that
//! asks for it. Each change is an exact text of a file and what stands there instead. A new event is
//! named in the schemas, decided in the core, taken in its view, and drawn in the timeline; a new
//! command is one variant more.

/// An exact text of a file, which has to be there once, and what takes its place.
pub(super) struct Change {
    pub(super) file: &'static str,
    pub(super) anchor: &'static str,
    pub(super) instead: &'static str,
}

const fn change(file: &'static str, anchor: &'static str, instead: &'static str) -> Change {
    Change { file, anchor, instead }
}

const NAMED: &str = "schemas/src/run/events.rs";
const ASKED: &str = "schemas/src/run.rs";
const DECIDED: &str = "core/src/run.rs";
const TAKEN: &str = "projections/run/entry.rs";
const DRAWN: &str = "services/src/cli/run/timeline.rs";

/// Programs bear another name, because both versions are built into one target folder.
const PROGRAMS: &str = "tests/Cargo.toml";
const CODEGEN: &str = "xtask/Cargo.toml";

/// Every change, file by file.
pub(super) const ALL: [Change; 17] = [
    change(
        NAMED,
        "    Merged(Merged),\n}",
        "    Merged(Merged),\n    /// Somebody annotated the run.\n    Annotated(Annotated),\n}",
    ),
    change(
        NAMED,
        "            | Self::Merged(_) => return None,",
        "            | Self::Merged(_)\n            | Self::Annotated(_) => return None,",
    ),
    change(
        NAMED,
        "            | Self::Merged(_) => None,",
        "            | Self::Merged(_)\n            | Self::Annotated(_) => None,",
    ),
    change(
        NAMED,
        "/// Nothing was heard of the run for a while.\n#[derive(",
        "/// Somebody annotated the run.\n\
         #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]\n\
         pub struct Annotated {\n    pub text: String,\n    /// How many there are with it.\n    pub number: u64,\n}\n\n\
         /// Nothing was heard of the run for a while.\n#[derive(",
    ),
    change(
        ASKED,
        "    Merge(Merge),\n}",
        "    Merge(Merge),\n    /// Somebody annotates the run.\n    Annotate(Annotate),\n}",
    ),
    change(
        ASKED,
        "/// A deadline has come.\n#[derive(",
        "/// Somebody annotates the run.\n\
         #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]\n\
         pub struct Annotate {\n    pub text: String,\n}\n\n\
         /// A deadline has come.\n#[derive(",
    ),
    change(DECIDED, "        About, Autonomy,", "        About, Annotated, Autonomy,"),
    change(
        DECIDED,
        "    merged_into: Option<Id>,\n}",
        "    merged_into: Option<Id>,\n    #[serde(default)]\n    annotations: u64,\n}",
    ),
    change(
        DECIDED,
        "            RunCommand::Stall(stall) => Ok(decide_stall(state, &stall)),\n",
        "            RunCommand::Stall(stall) => Ok(decide_stall(state, &stall)),\n\
         \x20           RunCommand::Annotate(annotate) => {\n\
         \x20               let number = state.annotations + 1;\n\
         \x20               Ok(vec![RunEvent::Annotated(Annotated { text: annotate.text, number })])\n\
         \x20           }\n",
    ),
    change(
        DECIDED,
        "            RunEvent::PhaseEnded(_)\n",
        "            RunEvent::Annotated(e) => state.annotations = e.number,\n            RunEvent::PhaseEnded(_)\n",
    ),
    change(
        TAKEN,
        "        ApprovalAnswered, ApprovalAsked,",
        "        Annotated, ApprovalAnswered, ApprovalAsked,",
    ),
    change(TAKEN, "    Merged(Merged),\n}", "    Merged(Merged),\n    Annotated(Annotated),\n}"),
    change(
        TAKEN,
        "            | What::Merged(_) => None,",
        "            | What::Merged(_)\n            | What::Annotated(_) => None,",
    ),
    change(
        TAKEN,
        "        RunEvent::Merged(event) => (None, What::Merged(event)),\n",
        "        RunEvent::Merged(event) => (None, What::Merged(event)),\n        RunEvent::Annotated(event) => (None, What::Annotated(event)),\n",
    ),
    change(
        DRAWN,
        "        What::Merged(fact) => {\n",
        "        What::Annotated(fact) => (Tone::Plain, format!(\"annotated: {}\", escaped(&fact.text))),\n        What::Merged(fact) => {\n",
    ),
    change(PROGRAMS, "name = \"helmstream-tested\"", "name = \"helmstream-next\""),
    change(PROGRAMS, "name = \"helmstream-audit\"", "name = \"helmstream-next-audit\""),
];

/// What is appended to a manifest that names no program.
pub(super) const APPENDED: [(&str, &str); 1] =
    [(CODEGEN, "\n[[bin]]\nname = \"xtask-next\"\npath = \"src/main.rs\"\n")];
