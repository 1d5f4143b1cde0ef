//! The ledger folded by its projector, against bare binary COPY of the very same rows into a table
//! with the same indexes. What the bare side sends was read out of the ledger beforehand, as the
//! bytes that the server takes.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use helmstream_projections::{Ledger, Projector, limits::BATCH_RECORDS_MAX};
use helmstream_schemas::Record;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    Scale,
    ahead::{self, made_ready},
    cores::Used,
    report::{Goal, Line, Report, Unit},
    rounds::Duel,
    sample::{self, Sample},
    stand::Stand,
};

/// Runs whose events are folded, one after the other in turn.
const RUNS: usize = 10_000;

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    let owner = stand.owner().await?;
    owner
        .batch_execute(
            "CREATE SCHEMA bench; CREATE TABLE bench.record (LIKE ledger_v1.record INCLUDING ALL)",
        )
        .await
        .context("cannot make the bare table")?;
    let samples = Sample::first(scale.of(10, 2))?;
    let mut sequence = 0;
    let (mut duel, mut note) = (Duel::default(), String::new());
    for _ in 0..scale.of(5, 2) {
        owner.batch_execute("TRUNCATE ledger_v1.record, bench.record").await?;
        let records = records(&samples, sequence);
        sequence += records.len() as u64;
        let used = Used::now(&stand);
        let ours = ours(&stand, &records).await?;
        note = used.since().to_string();
        let bare = bare(&owner, records.len()).await?;
        duel.round(ours, bare);
    }
    report.add(Line {
        bench: "ledger",
        case: "EVENTS of 10,000 runs".into(),
        unit: Unit::EventsASecond,
        figures: vec![("ours", duel.ours()), ("bare COPY", duel.bare())],
        ratio: Some(duel.ratio()),
        goals: vec![Goal::Ratio(0.8)],
        note,
    });
    Ok(())
}

fn records(samples: &[Sample], before: u64) -> Vec<Record> {
    let mut sequence = before;
    let mut records = Vec::with_capacity(samples.len() * RUNS);
    for sample in samples {
        for n in 0..RUNS {
            sequence += 1;
            records.push(sample.record(&sample::run("kept", n), sequence));
        }
    }
    records
}

async fn ours(stand: &Stand, records: &[Record]) -> Result<f64> {
    let database = stand.database("ledger")?;
    let mut projector =
        Projector::<Ledger>::open(&database, "EVENTS", Uuid::new_v4(), stand.epoch).await?;
    let batches = ahead::batches(records);
    let begun = Instant::now();
    let (mut ready, mut folded) = (made_ready::<Ledger>(batches), 0);
    while let Some(batch) = ready.recv().await {
        folded += projector.apply_ready(batch).await?.folded;
    }
    ensure!(folded == records.len(), "only {folded} records were folded");
    Ok(records.len() as f64 / begun.elapsed().as_secs_f64())
}

/// The rows that the ledger holds, in batches of its own size.
async fn bare(owner: &Client, rows: usize) -> Result<f64> {
    let held = owner.copy_out("COPY ledger_v1.record TO STDOUT (FORMAT BINARY)").await?;
    let parts: Vec<Bytes> = held.try_collect().await?;
    let batches = batches(&parts.concat(), BATCH_RECORDS_MAX).context("the rows are cut off")?;
    let (begun, mut copied) = (Instant::now(), 0);
    for batch in batches {
        let sink = owner.copy_in("COPY bench.record FROM STDIN (FORMAT BINARY)").await?;
        let mut sink = std::pin::pin!(sink);
        sink.send(batch).await?;
        copied += sink.as_mut().finish().await?;
    }
    let rate = copied as f64 / begun.elapsed().as_secs_f64();
    ensure!(copied == rows as u64, "{copied} rows were copied");
    Ok(rate)
}

/// Takes what COPY wrote apart into several of its kind. A signature of 19 bytes; rows, each a
/// count of fields and for each field its length and its bytes; a count of -1 at the end.
fn batches(whole: &[u8], rows_max: usize) -> Option<Vec<Bytes>> {
    let (signature, mut rest) = whole.split_at_checked(19)?;
    let (mut batches, mut batch, mut rows) = (Vec::new(), signature.to_vec(), 0);
    let end = (-1_i16).to_be_bytes();
    while !rest.starts_with(&end) {
        let row = row_bytes(rest)?;
        batch.extend_from_slice(&rest[..row]);
        (rest, rows) = (&rest[row..], rows + 1);
        if rows == rows_max || rest.starts_with(&end) {
            batch.extend_from_slice(&end);
            batches.push(std::mem::replace(&mut batch, signature.to_vec()).into());
            rows = 0;
        }
    }
    Some(batches)
}

fn row_bytes(row: &[u8]) -> Option<usize> {
    let fields = i16::from_be_bytes(row.get(..2)?.try_into().ok()?);
    (0..fields).try_fold(2, |at: usize, _| {
        let length = i32::from_be_bytes(row.get(at..at + 4)?.try_into().ok()?);
        // A field without a value has the length -1 and no bytes.
        Some(at + 4 + usize::try_from(length).unwrap_or(0))
    })
}
