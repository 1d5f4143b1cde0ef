//! Where every view stands, and what an operator does to one: have it folded anew beside the one
//! that serves, swap the two, apply what was parked. Changing editions is the database owner's.

use helmstream_projections::{
    Access, Alias, Approval, Database, DeadLetter, Deadline, Deployment, Ledger, ProjectionError,
    Run,
    edition::{Edition, EditionState, editions, swap},
    past,
    questions::projection::{ProjectionLine, parked_list, projection_list},
    redrive::{Redriven, redrive},
    views::{VIEWS, View},
};
use helmstream_stream::read;

use super::{
    super::{
        Answer, Answered,
        failure::{Code, Failure},
        limits::SWAP_ATTEMPTS_MAX,
        projection::{
            Dropped, List, Mended, MendedEdition, Parked, ParkedRequest, Standing, SwapRequest,
            Swapped, ViewRequest,
        },
    },
    Direct,
};
use crate::{local::credentials::OWNER, patience::Passing};

impl Direct {
    /// The same as the database alone knows it.
    pub async fn projections(&self) -> Result<Vec<ProjectionLine>, Failure> {
        self.ask(projection_list).await
    }

    /// Where every edition of every view stands.
    pub(super) async fn standings(&self) -> Answered<List> {
        let lines = self.ask(projection_list).await?;
        let as_of_seq = read_to_of_ledger(&lines);
        let log = self.log().await?;
        let mut heads: Vec<(String, u64)> = Vec::new();
        let mut projections = Vec::with_capacity(lines.len());
        for line in lines {
            let known =
                heads.iter().find(|(stream, _)| *stream == line.stream).map(|(_, head)| *head);
            let head_seq = match known {
                Some(head) => head,
                None => {
                    let extent =
                        self.patience().with("NATS", || read::extent(log, &line.stream)).await?;
                    heads.push((line.stream.clone(), extent.last));
                    extent.last
                }
            };
            projections.push(Standing {
                lag: head_seq.saturating_sub(line.read_to_seq),
                head_seq,
                line,
            });
        }
        Ok(Answer { as_of_seq, answer: List { projections } })
    }

    /// Makes an edition, or says which is being built.
    pub(super) async fn make_edition(&self, request: ViewRequest) -> Result<Edition, Failure> {
        let (view, admin) = (view(&request.view)?, self.admin()?);
        self.patience().with("Postgres", || swap::make(&admin, &view)).await
    }

    /// Swaps the edition that serves for another.
    pub(super) async fn swap_editions(&self, request: SwapRequest) -> Result<Swapped, Failure> {
        let (view, admin) = (view(&request.view)?, self.admin()?);
        let held = self.editions_of(&view).await?;
        let is_meant = |held: &&Edition| match &request.edition {
            Some(edition) => held.edition == *edition,
            None => held.state == EditionState::Standby,
        };
        let other = held.iter().find(is_meant).ok_or_else(|| {
            let what = format!("no other edition of the view {} is kept", view.name);
            Failure::not_found(
                what,
                format!("`helmstream projection rebuild {}` makes one", view.name),
            )
        })?;
        // Where a view stands is asked before where the log ends: what has gone on meanwhile is not beyond.
        let standings = self.standings().await?.answer.projections.into_iter();
        let astray = standings
            .filter(|at| at.line.projection == view.name && at.line.edition != other.edition)
            .filter(|at| at.line.read_to_seq > at.head_seq);
        let astray = astray.map(|at| at.line.stream).collect();
        let mut attempt = 1;
        loop {
            match swap::swap(&admin, &view, other, &astray).await {
                // Somebody read for long, or the other was not level yet.
                Err(error) if error.may_pass() && attempt < SWAP_ATTEMPTS_MAX => attempt += 1,
                Err(error) => return Err(Failure::from(&error)),
                Ok(()) => break,
            }
        }
        let now = self.editions_of(&view).await?;
        let in_state = |state| now.iter().find(|held| held.state == state).cloned();
        match (in_state(EditionState::Serving), in_state(EditionState::Standby)) {
            (Some(serving), Some(standby)) => Ok(Swapped { serving, standby }),
            _ => {
                let what = format!("the editions of {} were changed meanwhile", view.name);
                Err(Failure::new(
                    Code::Refused,
                    what,
                    "",
                    "`helmstream projection list` shows them",
                ))
            }
        }
    }

    /// Drops what does not serve.
    pub(super) async fn drop_editions(&self, request: ViewRequest) -> Result<Dropped, Failure> {
        let (view, admin) = (view(&request.view)?, self.admin()?);
        let mut dropped = self.editions_of(&view).await?;
        dropped.retain(|held| held.state != EditionState::Serving);
        for edition in &dropped {
            self.patience().with("Postgres", || swap::discard(&admin, edition)).await?;
        }
        Ok(Dropped { dropped })
    }

    /// What could not be applied.
    pub(super) async fn parked(&self, request: ParkedRequest) -> Result<Parked, Failure> {
        let named = request.view.as_deref().map(view).transpose()?.map(|view| view.name);
        let parked = self.ask(|database| parked_list(database, named, request.limit)).await?;
        Ok(Parked { parked })
    }

    /// Applies what was parked in every edition of the version that this program folds.
    pub(super) async fn redrive(&self, request: ViewRequest) -> Result<Mended, Failure> {
        let (view, admin) = (view(&request.view)?, self.admin()?);
        let mut mended = Vec::new();
        for edition in self.editions_of(&view).await? {
            if edition.version != view.version {
                continue;
            }
            let mut redriven = Redriven::default();
            for stream in view.streams {
                let part = redrive_named(&admin, &view, &edition.edition, stream);
                let part = part.await.map_err(|error| Failure::from(&error))?;
                redriven.applied += part.applied;
                redriven.parked += part.parked;
            }
            mended.push(MendedEdition { edition, redriven });
        }
        Ok(Mended { editions: mended })
    }

    async fn editions_of(&self, view: &View) -> Result<Vec<Edition>, Failure> {
        let mut held = self.ask(editions).await?;
        held.retain(|held| held.projection == view.name);
        Ok(held)
    }

    /// The database as its owner.
    fn admin(&self) -> Result<Database, Failure> {
        self.plane.database(OWNER).map_err(|error| {
            let hint = "editions are made by the owner of the database; run this as the user who made the plane";
            Failure::new(Code::NotLetIn, "cannot change the views", format!("{error:#}"), hint)
        })
    }
}

/// Redrives the view of that name, and forgets what it was, as it was built before.
async fn redrive_named(
    admin: &Database,
    view: &View,
    edition: &str,
    stream: &str,
) -> Result<Redriven, ProjectionError> {
    macro_rules! of {
        ($($view:ident),*) => {
            match view.name {
                $(<$view as helmstream_projections::Projection>::NAME => {
                    let redriven = redrive::<$view>(admin, edition, stream).await?;
                    past::forget::<$view>(admin).await?;
                    Ok(redriven)
                })*
                _ => Err(ProjectionError::NotSetUp { view: view.name }),
            }
        };
    }
    of!(Access, Alias, Approval, DeadLetter, Deadline, Deployment, Ledger, Run)
}

fn view(name: &str) -> Result<View, Failure> {
    View::named(name).ok_or_else(|| {
        let known = VIEWS.map(|view| view.name).join(", ");
        Failure::not_found(format!("there is no view `{name}`"), format!("views are {known}"))
    })
}

/// Up to where the ledger had read EVENTS.
pub(super) fn read_to_of_ledger(lines: &[ProjectionLine]) -> u64 {
    let is_it = |line: &&ProjectionLine| {
        let serves = line.state == EditionState::Serving;
        serves && line.projection == "ledger" && line.stream == "EVENTS"
    };
    lines.iter().find(is_it).map_or(0, |line| line.read_to_seq)
}
