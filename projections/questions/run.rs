//! Which runs there are, and one run whole: by any of its names, with everything that was said of
//! it under the others.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::Id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{
    AsOf, Place, as_of,
    cursor::Cursor,
    history::{history, taken},
    order::{Field, Order, Sorted},
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
    /// Without any, all but those that were merged into others.
    pub statuses: Vec<RunStatus>,
    pub order: Order<RunLine>,
    /// How many at most.
    pub limit: u32,
    /// Where the page before this one ended: its `next`.
    pub cursor: Option<Cursor>,
    /// The view as it was; without it, as it is.
    pub past: Option<Past>,
}

/// A page of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunPage {
    pub runs: Vec<RunLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunLine {
    pub id: Id,
    #[serde(flatten)]
    pub summary: RunSummary,
}

impl Sorted for RunLine {
    const FIELDS: &'static [Field] = &[
        Field::number("first_seq", "first_seq"),
        Field::text("id", "id"),
        Field::number("started_at", "coalesce(started_at, -9223372036854775808)"),
        Field::number("heard_at", "coalesce(heard_at, -9223372036854775808)"),
        Field::number("ended_at", "coalesce(ended_at, -9223372036854775808)"),
    ];
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
    /// Position of the last record on its own subject, refusals included: what the guard of the next
    /// append names. Runs that proved to be this one have their own.
    pub revision: u64,
    /// Position of the last record behind any of this, other names and merged runs included.
    pub changed_seq: u64,
}

/// Lists runs.
pub async fn run_list(
    database: &Database,
    filter: &RunFilter,
) -> Result<AsOf<RunPage>, ProjectionError> {
    let (value, id) = filter.order.ended(filter.cursor.as_ref())?;
    let place = Place { view: "run", past: filter.past.as_ref() };
    let (mut session, as_of_seq) = place.moment(database, include_str!("as_of_run.sql")).await?;
    let list = place.of_it(include_str!("run_list.sql"));
    let limit = rows_limit(filter.limit);
    let words: Vec<&str> = filter.statuses.iter().map(|status| status.word()).collect();
    let statuses = (!words.is_empty()).then_some(words);
    let values: &[Value<'_>] = &[&statuses, &value, &id, &limit];
    let rows = session.query(&filter.order.of_it(&list), values).await?;
    session.end().await?;
    let runs = rows.iter().map(line_back).collect::<Result<Vec<_>, _>>()?;
    let next = filter.order.next(&rows, limit);
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
    let Told { mut entries, mut last } = entries_of(&mut session, &names, as_of_seq).await?;
    // Rows are of now: by then some of them may have been runs of their own.
    names = family(&root, &entries);
    entries.retain(|name, _| names.contains(name));
    last.retain(|name, _| names.contains(name));
    let tokens: Vec<&String> = names.iter().collect();
    let aliases =
        session.query(include_str!("run_aliases.sql"), &[&tokens, &seq(as_of_seq)]).await?;
    session.end().await?;
    if entries.is_empty() {
        return Ok(AsOf { as_of_seq, answer: None });
    }
    let revision = last.get(&root).copied().unwrap_or_default();
    let named = aliases.iter().map(|row| seq_back(row.get("last_seq")));
    let changed_seq = last.into_values().chain(named).max().unwrap_or_default();
    let mut entries: Vec<Entry> = entries.into_values().flatten().collect();
    entries.sort_by_key(|entry| entry.sequence);
    let run = RunView::of(id_back("run", &root)?, entries);
    let merged = names.iter().filter(|name| **name != root);
    let merged = merged.map(|name| id_back("run", name)).collect::<Result<_, _>>()?;
    let aliases =
        aliases.iter().map(|row| id_back("alias", row.get("name"))).collect::<Result<_, _>>()?;
    Ok(AsOf { as_of_seq, answer: Some(RunShown { run, aliases, merged, revision, changed_seq }) })
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
        let Told { entries, .. } =
            entries_of(session, &BTreeSet::from([at.clone()]), up_to).await?;
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

/// What runs were told, by their tokens.
#[derive(Default)]
struct Told {
    /// What the view makes of their events.
    entries: BTreeMap<String, Vec<Entry>>,
    /// The last record of each, refusals included.
    last: BTreeMap<String, u64>,
}

async fn entries_of(
    session: &mut Session,
    names: &BTreeSet<String>,
    up_to: u64,
) -> Result<Told, ProjectionError> {
    let subjects: Vec<String> = names.iter().map(|name| format!("evt.run.{name}")).collect();
    let records = history(session, &subjects, up_to).await?;
    let mut told = Told::default();
    for record in &records {
        told.last.insert(token_of(&record.subject).to_owned(), record.sequence);
    }
    for Fit { record, event } in taken::<Run>(&records) {
        if let Some(entry) = event {
            told.entries.entry(token_of(&record.subject).to_owned()).or_default().push(entry);
        }
    }
    Ok(told)
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
