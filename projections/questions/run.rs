//! Which runs there are, and one run whole: by any of its names, with everything that was said of
//! it under the others.

use std::collections::BTreeSet;

use helmstream_schemas::Id;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{AsOf, as_of, rows_limit};
use crate::{
    columns::{at_back, id_back, seq, seq_back},
    database::Database,
    error::ProjectionError,
    limits::MERGE_DEPTH_MAX,
    run::{RunStatus, RunSummary, RunView, entry_back},
    session::Session,
};

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Without one, all but those that were merged into others.
    pub status: Option<RunStatus>,
    /// How many at most.
    pub limit: u32,
    /// Where the page before this one ended: its `next`.
    pub cursor: Option<u64>,
}

/// A page of runs, those that began last first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    pub runs: Vec<RunLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunLine {
    pub id: Id,
    #[serde(flatten)]
    pub summary: RunSummary,
}

/// A run whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunShown {
    #[serde(flatten)]
    pub run: RunView,
    /// Its second names.
    pub aliases: Vec<Id>,
    /// Runs that proved to be this one.
    pub merged: Vec<Id>,
}

/// Lists runs.
pub async fn run_list(
    database: &Database,
    filter: &RunFilter,
) -> Result<AsOf<RunPage>, ProjectionError> {
    let mut session = database.moment().await?;
    let as_of_seq = as_of(&mut session, include_str!("as_of_run.sql")).await?;
    let limit = rows_limit(filter.limit);
    let status = filter.status.map(RunStatus::word);
    let before = filter.cursor.map(seq);
    let rows = session.query(include_str!("run_list.sql"), &[&status, &before, &limit]).await?;
    session.end().await?;
    let runs = rows.iter().map(line_back).collect::<Result<Vec<_>, _>>()?;
    let is_full = runs.len() as i64 == limit;
    let next = runs.last().filter(|_| is_full).map(|line| line.summary.first_seq);
    Ok(AsOf { as_of_seq, answer: RunPage { runs, next } })
}

/// Shows the run of that name, or that it proved to be; `None` if nothing has that name.
pub async fn run_show(
    database: &Database,
    name: &Id,
) -> Result<AsOf<Option<RunShown>>, ProjectionError> {
    let mut session = database.moment().await?;
    let as_of_seq = as_of(&mut session, include_str!("as_of_run_show.sql")).await?;
    let root = root_of(&mut session, name.token()).await?;
    let depth = MERGE_DEPTH_MAX as i32;
    let rows = session.query(include_str!("run_family.sql"), &[&root, &depth]).await?;
    let names: Vec<&str> = rows.iter().map(|row| row.get("id")).chain([root.as_str()]).collect();
    let entries = session.query(include_str!("run_entries.sql"), &[&names]).await?;
    let aliases = session.query(include_str!("run_aliases.sql"), &[&names]).await?;
    session.end().await?;
    if rows.is_empty() {
        return Ok(AsOf { as_of_seq, answer: None });
    }
    let entries =
        entries.iter().map(|row| entry_back(row.get("entry"))).collect::<Result<_, _>>()?;
    let run = RunView::of(id_back("run", &root)?, entries);
    let merged = names.iter().filter(|name| **name != root);
    let merged = merged.map(|name| id_back("run", name)).collect::<Result<_, _>>()?;
    let aliases =
        aliases.iter().map(|row| id_back("alias", row.get("name"))).collect::<Result<_, _>>()?;
    Ok(AsOf { as_of_seq, answer: Some(RunShown { run, aliases, merged }) })
}

/// Follows second names and merges to the run that stays. It may have no row yet: a name can be
/// given to a run before its first event.
async fn root_of(session: &mut Session, name: String) -> Result<String, ProjectionError> {
    let (mut at, mut seen) = (name, BTreeSet::new());
    while seen.len() < MERGE_DEPTH_MAX && seen.insert(at.clone()) {
        let rows = session.query(include_str!("run_leads.sql"), &[&at]).await?;
        match rows.first().and_then(|row| row.get::<_, Option<String>>("leads_to")) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(at)
}

fn line_back(row: &Row) -> Result<RunLine, ProjectionError> {
    let status: &str = row.get("status");
    let merged_into: Option<&str> = row.get("merged_into");
    let count = |name: &str| u32::try_from(row.get::<_, i32>(name)).unwrap_or_default();
    let summary = RunSummary {
        status: RunStatus::named(status).ok_or_else(|| ProjectionError::Row {
            table: "run",
            detail: format!("status `{status}`"),
        })?,
        phase: row.get("phase"),
        work_id: row.get("work_id"),
        workflow_id: row.get("workflow_id"),
        autonomy: row.get("autonomy"),
        title: row.get("title"),
        started_at: at_back(row.get("started_at")),
        heard_at: at_back(row.get("heard_at")),
        ended_at: at_back(row.get("ended_at")),
        claims: count("claims"),
        bypasses_open: count("bypasses_open"),
        disputes: count("disputes"),
        contradictions: count("contradictions"),
        merged_into: merged_into.map(|into| id_back("run", into)).transpose()?,
        first_seq: seq_back(row.get("first_seq")),
        last_seq: seq_back(row.get("last_seq")),
    };
    Ok(RunLine { id: id_back("run", row.get("id"))?, summary })
}
