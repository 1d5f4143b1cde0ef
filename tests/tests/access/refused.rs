//! What nobody gets by asking: rights through a publisher, a third token by asking faster, a name
//! that could be taken for another.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use helmstream_core::door::RETRIER;
use helmstream_schemas::{Actor, ActorKind, access::Role};
use helmstream_services::client::{
    ask,
    token::{ListRequest, Made, Wish, revoke},
};
use helmstream_tests::{audit, running::names};
use serde_json::json;

use crate::{client, lets_in, list, make, plane, told, wish, word};

/// Take the guards out of the core's `asks` to see this red.
#[tokio::test]
async fn no_publisher_makes_itself_a_token_or_takes_another_ones_away() {
    let (plane, operator) = plane().await;
    let held = make(&operator, &wish("dana", Role::Admin)).await;
    let of_it = ListRequest { id: Some(held.id().into()), ..ListRequest::default() };
    let held_by = list(&operator, of_it).await.remove(0);
    for publisher in ["faber", "agent"] {
        let outsider = client(&plane, publisher);
        let made = Made::new().unwrap();
        let asked = told(&outsider, made.ask(&wish(publisher, Role::Admin))).await;
        assert_eq!(word(&asked), "not_yours_to_ask");
        assert_eq!(word(&told(&outsider, revoke(&held_by, None)).await), "not_yours_to_ask");
        assert!(lets_in(&plane, made.reveal(), helmstream_tests::race::now()).await.is_err());
    }
    // Nor what the plane publishes again on behalf of an outsider.
    let retrier = plane.plane.connect(RETRIER).await;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("ce-publisher", "faber");
    let made = Made::new().unwrap();
    let event = made.ask(&wish("faber", Role::Admin)).event;
    let stored =
        helmstream_stream::publish::store(&retrier, "in.dead_letter", headers, event.into());
    let sequence = stored.await.expect("it may publish");
    assert_eq!(word(&plane.outcome(sequence).await), "not_yours_to_ask");
    assert!(lets_in(&plane, held.reveal(), helmstream_tests::race::now()).await.is_ok());
    assert_eq!(names(&plane.events("evt.access.*").await), ["created"]);
}

#[tokio::test]
async fn of_many_asked_for_at_once_two_are_active_and_the_others_are_told_why_not() {
    let (plane, client) = plane().await;
    let wished = wish("faber", Role::Publisher);
    let made: Vec<Made> = (0..8).map(|_| Made::new().unwrap()).collect();
    let asked = join_all(made.iter().map(|made| told(&client, made.ask(&wished)))).await;
    let mut words: Vec<&str> = asked.iter().map(word).collect();
    words.sort_unstable();
    assert_eq!(words, [&["created"; 2][..], &["too_many_active"; 6][..]].concat());
    let now = helmstream_tests::race::now();
    for (made, asked) in made.iter().zip(&asked) {
        let is_in = lets_in(&plane, made.reveal(), now).await.is_ok();
        assert_eq!(is_in, word(asked) == "created");
    }
    // The same id for a second token, also where the first is another holder's.
    let taken = made.iter().zip(&asked).find(|(_, asked)| word(asked) == "created").unwrap().0;
    let again = told(&client, taken.ask(&wished)).await;
    assert_eq!(word(&again), "id_taken");
    plane.level().await;
    audit::decisions(&plane.plane).await;
}

#[tokio::test]
async fn poisoned_names_are_refused_or_stand_for_nothing_but_themselves() {
    let (plane, client) = plane().await;
    let refused = [
        ("", "bad_actor"),
        ("a b", "bad_actor"),
        ("dana\n", "bad_actor"),
        ("\u{202e}anad", "bad_actor"),
        ("a\u{0}", "bad_actor"),
        ("helmstream/door", "reserved"),
    ];
    for (actor, reason) in refused {
        let asked = told(&client, Made::new().unwrap().ask(&wish(actor, Role::Viewer))).await;
        assert_eq!(word(&asked), reason, "{actor:?}");
    }
    for actor in ["a.*.>", "x';DROP", "%2e", "$JS.API", "\\x1b[2J", "dana/ci", "<b>", "{view}"] {
        let made = make(&client, &wish(actor, Role::Viewer)).await;
        let now = helmstream_tests::race::now();
        assert_eq!(lets_in(&plane, made.reveal(), now).await.as_deref(), Ok(actor));
        let of = ListRequest { actor: Some(actor.into()), ..ListRequest::default() };
        plane.level().await;
        let shown = list(&client, of).await;
        assert_eq!(shown.iter().map(|one| &*one.token.id).collect::<Vec<_>>(), [made.id()]);
        assert_eq!(shown[0].holder.as_str(), format!("{actor}/ci"));
        assert_eq!(word(&told(&client, revoke(&shown[0], None)).await), "revoked");
    }
    // An address is a person's, and does not go onto the log.
    let made = make(&client, &wish("dana@example.com", Role::Viewer)).await;
    let found =
        list(&client, ListRequest { id: Some(made.id().into()), ..ListRequest::default() }).await;
    assert!(found[0].token.actor.id.starts_with("person:"), "{found:?}");
    for poisoned in ["'", "%", "_", "\0", " ", "* OR 1=1"] {
        let request = ListRequest { actor: Some(poisoned.into()), ..ListRequest::default() };
        assert_eq!(list(&client, request).await, [], "{poisoned:?}");
    }
    audit::rows(&plane.plane).await;
}

#[tokio::test]
async fn an_agent_is_not_let_in_as_somebody_who_approves() {
    let (plane, client) = plane().await;
    let claude = |role| Wish {
        actor: Actor { id: "claude".into(), kind: ActorKind::Agent },
        scopes: BTreeSet::from(["run".to_owned()]),
        ..wish("claude", role)
    };
    for role in [Role::Approver, Role::Admin] {
        let asked = told(&client, Made::new().unwrap().ask(&claude(role))).await;
        assert_eq!(word(&asked), "role_of_agent");
    }
    make(&client, &claude(Role::Operator)).await;
    let forged =
        json!({"holder": "claude/ci", "id": "aaaaaaaaaaaa", "by": {"id": "x", "kind": "human"}});
    let asked = told(&client, ask::anew("helmstream.access.revoke.v1", &forged)).await;
    assert_eq!(word(&asked), "not_the_data");
    let unknown = json!({"holder": "nobody/ci", "id": "aaaaaaaaaaaa"});
    let asked = told(&client, ask::anew("helmstream.access.revoke.v1", &unknown)).await;
    assert_eq!(word(&asked), "no_such_token");
    plane.level().await;
}
