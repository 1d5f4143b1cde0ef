//! The keys of an issuer: what of its set can check a signature, by name. A name out of a token is
//! looked up here and used for nothing else.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::limits::{OIDC_KEY_ID_BYTES_MAX, OIDC_KEYS_MAX, OIDC_RSA_BYTES_MAX, OIDC_RSA_BYTES_MIN};

/// The keys of an issuer, by their names.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<String, Key>);

/// A key, and what it can check.
#[derive(Debug, Clone)]
pub struct Key {
    pub(super) decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Keys {
    /// Reads a set of keys (RFC 7517). What cannot check a signature of ours is left out: a key that
    /// is there for something else, one that is shared, one too weak, one without a name. Of two
    /// keys with one name the first counts.
    pub fn read(document: &[u8]) -> Result<Self, String> {
        let set: Set = serde_json::from_slice(document).map_err(|error| error.to_string())?;
        if set.keys.len() > OIDC_KEYS_MAX {
            return Err(format!("{} keys are over the limit of {OIDC_KEYS_MAX}", set.keys.len()));
        }
        let mut keys = BTreeMap::new();
        for (name, key) in set.keys.into_iter().filter_map(usable) {
            keys.entry(name).or_insert(key);
        }
        Ok(Self(keys))
    }

    pub(super) fn named(&self, name: &str) -> Option<&Key> {
        self.0.get(name)
    }

    /// How many can be used.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Key {
    /// Whether a signature of this algorithm can be checked by it.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

fn usable(value: Value) -> Option<(String, Key)> {
    let operations = value.get("key_ops").and_then(Value::as_array);
    let can_verify = operations.is_none_or(|all| all.iter().any(|one| one == "verify"));
    let declared = value.get("alg").cloned();
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let is_for_signatures =
        matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    if !is_for_signatures || !can_verify {
        return None;
    }
    let name = jwk.common.key_id.clone()?;
    let mut algorithms = of_parameters(&jwk.algorithm)?;
    if let Some(declared) = declared {
        let declared: Algorithm = serde_json::from_value(declared).ok()?;
        algorithms.retain(|algorithm| *algorithm == declared);
    }
    let is_named = (1..=OIDC_KEY_ID_BYTES_MAX).contains(&name.len());
    if algorithms.is_empty() || !is_named {
        return None;
    }
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    Some((name, Key { decoding, algorithms }))
}

/// What a key of this type can check.
fn of_parameters(parameters: &AlgorithmParameters) -> Option<Vec<Algorithm>> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            let bytes = modulus.iter().skip_while(|byte| **byte == 0).count();
            let is_sound = (OIDC_RSA_BYTES_MIN..=OIDC_RSA_BYTES_MAX).contains(&bytes);
            is_sound.then(|| vec![RS256, RS384, RS512, PS256, PS384, PS512])
        }
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => Some(vec![ES256]),
            EllipticCurve::P384 => Some(vec![ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(pair) => {
            // The library takes the first 32 bytes, and does not mind that there are less until then.
            let is_whole = URL_SAFE_NO_PAD.decode(&pair.x).is_ok_and(|key| key.len() == 32);
            (pair.curve == EllipticCurve::Ed25519 && is_whole).then(|| vec![EdDSA])
        }
        // A shared key: whoever can check could sign.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(keys: Value) -> Vec<String> {
        let document = json!({ "keys": keys }).to_string();
        Keys::read(document.as_bytes()).unwrap().0.into_keys().collect()
    }

    fn ec(name: &str) -> Value {
        // The base point of P-256.
        json!({
            "kty": "EC", "crv": "P-256", "kid": name,
            "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
            "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
        })
    }

    #[test]
    fn what_cannot_check_a_signature_of_ours_is_left_out() {
        let with = |field: &str, value: Value| {
            let mut key = ec("b");
            key[field] = value;
            key
        };
        let weak = json!({"kty": "RSA", "kid": "weak", "n": URL_SAFE_NO_PAD.encode([255; 128]), "e": "AQAB"});
        let padded = [[0; 128], [255; 128]].concat();
        let padded = json!({"kty": "RSA", "kid": "padded", "n": URL_SAFE_NO_PAD.encode(padded), "e": "AQAB"});
        let huge = json!({"kty": "RSA", "kid": "huge", "n": URL_SAFE_NO_PAD.encode(vec![255; 1_025]), "e": "AQAB"});
        let keys = json!([
            ec("a"),
            with("use", json!("enc")),
            with("key_ops", json!(["deriveBits"])),
            with("alg", json!("ES384")),
            with("alg", json!("HS256")),
            with("alg", json!("ECDH-ES")),
            with("kid", json!("")),
            with("kid", json!("k".repeat(257))),
            with("crv", json!("P-521")),
            with("crv", json!("secp256k1")),
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
            {"kty": "RSA"},
            {"kty": "OKP", "crv": "Ed25519", "kid": "short", "x": "AAAA"},
            {"kty": "OKP", "crv": "Ed448", "kid": "other", "x": URL_SAFE_NO_PAD.encode([1; 32])},
            weak, padded, huge, 7, null,
        ]);
        assert_eq!(names(keys), ["a"]);
        let sound = json!({"kty": "RSA", "kid": "sound", "n": URL_SAFE_NO_PAD.encode([255; 256]), "e": "AQAB"});
        assert_eq!(names(json!([sound])), ["sound"]);
    }

    #[test]
    fn a_set_has_a_form_and_a_bound() {
        for bad in ["", "[]", "{}", "{\"keys\":{}}", "<html>"] {
            assert!(Keys::read(bad.as_bytes()).is_err(), "{bad}");
        }
        let many: Vec<Value> = (0..=OIDC_KEYS_MAX).map(|n| ec(&n.to_string())).collect();
        let document = json!({ "keys": many }).to_string();
        assert!(Keys::read(document.as_bytes()).is_err());
    }
}
