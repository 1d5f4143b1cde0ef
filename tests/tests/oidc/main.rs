//! Whom the word of an identity provider lets in: tokens that are as they should be, tokens that are
//! not, each for its own reason, and an issuer that changes its keys, is away, or is not itself.

mod fetched;
mod forged;
mod over_tls;

use helmstream_schemas::Timestamp;
use helmstream_services::oidc::{Config, Rules};
use serde_json::{Value, json};

/// The time at which everything is judged.
pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-02-03T04:05:06Z").expect("a time")
}

pub(crate) fn seconds() -> i64 {
    now().nanos() / 1_000_000_000
}

pub(crate) fn config(issuer: &str, more: &str) -> Config {
    let text = format!(
        r#"
        insecure_loopback = true
        [[issuer]]
        issuer = "{issuer}"
        audience = "helmstream"
        kind = "human"
        roles_claim = "groups"
        {more}
        [[issuer.role]]
        value = "on-call"
        role = "approver"
        scopes = ["run", "approval"]
        [[issuer.role]]
        value = "everybody"
        role = "viewer"
        "#
    );
    Config::read(&text).unwrap_or_else(|error| panic!("{error:#}"))
}

pub(crate) fn rules(issuer: &str) -> Rules {
    config(issuer, "").issuers.remove(0)
}

/// What a token says that is as it should be.
pub(crate) fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": "helmstream", "sub": "u-81", "exp": seconds() + 300,
        "iat": seconds(), "nbf": seconds(), "groups": ["everybody", "on-call"],
    })
}
