//! Words of the context `deployment`: what FABER shipped and Helm keeps healthy. The aggregate is
//! the unit (domain, environment, what is deployed); deployments are entries in it, each superseded
//! by the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Hash, Id, Timestamp, actor::Actor};

/// What can be asked of a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentCommand {
    /// Something was deployed.
    Register(Box<Register>),
    /// The unit is deployed no more.
    Retire(Retire),
    /// What the unit consists of, as its own registry tells it.
    List(List),
}

/// What can have happened to a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentEvent {
    /// A deployment of the unit was registered.
    Registered(Box<Registered>),
    /// The unit is deployed no more.
    Retired(Retired),
    /// What the unit consists of was told anew.
    Listed(Listed),
}

/// What is deployed where: one unit is one of these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    pub domain: Domain,
    /// The domain as written, where it is not the canonical word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_text: Option<String>,
    pub environment: Environment,
    /// The environment as written, where it is not the canonical word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_text: Option<String>,
    /// What is deployed: a project, a service, an ARN.
    pub name: String,
}

/// A domain of FABER's and Helm's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    Infrastructure,
    Application,
    Content,
    Design,
    Data,
    Other,
}

/// Where something is deployed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    Prod,
    Staging,
    Test,
    Dev,
    Demo,
    Other,
}

/// One deployment of a unit, as it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// The deployment's own id; given by the plane where its source gave none.
    pub id: String,
    /// When it is said to have been deployed; absent if what was written cannot be read as an
    /// instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<Timestamp>,
    /// The time as written, where it cannot be read as an instant (no zone, for one).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_text: Option<String>,
    /// Who or what deployed it, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_by: Option<String>,
    /// The run that deployed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_item: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faber_plugin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helm_plugin: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    /// Whatever else its source wrote, as it wrote it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// Something a deployment consists of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Resource {
    /// `lambda`, `s3`, or as written.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How a deployment wants to be watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Monitoring {
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helm_manager: Option<String>,
    /// How often, in milliseconds; absent if what was written cannot be read as a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<u64>,
    /// How often, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alert_channels: Vec<String>,
    /// Objectives as written.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub objectives: Map<String, Value>,
}

/// Where a registration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The project's registry of deployments.
    Registry,
    /// What a run said of its release.
    Run,
    /// Somebody registered it by hand or from a pipeline.
    Asked,
}

/// Something was deployed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Register {
    pub unit: Unit,
    pub deployment: Deployment,
    pub source: Source,
    pub by: Actor,
    /// When a door received it, or a run's event was recorded.
    pub at: Timestamp,
    /// Digest of the deployment as told: two registrations of one id are the same if this is.
    pub content: Hash,
}

/// The unit is deployed no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retire {
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the unit consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct List {
    pub unit: Unit,
    pub resources: Vec<Resource>,
    pub by: Actor,
    pub at: Timestamp,
    /// Digest of the registry as told.
    pub content: Hash,
    /// Whatever else the registry says, as it was written.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// A deployment of the unit was registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    pub unit: Unit,
    pub deployment: Deployment,
    pub source: Source,
    pub by: Actor,
    pub at: Timestamp,
    pub content: Hash,
    /// The deployment that was the unit's current one and is not any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// The younger deployment that is the unit's current one and stays it: this one was told late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
}

/// The unit is deployed no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retired {
    /// The deployment that was the unit's current one. One that is told later and is younger, but
    /// older than this, is retired with it.
    pub id: String,
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the unit consists of was told anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    pub unit: Unit,
    pub resources: Vec<Resource>,
    pub by: Actor,
    pub at: Timestamp,
    pub content: Hash,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

impl Deployment {
    /// Since when it is there, if it was told at that instant: never later, because a clock that is
    /// ahead would keep whatever comes next from being the current one.
    pub fn since(&self, told_at: Timestamp) -> Timestamp {
        self.deployed_at.map_or(told_at, |deployed_at| deployed_at.min(told_at))
    }
}

impl Domain {
    /// The domain that a word means, in every spelling met; unknown words are `Other`.
    pub fn read(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "infrastructure" | "infra" => Self::Infrastructure,
            "application" | "app" => Self::Application,
            "content" => Self::Content,
            "design" => Self::Design,
            "data" => Self::Data,
            _ => Self::Other,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Application => "application",
            Self::Content => "content",
            Self::Design => "design",
            Self::Data => "data",
            Self::Other => "other",
        }
    }
}

impl Environment {
    /// The environment that a word means, in every spelling met; unknown words are `Other`.
    pub fn read(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "prod" | "production" => Self::Prod,
            "staging" | "stage" => Self::Staging,
            "test" | "testing" => Self::Test,
            "dev" | "development" => Self::Dev,
            "demo" => Self::Demo,
            _ => Self::Other,
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Staging => "staging",
            Self::Test => "test",
            Self::Dev => "dev",
            Self::Demo => "demo",
            Self::Other => "other",
        }
    }
}

impl Unit {
    /// A unit from words as they are written; a domain or an environment without one is unknown.
    pub fn read(domain: &str, environment: &str, name: &str) -> Self {
        let [domain_text, environment_text] = [domain, environment]
            .map(str::trim)
            .map(|word| if word.is_empty() { UNKNOWN } else { word });
        let (domain, environment) =
            (Domain::read(domain_text), Environment::read(environment_text));
        let beside = |text: &str, word: &str| (text != word).then(|| text.to_owned());
        Self {
            domain,
            domain_text: beside(domain_text, domain.word()),
            environment,
            environment_text: beside(environment_text, environment.word()),
            name: name.trim().to_owned(),
        }
    }

    /// The domain's word; as written where it has none here.
    pub fn domain_word(&self) -> &str {
        match (self.domain, &self.domain_text) {
            (Domain::Other, Some(text)) => text,
            (domain, _) => domain.word(),
        }
    }

    /// The environment's word; as written where it has none here.
    pub fn environment_word(&self) -> &str {
        match (self.environment, &self.environment_text) {
            (Environment::Other, Some(text)) => text,
            (environment, _) => environment.word(),
        }
    }

    /// The domain's word and the environment's as they count: without a meaning here, in lower case.
    pub fn key_words(&self) -> [String; 2] {
        [self.domain_word().to_lowercase(), self.environment_word().to_lowercase()]
    }

    /// The unit's identity, which is the aggregate's: `infrastructure/prod/shop`. Words without a
    /// meaning here count in lower case, and a `/` in them is escaped, so that no two units have one
    /// identity.
    pub fn id_text(&self) -> String {
        let part = |word: String| word.replace('%', "%25").replace('/', "%2F");
        let [domain, environment] = self.key_words().map(part);
        format!("{domain}/{environment}/{}", self.name)
    }

    /// Reads an identity back, its words in any spelling; `None` if it has not three parts.
    pub fn of_id(text: &str) -> Option<Self> {
        let [domain, environment, name] = text.trim().splitn(3, '/').collect::<Vec<_>>()[..] else {
            return None;
        };
        let part = |word: &str| word.replace("%2F", "/").replace("%25", "%");
        (!name.trim().is_empty()).then(|| Self::read(&part(domain), &part(environment), name))
    }
}

/// What stands for a domain or an environment that nobody named.
const UNKNOWN: &str = "unknown";

#[cfg(test)]
mod tests {
    use super::*;

    fn id(domain: &str, environment: &str, name: &str) -> String {
        Unit::read(domain, environment, name).id_text()
    }

    #[test]
    fn every_spelling_of_a_unit_is_one_identity() {
        let one = "infrastructure/prod/shop";
        for (domain, environment) in
            [("infrastructure", "prod"), ("Infra", " Production "), ("INFRASTRUCTURE", "PROD")]
        {
            assert_eq!(id(domain, environment, " shop "), one);
        }
        assert_eq!(id("infra", "QA-2", "shop"), id("infrastructure", "qa-2", "shop"));
        assert_eq!(id("", "", "shop"), "unknown/unknown/shop");
    }

    #[test]
    fn two_units_never_have_one_identity() {
        assert_ne!(id("app", "eu/prod", "x"), id("app", "eu", "prod/x"));
        assert_ne!(id("app", "eu/prod", "x"), id("app", "eu%2Fprod", "x"));
        assert_ne!(id("app", "qa", "Shop"), id("app", "qa", "shop"));
    }

    #[test]
    fn an_identity_reads_back_in_any_spelling() {
        let of = |text: &str| Unit::of_id(text).map(|unit| unit.id_text());
        for id in ["infrastructure/prod/shop", "app/eu%2Fp%252F/x/y", "unknown/qa/arn:x/y"] {
            let whole = of(id).unwrap();
            assert_eq!(of(&whole), Some(whole));
        }
        assert_eq!(of("Infra/Production/shop").as_deref(), Some("infrastructure/prod/shop"));
        for other in ["shop", "prod/shop", "app/prod/", "app/prod/ "] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn what_was_written_is_kept_beside_the_canonical_word() {
        let unit = Unit::read("app", "Production", "shop");
        assert_eq!((unit.domain_text.as_deref(), unit.domain_word()), (Some("app"), "application"));
        assert_eq!(unit.environment_text.as_deref(), Some("Production"));
        let unit = Unit::read("application", "QA", "shop");
        assert_eq!((unit.domain_text, unit.environment), (None, Environment::Other));
    }
}
