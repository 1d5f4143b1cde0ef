//! Tokens that are made, used, listed and revoked.

use helmstream_core::access::Denied;
use helmstream_projections::access::Standing;
use helmstream_schemas::{ActorKind, Id, Timestamp, access::Role};
use helmstream_services::access::tokens::Tokens;
use helmstream_services::client::{
    Client,
    past::When,
    token::{ListRequest, Made, revoke},
};
use helmstream_stream::{get, publish::store, signal};
use helmstream_tests::{audit, patience::eventually, race::now, running::names};
use tokio::sync::watch;

use crate::{DAY, lets_in, list, make, plane, told, wish, word};

#[tokio::test]
async fn a_token_lets_in_its_holder_until_it_is_revoked_and_stands_nowhere_on_the_plane() {
    let (plane, client) = plane().await;
    let made = make(&client, &wish("faber", Role::Publisher)).await;
    let token = made.reveal();
    assert_eq!(lets_in(&plane, token, now()).await.as_deref(), Ok("faber"));
    assert_eq!(lets_in(&plane, token, now().plus(2 * DAY)).await, Err(Denied::Expired));

    let of_it = || ListRequest { id: Some(made.id().into()), ..ListRequest::default() };
    let shown = list(&client, of_it()).await.remove(0);
    assert_eq!((shown.holder.as_str(), shown.standing), ("faber/ci", Standing::Active));
    assert_eq!(
        (shown.token.role, shown.token.created_by.id.as_str()),
        (Role::Publisher, "operator")
    );
    assert_eq!(shown.token.created_by.kind, ActorKind::Human);

    assert_eq!(word(&told(&client, revoke(&shown, Some("rotated"))).await), "revoked");
    assert_eq!(word(&told(&client, revoke(&shown, None)).await), "unchanged");
    assert_eq!(lets_in(&plane, token, now()).await, Err(Denied::Revoked));
    let shown = list(&client, of_it()).await.remove(0);
    assert_eq!(shown.standing, Standing::Revoked);
    assert_eq!(shown.token.revoked.unwrap().reason.as_deref(), Some("rotated"));

    assert_eq!(names(&plane.events("evt.access.faber/ci").await), ["created", "revoked"]);
    let secret = &token[17..];
    for stream in ["COMMANDS", "EVENTS", "JOURNAL"] {
        for record in get::all(&plane.operator, stream, ">", 1).await.expect("the log answers") {
            let stored = String::from_utf8_lossy(&record.payload).into_owned();
            assert!(!stored.contains(&secret[..12]), "{stream}: {stored}");
        }
    }
    plane.level().await;
    audit::decisions(&plane.plane).await;
    audit::rows(&plane.plane).await;
}

#[tokio::test]
async fn tokens_of_one_actor_are_changed_one_for_the_other_and_listed_by_how_they_stand() {
    let (plane, client) = plane().await;
    let (old, new) = (
        make(&client, &wish("faber", Role::Publisher)).await,
        make(&client, &wish("faber", Role::Publisher)).await,
    );
    let other = make(&client, &wish("dana", Role::Viewer)).await;
    for token in [&old, &new] {
        assert!(lets_in(&plane, token.reveal(), now()).await.is_ok(), "two at a time");
    }
    let third = Made::new().unwrap();
    let asked = told(&client, third.ask(&wish("faber", Role::Publisher))).await;
    assert_eq!(word(&asked), "too_many_active");
    let shown = list(&client, ListRequest { id: Some(old.id().into()), ..ListRequest::default() });
    told(&client, revoke(&shown.await[0], None)).await;
    assert_eq!(
        word(&told(&client, Made::new().unwrap().ask(&wish("faber", Role::Viewer))).await),
        "created"
    );

    plane.level().await;
    let ids = async |request: ListRequest| {
        list(&client, request).await.into_iter().map(|shown| shown.token.id).collect::<Vec<_>>()
    };
    let of = |actor: &str| ListRequest { actor: Some(actor.into()), ..ListRequest::default() };
    assert_eq!(ids(of("dana")).await, [other.id()]);
    assert_eq!(ids(of("nobody")).await, [""; 0]);
    assert_eq!(ids(of("faber")).await[1..], [new.id(), old.id()]);
    let revoked = ListRequest { standing: Some(Standing::Revoked), ..of("faber") };
    assert_eq!(ids(revoked).await, [old.id()]);
    // Holder by holder, the one about whom something was decided last first.
    let first = ListRequest { limit: 1, now: now(), ..ListRequest::default() };
    let page = client.token_list(first.clone()).await.expect("it is answered").answer;
    assert!(page.tokens.iter().all(|shown| shown.holder.as_str() == "faber/ci"));
    let next = ListRequest { before: page.next, ..first };
    let page = client.token_list(next).await.expect("it is answered").answer;
    assert_eq!(page.tokens[0].token.id, other.id());
}

/// Take the first look out of `Tokens::begin` to see this red.
#[tokio::test]
async fn a_door_that_follows_the_log_lets_in_and_shuts_out_as_it_is_told() {
    let (plane, client) = plane().await;
    let gone = make(&client, &wish("gone", Role::Viewer)).await;
    let of = |made: &Made| ListRequest { id: Some(made.id().into()), ..ListRequest::default() };
    told(&client, revoke(&list(&client, of(&gone)).await[0], None)).await;
    let before = make(&client, &wish("faber", Role::Viewer)).await;
    let tokens =
        Tokens::begin(plane.plane.connect("operator").await).await.expect("the log answers");
    assert_eq!(tokens.find(gone.reveal(), now()), Err(Denied::Revoked));
    assert_eq!(
        tokens.find(before.reveal(), now()).map(|one| one.principal.actor),
        Ok("faber".into())
    );
    let (_stop, stopped) = watch::channel(false);
    let following = async {
        let made = make(&client, &wish("dana", Role::Viewer)).await;
        let lets_in = async || tokens.find(made.reveal(), now()).ok();
        let holder = eventually("the new token lets in", lets_in).await;
        assert_eq!((holder.id.as_str(), holder.label.as_str()), (made.id(), "ci"));
        told(&client, revoke(&list(&client, of(&made)).await[0], None)).await;
        let shuts_out = async || tokens.find(made.reveal(), now()).err();
        assert_eq!(eventually("the revoked one does not", shuts_out).await, Denied::Revoked);
    };
    tokio::select! {
        ended = tokens.follow(&stopped) => panic!("{ended:?}"),
        () = following => {}
    }
    // What it cannot read ends it.
    let access = plane.plane.connect("access").await;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("ce-type", "helmstream.access.locked.v1");
    store(&access, "evt.access.x", headers, "{}".into()).await.expect("the server does not mind");
    let ended = tokens.follow(&stopped).await.expect_err("it must not go on");
    assert!(ended.to_string().contains("locked"), "{ended}");
}

#[tokio::test]
async fn who_could_come_in_at_a_moment_is_told_as_of_then() {
    let (plane, client) = plane().await;
    let made = make(&client, &wish("faber", Role::Publisher)).await;
    let then = plane.events(">").await.last().expect("there are some").sequence;
    let of_it = || ListRequest { id: Some(made.id().into()), ..ListRequest::default() };
    let shown = list(&client, of_it()).await.remove(0);
    told(&client, revoke(&shown, None)).await;
    assert_eq!(list(&client, of_it()).await[0].standing, Standing::Revoked);
    let was = ListRequest { at: Some(then), ..of_it() };
    assert_eq!(list(&client, was.clone()).await[0].standing, Standing::Active);
    let moment = client.moment(When::Sequence(then)).await.expect("it is there");
    let later = ListRequest { limit: 50, now: moment.now.plus(3 * DAY), ..was };
    let page = client.token_list(later).await.expect("it is answered");
    assert_eq!((page.as_of_seq, page.answer.tokens[0].standing), (then, Standing::Expired));
    let before = ListRequest { at: Some(then - 1), ..of_it() };
    assert_eq!(list(&client, before).await, []);
}

/// The door over HTTP will tell it; here the service that may tells it in its place.
#[tokio::test]
async fn when_a_token_was_used_last_is_a_measurement_beside_it() {
    let (plane, client) = plane().await;
    let made = make(&client, &wish("faber", Role::Publisher)).await;
    let of_it = || ListRequest { id: Some(made.id().into()), ..ListRequest::default() };
    assert_eq!(list(&client, of_it()).await[0].last_used_at, None);
    let teller = plane.plane.connect("access").await;
    let id = Id::new(made.id()).unwrap();
    for used in ["2026-02-03T04:05:06Z", "2026-02-03T05:05:07Z"] {
        let used = Timestamp::parse(used).unwrap();
        signal::token_used(&teller, &id, used).await.expect("it may tell it");
        assert_eq!(list(&client, of_it()).await[0].last_used_at, Some(used));
    }
    let at = Some(plane.events(">").await.last().expect("there are some").sequence);
    assert_eq!(list(&client, ListRequest { at, ..of_it() }).await[0].last_used_at, None);
    assert_eq!(names(&plane.events("evt.access.*").await), ["created"], "a use is no event");
}
