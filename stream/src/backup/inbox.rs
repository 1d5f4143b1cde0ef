//! Positions of INBOX that were given out after it was taken: commands and entries of the journal name
//! them, and they may not be given out again, or the door would take a new message for one that was
//! handled. They are used up, and what they held is gone: if nothing accounts for it, the door says
//! that it was lost.

use async_nats::HeaderMap;
use futures_util::future::try_join_all;
use serde_json::json;

use crate::{Connection, StreamError, api::ask, limits, publish::store, read};

/// Where whatever uses up a position is published, by user `restore` alone.
const SUBJECT: &str = "in.restore";

/// Uses up the positions of INBOX up to `last`; how many there were.
pub async fn pass_over(connection: &Connection, last: u64) -> Result<u64, StreamError> {
    let all = last.saturating_sub(read::extent(connection, "INBOX").await?.last);
    let mut left = all;
    while left > 0 {
        let now = left.min(limits::PASSED_OVER_AT_ONCE);
        let empty = || store(connection, SUBJECT, HeaderMap::new(), "".into());
        try_join_all((0..now).map(|_| empty())).await?;
        left -= now;
    }
    if all > 0 {
        let body = json!({ "filter": SUBJECT }).to_string();
        let purge = "$JS.API.STREAM.PURGE.INBOX";
        ask(connection, purge, body).await?;
    }
    Ok(all)
}
