//! An issuer that is asked over HTTP: how often, what is believed of it, and what is done while it
//! cannot be asked.

use std::time::Duration;

use futures_util::FutureExt;
use helmstream_schemas::Timestamp;
use helmstream_services::oidc::{Denied, Oidc};
use helmstream_tests::issuer::{Answer, DISCOVERY, Issuer, Signer};
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::{claims, config, now};

fn after(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn oidc(issuer: &Issuer) -> Oidc {
    Oidc::new(config(&issuer.url, "")).expect("it can ask")
}

/// As whom a key's token lets somebody in at a time, with claims that hold for a week.
async fn whom(
    oidc: &Oidc,
    issuer: &Issuer,
    signer: &Signer,
    at: Timestamp,
) -> Result<String, Denied> {
    let mut claims = claims(&issuer.url);
    claims["exp"] = json!(after(7 * 86_400).nanos() / 1_000_000_000);
    oidc.admit(&signer.token(&claims), at).await.map(|principal| principal.actor)
}

fn asked_for_keys(issuer: &Issuer) -> usize {
    issuer.asked().iter().filter(|path| *path == "/keys").count()
}

#[tokio::test]
async fn keys_are_fetched_once_and_a_key_that_nobody_knows_once_a_minute_at_most() {
    let issuer = Issuer::start().await;
    let (old, new) = (Signer::new("a", Algorithm::ES256), Signer::new("b", Algorithm::EdDSA));
    issuer.show(&[&old]);
    let oidc = oidc(&issuer);
    for second in 0..5 {
        assert_eq!(whom(&oidc, &issuer, &old, after(second)).await.as_deref(), Ok("u-81"));
    }
    assert_eq!(issuer.asked(), [DISCOVERY, "/keys"]);
    // It changes its keys; what nobody knows yet waits for the minute to be over.
    issuer.show(&[&new]);
    for second in [6, 30, 59] {
        assert_eq!(whom(&oidc, &issuer, &new, after(second)).await, Err(Denied::UnknownKey));
    }
    assert_eq!(asked_for_keys(&issuer), 1);
    assert_eq!(whom(&oidc, &issuer, &new, after(60)).await.as_deref(), Ok("u-81"));
    assert_eq!(asked_for_keys(&issuer), 2);
    assert_eq!(whom(&oidc, &issuer, &old, after(61)).await, Err(Denied::UnknownKey), "taken back");
    let stranger = Signer::new("../../etc/passwd", Algorithm::ES256);
    for second in 62..119 {
        assert_eq!(whom(&oidc, &issuer, &stranger, after(second)).await, Err(Denied::UnknownKey));
    }
    assert_eq!(asked_for_keys(&issuer), 2, "nobody makes us ask more often");
    assert!(issuer.asked().iter().all(|path| path == DISCOVERY || path == "/keys"));
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_gone_within_the_hour() {
    let issuer = Issuer::start().await;
    let (old, new) = (Signer::new("a", Algorithm::ES256), Signer::new("b", Algorithm::ES256));
    issuer.show(&[&old, &new]);
    let oidc = oidc(&issuer);
    assert!(whom(&oidc, &issuer, &old, now()).await.is_ok());
    issuer.show(&[&new]);
    assert!(whom(&oidc, &issuer, &old, after(3_599)).await.is_ok());
    assert_eq!(whom(&oidc, &issuer, &old, after(3_600)).await, Err(Denied::UnknownKey));
}

#[tokio::test]
async fn an_issuer_may_be_away_for_a_night_and_not_for_longer() {
    let issuer = Issuer::start().await;
    let signer = Signer::new("a", Algorithm::ES256);
    issuer.show(&[&signer]);
    let oidc = oidc(&issuer);
    assert!(whom(&oidc, &issuer, &signer, now()).await.is_ok());
    issuer.answer_instead(DISCOVERY, (503, String::new(), "away".into()));
    assert!(whom(&oidc, &issuer, &signer, after(86_399)).await.is_ok());
    let told = whom(&oidc, &issuer, &signer, after(86_400 + 60)).await;
    assert!(matches!(&told, Err(Denied::Unavailable(why)) if why.contains("503")), "{told:?}");
    issuer.answer_rightly();
    assert!(whom(&oidc, &issuer, &signer, after(86_400 + 120)).await.is_ok(), "it is back");
}

#[tokio::test]
async fn an_issuer_that_is_not_itself_or_leads_elsewhere_is_not_believed() {
    let (issuer, elsewhere) = (Issuer::start().await, Issuer::start().await);
    let signer = Signer::new("a", Algorithm::ES256);
    issuer.show(&[&signer]);
    elsewhere.show(&[&signer]);
    let discovery = |issuer: &str, keys: &str| {
        (200, String::new(), json!({"issuer": issuer, "jwks_uri": keys}).to_string())
    };
    let keys = format!("{}/keys", issuer.url);
    let redirect = |to: &str| (302, format!("location: {to}\r\n"), String::new());
    let cases: [(&str, Answer, &str); 13] = [
        (DISCOVERY, discovery(&elsewhere.url, &keys), "another issuer"),
        (DISCOVERY, discovery(&format!("{}/", issuer.url), &keys), "another issuer"),
        (DISCOVERY, discovery(&issuer.url, "http://login.example.com/keys"), "https://"),
        (DISCOVERY, discovery(&issuer.url, "http://localhost:1/keys"), "https://"),
        (DISCOVERY, discovery(&issuer.url, "file:///etc/passwd"), "https://"),
        (DISCOVERY, discovery(&issuer.url, "http://169.254.169.254/keys"), "https://"),
        (DISCOVERY, redirect(&format!("{}{DISCOVERY}", elsewhere.url)), "302"),
        (DISCOVERY, (200, String::new(), "<html>".into()), "no discovery document"),
        (DISCOVERY, (200, String::new(), "x".repeat(256 * 1_024 + 1)), "over the limit"),
        ("/keys", redirect(&format!("{}/keys", elsewhere.url)), "302"),
        ("/keys", (404, String::new(), String::new()), "404"),
        ("/keys", (200, String::new(), "{\"keys\":[]}".into()), "none of its keys"),
        ("/keys", (200, String::new(), "{\"keys\":7}".into()), "cannot be read"),
    ];
    for (path, answer, why) in cases {
        issuer.answer_rightly();
        issuer.answer_instead(path, answer);
        let told = whom(&oidc(&issuer), &issuer, &signer, now()).await;
        assert!(
            matches!(&told, Err(Denied::Unavailable(said)) if said.contains(why)),
            "{why}: {told:?}"
        );
    }
    assert_eq!(elsewhere.asked(), [""; 0], "nobody was led there");
    issuer.answer_rightly();
    assert!(whom(&oidc(&issuer), &issuer, &signer, now()).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_is_not_named_is_never_asked() {
    let (issuer, stranger) = (Issuer::start().await, Issuer::start().await);
    let signer = Signer::new("a", Algorithm::ES256);
    issuer.show(&[&signer]);
    stranger.show(&[&signer]);
    let oidc = oidc(&issuer);
    let token = signer.token(&claims(&stranger.url));
    assert_eq!(oidc.admit(&token, now()).await, Err(Denied::Issuer));
    assert_eq!((stranger.asked().len(), issuer.asked().len()), (0, 0));
    assert_eq!(
        oidc.admit("hst_a_b", now()).await,
        Err(Denied::Malformed("it has not three parts"))
    );
}

/// Fetch in the asker's own task to see this red.
#[tokio::test]
async fn whoever_asks_and_goes_away_does_not_make_us_ask_again() {
    let issuer = Issuer::start().await;
    let signer = Signer::new("a", Algorithm::ES256);
    issuer.show(&[&signer]);
    let oidc = oidc(&issuer);
    for _ in 0..20 {
        // Begun, and given up before anything can have come back.
        assert!(whom(&oidc, &issuer, &signer, now()).now_or_never().is_none());
    }
    assert!(whom(&oidc, &issuer, &signer, now()).await.is_ok());
    assert_eq!(issuer.asked(), [DISCOVERY, "/keys"]);
}

#[tokio::test]
async fn one_that_cannot_be_asked_is_not_asked_again_at_once() {
    let issuer = Issuer::start().await;
    let signer = Signer::new("a", Algorithm::ES256);
    issuer.show(&[&signer]);
    issuer.answer_instead(DISCOVERY, (500, String::new(), String::new()));
    let oidc = oidc(&issuer);
    for second in 0..30 {
        let told = whom(&oidc, &issuer, &signer, after(second)).await;
        assert!(matches!(told, Err(Denied::Unavailable(_))), "{told:?}");
    }
    assert_eq!(issuer.asked().len(), 1);
    issuer.answer_rightly();
    assert!(whom(&oidc, &issuer, &signer, after(60)).await.is_ok());
}
