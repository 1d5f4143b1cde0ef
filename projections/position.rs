//! Where a view stands on a stream, and whether the stream is still the one it was folded from.
//! Pure: reading and moving a checkpoint is the projector's affair.

use helmstream_schemas::{Hash, Record};
use uuid::Uuid;

use crate::projection::Reads;

/// Where a view stands on one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub projection: &'static str,
    pub version: u32,
    pub stream: String,
    /// The last record that was applied or parked; 0 before the first.
    pub applied_seq: u64,
    /// Hash of that record.
    pub applied_hash: Option<Hash>,
    /// Everything up to here was read, whether or not there was anything to apply.
    pub read_to_seq: u64,
    /// The instance that may move it.
    pub owner: Uuid,
    /// Counts the instances that owned it.
    pub term: i64,
    /// The log that it is a position in.
    pub epoch: Uuid,
}

/// A stream is not the one that a view was folded from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{view} does not fit the log: {what}. \
     Either put the log back as it was (a restore keeps its epoch), or rebuild the view from the log \
     as it is: `helmstream projection rebuild`"
)]
pub struct Diverged {
    /// Projection, version and stream.
    pub view: String,
    pub what: Divergence,
}

/// What was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    #[error("it stands at {at}, and the log ends at {head}")]
    BeyondHead { at: u64, head: u64 },
    #[error("record {at} has hash {found}, and {wanted} was applied")]
    OtherHash { at: u64, found: Hash, wanted: Hash },
    #[error("record {at} was applied and is not in the log")]
    Missing { at: u64 },
    #[error("it was folded from the log of epoch {wanted}, and this one's is {found}")]
    OtherEpoch { found: Uuid, wanted: Uuid },
}

impl Checkpoint {
    /// The view's name in errors and logs.
    pub fn view(&self) -> String {
        format!("projection {} v{} on {}", self.projection, self.version, self.stream)
    }

    /// Where to read on.
    pub fn next_seq(&self) -> u64 {
        self.read_to_seq + 1
    }

    /// Compares this position with the log: its epoch, the position of its last record, and the
    /// record that it holds at `applied_seq`, if it holds one.
    pub fn verify(
        &self,
        epoch: Uuid,
        head_seq: u64,
        at_applied: Option<&Record>,
    ) -> Result<(), Diverged> {
        self.divergence(epoch, head_seq, at_applied)
            .map_or(Ok(()), |what| Err(Diverged { view: self.view(), what }))
    }

    fn divergence(
        &self,
        epoch: Uuid,
        head: u64,
        at_applied: Option<&Record>,
    ) -> Option<Divergence> {
        if epoch != self.epoch {
            return Some(Divergence::OtherEpoch { found: epoch, wanted: self.epoch });
        }
        if self.read_to_seq > head {
            return Some(Divergence::BeyondHead { at: self.read_to_seq, head });
        }
        let (at, wanted) = (self.applied_seq, self.applied_hash?);
        match at_applied.filter(|record| record.sequence == at) {
            None => Some(Divergence::Missing { at }),
            Some(record) => {
                let found = Hash::of_record(record);
                (found != wanted).then_some(Divergence::OtherHash { at, found, wanted })
            }
        }
    }

    /// Leaves out what was applied already. What remains has to follow on this position in order;
    /// on a whole stream, without a gap. Otherwise what was wanted and what was found.
    pub(crate) fn fresh<'a>(
        &self,
        reads: Reads,
        records: &'a [Record],
    ) -> Result<&'a [Record], (String, String)> {
        let known = records.iter().take_while(|record| record.sequence <= self.applied_seq).count();
        let fresh = &records[known..];
        let mut last = self.read_to_seq;
        for record in fresh {
            let wanted = match reads {
                Reads::Whole => format!("{} {}", self.stream, last + 1),
                Reads::Subjects(_) => format!("{} after {last}", self.stream),
            };
            let follows = match reads {
                Reads::Whole => record.sequence == last + 1,
                Reads::Subjects(_) => record.sequence > last,
            };
            if !follows || record.stream != self.stream {
                return Err((wanted, format!("{} {}", record.stream, record.sequence)));
            }
            last = record.sequence;
        }
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Attributes, Timestamp};

    use super::*;

    const EPOCH: Uuid = Uuid::from_u128(1);

    fn record(sequence: u64) -> Record {
        Record {
            stream: "EVENTS".into(),
            subject: "evt.run.a".into(),
            sequence,
            recorded_at: Timestamp::from_nanos(0),
            attributes: Attributes::default(),
            payload: vec![],
        }
    }

    fn at(applied: u64, read_to: u64) -> Checkpoint {
        Checkpoint {
            projection: "run",
            version: 1,
            stream: "EVENTS".into(),
            applied_seq: applied,
            applied_hash: (applied > 0).then(|| Hash::of_record(&record(applied))),
            read_to_seq: read_to,
            owner: Uuid::nil(),
            term: 1,
            epoch: EPOCH,
        }
    }

    fn what(
        checkpoint: &Checkpoint,
        epoch: Uuid,
        head: u64,
        found: Option<&Record>,
    ) -> Option<Divergence> {
        checkpoint.verify(epoch, head, found).err().map(|diverged| diverged.what)
    }

    #[test]
    fn the_log_it_was_folded_from_is_known_again() {
        assert_eq!(at(7, 9).verify(EPOCH, 9, Some(&record(7))), Ok(()));
        assert_eq!(at(0, 0).verify(EPOCH, 0, None), Ok(()));
        assert_eq!(at(0, 4).verify(EPOCH, 4, None), Ok(()));
    }

    #[test]
    fn a_log_that_is_shorter_altered_emptied_or_another_is_told() {
        assert_eq!(
            what(&at(7, 7), EPOCH, 6, None),
            Some(Divergence::BeyondHead { at: 7, head: 6 })
        );
        assert_eq!(
            what(&at(7, 9), EPOCH, 8, Some(&record(7))),
            Some(Divergence::BeyondHead { at: 9, head: 8 })
        );
        assert_eq!(what(&at(7, 7), EPOCH, 9, None), Some(Divergence::Missing { at: 7 }));
        assert_eq!(
            what(&at(7, 7), EPOCH, 9, Some(&record(6))),
            Some(Divergence::Missing { at: 7 })
        );
        let mut edited = record(7);
        edited.payload.push(b' ');
        let found = what(&at(7, 7), EPOCH, 9, Some(&edited));
        assert!(matches!(found, Some(Divergence::OtherHash { at: 7, .. })), "{found:?}");
        let other = Uuid::from_u128(2);
        assert_eq!(
            what(&at(7, 7), other, 9, Some(&record(7))),
            Some(Divergence::OtherEpoch { found: other, wanted: EPOCH })
        );
    }

    #[test]
    fn a_divergence_says_what_and_where_and_both_ways_out() {
        let said = at(7, 7).verify(EPOCH, 6, None).unwrap_err().to_string();
        for part in
            ["projection run v1 on EVENTS", "at 7", "ends at 6", "put the log back", "rebuild"]
        {
            assert!(said.contains(part), "{said}");
        }
    }

    fn sequences(checkpoint: &Checkpoint, reads: Reads, given: &[u64]) -> Option<Vec<u64>> {
        let records: Vec<Record> = given.iter().map(|sequence| record(*sequence)).collect();
        let fresh = checkpoint.fresh(reads, &records).ok()?;
        Some(fresh.iter().map(|record| record.sequence).collect())
    }

    #[test]
    fn what_was_applied_is_passed_over() {
        assert_eq!(sequences(&at(3, 3), Reads::Whole, &[2, 3, 4, 5]), Some(vec![4, 5]));
        assert_eq!(sequences(&at(3, 3), Reads::Whole, &[1, 2, 3]), Some(vec![]));
    }

    #[test]
    fn a_gap_a_step_back_or_a_repeat_is_refused() {
        for given in [&[5][..], &[4, 6], &[4, 4], &[5, 4], &[4, 5, 3]] {
            assert_eq!(sequences(&at(3, 3), Reads::Whole, given), None, "{given:?}");
        }
        const SOME: Reads = Reads::Subjects(&["evt.run.*"]);
        assert_eq!(sequences(&at(3, 6), SOME, &[3, 7, 20]), Some(vec![7, 20]));
        // Between what was applied and what was read there was nothing; now there is.
        assert_eq!(sequences(&at(3, 6), SOME, &[5]), None);
        assert_eq!(sequences(&at(3, 6), SOME, &[8, 8]), None);
    }

    #[test]
    fn a_record_of_another_stream_is_refused() {
        let foreign = Record { stream: "COMMANDS".into(), ..record(4) };
        assert!(at(3, 3).fresh(Reads::Whole, &[foreign]).is_err());
    }
}
