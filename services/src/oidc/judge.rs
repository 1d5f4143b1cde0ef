//! Whether a bearer token lets somebody in, and as whom. Pure: token, keys, rules and the time come
//! in as data. The library is asked for one thing, whether a signature is right; every claim is
//! checked here, because what it leaves unchecked unless told otherwise is more than one would think.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use helmstream_core::access::{Principal, is_actor, principal::is_reserved};
use helmstream_schemas::Timestamp;
use jsonwebtoken::{Algorithm, crypto};
use serde_json::{Map, Value};

use super::{
    config::Rules,
    keys::Keys,
    limits::{OIDC_LEEWAY, OIDC_TOKEN_BYTES_MAX, OIDC_VALUES_MAX},
};

/// Why nobody is let in. For the log of the plane only: who asks is told nothing but no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("it is longer than {OIDC_TOKEN_BYTES_MAX} bytes")]
    TooLong,
    #[error("it is not a signed token: {0}")]
    Malformed(&'static str),
    #[error("its algorithm is none that its issuer may use here")]
    Algorithm,
    #[error("it asks in its header for what is not understood: `{0}`")]
    Header(&'static str),
    #[error("its type is none of a bearer token")]
    Type,
    #[error("it does not say by which key it was signed")]
    NoKey,
    #[error("no key of its issuer has the name it gives")]
    UnknownKey,
    #[error("the key it names is for another algorithm")]
    OtherKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it has no `{0}`")]
    Missing(&'static str),
    #[error("its `{0}` is not in the form it has to be")]
    Claim(&'static str),
    #[error("its issuer is none whose word counts")]
    Issuer,
    #[error("it was made for somebody else")]
    Audience,
    #[error("it expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYet,
    #[error("it has no name under which somebody could act")]
    Actor,
    #[error("the name it gives is another one's")]
    Reserved,
    #[error("nothing it says gives a role")]
    Role,
    #[error("its issuer cannot be asked: {0}")]
    Unavailable(String),
}

/// What a header may not hold: keys that come with the token, places to fetch them from, and what
/// would have to be understood to read it rightly.
const NOT_IN_HEADER: [&str; 8] = ["crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc"];

/// Types of bearer tokens; a logout token or another statement is signed by the same keys.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// Whom a token lets in at this moment.
pub fn judge(token: &str, keys: &Keys, rules: &Rules, now: Timestamp) -> Result<Principal, Denied> {
    let Parts { signed, signature, header, claims } = parts(token)?;
    if let Some(found) = NOT_IN_HEADER.into_iter().find(|name| header.contains_key(*name)) {
        return Err(Denied::Header(found));
    }
    let algorithm = allowed(&header, rules)?;
    match header.get("typ") {
        None => {}
        Some(Value::String(kind)) if TYPES.contains(&&*kind.to_ascii_lowercase()) => {}
        Some(_) => return Err(Denied::Type),
    }
    let name = match header.get("kid") {
        Some(Value::String(name)) => name,
        _ => return Err(Denied::NoKey),
    };
    let key = keys.named(name).ok_or(Denied::UnknownKey)?;
    if !key.is_for(algorithm) {
        return Err(Denied::OtherKey);
    }
    match crypto::verify(signature, signed.as_bytes(), &key.decoding, algorithm) {
        Ok(true) => {}
        Ok(false) | Err(_) => return Err(Denied::Signature),
    }
    if text(&claims, "iss")? != rules.issuer {
        return Err(Denied::Issuer);
    }
    audience(&claims, rules)?;
    times(&claims, now)?;
    text(&claims, "sub")?;
    principal(&claims, rules)
}

/// The issuer that a token names, before anything of it is believed.
pub(super) fn claimed_issuer(token: &str) -> Result<String, Denied> {
    let Parts { claims, .. } = parts(token)?;
    text(&claims, "iss").map(str::to_owned)
}

struct Parts<'a> {
    /// What is signed: header and claims as they came.
    signed: &'a str,
    signature: &'a str,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

fn parts(token: &str) -> Result<Parts<'_>, Denied> {
    if token.len() > OIDC_TOKEN_BYTES_MAX {
        return Err(Denied::TooLong);
    }
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        return Err(Denied::Malformed("it has not three parts"));
    };
    let signed = &token[..header.len() + 1 + claims.len()];
    if URL_SAFE_NO_PAD.decode(signature).is_err() {
        return Err(Denied::Malformed("its signature is no base64url"));
    }
    let (header, claims) = (object(header)?, object(claims)?);
    Ok(Parts { signed, signature, header, claims })
}

fn object(part: &str) -> Result<Map<String, Value>, Denied> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Denied::Malformed("a part of it is no base64url"))?;
    serde_json::from_slice(&bytes).map_err(|_| Denied::Malformed("a part of it is no JSON object"))
}

/// The algorithm, if it is one that was allowed, spelt as it has to be.
fn allowed(header: &Map<String, Value>, rules: &Rules) -> Result<Algorithm, Denied> {
    let name = header.get("alg").cloned().ok_or(Denied::Algorithm)?;
    let algorithm = serde_json::from_value(name).map_err(|_| Denied::Algorithm)?;
    rules.algorithms.contains(&algorithm).then_some(algorithm).ok_or(Denied::Algorithm)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Denied> {
    match claims.get(name) {
        None | Some(Value::Null) => Err(Denied::Missing(name)),
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(Denied::Claim(name)),
    }
}

fn audience(claims: &Map<String, Value>, rules: &Rules) -> Result<(), Denied> {
    let wanted = Value::String(rules.audience.clone());
    let is_for_us = match claims.get("aud") {
        None | Some(Value::Null) => return Err(Denied::Missing("aud")),
        Some(Value::Array(all)) => all.contains(&wanted),
        Some(one @ Value::String(_)) => *one == wanted,
        Some(_) => return Err(Denied::Claim("aud")),
    };
    if is_for_us { Ok(()) } else { Err(Denied::Audience) }
}

/// Issuers' clocks are not ours: both ends are taken with some leeway.
fn times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Denied> {
    let seconds = |name: &'static str| match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        // Whole seconds, or with a fraction; never a text.
        Some(value) => value.as_f64().map(Some).ok_or(Denied::Claim(name)),
    };
    let now = now.nanos() as f64 / 1e9;
    let leeway = OIDC_LEEWAY.as_secs_f64();
    if seconds("exp")?.ok_or(Denied::Missing("exp"))? <= now - leeway {
        return Err(Denied::Expired);
    }
    if seconds("nbf")?.is_some_and(|not_before| not_before > now + leeway) {
        return Err(Denied::NotYet);
    }
    Ok(())
}

fn principal(claims: &Map<String, Value>, rules: &Rules) -> Result<Principal, Denied> {
    let Some(Value::String(name)) = claims.get(&rules.actor_claim) else {
        return Err(Denied::Actor);
    };
    let actor = format!("{}{name}", rules.actor_prefix);
    if name.is_empty() || !is_actor(&actor) {
        return Err(Denied::Actor);
    }
    if is_reserved(&actor) || rules.reserved.contains(&actor) {
        return Err(Denied::Reserved);
    }
    let values: BTreeSet<&str> = match claims.get(&rules.roles_claim) {
        Some(Value::String(one)) => BTreeSet::from([one.as_str()]),
        Some(Value::Array(all)) if all.len() <= OIDC_VALUES_MAX => {
            all.iter().filter_map(Value::as_str).collect()
        }
        _ => return Err(Denied::Role),
    };
    let given = rules.roles.iter().find(|given| values.contains(given.value.as_str()));
    let given = given.ok_or(Denied::Role)?;
    let (role, scopes) = (given.role, given.scopes.clone());
    Ok(Principal { actor, kind: rules.kind, role, scopes })
}
