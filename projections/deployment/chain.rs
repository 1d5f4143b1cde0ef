//! The deployments of a unit as a chain, derived from its entries: which superseded which and which
//! was retired is the same in whatever order they were told.

use helmstream_schemas::deployment::{DeploymentEvent, Retired};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fold::Told;

/// One event of a unit, as the view keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeploymentEntry")]
pub struct Entry {
    /// Its position on EVENTS.
    pub sequence: u64,
    pub event: DeploymentEvent,
}

/// One deployment among those of its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeploymentLink")]
pub struct Link {
    #[serde(flatten)]
    pub told: Told,
    /// The one that was there until this one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// The one that came in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
    /// How it was retired, if that was what ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Retired>,
}

impl Link {
    /// Whether nothing has ended it.
    pub const fn is_active(&self) -> bool {
        self.superseded_by.is_none() && self.retired.is_none()
    }
}

/// The deployments of a unit, the youngest first.
pub fn chain(entries: Vec<Entry>) -> Vec<Link> {
    let (mut deployments, mut retirements) = (Vec::new(), Vec::new());
    for Entry { sequence, event } in entries {
        match event {
            DeploymentEvent::Registered(e) => deployments.push(Told::of(sequence, &e)),
            DeploymentEvent::Retired(e) => retirements.push(e),
            DeploymentEvent::Listed(_) => {}
        }
    }
    deployments.sort_by(|one, other| one.age().cmp(&other.age()));
    retirements.sort_by_key(|retired| retired.at);
    let mut links: Vec<Link> = Vec::with_capacity(deployments.len());
    let mut coming = deployments.into_iter().peekable();
    while let Some(told) = coming.next() {
        let next = coming.peek();
        let is_of_this = |retired: &&Retired| {
            told.since <= retired.at && next.is_none_or(|next| retired.at < next.since)
        };
        let retired = retirements.iter().find(is_of_this).cloned();
        let next = next.filter(|_| retired.is_none());
        let superseded_by = next.map(|next| next.deployment.id.clone());
        let before = links.last().filter(|before| before.superseded_by.is_some());
        let supersedes = before.map(|before| before.told.deployment.id.clone());
        links.push(Link { told, supersedes, superseded_by, retired });
    }
    links.reverse();
    links
}
