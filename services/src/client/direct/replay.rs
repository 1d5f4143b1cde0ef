//! A page of EVENTS, read from the log itself and not from the ledger.

use helmstream_schemas::{Record, Subject, attributes as ce};
use helmstream_stream::{append::EVENTS, get, read};

use super::{
    super::{
        Answer, Answered,
        failure::{Code, Failure},
        limits::{AWAY_PAUSE, REPLICA_LOOKS_MAX},
        replay::{Page, Replayed, Request},
    },
    Direct,
    kinds::{context, kind_of},
};

impl Direct {
    pub(super) async fn replayed(&self, request: Request) -> Answered<Page> {
        let subject = subject_of(&request)?;
        let kind = request
            .kind
            .as_deref()
            .map(|kind| kind_of(kind, request.context.as_deref()))
            .transpose()?;
        let log = self.log().await?;
        let head = self.patience().with("NATS", || read::extent(log, EVENTS)).await?.last;
        let from = request.from_seq.max(1);
        let to_seq = end(from, request.to_seq, head)?;
        if from > to_seq {
            let answer = Page { records: vec![], to_seq, read_to_seq: to_seq, next: None };
            return Ok(Answer { as_of_seq: head, answer });
        }
        let mut records = self.page(EVENTS, &subject, from, to_seq).await?;
        let next = records.last().map(|last| last.sequence + 1).filter(|next| *next <= to_seq);
        let read_to_seq = next.map_or(to_seq, |next| next - 1);
        if subject == EVERYTHING {
            without_gap(&records, from, read_to_seq)?;
        }
        if let Some(kind) = kind {
            records.retain(|record| record.attributes.get(ce::TYPE) == Some(&kind));
        }
        let records = records.into_iter().map(Replayed::of).collect();
        Ok(Answer { as_of_seq: head, answer: Page { records, to_seq, read_to_seq, next } })
    }

    /// The next records of a stream up to a position that is no more than its end. A replica that
    /// is a little behind is waited for; what is then not there is not on the log.
    pub(super) async fn page(
        &self,
        stream: &str,
        subject: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<Record>, Failure> {
        let log = self.log().await?;
        let whole = subject == EVERYTHING;
        for _ in 0..REPLICA_LOOKS_MAX {
            let read = self.patience().with("NATS", || get::page(log, stream, subject, from));
            let mut records = read.await?;
            if !records.is_empty() || !whole {
                records.retain(|record| record.sequence <= to);
                return Ok(records);
            }
            tokio::time::sleep(AWAY_PAUSE).await;
        }
        Ok(vec![])
    }
}

/// The subjects of whatever a stream holds.
pub(super) const EVERYTHING: &str = ">";

fn subject_of(request: &Request) -> Result<String, Failure> {
    let context = request.context.as_deref().map(context).transpose()?;
    Ok(match (context, &request.aggregate) {
        (None, None) => EVERYTHING.to_owned(),
        (Some(context), None) => format!("evt.{context}.*"),
        (Some(context), Some(id)) => Subject::Event { context, id: id.clone() }.to_string(),
        (None, Some(id)) => format!("evt.*.{}", id.token()),
    })
}

/// Where the range ends. Whoever names an end wants everything up to it: less would look like all.
fn end(from: u64, to: Option<u64>, head: u64) -> Result<u64, Failure> {
    match to {
        Some(to) if to > head => Err(beyond_end(to, head)),
        Some(to) if from > to => {
            let what = format!("nothing lies between {from} and {to}");
            let hint = "--from comes before --to; both ends are included";
            Err(Failure::new(Code::NotFound, what, "", hint))
        }
        Some(to) => Ok(to),
        // From one past the end: whoever takes up where the last replay ended finds nothing new.
        None if from > head + 1 => Err(beyond_end(from, head)),
        None => Ok(head),
    }
}

/// A position that the log has not reached.
pub(super) fn beyond_end(asked: u64, head: u64) -> Failure {
    let hint = format!("the log ends at {head}; without --to everything up to there is meant");
    Failure::not_found(format!("there is no event {asked} yet"), hint)
}

/// A log has no gaps: one that has was damaged, and what is printed of it must not look whole.
fn without_gap(records: &[Record], from: u64, to: u64) -> Result<(), Failure> {
    let mut wanted = from;
    for record in records {
        if record.sequence != wanted {
            break;
        }
        wanted += 1;
    }
    if wanted > to {
        return Ok(());
    }
    let what = format!("EVENTS has no record {wanted}");
    let after = records.iter().find(|record| record.sequence > wanted);
    let hint = match after {
        Some(record) => {
            format!("`helmstream verify` says more; --from {} goes on", record.sequence)
        }
        None => "`helmstream verify` says more".to_owned(),
    };
    Err(Failure::new(Code::Diverged, what, "the log has a gap, which it never has by itself", hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_within_the_log_or_is_refused() {
        assert_eq!(end(1, None, 9), Ok(9));
        assert_eq!(end(3, Some(9), 9), Ok(9));
        assert_eq!(end(10, None, 9), Ok(9), "whoever follows the log finds nothing new");
        assert_eq!(end(1, None, 0), Ok(0));
        for refused in [end(1, Some(10), 9), end(11, None, 9), end(5, Some(4), 9)] {
            assert_eq!(refused.unwrap_err().code, Code::NotFound);
        }
    }
}
