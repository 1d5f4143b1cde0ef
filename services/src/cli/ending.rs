//! How the program ends, as a shell sees it. Few codes, so that a pipeline can tell what to do next.

use std::process::ExitCode;

use crate::client::Code;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Done,
    Error,
    /// The command line was not understood.
    Usage,
    NotFound,
    /// Some events were refused, are dead letters or were lost.
    Refused,
    /// Of some events nothing is known yet.
    Unknown,
    /// A health check that was asked for found no health.
    HealthUnknown,
    /// Log, ledger and checkpoints do not say the same.
    Differs,
    /// There is something to do.
    ToDo,
    /// Something is wrong that somebody has to see to.
    Wrong,
    /// An approval that was waited for was denied.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The question was taken back.
    Withdrawn,
    /// EX_UNAVAILABLE of sysexits.h.
    Away,
    /// 128 and the number of SIGINT.
    Interrupted,
}

impl Ending {
    #[cfg(test)]
    pub(super) const ALL: [Ending; 15] = [
        Self::Done,
        Self::Error,
        Self::Usage,
        Self::NotFound,
        Self::Refused,
        Self::Unknown,
        Self::HealthUnknown,
        Self::Differs,
        Self::ToDo,
        Self::Wrong,
        Self::Denied,
        Self::Expired,
        Self::Withdrawn,
        Self::Away,
        Self::Interrupted,
    ];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Unknown => 5,
            Self::HealthUnknown => 6,
            Self::Differs => 7,
            Self::ToDo => 8,
            Self::Wrong => 9,
            Self::Denied => 10,
            Self::Expired => 11,
            Self::Withdrawn => 12,
            Self::Away => 69,
            Self::Interrupted => 130,
        }
    }

    pub(super) const fn of(code: Code) -> Self {
        match code {
            Code::NotFound => Self::NotFound,
            Code::Away => Self::Away,
            _ => Self::Error,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        ExitCode::from(ending.code())
    }
}
