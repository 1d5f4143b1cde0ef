//! Moments of the log: which position one is, and whether the views have come as far.

use std::time::Instant;

use helmstream_projections::{
    edition::EditionState, questions::projection::projection_list, views::VIEWS,
};
use helmstream_schemas::{Record, Timestamp};
use helmstream_stream::{
    append::EVENTS,
    get,
    read::{self, Extent},
};

use super::{
    super::{
        failure::{Code, Failure},
        limits::{AWAY_PAUSE, REACHED_POLL},
        past::{Moment, When},
    },
    Direct,
};

impl Direct {
    pub(super) async fn moment_of(&self, when: When) -> Result<Moment, Failure> {
        let extent = self.extent().await?;
        match when {
            When::Sequence(sequence) => {
                within(sequence, extent)?;
                let recorded_at = self.event_at(sequence).await?.recorded_at;
                Ok(Moment { sequence, recorded_at, now: recorded_at })
            }
            When::Time(time) => self.last_by(time, extent).await,
        }
    }

    /// The last event that was recorded by then. Positions and recorded times grow together, so it
    /// is between the last that is known to be by then and the first that is known to be later.
    async fn last_by(&self, time: Timestamp, extent: Extent) -> Result<Moment, Failure> {
        let first = self.event_at(extent.first.max(1)).await?;
        if first.recorded_at > time {
            let what = format!("nothing was recorded by {time}");
            let detail = format!("the first event was recorded {}", first.recorded_at);
            return Err(input(what, detail, extent));
        }
        let (mut last, mut later) = (first, extent.last + 1);
        while later - last.sequence > 1 {
            let middle = self.event_at(last.sequence + (later - last.sequence) / 2).await?;
            match middle.recorded_at <= time {
                true => last = middle,
                false => later = middle.sequence,
            }
        }
        let Record { sequence, recorded_at, .. } = last;
        Ok(Moment { sequence, recorded_at, now: time })
    }

    pub(super) async fn extent(&self) -> Result<Extent, Failure> {
        let log = self.log().await?;
        let extent = self.patience().with("NATS", || read::extent(log, EVENTS)).await?;
        if extent.last == 0 {
            let what = "nothing was recorded yet";
            return Err(input(what.into(), "EVENTS is empty".into(), extent));
        }
        Ok(extent)
    }

    async fn event_at(&self, sequence: u64) -> Result<Record, Failure> {
        let log = self.log().await?;
        let found = self.patience().with("NATS", || get::at(log, EVENTS, sequence)).await?;
        found.ok_or_else(|| {
            let what = format!("EVENTS {sequence} is not in the log");
            let hint = "a log that lost a record is no longer the one that was written; see docs/runbooks/HS-0011.md";
            Failure::new(Code::Diverged, what, "a position within it holds nothing", hint)
        })
    }

    /// Whether something was published at a position of INBOX; it may have had its outcome since.
    pub async fn was_published(&self, inbox_sequence: u64) -> Result<(), Failure> {
        let log = self.log().await?;
        let inbox = self.patience().with("NATS", || read::extent(log, "INBOX")).await?;
        if (1..=inbox.last).contains(&inbox_sequence) {
            return Ok(());
        }
        let what = format!("nothing was published at INBOX {inbox_sequence}");
        Err(Failure::not_found(what, format!("INBOX ends at {}", inbox.last)))
    }

    /// Waits until every view has read up to a position, so that whoever wrote there sees it.
    pub async fn has_read(&self, position: u64) -> Result<(), Failure> {
        if position == 0 {
            return Ok(());
        }
        let of_events = VIEWS.iter().filter(|view| view.streams.contains(&EVENTS));
        let views: Vec<&str> = of_events.map(|view| view.name).collect();
        self.reached(Some(position), &views).await
    }

    /// Waits until these views have read up to a position, as long as patience lasts.
    pub(super) async fn reached(&self, at: Option<u64>, views: &[&str]) -> Result<(), Failure> {
        let Some(at) = at else { return Ok(()) };
        within(at, self.extent().await?)?;
        let begun = Instant::now();
        loop {
            let lines = self.ask(projection_list).await?;
            // What is built beside the edition that serves is nobody's to wait for.
            let of_views = lines.iter().filter(|line| {
                let serves = line.state == EditionState::Serving && line.stream == EVENTS;
                serves && views.contains(&line.projection.as_str())
            });
            let read_to = of_views.clone().map(|line| line.read_to_seq).min().unwrap_or_default();
            if read_to >= at && of_views.count() == views.len() {
                return Ok(());
            }
            if self.manner.wait.is_some_and(|wait| begun.elapsed() + AWAY_PAUSE > wait) {
                let what = format!("EVENTS {at} is on the log, and not all views have read so far");
                let detail = format!("{} have read up to {read_to}", views.join(", "));
                let hint = "`helmstream projection list` shows how far each is; is `helmstream serve` running? `--patience SECONDS` waits longer";
                return Err(Failure::new(Code::Away, what, detail, hint));
            }
            tokio::time::sleep(REACHED_POLL).await;
        }
    }
}

/// Whether there is such a position.
pub(super) fn within(sequence: u64, extent: Extent) -> Result<(), Failure> {
    if (extent.first.max(1)..=extent.last).contains(&sequence) {
        return Ok(());
    }
    let what = format!("there is no position {sequence} on EVENTS");
    Err(input(what, format!("the log ends at {}", extent.last), extent))
}

fn input(what: String, detail: String, extent: Extent) -> Failure {
    let hint = match extent.last {
        0 => "`helmstream publish` brings some".to_owned(),
        last => {
            format!(
                "positions go from 1 to {last}; a time is meant as the last event recorded by then"
            )
        }
    };
    Failure::new(Code::Input, what, detail, hint)
}
