//! Events of a unit into what is deployed in it now. What was deployed before is not kept here:
//! every event is an entry, and `chain` derives the rest from the entries.

use helmstream_schemas::{
    Actor, Timestamp,
    deployment::{
        Deployment, DeploymentEvent, Listed, Registered, Resource, Retired, Source, Unit,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A unit as it stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct UnitState {
    /// Absent before the first event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The youngest deployment, retired or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Told>,
    /// How the unit was retired last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Retired>,
    /// What its own registry says it consists of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
    /// How many deployments were registered.
    pub deployments: u32,
    /// Position of the last deployment, or of the first event where there is none; lists are in
    /// this order.
    pub deployed_seq: u64,
    pub last_seq: u64,
}

/// A deployment as it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeploymentTold")]
pub struct Told {
    pub deployment: Deployment,
    pub source: Source,
    pub by: Actor,
    pub told_at: Timestamp,
    /// Since when it is there: when it was deployed, and never later than it was told.
    pub since: Timestamp,
    /// Position of its event.
    pub sequence: u64,
}

/// How a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UnitStanding")]
pub enum Standing {
    /// Something is deployed in it.
    Active,
    /// What was deployed in it is deployed no more.
    Retired,
    /// It was listed, and no deployment was ever told.
    Never,
}

impl UnitState {
    /// Folds the event at `sequence`; whether that changed anything.
    pub fn fold(&mut self, sequence: u64, event: &DeploymentEvent) -> bool {
        if sequence <= self.last_seq {
            return false;
        }
        self.last_seq = sequence;
        match event {
            DeploymentEvent::Registered(e) => {
                self.unit.get_or_insert_with(|| e.unit.clone());
                self.deployments += 1;
                self.deployed_seq = sequence;
                let told = Told::of(sequence, e);
                if self.current.as_ref().is_none_or(|current| current.age() < told.age()) {
                    self.current = Some(told);
                }
            }
            DeploymentEvent::Retired(e) => {
                if self.retired.as_ref().is_none_or(|retired| retired.at < e.at) {
                    self.retired = Some(e.clone());
                }
            }
            DeploymentEvent::Listed(e) => {
                self.unit.get_or_insert_with(|| e.unit.clone());
                if self.deployed_seq == 0 {
                    self.deployed_seq = sequence;
                }
                self.listed = Some(e.clone());
            }
        }
        true
    }

    pub fn standing(&self) -> Standing {
        match (&self.current, &self.retired) {
            (None, _) => Standing::Never,
            (Some(current), Some(retired)) if current.since <= retired.at => Standing::Retired,
            (Some(_), _) => Standing::Active,
        }
    }

    /// What the unit consists of: as its deployment tells it, else as its own registry does.
    pub fn resources(&self) -> &[Resource] {
        let deployed = self.current.iter().map(|current| &current.deployment.resources[..]);
        let listed = self.listed.iter().map(|listed| &listed.resources[..]);
        deployed.chain(listed).find(|resources| !resources.is_empty()).unwrap_or_default()
    }
}

impl Told {
    pub(super) fn of(sequence: u64, event: &Registered) -> Self {
        Self {
            since: event.deployment.since(event.at),
            deployment: event.deployment.clone(),
            source: event.source,
            by: event.by.clone(),
            told_at: event.at,
            sequence,
        }
    }

    /// The order of deployments: by when they were deployed, whatever was told first.
    pub(super) fn age(&self) -> (Timestamp, &str) {
        (self.since, &self.deployment.id)
    }
}

impl Standing {
    pub const ALL: [Standing; 3] = [Self::Active, Self::Retired, Self::Never];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Never => "never",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
