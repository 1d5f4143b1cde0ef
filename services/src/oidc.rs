//! Who comes in by the word of an identity provider: bearer tokens of OpenID Connect, of any issuer
//! that `oidc.toml` names. Deciding is pure (`judge`); fetching what is decided by stands around it
//! (`fetch`), and is done seldom (`cache`). No session, no login: others do that.

mod cache;
pub mod config;
mod fetch;
pub mod judge;
pub mod keys;
pub mod limits;

use std::path::Path;

use anyhow::{Context, Result};
use helmstream_core::access::Principal;
use helmstream_schemas::Timestamp;

use self::{cache::Cached, fetch::Fetcher};
pub use self::{
    config::{Config, Rules},
    judge::{Denied, judge},
    keys::Keys,
};
use crate::client::{Code, Failure};

/// The file in a plane's directory that names the issuers.
pub const FILE: &str = "oidc.toml";

/// Every issuer whose word counts, with what is known of its keys.
pub struct Oidc {
    issuers: Vec<Issuer>,
}

struct Issuer {
    rules: Rules,
    keys: Cached,
    fetcher: Fetcher,
}

impl Oidc {
    /// The issuers of a plane; `None` if it names none.
    pub fn open(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let unusable = |error: anyhow::Error| {
            let what = format!("cannot use {}", path.display());
            let hint = "docs/guides/tokens.md says what may stand there";
            Failure::new(Code::Setting, what, format!("{error:#}"), hint)
        };
        let mut config = Config::read(&text).map_err(unusable)?;
        // A path is one from where the file lies.
        let files = config.issuers.iter_mut().filter_map(|rules| rules.trusted.as_mut());
        files.for_each(|file| *file = directory.join(&file));
        Ok(Some(Self::new(config).map_err(unusable)?))
    }

    pub fn new(config: Config) -> Result<Self> {
        let insecure_loopback = config.insecure_loopback;
        let issuer = |rules: Rules| {
            let fetcher = Fetcher::new(insecure_loopback, rules.trusted.as_deref());
            let named = || format!("issuer `{}`", rules.issuer.escape_debug());
            let fetcher = fetcher.with_context(named)?;
            Ok(Issuer { rules, keys: Cached::default(), fetcher })
        };
        Ok(Self { issuers: config.issuers.into_iter().map(issuer).collect::<Result<_>>()? })
    }

    /// Whom a token lets in at this moment. What it says of its issuer before anybody has looked at
    /// its signature only chooses by whose rules and keys it is judged.
    pub async fn admit(&self, token: &str, now: Timestamp) -> Result<Principal, Denied> {
        let claimed = judge::claimed_issuer(token)?;
        let named = |issuer: &&Issuer| issuer.rules.issuer == claimed;
        let Issuer { rules, keys, fetcher } =
            self.issuers.iter().find(named).ok_or(Denied::Issuer)?;
        let held = keys.keys(fetcher, &rules.issuer, now).await?;
        match judge(token, &held, rules, now) {
            // Its issuer may have changed its keys.
            Err(Denied::UnknownKey) => {
                let fresh = keys.other_than(&held, fetcher, &rules.issuer, now).await?;
                judge(token, &fresh, rules, now)
            }
            judged => judged,
        }
    }
}
