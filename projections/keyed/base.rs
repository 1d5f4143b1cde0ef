//! Bases: what the rows of a keyed view were at every `BASE_EVERY_EVENTS`th position, so that they
//! can be had again as of any moment by folding only what came after the nearest one. A base is
//! saved in the transaction that brings the view to its position, out of the rows themselves.

use helmstream_schemas::Record;

use crate::{
    columns::{seq, seq_back},
    error::ProjectionError,
    limits::BASE_EVERY_EVENTS,
    projection::Projection,
    session::Session,
};

/// The last position at or before this one at which a base is saved; 0 if there is none.
pub fn base_before(sequence: u64) -> u64 {
    sequence / BASE_EVERY_EVENTS * BASE_EVERY_EVENTS
}

/// How many of these records, from the first on, lie before the next base.
pub fn up_to_next_base(records: &[Record]) -> usize {
    let Some(first) = records.first() else { return 0 };
    let next = base_before(first.sequence - 1) + BASE_EVERY_EVENTS;
    records.partition_point(|record| record.sequence <= next)
}

/// Saves the rows as they stand as a base, if there is one to save between a view that had read to
/// `from` and one that has read to `to`.
pub(crate) async fn save_between<P: Projection>(
    session: &mut Session,
    from: u64,
    to: u64,
) -> Result<(), ProjectionError> {
    let (Some(key), base) = (P::KEY, base_before(to)) else { return Ok(()) };
    if base <= from || base == 0 {
        return Ok(());
    }
    let rows = session.query(include_str!("last_base.sql"), &[]).await?;
    let last = rows.first().and_then(|row| row.get::<_, Option<i64>>("seq")).map_or(0, seq_back);
    let same: Vec<String> =
        key.split(", ").map(|column| format!("held.{column} = changed.{column}")).collect();
    let of_view =
        |sql: &str| sql.replace("{table}", P::NAME).replace("{same}", &same.join(" AND "));
    let (close, hold) = (of_view(include_str!("close.sql")), of_view(include_str!("hold.sql")));
    session.execute(&close, &[&seq(base), &seq(last)]).await?;
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
    session.execute(include_str!("forget_held.sql"), &[&seq(sequence)]).await?;
    session.execute(include_str!("reopen.sql"), &[&seq(sequence)]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::samples;

    #[test]
    fn a_base_takes_in_the_record_at_its_own_position_and_none_after_it() {
        assert_eq!(base_before(BASE_EVERY_EVENTS - 1), 0);
        assert_eq!(base_before(BASE_EVERY_EVENTS), BASE_EVERY_EVENTS);
        assert_eq!(base_before(2 * BASE_EVERY_EVENTS + 7), 2 * BASE_EVERY_EVENTS);
        let records: Vec<Record> =
            [BASE_EVERY_EVENTS - 1, BASE_EVERY_EVENTS, BASE_EVERY_EVENTS + 1]
                .map(|sequence| samples::noted(sequence, "a"))
                .to_vec();
        assert_eq!(up_to_next_base(&records), 2);
        assert_eq!(up_to_next_base(&records[2..]), 1);
        assert_eq!(up_to_next_base(&[]), 0);
    }
}
