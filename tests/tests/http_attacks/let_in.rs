//! Who comes without a token, with one of another, or with one that was forged.

use std::time::Duration;

use helmstream_schemas::{Actor, ActorKind, access::Role};
use helmstream_services::{
    client::token::{Made, Wish},
    clock,
    oidc::FILE,
};
use helmstream_tests::{
    harness::TestPlane,
    issuer::{Issuer, Signer, part},
    patience::eventually,
    running::ALL,
    web::Web,
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Case, Told,
    Wanted::{Harmless, Refused, Unread},
    asked, plane, request, try_all,
};

const NOT_LET_IN: crate::Wanted = Refused(401, "not_let_in");
const RUNS: &str = "/v1/runs";

#[tokio::test]
async fn nobody_comes_in_by_anything_but_a_token_that_is_valid_where_it_belongs() {
    let (plane, web) = plane().await;
    let gone = Web::with_role(&plane, "gone", ActorKind::Human, Role::Admin).await;
    let id = gone.token.split('_').nth(1).expect("an id");
    let told = web.post(&format!("/v1/tokens/{id}/revoke"), &json!({"holder": "gone/tests"})).await;
    assert_eq!(told.body["outcome"], "event", "{told:?}");
    let made = Made::new().expect("there is chance");
    let wish = Wish {
        actor: Actor { id: "brief".into(), kind: ActorKind::Human },
        label: "tests".into(),
        role: Role::Admin,
        scopes: Default::default(),
        expires_at: clock::now().plus(Duration::from_secs(3)),
    };
    let event = ("application/cloudevents+json", made.ask(&wish).event);
    let told = web.try_send(Method::POST, "/v1/events", Some(event)).await.expect("it answers");
    assert_eq!(told.body["outcome"], "event", "{told:?}");
    let brief = Web::with_token(&plane, made.reveal());
    for over in [&gone, &brief] {
        eventually("a token that lets nobody in any more", async || {
            (clock::now() > wish.expires_at && over.get(RUNS).await.status == 401).then_some(())
        })
        .await;
    }
    let cases = keys(&web.token, &gone.token, made.reveal());
    try_all(&plane, &web, cases, 25).await;
}

#[tokio::test]
async fn a_forged_word_of_an_identity_provider_lets_nobody_in() {
    let empty = TestPlane::start_empty().await;
    let issuer = Issuer::start().await;
    let rules = format!(
        "insecure_loopback = true\n[[issuer]]\nissuer = \"{}\"\naudience = \"helmstream\"\nkind = \"human\"\n\
         roles_claim = \"groups\"\n[[issuer.role]]\nvalue = \"everybody\"\nrole = \"admin\"\nscopes = []\n",
        issuer.url
    );
    std::fs::write(empty.plane.directory().join(FILE), rules).expect("a file");
    let plane = empty.into_running(&ALL).await;
    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    let rsa = Signer::new("rsa-1", Algorithm::RS256);
    let signer = Signer::new("ec-1", Algorithm::ES256);
    issuer.show(&[&rsa, &signer]);
    let cases = words(&issuer.url, &rsa, &signer);
    try_all(&plane, &web, cases, 20).await;
    let asked = issuer.asked();
    assert!(asked.len() <= 2, "a forged token makes us ask: {asked:?}");
}

#[tokio::test]
async fn whoever_guesses_is_slowed_down_and_whoever_knows_is_not() {
    let (_plane, web) = plane().await;
    let guess = asked(Made::new().expect("there is chance").reveal(), RUNS);
    let mut told = Vec::new();
    for _ in 0..400 {
        let one = Told::of(&web.raw(&guess).await).expect("one answer");
        let is_over = one.status == 429;
        told.push(one);
        if is_over {
            break;
        }
    }
    let last = told.pop().expect("some were tried");
    assert_eq!((last.status, &last.body["type"]), (429, &json!("urn:helmstream:problem:too_many")));
    assert!(last.head.contains("retry-after: "), "{last:?}");
    assert!(!told.is_empty() && told.iter().all(|one| one.status == 401), "{}", told.len());
    assert_eq!(web.get(RUNS).await.status, 200, "from the same address");
}

fn keys(token: &str, gone: &str, expired: &str) -> Vec<Case> {
    let with = |path: &str, headers: &[(&str, &str)]| request(&format!("GET {path}"), headers, b"");
    let runs = |value: &str| with(RUNS, &[("Authorization", value)]);
    let other_plane = Made::new().expect("there is chance");
    let (prefix, _) = token.rsplit_once('_').expect("three parts");
    let swapped = format!("{prefix}_{}", "A".repeat(43));
    let mut cut = token.to_owned();
    cut.pop();
    let digest = helmstream_core::access::form::digest(token).to_string();
    let large = "x".repeat(17_000);
    vec![
        Case::new("API key none", with(RUNS, &[]), NOT_LET_IN),
        Case::new("empty Authorization", runs(""), NOT_LET_IN),
        Case::new("empty Bearer", runs("Bearer "), NOT_LET_IN),
        Case::new("Bearer without a space", runs("Bearer"), NOT_LET_IN),
        Case::new("Basic", runs("Basic ZGFuYTpkYW5h"), NOT_LET_IN),
        Case::new("Basic with the token", runs(&format!("Basic {token}")), NOT_LET_IN),
        Case::new("token without a scheme", runs(token), NOT_LET_IN),
        Case::new("lower-case scheme", runs(&format!("bearer {token}")), Harmless(200)),
        Case::new("two spaces before the token", runs(&format!("Bearer  {token}")), NOT_LET_IN),
        Case::new("token in quotes", runs(&format!("Bearer \"{token}\"")), NOT_LET_IN),
        Case::new("two tokens in one header", runs(&format!("Bearer {token},{token}")), NOT_LET_IN),
        Case::new(
            "key of other plane",
            runs(&format!("Bearer {}", other_plane.reveal())),
            NOT_LET_IN,
        ),
        Case::new("key revoked", runs(&format!("Bearer {gone}")), NOT_LET_IN),
        Case::new("key expired", runs(&format!("Bearer {expired}")), NOT_LET_IN),
        Case::new("key prefix-only", runs(&format!("Bearer {prefix}_")), NOT_LET_IN),
        Case::new("key with another secret", runs(&format!("Bearer {swapped}")), NOT_LET_IN),
        Case::new("key without its last character", runs(&format!("Bearer {cut}")), NOT_LET_IN),
        Case::new(
            "key in upper case",
            runs(&format!("Bearer {}", token.to_uppercase())),
            NOT_LET_IN,
        ),
        Case::new("digest of the key", runs(&format!("Bearer {digest}")), NOT_LET_IN),
        Case::new(
            "key percent-encoded",
            runs(&format!("Bearer {}", token.replace('_', "%5F"))),
            NOT_LET_IN,
        ),
        Case::new("key in query string", with(&format!("{RUNS}?token={token}"), &[]), NOT_LET_IN),
        Case::new(
            "access_token in query string",
            with(&format!("{RUNS}?access_token={token}"), &[]),
            NOT_LET_IN,
        ),
        Case::new(
            "key in query string of a stream",
            with(&format!("/v1/stream?token={token}"), &[]),
            NOT_LET_IN,
        ),
        Case::new(
            "key in a cookie",
            with(RUNS, &[("Cookie", &format!("token={token}"))]),
            NOT_LET_IN,
        ),
        Case::new("key in X-Api-Key", with(RUNS, &[("X-Api-Key", token)]), NOT_LET_IN),
        Case::new(
            "key in Proxy-Authorization",
            with(RUNS, &[("Proxy-Authorization", &format!("Bearer {token}"))]),
            NOT_LET_IN,
        ),
        Case::new(
            "key as a user of the target",
            request(&format!("GET http://{token}@plane{RUNS}"), &[], b""),
            Refused(400, "bad_request"),
        ),
        Case::new(
            "two Authorization headers with the key first",
            with(
                RUNS,
                &[("Authorization", &format!("Bearer {token}")), ("Authorization", "Basic x")],
            ),
            Refused(400, "bad_request"),
        ),
        Case::new("key that is not ASCII", runs("Bearer hst_ö"), Refused(400, "bad_request")),
        Case::new("key of 17 kB", runs(&format!("Bearer {large}")), NOT_LET_IN),
        Case::new("path that is not there, without a key", with("/v1/nothing", &[]), NOT_LET_IN),
        Case::new("description without a key", with("/v1/openapi.json", &[]), NOT_LET_IN),
    ]
}

fn words(url: &str, rsa: &Signer, signer: &Signer) -> Vec<Case> {
    let now = clock::now().nanos() / 1_000_000_000;
    let claims = |changes: Value| {
        let mut all = json!({
            "iss": url, "aud": "helmstream", "sub": "u-81", "groups": ["everybody"],
            "exp": now + 300, "iat": now, "nbf": now,
        });
        for (name, value) in changes.as_object().expect("an object") {
            match value {
                Value::Null => drop(all.as_object_mut().expect("an object").remove(name)),
                value => all[name] = value.clone(),
            }
        }
        all
    };
    let mut cases = Vec::new();
    let mut row = |row: &str, token: &str, wanted| {
        cases.push(Case::new(row, asked(token, RUNS), wanted));
    };
    let good = signer.token(&claims(json!({})));
    row("JWT as it should be", &good, Harmless(200));
    for spelling in ["none", "None", "NONE", "nOnE"] {
        let header = part(&json!({"alg": spelling, "kid": "ec-1"}));
        let unsigned = format!("{header}.{}.", part(&claims(json!({}))));
        row(&format!("JWT alg {spelling}"), &unsigned, NOT_LET_IN);
    }
    let shared = rsa.public()["n"].as_str().expect("a modulus").to_owned();
    let header = part(&json!({"alg": "HS256", "kid": "rsa-1"}));
    let signed = format!("{header}.{}", part(&claims(json!({}))));
    let key = EncodingKey::from_secret(shared.as_bytes());
    let signature = crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).expect("a key");
    row("JWT HS256 signed with the RSA public key", &format!("{signed}.{signature}"), NOT_LET_IN);
    for (name, changes) in [
        ("expired", json!({"exp": now - 61})),
        ("wrong aud", json!({"aud": "other"})),
        ("missing aud", json!({"aud": null})),
        ("wrong iss", json!({"iss": "https://login.example.com"})),
        ("missing iss", json!({"iss": null})),
        ("nbf in the future", json!({"nbf": now + 3_600})),
        ("exp as string", json!({"exp": (now + 300).to_string()})),
        ("missing exp", json!({"exp": null})),
        ("sub that is reserved", json!({"sub": "operator"})),
        ("no role", json!({"groups": []})),
    ] {
        row(&format!("JWT {name}"), &signer.token(&claims(changes)), NOT_LET_IN);
    }
    let headed = |changes: Value| {
        let mut header = signer.header();
        for (name, value) in changes.as_object().expect("an object") {
            header[name] = value.clone();
        }
        signer.sign(&header, &claims(json!({})))
    };
    for (name, changes) in [
        ("crit", json!({"crit": ["exp"]})),
        ("embedded jwk", json!({"jwk": signer.public()})),
        ("jku", json!({"jku": "https://evil.example.com/keys"})),
        ("x5u", json!({"x5u": "https://evil.example.com/cert"})),
        ("kid ../", json!({"kid": "../../../dev/null"})),
        ("kid SQL", json!({"kid": "' OR 1=1 --"})),
    ] {
        row(&format!("JWT {name}"), &headed(changes), NOT_LET_IN);
    }
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let other = part(&claims(json!({"sub": "u-1"})));
    row("JWT payload swap", &format!("{header}.{other}.{signature}"), NOT_LET_IN);
    let altered = part(&json!({"alg": "ES256", "typ": "at+jwt", "kid": "ec-1"}));
    row("JWT altered header", &format!("{altered}.{payload}.{signature}"), NOT_LET_IN);
    let stranger = Signer::new("ec-1", Algorithm::ES256);
    row("JWT of a stranger's key", &stranger.token(&claims(json!({}))), NOT_LET_IN);
    let long = signer.token(&claims(json!({"more": "x".repeat(1_048_576)})));
    row("JWT of 1 MB", &long, Unread(431));
    cases
}
