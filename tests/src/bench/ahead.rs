//! Batches made ready one ahead of what is written, as a service does it while it reads.

use helmstream_projections::{Projection, limits::BATCH_RECORDS_MAX, projector::Ready};
use helmstream_schemas::Record;
use tokio::sync::mpsc;

/// Records in the batches in which they are gathered while others are written.
pub(crate) fn batches(records: &[Record]) -> Vec<Vec<Record>> {
    records.chunks(BATCH_RECORDS_MAX).map(<[Record]>::to_vec).collect()
}

/// Makes batches ready in a task of its own, and hands them on in order.
pub(crate) fn made_ready<P: Projection>(batches: Vec<Vec<Record>>) -> mpsc::Receiver<Ready<P>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for batch in batches {
            let read_to = batch.last().map_or(0, |last| last.sequence);
            if sender.send(Ready::of(batch, read_to)).await.is_err() {
                return;
            }
        }
    });
    receiver
}
