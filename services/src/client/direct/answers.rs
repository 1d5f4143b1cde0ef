//! Each question of the client, put to the views; what the views do not hold, to the log.

use std::{collections::BTreeSet, future::Future};

use futures_util::Stream;
use helmstream_core::door::{Cleaner, KEPT_HEADERS};
use helmstream_projections::{
    Database, ProjectionError,
    edition::Edition,
    questions::{
        AsOf, Page,
        approval::{ApprovalFilter, approval_list, approval_show},
        dead_letter::{DeadLetterFilter, DeadLetterWhole, dead_letter_list, dead_letter_show},
        event::{EventFilter, EventName, EventShown, event_list, event_show},
        outcome::{outcome_of_command, outcomes},
        projection::projection_list,
        run::{RunFilter, RunPage, run_list, run_show},
        why::why,
    },
};
use helmstream_schemas::Id;
use helmstream_stream::get;
use uuid::Uuid;

use super::{
    super::{
        Answer, Answered, Client, approval, dead_letter, deployment, diff, event, failure::Failure,
        outcome, past, projection, publish, replay, run, token, verify,
    },
    Direct, decide,
    kinds::{context, kind_of},
    projection::read_to_of_ledger,
    shown::shown,
};

impl Client for Direct {
    async fn run_list(&self, request: run::ListRequest) -> Answered<run::List> {
        let run::ListRequest { statuses, limit, sort, before, at } = request;
        let (order, cursor) = (sort.unwrap_or_default(), before);
        let filter = RunFilter { statuses, order, limit, cursor, past: None };
        let asked = self.ask_at("run", at, |database, past| {
            let filter = RunFilter { past, ..filter.clone() };
            async move { run_list(&database, &filter).await }
        });
        let AsOf { as_of_seq, answer: RunPage { runs, next } } = asked.await?;
        Ok(Answer { as_of_seq, answer: run::List { runs, next } })
    }

    async fn run_show(&self, request: run::ShowRequest) -> Answered<run::Shown> {
        let run::ShowRequest { name, at } = request;
        self.reached(at, &["alias", "ledger", "run"]).await?;
        let AsOf { as_of_seq, answer } = self.ask(|database| run_show(database, &name, at)).await?;
        let (as_of_seq, run) = match answer {
            Some(run) => (as_of_seq, run),
            None => {
                let whole = self.run_beginning_with(&name, at).await?;
                let AsOf { as_of_seq, answer } =
                    self.ask(|database| run_show(database, &whole, at)).await?;
                (as_of_seq, answer.ok_or_else(|| no_run(&name))?)
            }
        };
        let persons =
            run.run.timeline.iter().filter_map(|entry| entry.claim.as_ref()?.person.clone());
        let persons: Vec<String> = persons.collect::<BTreeSet<_>>().into_iter().collect();
        let people = self.people(&persons).await;
        Ok(Answer { as_of_seq, answer: run::Shown { run, people } })
    }

    async fn approval_list(&self, request: approval::ListRequest) -> Answered<approval::List> {
        let approval::ListRequest { standing, run, mine, limit, sort, before, at } = request;
        let asked_by = mine.then(|| self.actor());
        let (order, cursor) = (sort.unwrap_or_default(), before);
        let filter = ApprovalFilter { standing, run, asked_by, order, limit, cursor, past: None };
        let asked = self.ask_at("approval", at, |database, past| {
            let filter = ApprovalFilter { past, ..filter.clone() };
            async move { approval_list(&database, &filter).await }
        });
        let AsOf { as_of_seq, answer: Page { rows: approvals, next } } = asked.await?;
        Ok(Answer { as_of_seq, answer: approval::List { approvals, next } })
    }

    async fn approval_show(&self, request: approval::ShowRequest) -> Answered<approval::Shown> {
        let approval::ShowRequest { name, at } = request;
        self.reached(at, &["ledger"]).await?;
        let AsOf { as_of_seq, answer } =
            self.ask(|database| approval_show(database, &name, at)).await?;
        let shown = answer.ok_or_else(|| {
            let what = format!("no approval is called `{name}`");
            Failure::not_found(what, "`helmstream approval list --all` shows which there are")
        })?;
        Ok(Answer { as_of_seq, answer: shown })
    }

    async fn token_list(&self, request: token::ListRequest) -> Answered<token::List> {
        self.tokens(request).await
    }

    async fn deployment_list(
        &self,
        request: deployment::ListRequest,
    ) -> Answered<deployment::List> {
        self.units(request).await
    }

    async fn deployment_show(
        &self,
        request: deployment::ShowRequest,
    ) -> Answered<deployment::Shown> {
        self.unit(request).await
    }

    async fn moment(&self, when: past::When) -> Result<past::Moment, Failure> {
        self.moment_of(when).await
    }

    async fn past(&self, request: past::Request) -> Result<past::Standing, Failure> {
        self.standing(request).await
    }

    async fn diff(&self, request: diff::Request) -> Answered<diff::Diff> {
        self.changed(request).await
    }

    async fn event_list(&self, request: event::ListRequest) -> Answered<event::List> {
        self.reached(request.at, &["ledger"]).await?;
        let filter = EventFilter {
            context: request.context.as_deref().map(context).transpose()?,
            aggregate: request.aggregate.clone(),
            kind: request
                .kind
                .as_deref()
                .map(|kind| kind_of(kind, request.context.as_deref()))
                .transpose()?,
            about: request.about,
            from_seq: request.from_seq,
            to_seq: request.at,
            before: request.before,
            descends: request.sort.is_some_and(|sort| sort.descends()),
            limit: request.limit,
        };
        let AsOf { as_of_seq, answer: events } =
            self.ask(|database| event_list(database, &filter)).await?;
        let next = events
            .last()
            .filter(|_| events.len() == request.limit as usize)
            .map(|event| event.sequence + u64::from(!filter.descends));
        Ok(Answer { as_of_seq, answer: event::List { events, next } })
    }

    async fn event_show(&self, request: event::ShowRequest) -> Answered<event::Shown> {
        let event::ShowRequest { event, at } = request;
        self.reached(at, &["ledger"]).await?;
        let name = match event {
            event::Name::Id(id) => EventName::Id(id),
            event::Name::Sequence(sequence) => EventName::Sequence(sequence),
        };
        let AsOf { as_of_seq, answer } = self.ask(|database| event_show(database, name)).await?;
        let as_of_seq = at.unwrap_or(as_of_seq);
        let by_then = |event: &EventShown| at.is_none_or(|at| event.line.sequence <= at);
        let event = answer.filter(by_then).ok_or_else(|| no_event(&said(name), as_of_seq))?;
        Ok(Answer { as_of_seq, answer: event::Shown { event } })
    }

    async fn event_why(&self, request: event::WhyRequest) -> Answered<event::Why> {
        let event::WhyRequest { event, at } = request;
        let shown = async |event| {
            let shown = self.event_show(event::ShowRequest { event, at }).await?;
            Ok::<_, Failure>(shown.answer.event.line)
        };
        let id = match event {
            event::Name::Id(id) => id,
            sequence => shown(sequence).await?.id,
        };
        let until = match at {
            Some(at) => Some((at, shown(event::Name::Sequence(at)).await?.recorded_at)),
            None => None,
        };
        let AsOf { as_of_seq, answer } = self.ask(|database| why(database, id, until)).await?;
        let why = answer.ok_or_else(|| no_event(&id.to_string(), as_of_seq))?;
        Ok(Answer { as_of_seq, answer: event::Why { why } })
    }

    fn tail(
        &self,
        request: event::TailRequest,
    ) -> impl Stream<Item = Result<event::Told, Failure>> + Send {
        self.tailed(request)
    }

    async fn dead_letter_list(
        &self,
        request: dead_letter::ListRequest,
    ) -> Answered<dead_letter::List> {
        let dead_letter::ListRequest { all, limit, sort, before } = request;
        let (order, cursor) = (sort.unwrap_or_default(), before);
        let filter = DeadLetterFilter { is_all: all, order, cursor, limit };
        let AsOf { as_of_seq, answer: Page { rows: dead_letters, next } } =
            self.ask(|database| dead_letter_list(database, &filter)).await?;
        Ok(Answer { as_of_seq, answer: dead_letter::List { dead_letters, next } })
    }

    async fn dead_letter_show(
        &self,
        request: dead_letter::ShowRequest,
    ) -> Answered<dead_letter::Shown> {
        let AsOf { as_of_seq, answer: dead_letter } =
            self.dead_letter(request.inbox_sequence).await?;
        let log = self.log().await?;
        let stored = self
            .patience()
            .with("NATS", || get::at(log, "DEADLETTERS", dead_letter.letter.letter.dead_sequence))
            .await?;
        // The plane's own key is not an operator's: under another one no id can be matched.
        let key = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let shown = stored.map(|record| {
            let headers = record.attributes.get(KEPT_HEADERS);
            shown(&Cleaner::new(&key), headers, &record.payload)
        });
        Ok(Answer { as_of_seq, answer: dead_letter::Shown { dead_letter, shown } })
    }

    async fn dead_letter_decide(
        &self,
        request: dead_letter::DecideRequest,
    ) -> Result<dead_letter::Decided, Failure> {
        decide::decide(self, request).await
    }

    async fn projection_list(&self) -> Answered<projection::List> {
        self.standings().await
    }

    async fn projection_make(&self, request: projection::ViewRequest) -> Result<Edition, Failure> {
        self.make_edition(request).await
    }

    async fn projection_swap(
        &self,
        request: projection::SwapRequest,
    ) -> Result<projection::Swapped, Failure> {
        self.swap_editions(request).await
    }

    async fn projection_drop(
        &self,
        request: projection::ViewRequest,
    ) -> Result<projection::Dropped, Failure> {
        self.drop_editions(request).await
    }

    async fn projection_parked(
        &self,
        request: projection::ParkedRequest,
    ) -> Result<projection::Parked, Failure> {
        self.parked(request).await
    }

    async fn projection_redrive(
        &self,
        request: projection::ViewRequest,
    ) -> Result<projection::Mended, Failure> {
        self.redrive(request).await
    }

    async fn replay(&self, request: replay::Request) -> Answered<replay::Page> {
        self.replayed(request).await
    }

    async fn verify(&self, request: verify::Request) -> Answered<verify::Step> {
        self.verified(request).await
    }

    async fn outcome_list(&self, request: outcome::Request) -> Answered<outcome::List> {
        let as_of_seq = read_to_of_ledger(&self.ask(projection_list).await?);
        let sequences = &request.inbox_sequences[..];
        let found = self.ask(|database| outcomes(database, sequences)).await?;
        let mut list: Vec<outcome::Found> = found
            .into_iter()
            .map(|(sequence, outcome)| outcome::Found {
                inbox_sequence: Some(sequence),
                command_id: None,
                outcome,
            })
            .collect();
        for id in request.command_ids {
            let outcome = self.ask(|database| outcome_of_command(database, id)).await?;
            list.push(outcome::Found { inbox_sequence: None, command_id: Some(id), outcome });
        }
        Ok(Answer { as_of_seq, answer: outcome::List { outcomes: list } })
    }

    async fn publish(&self, request: publish::Request) -> Result<publish::Receipt, Failure> {
        self.press().await?.store(request, self.speaks_for.as_ref()).await
    }

    async fn settle(&self, receipt: publish::Receipt) -> Result<publish::Settled, Failure> {
        self.press().await?.settle(receipt).await
    }
}

impl Direct {
    /// Puts a question to the views, and waits for them while they are away.
    pub(super) async fn ask<'a, T, F>(
        &'a self,
        mut question: impl FnMut(&'a Database) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, ProjectionError>>,
    {
        self.patience().with("Postgres", || question(&self.database)).await
    }

    /// The dead letter that a publish became.
    pub(super) async fn dead_letter(
        &self,
        inbox_sequence: u64,
    ) -> Result<AsOf<DeadLetterWhole>, Failure> {
        let AsOf { as_of_seq, answer } =
            self.ask(|database| dead_letter_show(database, inbox_sequence)).await?;
        let answer = answer.ok_or_else(|| {
            let what = format!("no dead letter came of INBOX {inbox_sequence}");
            let hint = "`helmstream deadletter list --all` shows which there are";
            Failure::not_found(what, hint)
        })?;
        Ok(AsOf { as_of_seq, answer })
    }
}

fn said(name: EventName) -> String {
    match name {
        EventName::Id(id) => id.to_string(),
        EventName::Sequence(sequence) => sequence.to_string(),
    }
}

pub(super) fn no_run(name: &Id) -> Failure {
    let hint = "`helmstream run list` shows which there are; what was published just now may need a moment to be seen";
    Failure::not_found(format!("no run is called `{name}`"), hint)
}

fn no_event(name: &str, as_of_seq: u64) -> Failure {
    let hint = format!(
        "the ledger has read up to {as_of_seq}; `helmstream event list` shows what is there"
    );
    Failure::not_found(format!("there is no event {name}"), hint)
}
