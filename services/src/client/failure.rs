//! What an operator is told when something does not work: what happened, the detail, a hint, and a
//! code that has a page in docs/runbooks. It holds no outcome of a publish: those are answers.

use std::fmt;

use helmstream_projections::ProjectionError;
use helmstream_stream::StreamError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::PUBLISH_BYTES_MAX;
use crate::patience::Interrupted;

/// What went wrong, by the page that explains it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Nothing more exact is known.
    Unexplained = 1,
    /// There is no plane where it was looked for.
    NoPlane = 2,
    /// NATS or Postgres does not answer.
    Away = 3,
    /// NATS or Postgres does not know who asks.
    NotLetIn = 4,
    /// Who asks may not do this.
    NotPermitted = 5,
    /// Nothing has that name.
    NotFound = 6,
    /// Several things have that name.
    Ambiguous = 7,
    /// What was to be published cannot be read.
    Input = 8,
    /// What is stored cannot be read by this version.
    Unreadable = 9,
    /// The servers are not set up as the files say.
    Differs = 10,
    /// A view does not fit the log.
    Diverged = 11,
    /// The server refused what was asked.
    Refused = 12,
    /// A backup is not what it should be, or cannot be written.
    Backup = 13,
    /// There is something already where a backup is to be put back.
    NotEmpty = 14,
    /// NATS or Postgres answers, and is not trusted to be the one that was meant.
    Untrusted = 15,
    /// What the program was started with cannot be used.
    Setting = 16,
}

impl Code {
    pub const ALL: [Code; 16] = [
        Self::Unexplained,
        Self::NoPlane,
        Self::Away,
        Self::NotLetIn,
        Self::NotPermitted,
        Self::NotFound,
        Self::Ambiguous,
        Self::Input,
        Self::Unreadable,
        Self::Differs,
        Self::Diverged,
        Self::Refused,
        Self::Backup,
        Self::NotEmpty,
        Self::Untrusted,
        Self::Setting,
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HS-{:04}", *self as u32)
    }
}

/// Something that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, JsonSchema)]
#[error("{what}")]
pub struct Failure {
    pub code: Code,
    /// What happened, in one line.
    pub what: String,
    pub detail: String,
    /// What the operator can do about it.
    pub hint: String,
}

impl Failure {
    pub fn new(
        code: Code,
        what: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { code, what: what.into(), detail: detail.into(), hint: hint.into() }
    }

    /// Nothing has the name that was asked for.
    pub fn not_found(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Code::NotFound, what, "", hint)
    }

    /// An event that no stream could keep.
    pub fn too_large(bytes: u64) -> Self {
        let detail = format!("{bytes} bytes are over the limit of {PUBLISH_BYTES_MAX}");
        let hint = "put large content elsewhere and publish a reference to it; the door takes up to half of this";
        Self::new(Code::Input, "the event is too large to be published", detail, hint)
    }

    /// A setting that cannot be used, by the error of whoever tried. The last of several lines is the
    /// way out.
    pub fn of_setting(error: anyhow::Error) -> Self {
        let failure = Self::of(&error);
        if failure.code != Code::Unexplained {
            return failure;
        }
        let whole = format!("{error:#}");
        let (said, hint) = whole.rsplit_once('\n').unwrap_or((&whole, "give another one"));
        let (what, detail) = said.split_once(": ").unwrap_or((said, ""));
        Self::new(Code::Setting, what, detail, hint)
    }

    /// The failure at the bottom of an error, whoever it came through.
    pub fn of(error: &anyhow::Error) -> Self {
        let whole = format!("{error:#}");
        let (what, detail) = whole.split_once(": ").unwrap_or((&whole, ""));
        let explained = error.chain().find_map(|cause| {
            // Transparent: what is inside it is no link of the chain.
            match cause.downcast_ref::<Interrupted>() {
                Some(Interrupted::Log(error)) => return Some(Self::from(error)),
                Some(Interrupted::View(error)) => return Some(Self::from(error)),
                None => {}
            }
            None.or_else(|| cause.downcast_ref::<Failure>().cloned())
                .or_else(|| cause.downcast_ref::<StreamError>().map(Self::from))
                .or_else(|| cause.downcast_ref::<ProjectionError>().map(Self::from))
        });
        match explained {
            Some(failure) if failure.what == whole => failure,
            // Of a failure in the chain only what happened stands in the whole.
            Some(failure) => {
                let more =
                    (!detail.contains(&failure.detail)).then(|| format!(": {}", failure.detail));
                let detail = detail.to_owned() + &more.unwrap_or_default();
                Self { what: what.to_owned(), detail, ..failure }
            }
            None => Self::new(
                Code::Unexplained,
                what,
                detail,
                "set HELMSTREAM_LOG=debug to see more of what happens",
            ),
        }
    }
}

impl From<&StreamError> for Failure {
    fn from(error: &StreamError) -> Self {
        let code = match error {
            StreamError::Untrusted { .. } => Code::Untrusted,
            _ if error.verdict() == helmstream_schemas::Verdict::Retry => Code::Away,
            StreamError::SeedUnreadable { .. }
            | StreamError::SeedMalformed { .. }
            | StreamError::NotLetIn { .. } => Code::NotLetIn,
            StreamError::NotPermitted { .. } => Code::NotPermitted,
            StreamError::Refused { .. } => Code::Refused,
            StreamError::ServerTooOld { .. } | StreamError::Differs(_) => Code::Differs,
            StreamError::Malformed { .. }
            | StreamError::Unfoldable(_)
            | StreamError::Newer { .. }
            | StreamError::Foreign { .. } => Code::Unreadable,
            _ => Code::Unexplained,
        };
        let whole = error.to_string();
        let (what, detail) = whole.split_once(": ").unwrap_or((&whole, ""));
        Self::new(code, what, detail, error.hint())
    }
}

impl From<&ProjectionError> for Failure {
    fn from(error: &ProjectionError) -> Self {
        use helmstream_schemas::Verdict;
        let code = match error {
            ProjectionError::Untrusted { .. } => Code::Untrusted,
            _ if error.verdict() == Verdict::Retry => Code::Away,
            ProjectionError::Connect { .. } => Code::NotLetIn,
            ProjectionError::Diverged(_) | ProjectionError::Fenced { .. } => Code::Diverged,
            ProjectionError::Differs { .. } => Code::Differs,
            ProjectionError::Row { .. } => Code::Unreadable,
            ProjectionError::TooMany { .. } => Code::Refused,
            ProjectionError::NoSuchPage => Code::Input,
            _ => Code::Unexplained,
        };
        let whole = error.to_string();
        let (what, detail) = whole.split_once(": ").unwrap_or((&whole, ""));
        Self::new(code, what, detail, error.hint())
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        Self::from(&error)
    }
}

impl From<ProjectionError> for Failure {
    fn from(error: ProjectionError) -> Self {
        Self::from(&error)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_code_has_a_page_that_begins_with_it() {
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbooks");
        for code in Code::ALL {
            let page = pages.join(format!("{code}.md"));
            let text = std::fs::read_to_string(&page).unwrap_or_default();
            assert!(
                text.starts_with(&format!("# {code}: ")),
                "{} opens with its code",
                page.display()
            );
        }
    }

    #[test]
    fn a_failure_is_found_at_the_bottom_of_an_error() {
        let below = Failure::new(Code::Away, "no answer", "refused", "start it");
        let failure = Failure::of(&anyhow::Error::from(below.clone()).context("cannot list runs"));
        assert_eq!((failure.code, failure.hint.as_str()), (Code::Away, "start it"));
        assert_eq!(
            (failure.what.as_str(), failure.detail.as_str()),
            ("cannot list runs", "no answer: refused")
        );
        assert_eq!(Failure::of(&anyhow::Error::from(below.clone())), below);
    }

    #[test]
    fn a_setting_that_cannot_be_used_tells_its_last_line_as_the_way_out() {
        let setting = |text: &'static str| Failure::of_setting(anyhow::anyhow!(text));
        let told = setting("cannot listen on 0.0.0.0:1: in the clear\ngive a certificate");
        assert_eq!(
            told,
            Failure::new(
                Code::Setting,
                "cannot listen on 0.0.0.0:1",
                "in the clear",
                "give a certificate"
            )
        );
        assert_eq!(setting("it holds no address").hint, "give another one");
        let away = Failure::new(Code::Away, "no answer", "", "wait");
        assert_eq!(Failure::of_setting(away.clone().into()), away);
    }

    #[test]
    fn what_stopped_a_view_is_found_in_what_interrupted_its_reader() {
        let fenced = ProjectionError::OutOfOrder {
            view: "run v1".into(),
            wanted: "8".into(),
            found: "9".into(),
        };
        let hint = fenced.hint();
        let error = anyhow::Error::from(Interrupted::View(fenced)).context("service run stopped");
        assert_eq!(Failure::of(&error).hint, hint);
    }

    #[test]
    fn an_error_without_a_page_of_its_own_keeps_its_words() {
        let failure = Failure::of(&anyhow::anyhow!("odd").context("cannot begin"));
        assert_eq!(
            (failure.code, failure.what.as_str(), failure.detail.as_str()),
            (Code::Unexplained, "cannot begin", "odd")
        );
    }
}
