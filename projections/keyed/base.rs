//! Bases: what the rows of a keyed view were at every so manyth position, so that they can be had
//! again as of any moment by folding only what came after the nearest one. A base is saved in the
//! transaction that brings the view to its position, out of the rows themselves: each row that
//! changed since the base before is held once more.

use helmstream_schemas::Record;

use crate::{
    columns::{seq, seq_back},
    error::ProjectionError,
    projection::Projection,
    session::Session,
};

/// The last position at or before this one at which a base is saved; 0 if there is none.
pub fn base_before(sequence: u64, every: u64) -> u64 {
    sequence / every * every
}

/// How many of these records, from the first on, lie before the next base.
pub fn up_to_next_base(records: &[Record], every: u64) -> usize {
    let Some(first) = records.first() else { return 0 };
    let next = base_before(first.sequence - 1, every).saturating_add(every);
    records.partition_point(|record| record.sequence <= next)
}

/// Saves the rows as they stand as a base, if there is one to save between a view that had read to
/// `from` and one that has read to `to`.
pub(crate) async fn save_between<P: Projection>(
    session: &mut Session,
    every: u64,
    from: u64,
    to: u64,
) -> Result<(), ProjectionError> {
    let base = base_before(to, every);
    if P::KEY.is_none() || base <= from {
        return Ok(());
    }
    let rows = session.query(include_str!("last_base.sql"), &[]).await?;
    let last = rows.first().and_then(|row| row.get::<_, Option<i64>>("seq")).map_or(0, seq_back);
    let hold = include_str!("hold.sql").replace("{table}", P::NAME);
    session.execute(&hold, &[&seq(base), &seq(last)]).await?;
    session.execute(include_str!("note.sql"), &[&seq(base)]).await.map(drop)
}

/// Forgets the bases that do not hold what is applied only now: those from `sequence` on.
pub(crate) async fn forget_from<P: Projection>(
    session: &mut Session,
    sequence: u64,
) -> Result<(), ProjectionError> {
    if P::KEY.is_none() {
        return Ok(());
    }
    session.execute(include_str!("forget_bases.sql"), &[&seq(sequence)]).await?;
    session.execute(include_str!("forget_held.sql"), &[&seq(sequence)]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::samples;

    #[test]
    fn a_base_takes_in_the_record_at_its_own_position_and_none_after_it() {
        assert_eq!([9, 10, 27].map(|at| base_before(at, 10)), [0, 10, 20]);
        let records: Vec<Record> =
            [9, 10, 11].map(|sequence| samples::noted(sequence, "a")).to_vec();
        assert_eq!(up_to_next_base(&records, 10), 2);
        assert_eq!(up_to_next_base(&records[2..], 10), 1);
        assert_eq!(up_to_next_base(&records, u64::MAX), 3);
        assert_eq!(up_to_next_base(&[], 10), 0);
    }
}
