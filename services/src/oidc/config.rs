//! `oidc.toml`: whose word counts, and for what. What is not understood is refused with its place,
//! because a rule that is passed over lets somebody in.

use std::{collections::BTreeSet, net::IpAddr, path::PathBuf};

use anyhow::{Result, bail, ensure};
use helmstream_core::access::principal::is_reserved;
use helmstream_schemas::{ActorKind, Context, access::Role};
use jsonwebtoken::Algorithm;
use reqwest::Url;
use serde::Deserialize;

use super::limits::OIDC_ISSUERS_MAX;
use crate::local::credentials;

/// The issuers whose word counts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether an issuer on this machine may be asked without TLS.
    pub insecure_loopback: bool,
    pub issuers: Vec<Rules>,
}

/// By which rules the tokens of one issuer are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub issuer: String,
    /// Certificates of which one has to vouch for the issuer's, in PEM; the system's if absent.
    pub trusted: Option<PathBuf>,
    /// Whom its tokens have to be made for.
    pub audience: String,
    /// Never one whose key is shared: who can check could sign as well.
    pub algorithms: Vec<Algorithm>,
    /// The claim that says as whom somebody acts, and what is put before it.
    pub actor_claim: String,
    pub actor_prefix: String,
    pub kind: ActorKind,
    /// The claim whose values give roles.
    pub roles_claim: String,
    /// The first that fits counts; whoever has none does not come in.
    pub roles: Vec<Given>,
    /// Names under which the plane knows others: nobody comes in as one of them.
    pub reserved: BTreeSet<String>,
}

/// What a value of the claim gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    pub value: String,
    pub role: Role,
    /// Contexts to which the rights are limited; none means all.
    #[serde(default)]
    pub scopes: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    insecure_loopback: bool,
    #[serde(default)]
    issuer: Vec<Issuer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    issuer: String,
    trusted: Option<PathBuf>,
    audience: String,
    #[serde(default = "usual")]
    algorithms: Vec<String>,
    #[serde(default = "subject")]
    actor_claim: String,
    #[serde(default)]
    actor_prefix: String,
    kind: ActorKind,
    roles_claim: String,
    role: Vec<Given>,
}

/// What can be allowed.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

impl Config {
    /// Reads the text of the file.
    pub fn read(text: &str) -> Result<Self> {
        let File { insecure_loopback, issuer } = toml::from_str(text)?;
        ensure!(issuer.len() <= OIDC_ISSUERS_MAX, "more than {OIDC_ISSUERS_MAX} issuers");
        let mut issuers: Vec<Rules> = Vec::new();
        for (index, one) in issuer.into_iter().enumerate() {
            let name = one.issuer.clone();
            let rules = one.checked(insecure_loopback).map_err(|error| {
                error.context(format!("issuer {} (`{}`)", index + 1, name.escape_debug()))
            })?;
            if issuers.iter().any(|known| known.issuer == rules.issuer) {
                bail!("issuer {} (`{}`) is there twice", index + 1, rules.issuer);
            }
            issuers.push(rules);
        }
        Ok(Self { insecure_loopback, issuers })
    }
}

impl Issuer {
    fn checked(self, insecure_loopback: bool) -> Result<Rules> {
        address(&self.issuer, insecure_loopback)?;
        let is_over_tls = self.issuer.starts_with("https:");
        ensure!(
            self.trusted.is_none() || is_over_tls,
            "`trusted` is for an issuer over TLS, and this one is asked without"
        );
        ensure!(!self.audience.is_empty(), "`audience` is empty: any token of it would do");
        ensure!(!self.algorithms.is_empty(), "`algorithms` is empty: nothing could be signed");
        let algorithms = self.algorithms.iter().map(|name| algorithm(name));
        let algorithms = algorithms.collect::<Result<Vec<_>>>()?;
        ensure!(!self.actor_claim.is_empty(), "`actor_claim` is empty");
        ensure!(!self.roles_claim.is_empty(), "`roles_claim` is empty");
        ensure!(!is_reserved(&self.actor_prefix), "`actor_prefix` is kept for the plane itself");
        ensure!(!self.role.is_empty(), "there is no `[[issuer.role]]`: nobody could come in");
        for given in &self.role {
            let of_agent = matches!(given.role, Role::Approver | Role::Admin);
            if self.kind == ActorKind::Agent && of_agent {
                bail!("an agent cannot have role `{}`", given.role.word());
            }
            let unknown = given.scopes.iter().find(|scope| Context::named(scope).is_none());
            if let Some(scope) = unknown {
                let known = Context::ALL.map(Context::name).join(", ");
                bail!("there is no context `{}`; contexts are {known}", scope.escape_debug());
            }
        }
        let reserved = credentials::users()?.into_iter().map(|user| user.actor);
        Ok(Rules {
            issuer: self.issuer,
            trusted: self.trusted,
            audience: self.audience,
            algorithms,
            actor_claim: self.actor_claim,
            actor_prefix: self.actor_prefix,
            kind: self.kind,
            roles_claim: self.roles_claim,
            roles: self.role,
            reserved: reserved.collect(),
        })
    }
}

/// An address that may be asked: over TLS, or on this very machine if that was said.
pub(super) fn address(text: &str, insecure_loopback: bool) -> Result<Url> {
    let url = Url::parse(text)?;
    ensure!(url.username().is_empty() && url.password().is_none(), "an address has no user in it");
    ensure!(url.query().is_none() && url.fragment().is_none(), "it has a `?` or `#` in it");
    let host = url.host_str().unwrap_or_default();
    let is_loopback =
        host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback && insecure_loopback => Ok(url),
        "http" if is_loopback => {
            bail!("`{text}` is without TLS; on this machine `insecure_loopback = true` allows it")
        }
        _ => bail!("`{}` does not begin with https://", text.escape_debug()),
    }
}

fn algorithm(name: &str) -> Result<Algorithm> {
    let found = ALGORITHMS.iter().find(|(known, _)| *known == name);
    found.map(|(_, algorithm)| *algorithm).ok_or_else(|| {
        let known = ALGORITHMS.map(|(known, _)| known).join(", ");
        anyhow::anyhow!("`{}` is no algorithm that can be allowed: {known}", name.escape_debug())
    })
}

fn usual() -> Vec<String> {
    ["RS256", "ES256", "EdDSA"].map(str::to_owned).into()
}

fn subject() -> String {
    "sub".to_owned()
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
