//! The keys of one issuer as they were fetched last. When they are fetched again is decided by the
//! time that whoever asks gives; whose key is known already waits for nobody.

use std::sync::{Arc, PoisonError, RwLock};

use helmstream_schemas::Timestamp;
use tokio::sync::Mutex;

use super::{
    fetch::Fetcher,
    judge::Denied,
    keys::Keys,
    limits::{OIDC_FETCH_EVERY, OIDC_KEYS_AGE, OIDC_KEYS_AGE_MAX},
};

/// What is known of an issuer's keys.
#[derive(Default)]
pub(super) struct Cached {
    held: Arc<RwLock<Option<Held>>>,
    /// When it was last asked, and what went wrong if something did. One asks at a time.
    asked: Arc<Mutex<Option<Asked>>>,
}

#[derive(Clone)]
struct Held {
    keys: Arc<Keys>,
    fetched_at: Timestamp,
}

struct Asked {
    at: Timestamp,
    failed: Option<String>,
}

impl Cached {
    /// The keys, fetched if there are none or they are old.
    pub(super) async fn keys(
        &self,
        fetcher: &Fetcher,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Arc<Keys>, Denied> {
        let held = self.held();
        if let Some(held) =
            held.as_ref().filter(|held| !is_older(held.fetched_at, now, OIDC_KEYS_AGE))
        {
            return Ok(held.keys.clone());
        }
        let fetched = self.fetch(fetcher, issuer, now).await;
        match (fetched, self.held()) {
            (_, Some(held)) if !is_older(held.fetched_at, now, OIDC_KEYS_AGE_MAX) => Ok(held.keys),
            (Err(denied), _) => Err(denied),
            (Ok(()), _) => Err(Denied::Unavailable("its keys are too old".into())),
        }
    }

    /// Other keys than these, in which one is missing: fetched if that is due.
    pub(super) async fn other_than(
        &self,
        known: &Arc<Keys>,
        fetcher: &Fetcher,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Arc<Keys>, Denied> {
        let is_other = |held: &Held| !Arc::ptr_eq(&held.keys, known);
        if let Some(held) = self.held().filter(is_other) {
            return Ok(held.keys);
        }
        // If it cannot be asked now, the key stays unknown.
        let _ = self.fetch(fetcher, issuer, now).await;
        Ok(self.held().map_or_else(|| known.clone(), |held| held.keys))
    }

    /// Asks the issuer, unless it was asked just now. Whoever began it may go away meanwhile: it is
    /// carried to its end all the same, so that it counts as asked.
    async fn fetch(&self, fetcher: &Fetcher, issuer: &str, now: Timestamp) -> Result<(), Denied> {
        let mut asked = self.asked.clone().lock_owned().await;
        let is_recent = |asked: &&Asked| !is_older(asked.at, now, OIDC_FETCH_EVERY);
        if let Some(asked) = asked.as_ref().filter(is_recent) {
            return match &asked.failed {
                Some(detail) => Err(Denied::Unavailable(detail.clone())),
                None => Ok(()),
            };
        }
        let (held, fetcher, issuer) = (self.held.clone(), fetcher.clone(), issuer.to_owned());
        let fetching = tokio::spawn(async move {
            let fetched = fetcher.keys(&issuer).await.map_err(|error| format!("{error:#}"));
            let failed = fetched.as_ref().err().cloned();
            if let Some(cause) = &failed {
                tracing::warn!(issuer, cause, "cannot get the keys of an issuer");
            }
            *asked = Some(Asked { at: now, failed });
            let held_now = Held { keys: Arc::new(fetched?), fetched_at: now };
            *held.write().unwrap_or_else(PoisonError::into_inner) = Some(held_now);
            Ok(())
        });
        let fetched = fetching.await.unwrap_or_else(|error| Err(error.to_string()));
        fetched.map_err(Denied::Unavailable)
    }

    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A clock that was set back makes nothing younger than it is: what seems to come later counts as
/// old.
fn is_older(at: Timestamp, now: Timestamp, age: std::time::Duration) -> bool {
    at > now || now.since(at).is_some_and(|since| since >= age)
}
