//! Tokens, on a whole plane with real servers: made, listed, revoked, and who may not. What a token
//! lets in is asked of the fold in memory that a door has.

mod made;
mod refused;

use std::{collections::BTreeSet, time::Duration};

use helmstream_core::access::{Denied, Standing as Memory};
use helmstream_schemas::{Actor, ActorKind, Timestamp, access::Role, outcome::Outcome};
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        publish,
        token::{ListRequest, Made, TokenShown, Wish},
    },
    local::plane::Plane,
};
use helmstream_tests::{harness::TestPlane, patience::PATIENCE, race::now, running::Running};

pub(crate) const DAY: Duration = Duration::from_hours(24);

/// A plane, and somebody who asks it as this publisher does.
pub(crate) async fn plane() -> (Running, Direct) {
    let plane = TestPlane::start_running(&["door", "access", "external", "ledger"]).await;
    let client = client(&plane, OPERATOR);
    (plane, client)
}

pub(crate) fn client(plane: &Running, publisher: &str) -> Direct {
    let manner = Manner {
        publisher: publisher.into(),
        wait: Some(PATIENCE),
        outcome_wait: Duration::from_secs(40),
    };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    Direct::new(place, manner).expect("the operator may ask")
}

pub(crate) fn wish(actor: &str, role: Role) -> Wish {
    Wish {
        actor: Actor { id: actor.into(), kind: ActorKind::Service },
        label: "ci".into(),
        role,
        scopes: BTreeSet::new(),
        expires_at: now().plus(DAY),
    }
}

pub(crate) async fn told(client: &Direct, request: publish::Request) -> Outcome {
    let receipt = client.publish(request).await.expect("it is stored");
    let settled = client.settle(receipt).await.expect("NATS and Postgres are there");
    settled.outcome.expect("every publish has an outcome")
}

/// The name of the event, or the reason why there is none.
pub(crate) fn word(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Event { name, .. } => name,
        Outcome::Refused { reason, .. } | Outcome::DeadLetter { reason, .. } => reason,
        other => other.word(),
    }
}

/// Makes a token that is taken.
pub(crate) async fn make(client: &Direct, wish: &Wish) -> Made {
    let made = Made::new().expect("there is chance");
    let told = told(client, made.ask(wish)).await;
    assert_eq!(word(&told), "created", "{told:?}");
    made
}

pub(crate) async fn list(client: &Direct, request: ListRequest) -> Vec<TokenShown> {
    let request = ListRequest { limit: 50, now: now(), ..request };
    client.token_list(request).await.expect("it is answered").answer.tokens
}

/// As whom a door that folded the log up to here lets somebody in.
pub(crate) async fn lets_in(plane: &Running, token: &str, at: Timestamp) -> Result<String, Denied> {
    let mut memory = Memory::default();
    for record in plane.events("evt.access.*").await {
        memory.apply(&record).expect("it can be folded");
    }
    memory.find(token, at).map(|holder| holder.principal.actor.clone())
}
