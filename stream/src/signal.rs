//! Raw measurements, on a stream of their own that keeps them for some days. They are no events:
//! nothing is decided by them that would have to be decided again.

use futures_util::{StreamExt, TryStreamExt, stream};
use helmstream_schemas::{
    Attributes, Context, Id, Subject, Timestamp, access::TokenUsed, attributes as ce,
};

use crate::{
    Connection, StreamError, get, headers::to_headers, limits::LAST_USES_ASKED_MAX, publish::store,
};

/// The stream of measurements.
pub const SIGNALS: &str = "SIGNALS";

/// Tells that a token was used. When that is due says `helmstream_core::access::LastUse`.
pub async fn token_used(
    connection: &Connection,
    token_id: &Id,
    at: Timestamp,
) -> Result<(), StreamError> {
    let mut attributes = Attributes::default();
    attributes.set("specversion", ce::SPECVERSION);
    attributes.set(ce::ID, format!("{token_id}/{at}"));
    attributes.set(ce::SOURCE, format!("/helmstream/{}", connection.user));
    attributes.set(ce::TYPE, "helmstream.access.token_used.v1");
    attributes.set(ce::TIME, at.to_string());
    attributes.set(ce::DATACONTENTTYPE, "application/json");
    let payload = serde_json::to_vec(&TokenUsed { at }).expect("it has only texts for keys");
    let headers = to_headers(&attributes);
    store(connection, &subject(token_id), headers, payload.into()).await.map(drop)
}

/// When each of these tokens was last told to have been used, as far back as is kept. In the order
/// in which they were asked about.
pub async fn last_uses(
    connection: &Connection,
    token_ids: Vec<Id>,
) -> Result<Vec<Option<Timestamp>>, StreamError> {
    let asked = token_ids.into_iter().map(|id| async move {
        let found = get::last(connection, SIGNALS, &subject(&id)).await?;
        // What somebody else has put there says nothing.
        let used = found.and_then(|record| serde_json::from_slice(&record.payload).ok());
        Ok(used.map(|TokenUsed { at }| at))
    });
    stream::iter(asked).buffered(LAST_USES_ASKED_MAX).try_collect().await
}

fn subject(token_id: &Id) -> String {
    Subject::Signal { context: Context::Access, id: token_id.clone() }.to_string()
}
