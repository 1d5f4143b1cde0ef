//! Compares the plane's log with its ledger and checkpoints, step by step. What is compared, and what
//! a difference is, is decided in the projections' `verify`.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_projections::{
    Ledger,
    questions::verify::{command_hashes, entries, last_row, row_beyond, standings},
    verify::{self, Causes, Commands, Difference, Standing, Walk, cause, checkpoint_differs},
};
use helmstream_schemas::Record;
use helmstream_stream::{StreamError, append::EVENTS, founding, get, read};
use uuid::Uuid;

use super::{
    super::{
        Answer, Answered,
        failure::{Code, Failure},
        limits::{AWAY_PAUSE, BEYOND_ROWS_MAX, REPLICA_LOOKS_MAX},
        verify::{Progress, Request, Step},
    },
    Direct,
    replay::{EVERYTHING, beyond_end},
};

/// In which order streams are compared: what an event names as its cause is compared before it.
const ORDER: [&str; 3] = ["COMMANDS", "JOURNAL", EVENTS];

/// The stream that events name records of.
const COMMANDS: &str = "COMMANDS";

impl Direct {
    pub(super) async fn verified(&self, request: Request) -> Answered<Step> {
        let step = match request.progress {
            None => self.begin(request.from_seq).await?,
            Some(progress) => self.go_on(progress).await?,
        };
        let events = step.progress.streams.iter().find(|walk| walk.stream == EVENTS);
        Ok(Answer { as_of_seq: events.map_or(0, |walk| walk.to_seq), answer: step })
    }

    /// Compares the checkpoints, and finds out what there is to compare.
    async fn begin(&self, from: u64) -> Result<Step, Failure> {
        let log = self.log().await?;
        // The views first: the log only grows meanwhile.
        let standings = self.ask(standings).await?;
        let mut heads: BTreeMap<&str, u64> = BTreeMap::new();
        for stream in ORDER {
            let extent = self.patience().with("NATS", || read::extent(log, stream)).await?;
            heads.insert(stream, extent.last);
        }
        let of_ledger = |stream: &str| {
            let is_meant = |at: &&Standing| at.projection == "ledger" && at.stream == stream;
            standings.iter().find(is_meant)
        };
        let head = heads[EVENTS];
        if from > head + 1 {
            return Err(beyond_end(from, head));
        }
        let commands_read = of_ledger(COMMANDS).map_or(0, |at| at.read_to_seq);
        let mut progress = Progress {
            checkpoints: 0,
            parked: standings.iter().map(|standing| standing.parked).sum(),
            streams: vec![],
            causes: Causes::default(),
            has_all_commands: commands_read >= heads[COMMANDS]
                && of_ledger(COMMANDS).is_none_or(|at| at.parked == 0),
        };
        let froms = self.froms(from).await?;
        progress.streams = ORDER
            .into_iter()
            .map(|stream| {
                let read_to = of_ledger(stream).map_or(0, |at| at.read_to_seq).min(heads[stream]);
                Walk::new(stream, froms[stream], read_to, heads[stream])
            })
            .collect();
        let epoch = match self.patience().with("NATS", || founding::epoch(log)).await {
            Ok(epoch) => epoch.ok_or_else(|| "no founding record".to_owned()),
            Err(failure) if failure.code == Code::Unreadable => Err(failure.detail),
            Err(failure) => return Err(failure),
        };
        let epoch = epoch.as_ref().map(|epoch| *epoch).map_err(String::as_str);
        for standing in &standings {
            let head = heads.get(standing.stream.as_str()).copied();
            let applied = standing.applied_seq;
            let is_there = head.is_some_and(|head| (1..=head).contains(&applied));
            let record =
                if is_there { self.record(&standing.stream, applied).await? } else { None };
            let difference = checkpoint_differs(standing, epoch, head, record.as_ref());
            if difference.is_some() {
                return Ok(Step { progress, is_done: true, difference });
            }
            progress.checkpoints += 1;
        }
        Ok(Step { progress, is_done: false, difference: None })
    }

    /// Where to begin on each stream: of those beside EVENTS, at what was recorded since the event
    /// before the first.
    async fn froms(&self, from: u64) -> Result<BTreeMap<&'static str, u64>, Failure> {
        let mut froms: BTreeMap<&str, u64> = ORDER.map(|stream| (stream, 1)).into();
        froms.insert(EVENTS, from.max(1));
        if from <= 1 {
            return Ok(froms);
        }
        let Some(before) = self.record(EVENTS, from - 1).await? else { return Ok(froms) };
        let log = self.log().await?;
        for stream in ORDER.into_iter().filter(|stream| *stream != EVENTS) {
            let since = || get::since(log, stream, before.recorded_at);
            let first = self.patience().with("NATS", since).await?;
            let extent = self.patience().with("NATS", || read::extent(log, stream)).await?;
            froms.insert(stream, first.map_or(extent.last + 1, |record| record.sequence));
        }
        Ok(froms)
    }

    async fn go_on(&self, mut progress: Progress) -> Result<Step, Failure> {
        let Progress { streams, causes, has_all_commands, .. } = &mut progress;
        let Some(walk) = streams.iter_mut().find(|walk| !walk.is_done()) else {
            let difference = self.beyond().await?;
            return Ok(Step { progress, is_done: true, difference });
        };
        self.is_ours(walk, causes).await?;
        let records = self.page(&walk.stream, EVERYTHING, walk.next_seq, walk.to_seq).await?;
        let to = records.last().map_or(walk.to_seq, |last| last.sequence);
        let commands = self.commands(&records, *has_all_commands).await?;
        let (stream, from) = (walk.stream.clone(), walk.next_seq);
        let limit = records.len() + 1;
        let entries = self.ask(|database| entries(database, &stream, from, to, limit)).await?;
        let difference = walk.compare(&records, &entries, to, &commands, causes);
        Ok(Step { is_done: difference.is_some(), progress, difference })
    }

    /// Refuses to go on from what no step before has said: whoever asks brings it along.
    async fn is_ours(&self, walk: &Walk, causes: &Causes) -> Result<(), Failure> {
        let refused = |detail: String| {
            let hint = "give the `progress` of the step before as it was, or none to begin";
            Err(Failure::new(Code::Input, "no comparison has come so far", detail, hint))
        };
        if !ORDER.contains(&walk.stream.as_str()) {
            return refused(format!("compared are {}", ORDER.join(", ")));
        }
        let log = self.log().await?;
        let extent = || read::extent(log, &walk.stream);
        let head = self.patience().with("NATS", extent).await?.last;
        let counted = causes.compared.max(causes.unread);
        // No log holds half of what a number can.
        let is_counted = walk.records <= head && counted < u64::MAX / 2;
        if walk.to_seq > head || walk.next_seq == 0 || !is_counted {
            return refused(format!("{} ends at {head}", walk.stream));
        }
        Ok(())
    }

    /// The commands that these records name, as the ledger holds them.
    async fn commands(&self, records: &[Record], are_whole: bool) -> Result<Commands, Failure> {
        let named = records.iter().filter_map(|record| cause(record)?.map(|(id, _)| id));
        let ids: Vec<Uuid> = named.collect::<BTreeSet<_>>().into_iter().collect();
        if ids.is_empty() {
            return Ok(Commands { are_whole, ..Commands::default() });
        }
        let hashes = self.ask(|database| command_hashes(database, &ids)).await?;
        Ok(Commands { hashes, are_whole })
    }

    /// Rows that stand where the ledger has not read yet.
    async fn beyond(&self) -> Result<Option<Difference>, Failure> {
        let standings = self.ask(standings).await?;
        let last = self.ask(last_row).await?;
        for stream in Ledger::STREAMS {
            let at = standings.iter().find(|at| at.projection == "ledger" && at.stream == stream);
            let mut from = at.map_or(0, |at| at.read_to_seq) + 1;
            while from <= last {
                let to = from.saturating_add(BEYOND_ROWS_MAX - 1).min(last);
                let found = self.ask(|database| row_beyond(database, stream, from, to)).await?;
                if let Some((sequence, read_to)) = found {
                    return Ok(Some(verify::row_beyond(stream, sequence, read_to)));
                }
                from = to + 1;
            }
        }
        Ok(None)
    }

    /// The record at a position that the stream has reached.
    async fn record(&self, stream: &str, sequence: u64) -> Result<Option<Record>, Failure> {
        let log = self.log().await?;
        for _ in 0..REPLICA_LOOKS_MAX {
            let at = || get::at(log, stream, sequence);
            let found: Result<Option<Record>, Failure> =
                self.patience().with::<_, StreamError, _>("NATS", at).await;
            if let Some(record) = found? {
                return Ok(Some(record));
            }
            tokio::time::sleep(AWAY_PAUSE).await;
        }
        Ok(None)
    }
}
