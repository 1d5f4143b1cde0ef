//! The view `deployment`: one row a unit with what is deployed in it now, and which units hold which
//! deployment. What superseded what is not stored: `chain` derives it from the unit's events, as
//! the ledger holds them, when it is shown.

pub mod chain;
pub mod fold;

use helmstream_schemas::{Context, Record, deployment::DeploymentEvent};

use crate::{
    columns::{json_back, seq, text, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::{Session, Value},
};

pub use chain::{Entry, Link, chain};
pub use fold::{Standing, Told, UnitState};

/// The projection of what is deployed.
pub struct Deployment;

impl Projection for Deployment {
    const NAME: &'static str = "deployment";
    const VERSION: u32 = 1;
    const READS: Reads = Reads::Subjects(&["evt.deployment.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    const KEY: Option<&'static str> = Some("id");
    /// `None` is the refusal of a command.
    type Event = Option<DeploymentEvent>;
    type Kept = KeptRows<UnitState>;

    fn read(record: &Record) -> Result<Self::Event, Unfit> {
        Ok(told::<DeploymentEvent>(record, Context::Deployment)?.1)
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Self::Event>>,
    ) -> Result<(), ProjectionError> {
        append(session, &batch).await?;
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Deployment {
    type Row = UnitState;

    fn fold(state: &mut UnitState, record: &Record, event: Self::Event) -> bool {
        event.is_some_and(|event| state.fold(record.sequence, &event))
    }

    fn weight(state: &UnitState) -> usize {
        let listed = state.listed.as_ref().map_or(0, |listed| listed.resources.len());
        size_of::<UnitState>() + 2_048 + (listed + state.resources().len()) * 256
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, UnitState)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&ids]).await?;
        rows.iter()
            .map(|row| {
                let subject = format!("evt.deployment.{}", row.get::<_, &str>("id"));
                Ok((subject, state_back(row.get("state"))?))
            })
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &UnitState)],
    ) -> Result<(), ProjectionError> {
        fn all<T>(rows: &[(&str, &UnitState)], column: impl Fn(&UnitState) -> T) -> Vec<T> {
            rows.iter().map(|(_, state)| column(state)).collect()
        }
        let ids: Vec<&str> = rows.iter().map(|(subject, _)| token_of(subject)).collect();
        let words = |state: &UnitState| {
            let words = state.unit.as_ref().map(|unit| unit.key_words()).unwrap_or_default();
            words.map(|word| text(&word).into_owned())
        };
        session
            .execute(
                include_str!("store.sql"),
                &[
                    &ids,
                    &all(rows, |state| words(state)[0].clone()),
                    &all(rows, |state| words(state)[1].clone()),
                    &all(rows, |state| state.standing().word()),
                    &all(rows, |state| seq(state.deployed_seq)),
                    &all(rows, |state| seq(state.last_seq)),
                    &all(rows, |state| {
                        serde_json::to_string(state).expect("a state has only texts for keys")
                    }),
                ],
            )
            .await
            .map(drop)
    }
}

/// Appends which deployments a batch registers.
async fn append(
    session: &mut Session,
    batch: &[Fit<'_, Option<DeploymentEvent>>],
) -> Result<(), ProjectionError> {
    let (mut deployments, mut ids, mut sequences) = (Vec::new(), Vec::new(), Vec::new());
    for fit in batch {
        if let Some(DeploymentEvent::Registered(e)) = &fit.event {
            deployments.push(text(&e.deployment.id));
            ids.push(token_of(&fit.record.subject));
            sequences.push(seq(fit.record.sequence));
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    let values: &[Value<'_>] = &[&deployments, &ids, &sequences];
    session.execute(include_str!("append.sql"), values).await.map(drop)
}

/// A unit as it stands in its column.
pub(crate) fn state_back(column: &str) -> Result<UnitState, ProjectionError> {
    json_back("deployment", column)
}
