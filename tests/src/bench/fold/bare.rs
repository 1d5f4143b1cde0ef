//! The two bare writers. Their rows are made by the view's own functions before the clock runs;
//! what is timed is what Postgres does with them.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use helmstream_projections::{
    Projection, Run,
    limits::BATCH_RECORDS_MAX,
    run::{Entry, RunState},
};
use helmstream_schemas::{Id, Record, Timestamp};
use tokio_postgres::{Client, Statement};

use crate::stand::Stand;

/// What a bare writer writes for a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// A row an event: what the view keeps of that event, in columns like a run's.
    EventsAlone,
    /// The rows that the view writes: a row a run, upserted.
    SameRows,
}

pub(crate) struct Bare {
    client: Client,
    upsert_event: Statement,
    upsert_run: Statement,
}

impl Bare {
    pub(crate) async fn open(stand: &Stand) -> Result<Self> {
        let client = stand.owner().await?;
        // As the view: a lost commit is folded again.
        client.batch_execute("SET synchronous_commit = off").await?;
        let upsert = |table| include_str!("upsert.sql").replace("{table}", table);
        let upsert_event = client
            .prepare(&upsert("bench.event"))
            .await
            .context("the columns of a run have changed")?;
        let upsert_run = client.prepare(&upsert("bench.run")).await?;
        Ok(Self { client, upsert_event, upsert_run })
    }

    /// Events a second, only the writing of their rows counted.
    pub(crate) async fn rate(&self, records: &[Record], writes: Writes) -> Result<f64> {
        let mut states: HashMap<String, RunState> = HashMap::new();
        let mut spent = Duration::ZERO;
        for batch in records.chunks(BATCH_RECORDS_MAX) {
            let entries = read(batch)?;
            spent += match writes {
                Writes::EventsAlone => self.write_events(&entries).await?,
                Writes::SameRows => self.write_same(&entries, &mut states).await?,
            };
        }
        Ok(records.len() as f64 / spent.as_secs_f64())
    }

    async fn write_events(&self, entries: &[(String, Entry)]) -> Result<Duration> {
        let mut rows = Rows::default();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (id, entry) in entries {
            let mut state = RunState::default();
            state.add(entry);
            // A statement takes a row once; the second event of a run in a batch is another row.
            let times = seen.entry(id).or_default();
            *times += 1;
            let key = if *times == 1 { id.clone() } else { format!("{id}#{times}") };
            rows.add(key, &state, json(entry));
        }
        let begun = Instant::now();
        rows.upsert(&self.client, &self.upsert_event).await?;
        Ok(begun.elapsed())
    }

    async fn write_same(
        &self,
        entries: &[(String, Entry)],
        states: &mut HashMap<String, RunState>,
    ) -> Result<Duration> {
        let mut touched = BTreeMap::new();
        for (id, entry) in entries {
            let state = states.entry(id.clone()).or_default();
            state.add(entry);
            touched.insert(id, state.clone());
        }
        let mut rows = Rows::default();
        for (id, state) in touched {
            let text = serde_json::to_string(&state).expect("a state has only texts for keys");
            rows.add(id.clone(), &state, text);
        }
        let begun = Instant::now();
        self.client.batch_execute("BEGIN").await?;
        rows.upsert(&self.client, &self.upsert_run).await?;
        self.client.batch_execute("COMMIT").await?;
        Ok(begun.elapsed())
    }
}

fn read(batch: &[Record]) -> Result<Vec<(String, Entry)>> {
    let each = batch.iter().map(|record| {
        let entry = Run::read(record)?.context("the sample is a refusal")?;
        let id = record.subject.strip_prefix("evt.run.").context("the sample is no run's")?;
        Ok((id.to_owned(), entry))
    });
    each.collect()
}

fn json(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("an entry has only texts for keys")
}

/// Rows of runs, column by column.
#[derive(Default)]
struct Rows {
    ids: Vec<String>,
    statuses: Vec<&'static str>,
    texts: [Vec<Option<String>>; 5],
    instants: [Vec<Option<i64>>; 3],
    counts: [Vec<i32>; 4],
    merged: Vec<Option<String>>,
    sequences: [Vec<i64>; 2],
    states: Vec<String>,
}

impl Rows {
    fn add(&mut self, id: String, state: &RunState, text: String) {
        let run = state.summary();
        self.ids.push(id);
        self.statuses.push(run.status.word());
        let texts = [run.phase, run.work_id, run.workflow_id, run.autonomy, run.title];
        self.texts.iter_mut().zip(texts).for_each(|(column, value)| column.push(value));
        let instants = [run.started_at, run.heard_at, run.ended_at];
        let nanos = instants.map(|instant| instant.map(Timestamp::nanos));
        self.instants.iter_mut().zip(nanos).for_each(|(column, value)| column.push(value));
        let counts = [run.claims, run.bypasses_open, run.disputes, run.contradictions];
        self.counts.iter_mut().zip(counts).for_each(|(column, value)| column.push(value as i32));
        self.merged.push(run.merged_into.as_ref().map(Id::token));
        let sequences = [run.first_seq, run.last_seq];
        self.sequences
            .iter_mut()
            .zip(sequences)
            .for_each(|(column, value)| column.push(value as i64));
        self.states.push(text);
    }

    async fn upsert(&self, client: &Client, statement: &Statement) -> Result<()> {
        let [phase, work_id, workflow_id, autonomy, title] = &self.texts;
        let [started_at, heard_at, ended_at] = &self.instants;
        let [claims, bypasses_open, disputes, contradictions] = &self.counts;
        let [first_seq, last_seq] = &self.sequences;
        client
            .execute(
                statement,
                &[
                    &self.ids,
                    &self.statuses,
                    phase,
                    work_id,
                    workflow_id,
                    autonomy,
                    title,
                    started_at,
                    heard_at,
                    ended_at,
                    claims,
                    bypasses_open,
                    disputes,
                    contradictions,
                    &self.merged,
                    first_seq,
                    last_seq,
                    &self.states,
                ],
            )
            .await
            .map(drop)
            .context("cannot upsert")
    }
}
