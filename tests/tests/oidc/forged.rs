//! Tokens that were forged, cut, changed, or made for somebody or something else. Each is refused for
//! its own reason, so that none is refused by chance.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use helmstream_core::access::Principal;
use helmstream_schemas::{ActorKind, access::Role};
use helmstream_services::oidc::{Denied, Keys, judge};
use helmstream_tests::issuer::{Signer, part};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use crate::{claims, now, rules, seconds};

const ISSUER: &str = "https://login.example.com";

struct Keyring {
    rsa: Signer,
    ec: Signer,
    ed: Signer,
    keys: Keys,
}

fn keyring() -> Keyring {
    let rsa = Signer::new("rsa-1", Algorithm::RS256);
    let ec = Signer::new("ec-1", Algorithm::ES256);
    let ed = Signer::new("ed-1", Algorithm::EdDSA);
    let set = json!({"keys": [rsa.public(), ec.public(), ed.public()]}).to_string();
    let keys = Keys::read(set.as_bytes()).expect("a set of keys");
    assert_eq!(keys.len(), 3);
    Keyring { rsa, ec, ed, keys }
}

/// The claims with some changed; null takes one away.
fn with(changes: Value) -> Value {
    let mut all = claims(ISSUER);
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(all.as_object_mut().expect("an object").remove(name)),
            value => all[name] = value.clone(),
        }
    }
    all
}

#[test]
fn a_token_that_is_as_it_should_be_lets_in_whom_it_names_with_the_first_role_that_fits() {
    let ring = keyring();
    for signer in [&ring.rsa, &ring.ec, &ring.ed] {
        let told = judge(&signer.token(&claims(ISSUER)), &ring.keys, &rules(ISSUER), now());
        let scopes = ["approval", "run"].map(str::to_owned).into();
        let (kind, role) = (ActorKind::Human, Role::Approver);
        assert_eq!(told, Ok(Principal { actor: "u-81".into(), kind, role, scopes }));
    }
    let fits = [
        with(json!({"aud": ["other", "helmstream"]})),
        with(json!({"nbf": null, "iat": null})),
        with(json!({"nbf": seconds() + 59, "exp": seconds() - 59})),
        with(json!({"exp": seconds() as f64 + 0.5})),
        with(json!({"groups": "everybody"})),
    ];
    for claims in fits {
        let told = judge(&ring.ec.token(&claims), &ring.keys, &rules(ISSUER), now());
        assert!(told.is_ok(), "{claims}: {told:?}");
    }
}

#[test]
fn what_is_forged_or_wrong_is_refused_and_each_for_its_own_reason() {
    let ring = keyring();
    let cases = [headers(&ring), said(&ring), altered(&ring)].concat();
    assert!(cases.len() >= 60, "{}", cases.len());
    for (what, token, wanted) in cases {
        let told = judge(&token, &ring.keys, &rules(ISSUER), now());
        assert_eq!(told, Err(wanted), "{what}");
    }
}

type Case = (String, String, Denied);

fn case(what: &str, token: String, wanted: Denied) -> Case {
    (what.to_owned(), token, wanted)
}

/// Headers that say what they may not.
fn headers(ring: &Keyring) -> Vec<Case> {
    let header = |changes: Value| {
        let mut all = ring.ec.header();
        for (name, value) in changes.as_object().expect("an object") {
            all[name] = value.clone();
        }
        ring.ec.sign(&all, &claims(ISSUER))
    };
    let mut cases = Vec::new();
    for spelling in ["none", "None", "NONE", "nOnE", "none ", ""] {
        let unsigned = format!(
            "{}.{}.",
            part(&json!({"alg": spelling, "kid": "ec-1"})),
            part(&claims(ISSUER))
        );
        cases.push(case(&format!("alg {spelling:?}"), unsigned, Denied::Algorithm));
    }
    // Whoever has the public key has this one too.
    let public = ring.rsa.public();
    for shared in [public["n"].as_str().expect("a modulus").to_owned(), public.to_string()] {
        let signed =
            format!("{}.{}", part(&json!({"alg": "HS256", "kid": "rsa-1"})), part(&claims(ISSUER)));
        let key = EncodingKey::from_secret(shared.as_bytes());
        let signature = crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).expect("a key");
        cases.push(case(
            "HS256 by the public key",
            format!("{signed}.{signature}"),
            Denied::Algorithm,
        ));
    }
    for alg in [
        json!("HS384"),
        json!("ES384"),
        json!("RS512"),
        json!("es256"),
        json!(7),
        json!(null),
        json!(["ES256"]),
    ] {
        cases.push(case(&format!("alg {alg}"), header(json!({"alg": alg})), Denied::Algorithm));
    }
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("jwk", ring.ec.public()),
        ("jku", json!("https://evil.example.com/keys")),
        ("x5u", json!("https://evil.example.com/cert")),
        ("x5c", json!(["MIIB"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
    ] {
        let named = ["crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc"]
            .into_iter()
            .find(|known| *known == name);
        let wanted = Denied::Header(named.expect("a name"));
        cases.push(case(name, header(json!({ name: value })), wanted));
    }
    for kid in [
        "../../../../dev/null",
        "' OR 1=1 --",
        "unknown",
        "",
        "ec-1\u{0}",
        "EC-1",
        "ec-1 ",
        &"k".repeat(9_000),
    ] {
        cases.push(case(
            &format!("kid {kid:.20}"),
            header(json!({"kid": kid})),
            Denied::UnknownKey,
        ));
    }
    for kid in [json!(null), json!(7), json!(["ec-1"])] {
        cases.push(case(&format!("kid {kid}"), header(json!({ "kid": kid })), Denied::NoKey));
    }
    for typ in [json!("logout+jwt"), json!("JWE"), json!(1)] {
        cases.push(case(&format!("typ {typ}"), header(json!({ "typ": typ })), Denied::Type));
    }
    // The key of another algorithm, and another key of the same.
    cases.push(case("another algorithm's key", header(json!({"kid": "rsa-1"})), Denied::OtherKey));
    cases.push(case(
        "an algorithm for another key",
        header(json!({"alg": "RS256"})),
        Denied::OtherKey,
    ));
    let stranger = Signer::new("ec-1", Algorithm::ES256);
    cases.push(case("a stranger's key", stranger.token(&claims(ISSUER)), Denied::Signature));
    cases
}

/// Claims that are missing or wrong, rightly signed.
fn said(ring: &Keyring) -> Vec<Case> {
    let far = seconds() + 3_600;
    let claims = [
        (json!({"iss": null}), Denied::Missing("iss")),
        (json!({"iss": ""}), Denied::Claim("iss")),
        (json!({"iss": [ISSUER]}), Denied::Claim("iss")),
        (json!({"iss": "https://login.example.com/"}), Denied::Issuer),
        (json!({"iss": "https://evil.example.com"}), Denied::Issuer),
        (json!({"aud": null}), Denied::Missing("aud")),
        (json!({"aud": "other"}), Denied::Audience),
        (json!({"aud": []}), Denied::Audience),
        (json!({"aud": ["helmstream2", "Helmstream", ["helmstream"]]}), Denied::Audience),
        (json!({"aud": {"helmstream": true}}), Denied::Claim("aud")),
        (json!({"exp": null}), Denied::Missing("exp")),
        (json!({"exp": far.to_string()}), Denied::Claim("exp")),
        (json!({"exp": true}), Denied::Claim("exp")),
        (json!({"exp": seconds() - 60}), Denied::Expired),
        (json!({"exp": 0}), Denied::Expired),
        (json!({"exp": -1e300}), Denied::Expired),
        (json!({"nbf": seconds() + 61}), Denied::NotYet),
        (json!({"nbf": far}), Denied::NotYet),
        (json!({"nbf": "0"}), Denied::Claim("nbf")),
        (json!({"sub": null}), Denied::Missing("sub")),
        (json!({"sub": 81}), Denied::Claim("sub")),
        (json!({"sub": ""}), Denied::Claim("sub")),
        (json!({"sub": "u 81"}), Denied::Actor),
        (json!({"sub": "u\u{0}81"}), Denied::Actor),
        (json!({"sub": "x".repeat(129)}), Denied::Actor),
        (json!({"sub": "operator"}), Denied::Reserved),
        (json!({"sub": "faber"}), Denied::Reserved),
        (json!({"sub": "helmstream/door"}), Denied::Reserved),
        (json!({"sub": "service:run"}), Denied::Reserved),
        (json!({"groups": null}), Denied::Role),
        (json!({"groups": []}), Denied::Role),
        (json!({"groups": ["admins", "On-Call", "on-call "]}), Denied::Role),
        (json!({"groups": {"on-call": true}}), Denied::Role),
        (json!({"groups": vec!["on-call"; 1_001]}), Denied::Role),
    ];
    let each = claims.into_iter();
    each.map(|(changes, wanted)| case(&changes.to_string(), ring.ec.token(&with(changes)), wanted))
        .collect()
}

/// Tokens of which something was changed after they were signed.
fn altered(ring: &Keyring) -> Vec<Case> {
    let good = ring.ec.token(&claims(ISSUER));
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let other = part(&with(json!({"sub": "u-1"})));
    let tricked = part(&json!({"alg": "ES256", "typ": "at+jwt", "kid": "ec-1"}));
    let not_json = URL_SAFE_NO_PAD.encode("[]");
    let flipped = match signature.as_bytes()[0] {
        b'A' => format!("B{}", &signature[1..]),
        _ => format!("A{}", &signature[1..]),
    };
    let long = ring.ec.token(&with(json!({"more": "x".repeat(16 * 1_024)})));
    let malformed = |what: &str, token: String, why| case(what, token, Denied::Malformed(why));
    let (three, base, object) = (
        "it has not three parts",
        "a part of it is no base64url",
        "a part of it is no JSON object",
    );
    vec![
        case("payload swapped", format!("{header}.{other}.{signature}"), Denied::Signature),
        case("header altered", format!("{tricked}.{payload}.{signature}"), Denied::Signature),
        case("signature altered", format!("{header}.{payload}.{flipped}"), Denied::Signature),
        case("no signature", format!("{header}.{payload}."), Denied::Signature),
        case(
            "a signature of zeros",
            format!("{header}.{payload}.{}", "A".repeat(86)),
            Denied::Signature,
        ),
        case(
            "half a signature",
            format!("{header}.{payload}.{}", &signature[..40]),
            Denied::Signature,
        ),
        case("too long", long, Denied::TooLong),
        malformed("nothing", String::new(), three),
        malformed("two dots missing", good.replace('.', ""), three),
        malformed("one dot missing", format!("{header}.{payload}{signature}"), three),
        malformed("a dot too many", format!("{good}."), three),
        malformed("five parts", format!("{header}..{payload}.{signature}.x"), three),
        malformed("a space before", format!(" {good}"), base),
        malformed("padding", format!("{header}=.{payload}.{signature}"), base),
        malformed("no object", format!("{not_json}.{payload}.{signature}"), object),
        malformed("no claims", format!("{header}.{not_json}.{signature}"), object),
        malformed("a line end", format!("{good}\n"), "its signature is no base64url"),
    ]
}
