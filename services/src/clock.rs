//! The machine's own clock. What is decided is never decided by it: the time goes in as data.

use std::time::{SystemTime, UNIX_EPOCH};

use helmstream_schemas::Timestamp;

/// The present.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
