//! `helmstream run`: pipeline runs, in a list and one whole.

mod files;
mod gates;
mod page;
mod stages;
mod timeline;

use anyhow::Result;
use helmstream_projections::{
    questions::{cursor::Cursor, order::Order, run::RunLine},
    run::RunStatus,
};
use helmstream_schemas::{Id, Timestamp};

use super::{
    at::AtArg,
    ending::Ending,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, further, table, toned},
    when,
};
use crate::client::{
    Client,
    limits::{LIST_ROWS, LIST_ROWS_MAX},
    run::{ListRequest, ShowRequest},
};

/// What answers.
const VIEW: &str = "run";

#[derive(Debug, clap::Subcommand)]
pub(super) enum RunCommand {
    /// List runs, those that began last first
    #[command(after_help = "\
Examples:
  helmstream run list
  helmstream run list --status running --status stalled
  helmstream run list --sort heard_at --limit 10
  helmstream run list --at 2026-01-31T09:30:00Z
  helmstream run list -o ndjson | jq 'select(.bypasses_open > 0) | .id'")]
    List {
        /// Only runs that stand like this; may be given several times
        #[arg(long = "status", value_name = "STATUS", value_parser = status)]
        statuses: Vec<RunStatus>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
        limit: u32,
        /// By which field, the smallest first; with `-` before it the greatest first: first_seq (the usual one, downwards), id, started_at, heard_at, ended_at
        #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
        sort: Option<Order<RunLine>>,
        /// What follows on the page before: its list says where it ended
        #[arg(long, value_name = "END")]
        before: Option<Cursor>,
        #[command(flatten)]
        at: AtArg,
    },
    /// Show one run from beginning to end
    #[command(after_help = "\
What a run says is a claim. Answers at gates are shown as the run claims them; a gate that was passed
without an answer is shown first.

Examples:
  helmstream run show acme/shop-42
  helmstream run show acme/sh
  helmstream run show acme/shop-42 --at 120
  helmstream run show acme/shop-42 -o json | jq .gates")]
    Show {
        /// Its id, any other name of it, or the beginning of its id
        #[arg(value_name = "RUN")]
        name: String,
        #[command(flatten)]
        at: AtArg,
    },
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: RunCommand,
) -> Result<Ending> {
    match command {
        RunCommand::List { statuses, limit, sort, before, at } => {
            let at = at.asked(client).await?;
            let request = ListRequest { statuses, limit, sort, before, at: at.sequence() };
            at.ready(client, screen, VIEW).await?;
            list(client, &at.screen(screen), request).await?;
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
        RunCommand::Show { name, at } => {
            let at = at.asked(client).await?;
            let screen = &at.screen(screen);
            let request = ShowRequest { name: Id::new(name)?, at: at.sequence() };
            let answer = client.run_show(request).await?;
            match screen.format {
                Format::Table => screen.print(&page::page(
                    &answer.answer,
                    answer.as_of_seq,
                    screen.now,
                    screen.ink,
                ))?,
                _ => screen.data(&answer, "")?,
            }
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
    }
}

async fn list(client: &impl Client, screen: &Screen, request: ListRequest) -> Result<()> {
    let is_filtered = !request.statuses.is_empty() || request.before.is_some();
    let (is_past, sort) = (request.at.is_some(), request.sort);
    let answer = client.run_list(request).await?;
    if screen.format != Format::Table {
        return screen.data(&answer, "runs");
    }
    let runs = &answer.answer.runs;
    if runs.is_empty() {
        return screen.print(match is_filtered {
            true => "No such runs. `helmstream run list` without filters shows all.\n",
            false if is_past => "No runs yet, then.\n",
            false => "No runs yet. `helmstream publish FILE` brings some: see `helmstream publish --help`.\n",
        });
    }
    let heads = [
        Head::Whole("RUN"),
        Head::Whole("STATUS"),
        Head::Spare("PHASE"),
        Head::Spare("STARTED"),
        Head::Spare("TOOK"),
        Head::Spare("HEARD"),
        Head::Wraps("TITLE"),
    ];
    screen.print(&table(screen, &heads, runs.iter().map(|run| row(run, screen.now)).collect()))?;
    screen.print(&further(sort, answer.answer.next.as_ref()))?;
    Ok(())
}

fn row(run: &RunLine, now: Timestamp) -> Vec<comfy_table::Cell> {
    let summary = &run.summary;
    let status = match alarms(summary.bypasses_open, summary.contradictions) {
        said if said.is_empty() => toned(tone_of(summary.status), summary.status.word()),
        said => toned(Tone::Alarm, format!("{}{said}", summary.status.word())),
    };
    let started = summary.started_at.map(|at| when::short_and_age(at, now));
    let took = summary
        .started_at
        .zip(summary.ended_at)
        .and_then(|(start, end)| end.since(start))
        .map(when::span);
    vec![
        cell(run.id.as_str()),
        status,
        cell(summary.phase.as_deref().unwrap_or_default()),
        cell(started.unwrap_or_default()),
        cell(took.unwrap_or_default()),
        toned(Tone::Quiet, summary.heard_at.map(|at| when::age(at, now)).unwrap_or_default()),
        cell(summary.title.as_deref().or(summary.work_id.as_deref()).unwrap_or_default()),
    ]
}

/// What nobody may overlook, behind the status.
fn alarms(bypasses: u32, contradictions: u32) -> String {
    let several = |count: u32| if count == 1 { "" } else { "S" };
    let mut said = String::new();
    if bypasses > 0 {
        said += &format!(", {bypasses} GATE{} PASSED", several(bypasses));
    }
    if contradictions > 0 {
        said += &format!(", {contradictions} CONTRADICTION{}", several(contradictions));
    }
    said
}

fn tone_of(status: RunStatus) -> Tone {
    match status {
        RunStatus::Running => Tone::Strong,
        RunStatus::Pending | RunStatus::Paused => Tone::Plain,
        RunStatus::Completed => Tone::Good,
        RunStatus::Stalled | RunStatus::Warning => Tone::Warn,
        RunStatus::Failed => Tone::Bad,
        RunStatus::Skipped | RunStatus::Cancelled | RunStatus::Ended | RunStatus::Merged => {
            Tone::Quiet
        }
    }
}

fn status(word: &str) -> Result<RunStatus, String> {
    let known = || RunStatus::ALL.map(RunStatus::word).join(", ");
    RunStatus::named(word).ok_or_else(|| format!("a run is one of {}", known()))
}
