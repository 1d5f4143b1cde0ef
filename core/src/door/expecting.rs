//! What a publisher expects of the aggregate that its event is about: the attribute
//! `expectedrevision`. It counts wherever the event has a meaning here; an external fact keeps it as
//! it keeps every attribute, because there it may mean something else.

use helmstream_schemas::{Context, Expected, attributes::EXPECTEDREVISION};
use serde_json::Value;

use super::{Dead, cloudevent::CloudEvent};

/// What is expected, if anything. What cannot be read is never left out: whoever names a revision
/// wants nothing to be done at another one.
pub(super) fn expected(event: &CloudEvent, about: Context) -> Result<Option<Expected>, Dead> {
    let read = match event.attributes.get(EXPECTEDREVISION) {
        _ if about == Context::External => return Ok(None),
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Number(number)) => number.as_u64().map(Expected::from),
        Some(_) => None,
    };
    read.map(Some).ok_or_else(|| {
        Dead::new(
            "bad_revision",
            format!("attribute `{EXPECTEDREVISION}` is no revision"),
            "a revision is a position on EVENTS; several have commas in between, and `*` is any",
        )
    })
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::ActorKind;
    use serde_json::json;

    use super::{
        super::{Admission, Arrival, Cleaner, Headers, admit, foresee},
        *,
    };

    fn grant(expected: Value) -> Vec<u8> {
        let event = json!({
            "specversion": "1.0", "id": "1", "source": "/test",
            "type": "helmstream.approval.grant.v1", "expectedrevision": expected,
            "data": { "approval": "acme/shop-42@release" },
        });
        event.to_string().into_bytes()
    }

    fn admitted(payload: &[u8]) -> Admission {
        let arrival = Arrival {
            publisher: "operator",
            actor: "operator",
            actor_kind: ActorKind::Human,
            inbox_sequence: 1,
            received_at: helmstream_schemas::Timestamp::from_nanos(1),
            cause: None,
            headers: &Headers::default(),
            payload,
        };
        admit(&arrival, &Cleaner::new(b"key"))
    }

    #[test]
    fn the_command_expects_what_the_event_says_however_it_is_written() {
        for (written, wanted) in
            [(json!(41), "41"), (json!("41"), "41"), (json!("43, 41"), "41,43"), (json!("*"), "*")]
        {
            let Admission::Command(admitted) = admitted(&grant(written)) else {
                panic!("a command")
            };
            assert_eq!(admitted.command.attributes.get(EXPECTEDREVISION), Some(wanted));
        }
        let Admission::Command(without) = admitted(&grant(Value::Null)) else {
            panic!("a command")
        };
        assert_eq!(without.command.attributes.get(EXPECTEDREVISION), None);
    }

    #[test]
    fn what_is_no_revision_is_a_dead_letter_and_is_told_before_it_is_published() {
        for wrong in [json!("x"), json!(-1), json!(1.5), json!(true), json!("")] {
            let payload = grant(wrong.clone());
            let Admission::Dead(dead) = admitted(&payload) else { panic!("{wrong} is taken") };
            assert_eq!(dead.reason, "bad_revision");
            assert_eq!(foresee("operator", &payload).unwrap_err().reason, "bad_revision");
        }
    }

    #[test]
    fn what_means_something_else_elsewhere_stays_as_it_was_written() {
        let fact = json!({
            "specversion": "1.0", "id": "1", "source": "/test", "type": "com.example.saved",
            "expectedrevision": "draft",
        });
        let Admission::Command(admitted) = admitted(fact.to_string().as_bytes()) else {
            panic!("a command")
        };
        assert_eq!(admitted.command.attributes.get(EXPECTEDREVISION), None);
        assert!(String::from_utf8_lossy(&admitted.command.payload).contains("draft"));
    }
}
