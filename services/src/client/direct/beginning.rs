//! A run by the beginning of its id.

use helmstream_projections::{
    questions::{
        cursor::Cursor,
        run::{RunFilter, run_list, run_show},
    },
    run::RunStatus,
};
use helmstream_schemas::Id;

use super::{
    super::{
        failure::{Code, Failure},
        limits::PREFIX_RUNS_MAX,
    },
    Direct,
    answers::no_run,
};

impl Direct {
    /// The one run whose id begins like this, among those that began last; as of a position, of
    /// those that were there and were not another one by then.
    pub(super) async fn run_beginning_with(
        &self,
        beginning: &Id,
        at: Option<u64>,
    ) -> Result<Id, Failure> {
        let mut found = self.beginning_with(beginning, None, at).await?;
        if at.is_some() {
            // What is merged now may have been a run of its own.
            for id in self.beginning_with(beginning, Some(RunStatus::Merged), at).await? {
                let shown = self.ask(|database| run_show(database, &id, at)).await?.answer;
                found.extend(shown.filter(|shown| shown.run.id == id).map(|_| id));
            }
        }
        match found.len() {
            0 => Err(no_run(beginning)),
            1 => Ok(found.remove(0)),
            _ => {
                let some: Vec<&str> = found.iter().take(5).map(Id::as_str).collect();
                let what = format!("the ids of several runs begin with `{beginning}`");
                Err(Failure::new(Code::Ambiguous, what, some.join(", "), "write more of the id"))
            }
        }
    }

    async fn beginning_with(
        &self,
        beginning: &Id,
        status: Option<RunStatus>,
        at: Option<u64>,
    ) -> Result<Vec<Id>, Failure> {
        let mut found: Vec<Id> = Vec::new();
        let (mut cursor, mut looked_at) = (at.map(|at| Cursor::from(at + 1)), 0);
        while looked_at < PREFIX_RUNS_MAX && (found.len() < 2 || status.is_some()) {
            let filter = RunFilter {
                statuses: status.into_iter().collect(),
                limit: 1_000,
                cursor,
                ..RunFilter::default()
            };
            let page = self.ask(|database| run_list(database, &filter)).await?.answer;
            looked_at += page.runs.len();
            let ids = page.runs.into_iter().map(|run| run.id);
            found.extend(ids.filter(|id| id.as_str().starts_with(beginning.as_str())));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(found)
    }
}
