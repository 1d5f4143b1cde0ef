//! Waiting for something to become true, with a bound. Nothing is right because time has passed:
//! what is waited for is looked at, and if it does not come the test fails and says what was missing.

use std::time::Duration;

use tokio::time::Instant;

/// How long anything may take before the test fails. Far above what a busy machine needs.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// The longest pause between two looks.
const LOOK_MS_MAX: u64 = 40;

/// Looks until there is something to see; `what` is what the failure will say.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = 1;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(pause)).await;
        pause = (pause * 2).min(LOOK_MS_MAX);
    }
}
