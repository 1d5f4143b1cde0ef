//! Which runs there are, and one run whole: by any of its names, with everything that was said of
//! it under the others.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::Id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{
    AsOf, Place, as_of,
    history::{history, taken},
    rows_limit,
};
use crate::{
    columns::{at_back, id_back, seq, seq_back, token_of},
    database::Database,
    error::ProjectionError,
    limits::MERGE_DEPTH_MAX,
    past::Past,
    projection::Fit,
    run::{Entry, Run, RunStatus, RunSummary, RunView, What},
    session::{Session, Value},
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
    /// The view as it was; without it, as it is.
    pub past: Option<Past>,
}

/// A page of runs, those that began last first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunPage {
    pub runs: Vec<RunLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunLine {
    pub id: Id,
    #[serde(flatten)]
    pub summary: RunSummary,
}

/// A run whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    let place = Place { view: "run", past: filter.past.as_ref() };
    let (mut session, as_of_seq) = place.moment(database, include_str!("as_of_run.sql")).await?;
    let list = place.of_it(include_str!("run_list.sql"));
    let limit = rows_limit(filter.limit);
    let status = filter.status.map(RunStatus::word);
    let before = filter.cursor.map(seq);
    let rows = session.query(&list, &[&status, &before, &limit]).await?;
    session.end().await?;
    let runs = rows.iter().map(line_back).collect::<Result<Vec<_>, _>>()?;
    let is_full = runs.len() as i64 == limit;
    let next = runs.last().filter(|_| is_full).map(|line| line.summary.first_seq);
    Ok(AsOf { as_of_seq, answer: RunPage { runs, next } })
}

/// Shows the run of that name, or that it proved to be; `None` if nothing has that name. `at` is
/// the position as of which it is shown; without one, the last that was read.
pub async fn run_show(
    database: &Database,
    name: &Id,
    at: Option<u64>,
) -> Result<AsOf<Option<RunShown>>, ProjectionError> {
    let mut session = database.moment(&["alias", "ledger", "run"]).await?;
    let read_to = as_of(&mut session, include_str!("as_of_run_show.sql")).await?;
    let as_of_seq = at.map_or(read_to, |at| at.min(read_to));
    let root = root_of(&mut session, name.token(), as_of_seq).await?;
    let depth = MERGE_DEPTH_MAX as i32;
    let rows = session.query(include_str!("run_family.sql"), &[&root, &depth]).await?;
    let mut names: BTreeSet<String> = rows.iter().map(|row| row.get("id")).collect();
    names.insert(root.clone());
    let mut entries = entries_of(&mut session, &names, as_of_seq).await?;
    // Rows are of now: by then some of them may have been runs of their own.
    names = family(&root, &entries);
    entries.retain(|name, _| names.contains(name));
    let tokens: Vec<&String> = names.iter().collect();
    let aliases =
        session.query(include_str!("run_aliases.sql"), &[&tokens, &seq(as_of_seq)]).await?;
    session.end().await?;
    if entries.is_empty() {
        return Ok(AsOf { as_of_seq, answer: None });
    }
    let mut entries: Vec<Entry> = entries.into_values().flatten().collect();
    entries.sort_by_key(|entry| entry.sequence);
    let run = RunView::of(id_back("run", &root)?, entries);
    let merged = names.iter().filter(|name| **name != root);
    let merged = merged.map(|name| id_back("run", name)).collect::<Result<_, _>>()?;
    let aliases =
        aliases.iter().map(|row| id_back("alias", row.get("name"))).collect::<Result<_, _>>()?;
    Ok(AsOf { as_of_seq, answer: Some(RunShown { run, aliases, merged }) })
}

/// Follows second names and merges to the run that stays. It may have no event yet: a name can be
/// given to a run before its first.
async fn root_of(
    session: &mut Session,
    name: String,
    up_to: u64,
) -> Result<String, ProjectionError> {
    let (mut at, mut seen) = (name, BTreeSet::new());
    while seen.len() < MERGE_DEPTH_MAX && seen.insert(at.clone()) {
        let entries = entries_of(session, &BTreeSet::from([at.clone()]), up_to).await?;
        let next = match entries.get(&at) {
            Some(entries) => merged_into(entries),
            None => {
                let values: &[Value<'_>] = &[&at, &seq(up_to)];
                let rows = session.query(include_str!("run_leads.sql"), values).await?;
                rows.first().map(|row| row.get("leads_to"))
            }
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(at)
}

/// What the view makes of the events of these runs, by their tokens.
async fn entries_of(
    session: &mut Session,
    names: &BTreeSet<String>,
    up_to: u64,
) -> Result<BTreeMap<String, Vec<Entry>>, ProjectionError> {
    let subjects: Vec<String> = names.iter().map(|name| format!("evt.run.{name}")).collect();
    let records = history(session, &subjects, up_to).await?;
    let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for Fit { record, event } in taken::<Run>(&records) {
        if let Some(entry) = event {
            entries.entry(token_of(&record.subject).to_owned()).or_default().push(entry);
        }
    }
    Ok(entries)
}

/// The runs that were merged into `root`, and into those, and itself.
fn family(root: &str, entries: &BTreeMap<String, Vec<Entry>>) -> BTreeSet<String> {
    let mut family = BTreeSet::from([root.to_owned()]);
    loop {
        let before = family.len();
        for (name, entries) in entries {
            if merged_into(entries).is_some_and(|into| family.contains(&into)) {
                family.insert(name.clone());
            }
        }
        if family.len() == before {
            return family;
        }
    }
}

fn merged_into(entries: &[Entry]) -> Option<String> {
    entries.iter().rev().find_map(|entry| match &entry.what {
        What::Merged(merged) => Some(merged.into.token()),
        _ => None,
    })
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
