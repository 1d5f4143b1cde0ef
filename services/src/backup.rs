//! A plane's backup: taken while it works, looked over without a server, put back into an empty plane,
//! and tried on one that is thrown away. What a log holds is moved by `stream::backup`; here is what
//! belongs together, in which order, and what has to be true of it.

pub mod create;
pub mod drill;
mod folder;
pub mod manifest;
mod rebuild;
pub mod restore;
pub mod streams;
pub mod verify;

use std::{path::Path, time::Duration};

use crate::client::{Code, Failure, direct::patience::Patience};

/// What is being done, and how far it is: for a bar.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    pub doing: &'a str,
    pub done: u64,
    /// Where it ends, if that is known.
    pub of: Option<u64>,
}

/// Is told how far something is.
pub type Told<'a> = &'a mut (dyn FnMut(Step<'_>) + Send);

/// A backup that is not what it should be; the way out is the same for all of them.
fn damaged(what: impl Into<String>, detail: impl Into<String>) -> Failure {
    let hint = "use another backup, or another copy of this one; nothing was changed";
    Failure::new(Code::Backup, what, detail, hint)
}

/// Does what may be done again until it is done, for as long as is waited: several servers take a moment
/// to agree on who leads what was just made.
async fn patiently<T>(
    wait: Option<Duration>,
    mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (mut patience, whom) = (Patience::new(wait), "the plane");
    loop {
        match attempt().await {
            Err(failure) if failure.code == Code::Away => {
                patience.is_away(whom, &format!("{}: {}", failure.what, failure.detail)).await?;
            }
            ended => {
                patience.is_back(whom);
                return ended;
            }
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
