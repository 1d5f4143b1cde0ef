//! Who may say who comes in, and that no token gets past the door.

use helmstream_schemas::access::{AccessCommand, Role};
use serde_json::json;

use super::*;
use crate::access::form;

fn told(publisher: &str, kind: &str, data: Value, cause: Option<Uuid>) -> Admission {
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "/test", "type": kind, "data": data,
    });
    let payload = event.to_string();
    let arrival = Arrival {
        publisher,
        actor: publisher,
        actor_kind: ActorKind::Human,
        inbox_sequence: 7,
        received_at: Timestamp::parse("2026-02-03T04:05:06Z").unwrap(),
        headers: &Headers::default(),
        cause,
        payload: payload.as_bytes(),
    };
    admit(&arrival, &Cleaner::new(b"key"))
}

fn token() -> String {
    form::from_random(&[1; form::RANDOM_BYTES]).unwrap()
}

fn create() -> Value {
    json!({
        "id": form::id_of(&token()), "actor": "faber", "kind": "service", "role": "publisher",
        "scopes": ["run"], "label": "ci", "expires_at": "2026-03-01T00:00:00Z",
        "sha256": form::digest(&token()),
    })
}

#[test]
fn an_operator_asks_under_the_identity_of_who_publishes() {
    let told = told("operator", "helmstream.access.create.v1", create(), None);
    let Admission::Command(admitted) = told else { panic!("{told:?}") };
    let command = &admitted.command;
    assert_eq!((command.context, command.id.as_str()), (Context::Access, "faber/ci"));
    let Ok(AccessCommand::Create(asked)) = words::decode(&command.name, &command.payload) else {
        panic!("{command:?}")
    };
    assert_eq!((asked.by.id.as_str(), asked.token.role), ("operator", Role::Publisher));
    assert_eq!(asked.at, Timestamp::parse("2026-02-03T04:05:06Z").unwrap());
}

/// Take the guard out of the two arms of `asks` to see this red.
#[test]
fn from_anybody_else_it_is_a_dead_letter_that_says_so_also_when_it_is_published_again() {
    let revoke = json!({"holder": "faber/ci", "id": "aaaaaaaaaaaa"});
    for publisher in ["faber", "agent", RETRIER, "Operator", "operator/", ""] {
        for (word, data) in [("create", create()), ("revoke", revoke.clone())] {
            for cause in [None, Some(Uuid::from_u128(7))] {
                let kind = format!("helmstream.access.{word}.v1");
                let told = told(publisher, &kind, data.clone(), cause);
                let Admission::Dead(dead) = told else { panic!("{publisher}: {told:?}") };
                assert_eq!(dead.reason, "not_yours_to_ask", "{publisher}");
                assert!(dead.detail.contains(publisher) && dead.hint.contains("operator"));
            }
        }
    }
}

#[test]
fn what_is_asked_holds_nothing_else_and_names_nobody_else_as_who_asks() {
    let with = |name: &str, value: Value| {
        let mut data = create();
        data[name] = value;
        match told("operator", "helmstream.access.create.v1", data, None) {
            Admission::Dead(dead) => dead.reason,
            Admission::Command(_) => "taken",
        }
    };
    let cases = [
        ("by", json!({"id": "dana", "kind": "human"})),
        ("at", json!("2020-01-01T00:00:00Z")),
        ("role", json!("root")),
        ("role", json!("agent")),
        ("kind", json!("robot")),
        ("sha256", json!("00")),
        ("expires_at", json!("never")),
        ("scopes", json!("run")),
        ("secret", json!(token())),
    ];
    for (name, value) in cases {
        assert_eq!(with(name, value.clone()), "not_the_data", "{name}: {value}");
    }
    assert_eq!(with("actor", json!("x".repeat(600))), "bad_id");
}

#[test]
fn a_token_that_is_published_is_taken_out_wherever_it_stands() {
    let token = token();
    let data = json!({
        "message": format!("curl -H 'x: {token}'"), token.clone(): [format!("A_{token}b")],
    });
    let told = told("faber", "some.type", data, None);
    let Admission::Command(admitted) = told else { panic!("{told:?}") };
    let stored = String::from_utf8(admitted.command.payload).unwrap();
    assert!(!stored.contains(&token[16..]), "{stored}");
    assert!(stored.contains("[removed: helmstream_token]"), "{stored}");
}
