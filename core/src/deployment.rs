//! Decisions of the context `deployment`: what is deployed in a unit by now. Deployments are told in
//! any order and from several sources; the youngest is the current one, whatever came first, and the
//! same deployment told twice is one.

use std::collections::BTreeMap;

use helmstream_schemas::{
    Context, Hash, Timestamp,
    deployment::{
        DeploymentCommand, DeploymentEvent, List, Listed, Register, Registered, Retire, Retired,
        Unit,
    },
};
use serde::{Deserialize, Serialize};

use crate::{Decider, Rejection, emit::is_emitted, limits::DEPLOYMENTS_MAX};

/// Decides units.
#[derive(Debug, Clone)]
pub struct Deployment;

/// A unit, as far as decisions need it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeploymentState {
    unit: Option<Unit>,
    /// Every deployment that was registered: the digest of its id, which can be of any length, and
    /// the digest it was told with.
    known: BTreeMap<Hash, Hash>,
    current: Option<Current>,
    /// When the unit was retired last. What was deployed until then is deployed no more, even if it
    /// is told only now.
    retired_at: Option<Timestamp>,
    /// The last list of resources, and when it was told.
    listed: Option<(Hash, Timestamp)>,
}

/// The youngest deployment. Of two of one instant it is the one with the greater id, so that which
/// is told first does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Current {
    since: Timestamp,
    id: String,
}

/// Why a unit does not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeploymentRejection {
    #[error("deployment `{0}` is registered already, with other content")]
    Conflict(String),
    #[error("this unit is {have}, and the command is about {asked}")]
    OtherUnit { have: String, asked: String },
    #[error("the unit holds {DEPLOYMENTS_MAX} deployments, which is as many as one can")]
    Full,
    #[error("nothing was ever deployed in this unit")]
    NothingDeployed,
}

impl Decider for Deployment {
    const CONTEXT: Context = Context::Deployment;
    const STATE_VERSION: u32 = 1;
    type State = DeploymentState;
    type Command = DeploymentCommand;
    type Event = DeploymentEvent;
    type Rejection = DeploymentRejection;

    fn decide(
        state: &DeploymentState,
        command: DeploymentCommand,
    ) -> Result<Vec<DeploymentEvent>, DeploymentRejection> {
        match command {
            DeploymentCommand::Register(register) => decide_register(state, *register),
            DeploymentCommand::Retire(retire) => decide_retire(state, retire),
            DeploymentCommand::List(list) => decide_list(state, list),
        }
    }

    fn evolve(mut state: DeploymentState, event: &DeploymentEvent) -> DeploymentState {
        match event {
            DeploymentEvent::Registered(e) => {
                state.unit.get_or_insert_with(|| e.unit.clone());
                state.known.insert(Hash::of(e.deployment.id.as_bytes()), e.content);
                if e.superseded_by.is_none() {
                    let since = e.deployment.since(e.at);
                    state.current = Some(Current { since, id: e.deployment.id.clone() });
                }
            }
            DeploymentEvent::Retired(e) => state.retired_at = state.retired_at.max(Some(e.at)),
            DeploymentEvent::Listed(e) => {
                state.unit.get_or_insert_with(|| e.unit.clone());
                state.listed = Some((e.content, e.at));
            }
        }
        state
    }
}

impl Rejection for DeploymentRejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::OtherUnit { .. } => "other_unit",
            Self::Full => "unit_full",
            Self::NothingDeployed => "nothing_deployed",
        }
    }
}

fn decide_register(
    state: &DeploymentState,
    register: Register,
) -> Result<Vec<DeploymentEvent>, DeploymentRejection> {
    same_unit(state, &register.unit)?;
    let Register { unit, deployment, source, by, at, content } = register;
    match state.known.get(&Hash::of(deployment.id.as_bytes())) {
        Some(known) if *known == content || is_emitted(&deployment) => return Ok(Vec::new()),
        Some(_) => return Err(DeploymentRejection::Conflict(deployment.id)),
        None if state.known.len() >= DEPLOYMENTS_MAX => return Err(DeploymentRejection::Full),
        None => {}
    }
    let told = Current { since: deployment.since(at), id: deployment.id.clone() };
    let (younger, older) = match &state.current {
        Some(current) if *current > told => (Some(current), None),
        current => (None, current.as_ref()),
    };
    // What was retired before this one was deployed makes way for nothing.
    let older = older.filter(|older| match state.retired_at {
        Some(retired_at) => retired_at < older.since || told.since <= retired_at,
        None => true,
    });
    let superseded_by = younger.map(|current| current.id.clone());
    let supersedes = older.map(|current| current.id.clone());
    Ok(vec![DeploymentEvent::Registered(Box::new(Registered {
        unit,
        deployment,
        source,
        by,
        at,
        content,
        supersedes,
        superseded_by,
    }))])
}

fn decide_retire(
    state: &DeploymentState,
    retire: Retire,
) -> Result<Vec<DeploymentEvent>, DeploymentRejection> {
    let current = state.current.as_ref().ok_or(DeploymentRejection::NothingDeployed)?;
    let Retire { by, at, reason } = retire;
    // It is retired already, or this was meant for what was there before and comes late.
    if state.retired_at.is_some_and(|retired_at| current.since <= retired_at) || at < current.since
    {
        return Ok(Vec::new());
    }
    Ok(vec![DeploymentEvent::Retired(Retired { id: current.id.clone(), by, at, reason })])
}

fn decide_list(
    state: &DeploymentState,
    list: List,
) -> Result<Vec<DeploymentEvent>, DeploymentRejection> {
    same_unit(state, &list.unit)?;
    let List { unit, resources, by, at, content, rest } = list;
    let known = state.listed.is_some_and(|(known, told_at)| known == content || told_at > at);
    let listed = || DeploymentEvent::Listed(Listed { unit, resources, by, at, content, rest });
    Ok(if known { Vec::new() } else { vec![listed()] })
}

/// Two spellings of one environment are one unit.
fn same_unit(state: &DeploymentState, asked: &Unit) -> Result<(), DeploymentRejection> {
    match &state.unit {
        Some(have) if have.id_text() != asked.id_text() => {
            Err(DeploymentRejection::OtherUnit { have: have.id_text(), asked: asked.id_text() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
