//! Parked records are applied after all, once what kept them from it is mended: in the order of the
//! log, each behind the earlier ones of its subject, so that the rows come to what they were had
//! nothing ever been parked. What still cannot be applied stays parked, with today's reason.

use std::collections::BTreeSet;

use helmstream_schemas::{Record, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    columns::{json_back, seq, seq_back, text},
    database::Database,
    error::ProjectionError,
    keyed::base,
    limits::REDRIVE_RECORDS_MAX,
    parking,
    projection::Projection,
    projector::settings,
    session::{Session, Value},
};

/// What came of a redrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Redriven {
    /// Records that were applied.
    pub applied: u64,
    /// Records that stay parked.
    pub parked: u64,
}

/// Applies what an edition has parked of a stream, as far as it can be. Each transaction holds the
/// checkpoint and tells the projector to look again: what it remembers of these rows is out of date.
pub async fn redrive<P: Projection>(
    database: &Database,
    edition: &str,
    stream: &str,
) -> Result<Redriven, ProjectionError> {
    let database = database.separate(&settings::<P>(edition));
    let (mut redriven, mut from, mut limit) = (Redriven::default(), 0, REDRIVE_RECORDS_MAX);
    let (mut behind, mut refused): (_, Option<String>) = (BTreeSet::new(), None);
    loop {
        let mut session = database.lend().await?;
        let done =
            part::<P>(&mut session, stream, from, limit, behind.clone(), refused.as_deref()).await;
        match done {
            Ok(None) => return Ok(redriven),
            Ok(Some(done)) => {
                session.give_back();
                redriven.applied += done.applied;
                redriven.parked += done.still.len() as u64;
                behind.extend(done.still);
                (from, limit, refused) = (done.last, REDRIVE_RECORDS_MAX, None);
            }
            // The database refuses one of them: alone it is found, and stays parked.
            Err(error) if error.is_about_the_data() && limit > 1 => limit = 1,
            Err(error) if error.is_about_the_data() && refused.is_none() => {
                refused = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
}

/// What came of one part.
struct Part {
    applied: u64,
    /// The subjects of records that stay parked, one for each.
    still: Vec<String>,
    last: u64,
}

/// One transaction: the parked records after `from`, `limit` at most. `None` if there are none.
async fn part<P: Projection>(
    session: &mut Session,
    stream: &str,
    from: u64,
    limit: i64,
    behind: BTreeSet<String>,
    refused: Option<&str>,
) -> Result<Option<Part>, ProjectionError> {
    let version = i32::try_from(P::VERSION).unwrap_or(i32::MAX);
    session.run("begin to redrive", "BEGIN").await?;
    let at: &[Value<'_>] = &[&P::NAME, &version, &stream];
    session.execute(include_str!("redrive/look_again.sql"), at).await?;
    let values: &[Value<'_>] = &[&P::NAME, &version, &stream, &seq(from), &limit];
    let records = session
        .query(include_str!("redrive/parked.sql"), values)
        .await?
        .iter()
        .map(|row| {
            Ok(Record {
                stream: stream.to_owned(),
                subject: row.get("subject"),
                sequence: seq_back(row.get("seq")),
                recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
                attributes: json_back("parked", row.get("attributes"))?,
                payload: row.get("payload"),
            })
        })
        .collect::<Result<Vec<_>, ProjectionError>>()?;
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        session.run("redrive nothing", "ROLLBACK").await?;
        return Ok(None);
    };
    let (first, last) = (first.sequence, last.sequence);
    let sorted = parking::read_and_sort::<P>(&records, behind, refused);
    for parked in &sorted.parked {
        let sequence = seq(parked.record.sequence);
        let reason = text(&parked.reason);
        let values: &[Value<'_>] = &[&P::NAME, &version, &stream, &sequence, &reason];
        session.execute(include_str!("redrive/still.sql"), values).await?;
    }
    let still = sorted.parked.iter().map(|parked| parked.record.subject.clone()).collect();
    let applied: Vec<i64> = sorted.fits.iter().map(|fit| seq(fit.record.sequence)).collect();
    if !applied.is_empty() {
        P::write(session, &mut P::Kept::default(), sorted.fits).await?;
        let values: &[Value<'_>] = &[&P::NAME, &version, &stream, &applied];
        session.execute(include_str!("redrive/unpark.sql"), values).await?;
        base::forget_from::<P>(session, first).await?;
    }
    session.run("redrive", "COMMIT").await?;
    Ok(Some(Part { applied: applied.len() as u64, still, last }))
}
