//! Whom a token lets in, and whom it does not.

use std::time::Duration;

use helmstream_schemas::{
    Actor, ActorKind, Attributes, Context,
    access::{Created, Revoked, Role},
    attributes::{self as ce, Kind},
};

use super::*;

fn now() -> Timestamp {
    Timestamp::parse("2026-02-03T04:05:06Z").unwrap()
}

fn secret(n: u8) -> String {
    form::from_random(&[n; form::RANDOM_BYTES]).unwrap()
}

fn by() -> Actor {
    Actor { id: "operator".into(), kind: ActorKind::Human }
}

fn created(actor: &str, whole: &str) -> (String, AccessEvent) {
    let token = Token {
        id: form::id_of(whole).unwrap().to_owned(),
        actor: Actor { id: actor.into(), kind: ActorKind::Service },
        label: "main".into(),
        role: Role::Publisher,
        scopes: Default::default(),
        expires_at: now().plus(Duration::from_secs(60)),
        sha256: form::digest(whole),
    };
    let holder = token.holder_text();
    (holder, AccessEvent::Created(Created { token, by: by(), at: now() }))
}

fn revoked(holder: &str, whole: &str) -> (String, AccessEvent) {
    let id = form::id_of(whole).unwrap().to_owned();
    (holder.into(), AccessEvent::Revoked(Revoked { id, by: by(), at: now(), reason: None }))
}

fn record(sequence: u64, holder: &str, name: &str, payload: Vec<u8>) -> Record {
    let id = Id::new(holder).unwrap();
    let mut attributes = Attributes::default();
    attributes.set(ce::TYPE, Kind::first(Context::Access, name).to_string());
    Record {
        stream: "EVENTS".into(),
        subject: Subject::Event { context: Context::Access, id }.to_string(),
        sequence,
        recorded_at: now(),
        attributes,
        payload,
    }
}

fn standing(events: Vec<(String, AccessEvent)>) -> Standing {
    let mut standing = Standing::default();
    for (index, (holder, event)) in events.into_iter().enumerate() {
        let (name, payload) = words::encode(&event);
        let record = record(index as u64 + 1, &holder, &name, payload);
        standing.apply(&record).unwrap();
        standing.apply(&record).unwrap();
    }
    standing
}

fn whom(standing: &Standing, token: &str) -> Result<String, Denied> {
    standing.find(token, now()).map(|holder| holder.principal.actor.clone())
}

#[test]
fn each_token_lets_in_its_own_holder_and_a_revoked_one_nobody() {
    let (one, other) = (secret(1), secret(2));
    let known = vec![created("faber", &one), created("dana", &other), revoked("faber/main", &one)];
    let before = standing(known[..2].to_vec());
    assert_eq!(whom(&before, &one).as_deref(), Ok("faber"));
    assert_eq!(whom(&before, &other).as_deref(), Ok("dana"));
    let after = standing(known);
    assert_eq!(whom(&after, &one), Err(Denied::Revoked));
    assert_eq!(whom(&after, &other).as_deref(), Ok("dana"));
    assert_eq!(after.read_to(), 3);
}

#[test]
fn at_the_instant_it_expires_it_lets_in_nobody() {
    let one = secret(1);
    let standing = standing(vec![created("faber", &one)]);
    let last = now().plus(Duration::from_nanos(59_999_999_999));
    assert!(standing.find(&one, last).is_ok());
    assert_eq!(standing.find(&one, now().plus(Duration::from_secs(60))), Err(Denied::Expired));
}

#[test]
fn a_known_id_with_another_secret_is_unknown_and_so_is_what_is_cut_or_longer() {
    let one = secret(1);
    let standing = standing(vec![created("faber", &one)]);
    let forged = format!("{}{}", &one[..one.len() - 1], if one.ends_with('Z') { 'Y' } else { 'Z' });
    assert_eq!(whom(&standing, &forged), Err(Denied::Unknown));
    assert_eq!(whom(&standing, &secret(9)), Err(Denied::Unknown));
    let digest = form::digest(&one).to_string();
    for malformed in [
        "",
        "hst_",
        &one[..one.len() - 1],
        &format!("{one}x"),
        &format!(" {one}"),
        &one.to_uppercase(),
        &digest,
    ] {
        assert_eq!(whom(&standing, malformed), Err(Denied::Malformed), "{malformed}");
    }
}

#[test]
fn two_holders_that_were_given_one_id_are_told_apart_and_revoked_apart() {
    let one = secret(1);
    let other = format!("{}{}", &one[..17], &secret(2)[17..]);
    let both = vec![created("faber", &one), created("dana", &other), revoked("dana/main", &other)];
    let before = standing(both[..2].to_vec());
    assert_eq!(
        (whom(&before, &one).unwrap(), whom(&before, &other).unwrap()),
        ("faber".into(), "dana".into())
    );
    let after = standing(both);
    assert_eq!(whom(&after, &one).as_deref(), Ok("faber"));
    assert_eq!(whom(&after, &other), Err(Denied::Revoked));
}

#[test]
fn a_refusal_changes_nothing_and_what_cannot_be_read_is_no_event_to_pass_over() {
    let mut standing = standing(vec![created("faber", &secret(1))]);
    standing.apply(&record(2, "faber/main", COMMAND_REFUSED, b"{}".to_vec())).unwrap();
    let later = record(3, "faber/main", "locked", b"{}".to_vec());
    assert!(matches!(standing.apply(&later), Err(NotFolded::Word { sequence: 3, .. })));
    assert_eq!(standing.read_to(), 2, "it is asked for again");
    let foreign = Record { subject: "evt.run.a".into(), ..later };
    assert!(matches!(standing.apply(&foreign), Err(NotFolded::Subject { .. })));
}
