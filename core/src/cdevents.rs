//! The vocabulary CDEvents, as far as both directions share it: how a type is taken apart. What
//! comes in is read in `door/cdevents.rs`, what goes out is made in `cdevents/out.rs`.

mod out;

pub use self::out::{OutEvent, SOURCE, cdevents_of};

/// What the types of the specification begin with.
pub const PREFIX: &str = "dev.cdevents.";

/// What types of a tool's own begin with.
pub const CUSTOM_PREFIX: &str = "dev.cdeventsx.";

/// A type: `dev.cdevents.<subject>.<predicate>.<x.y.z>`, or with `<tool>-` before the subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Whose own type it is; absent for one of the specification.
    pub tool: Option<String>,
    pub subject: String,
    pub predicate: String,
    /// As written, `-draft` and the like included.
    pub version: String,
}

impl Kind {
    /// Takes a type apart; `None` for what is no CDEvent. Words count in lower case.
    pub fn read(text: &str) -> Option<Self> {
        let (own, rest) = match text.strip_prefix(PREFIX) {
            Some(rest) => (false, rest),
            None => (true, text.strip_prefix(CUSTOM_PREFIX)?),
        };
        let [subject, predicate, version] = rest.splitn(3, '.').collect::<Vec<_>>()[..] else {
            return None;
        };
        let (tool, subject) = match own {
            true => subject.split_once('-').map(|(tool, subject)| (Some(tool), subject))?,
            false => (None, subject),
        };
        Some(Self {
            tool: tool.map(str::to_owned),
            subject: subject.to_ascii_lowercase(),
            predicate: predicate.to_ascii_lowercase(),
            version: version.to_owned(),
        })
    }

    /// The type without what it begins with and without its version, such as `taskrun.finished`.
    pub fn word(&self) -> String {
        format!("{}.{}", self.subject, self.predicate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_taken_apart_whatever_its_version() {
        for version in ["0.1.0", "0.2.0", "0.17.3", "0.1.0-draft"] {
            let kind = Kind::read(&format!("dev.cdevents.taskRun.finished.{version}")).unwrap();
            assert_eq!((kind.word().as_str(), kind.tool), ("taskrun.finished", None));
            assert_eq!(kind.version, version);
        }
        let own = Kind::read("dev.cdeventsx.forge-approval.closed.0.1.0").unwrap();
        assert_eq!((own.tool.as_deref(), own.subject.as_str()), (Some("forge"), "approval"));
    }

    #[test]
    fn what_is_no_type_of_the_vocabulary_is_none() {
        for other in [
            "com.example.built",
            "dev.cdevents.build",
            "dev.cdevents.build.started",
            "dev.cdeventsx.build.started.0.1.0",
            "dev.cdeventsy.build.started.0.1.0",
        ] {
            assert_eq!(Kind::read(other), None, "{other}");
        }
    }
}
