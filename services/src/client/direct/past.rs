//! Views as they were: whether one is ready, and questions put to it.

use std::future::Future;

use helmstream_projections::{
    Database, ProjectionError, past::Past, questions::changes::changes, views::View,
};
use helmstream_stream::founding;
use tokio::sync::watch;

use super::{
    super::{
        Answer, Answered,
        diff::{self, Diff},
        failure::{Code, Failure},
        limits::{PAST_TRIES_MAX, PROGRESS_EVERY},
        past::{Request, Standing},
    },
    Direct,
    build::{self, Told, World},
    database,
    moment::within,
};
use crate::local::credentials::PAST;

impl Direct {
    /// Whether a view as it was can be asked; tells how far it is otherwise.
    pub(super) async fn standing(&self, request: Request) -> Result<Standing, Failure> {
        let Request { view, at } = request;
        let version = View::named(&view).map_or(0, |view| view.version);
        let mut told = match self.found_or_begun(&view, at).await? {
            Ok(_) => return Ok(Standing::Ready { version }),
            Err(told) => told,
        };
        let over = told.wait_for(|told| !matches!(told, Told::Building { .. }));
        let _ = tokio::time::timeout(PROGRESS_EVERY, over).await;
        let told = told.borrow().clone();
        match told {
            Told::Building { from, read_to } => Ok(Standing::Building { from, read_to }),
            Told::Ready(_) => Ok(Standing::Ready { version }),
            Told::Failed(failure) => Err(failure),
        }
    }

    /// Puts a question to a view as it was, or as it is where no position is named. `question`
    /// is given the database as whoever may read it sees it.
    pub(super) async fn ask_at<T, F>(
        &self,
        view: &str,
        at: Option<u64>,
        question: impl Fn(Database, Option<Past>) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, ProjectionError>>,
    {
        let Some(at) = at else {
            return self.ask(|database| question(database.clone(), None)).await;
        };
        for _ in 0..PAST_TRIES_MAX {
            let past = self.as_it_was(view, at).await?;
            if let Some(answer) =
                self.ask_past(|past_of| question(past_of, Some(past.clone()))).await?
            {
                return Ok(answer);
            }
        }
        Err(Failure::from(ProjectionError::PastGone { view: "asked for" }))
    }

    /// What changed in a view between two positions.
    pub(super) async fn changed(&self, request: diff::Request) -> Answered<Diff> {
        let diff::Request { view, from, to, after, limit } = request;
        if from > to {
            let what = format!("position {from} comes after {to}");
            let hint = "what changed is told from the earlier moment to the later one";
            return Err(Failure::new(Code::Input, what, "nothing was compared", hint));
        }
        for _ in 0..PAST_TRIES_MAX {
            let (earlier, later) =
                (self.as_it_was(&view, from).await?, self.as_it_was(&view, to).await?);
            let compared = self.ask_past(|database| {
                let (earlier, later) = (earlier.clone(), later.clone());
                async move {
                    changes(&database, &earlier, &later, after.unwrap_or_default(), limit).await
                }
            });
            if let Some(changes) = compared.await? {
                let next = changes.last().filter(|_| changes.len() >= limit as usize);
                let next = next.map(|change| change.last_seq);
                return Ok(Answer {
                    as_of_seq: to,
                    answer: Diff { from_seq: from, changes, next },
                });
            }
        }
        Err(Failure::from(ProjectionError::PastGone { view: "asked for" }))
    }

    /// A question to what was built; `None` if it had to make room for others meanwhile.
    async fn ask_past<T, F>(&self, question: impl Fn(Database) -> F) -> Result<Option<T>, Failure>
    where
        F: Future<Output = Result<T, ProjectionError>>,
    {
        let database = self.past_database().await?;
        self.patience()
            .with("Postgres", || async {
                match question(database.clone()).await {
                    Err(ProjectionError::PastGone { .. }) => Ok(None),
                    answered => answered.map(Some),
                }
            })
            .await
    }

    /// The view as it was, built if it is not there.
    async fn as_it_was(&self, view: &str, at: u64) -> Result<Past, Failure> {
        let mut told = match self.found_or_begun(view, at).await? {
            Ok(past) => return Ok(past),
            Err(told) => told,
        };
        let over = told.wait_for(|told| !matches!(told, Told::Building { .. })).await;
        match over.map(|told| told.clone()) {
            Ok(Told::Ready(past)) => Ok(past),
            Ok(Told::Failed(failure)) => Err(failure),
            Ok(Told::Building { .. }) | Err(_) => {
                let hint = "ask again";
                Err(Failure::new(Code::Unexplained, "a build ended in the middle", view, hint))
            }
        }
    }

    async fn found_or_begun(
        &self,
        view: &str,
        at: u64,
    ) -> Result<Result<Past, watch::Receiver<Told>>, Failure> {
        let world = self.world().await?;
        if let Some(past) = build::find(&world, view, at).await? {
            return Ok(Ok(past));
        }
        within(at, self.extent().await?)?;
        Ok(Err(self.builds.join(&world, view, at)))
    }

    async fn world(&self) -> Result<World, Failure> {
        let log = self.log().await?;
        let epoch = self.epoch.get_or_try_init(|| async {
            let found = self.patience().with("NATS", || founding::epoch(log)).await?;
            found.ok_or_else(|| {
                let hint = "run `helmstream setup`";
                Failure::new(Code::Differs, "the plane was not set up", "EVENTS is empty", hint)
            })
        });
        Ok(World {
            log: log.clone(),
            epoch: *epoch.await?,
            database: self.past_database().await?.clone(),
            wait: self.manner.wait,
        })
    }

    async fn past_database(&self) -> Result<&Database, Failure> {
        self.past.get_or_try_init(|| async { database(&self.plane, PAST) }).await
    }
}
