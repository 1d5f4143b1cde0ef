//! Asks an issuer for its keys: where they are (OpenID Connect Discovery), then for them. Over TLS,
//! without following anybody elsewhere, with bounds in time and size.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Certificate, Client, StatusCode, Url};
use serde::Deserialize;

use super::{
    config::address,
    keys::Keys,
    limits::{OIDC_DOCUMENT_BYTES_MAX, OIDC_FETCH_TIMEOUT},
};
use crate::outward;

/// What can ask one issuer.
#[derive(Clone)]
pub(super) struct Fetcher {
    client: Client,
    insecure_loopback: bool,
}

/// What of the discovery document counts.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    /// `trusted` is a file of the only certificates by which the issuer's is believed; without one
    /// those of the system count.
    pub(super) fn new(insecure_loopback: bool, trusted: Option<&Path>) -> Result<Self> {
        let mut builder = outward::client(OIDC_FETCH_TIMEOUT).https_only(!insecure_loopback);
        if let Some(file) = trusted {
            builder = builder.tls_certs_only(certificates(file)?);
        }
        let client = builder.build().context("cannot ask issuers")?;
        Ok(Self { client, insecure_loopback })
    }

    /// The keys of an issuer as it gives them now.
    pub(super) async fn keys(&self, issuer: &str) -> Result<Keys> {
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = self.document(&place).await?;
        let discovered: Discovered = serde_json::from_slice(&document)
            .with_context(|| format!("{place} is no discovery document"))?;
        ensure!(discovered.issuer == issuer, "{place} speaks for another issuer");
        let document = self.document(&discovered.jwks_uri).await?;
        let keys = Keys::read(&document);
        let keys = keys.map_err(|detail| anyhow::anyhow!("its keys cannot be read: {detail}"))?;
        ensure!(!keys.is_empty(), "none of its keys can be used");
        Ok(keys)
    }

    async fn document(&self, place: &str) -> Result<Vec<u8>> {
        let url: Url = address(place, self.insecure_loopback)?;
        let cannot = || format!("cannot get {}", url.as_str().escape_debug());
        let mut response = self.client.get(url.clone()).send().await.with_context(cannot)?;
        if response.status() != StatusCode::OK {
            bail!("{}: it answers {}", cannot(), response.status());
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.with_context(cannot)? {
            if document.len() + chunk.len() > OIDC_DOCUMENT_BYTES_MAX {
                bail!("{}: it is over the limit of {OIDC_DOCUMENT_BYTES_MAX} bytes", cannot());
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

/// The certificates of a file; at least one, because none would let nobody in and not say why.
fn certificates(file: &Path) -> Result<Vec<Certificate>> {
    let cannot = || format!("cannot trust {}", file.display());
    let certificates = outward::certificates(file).with_context(cannot)?;
    ensure!(!certificates.is_empty(), "{}: there is no certificate in it", cannot());
    Ok(certificates)
}
