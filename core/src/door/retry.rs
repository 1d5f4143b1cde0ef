//! A dead letter that is published again: what is published, and how the door knows on whose
//! behalf. The plane itself publishes it, under a user of its own whose word the door takes for who
//! the publisher was and which event asked for it; nobody else's.

use helmstream_schemas::{
    Actor, Attributes, Hash, Id, Record, attributes as ce, dead_letter::Retried,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    Headers,
    asks::{HTTP, RETRIER},
};
use crate::{command::derived_id, limits::RETRY_BYTES_MAX};

/// Where the retrier's own messages come from.
const SOURCE: &str = "/helmstream/dead_letter";

/// The attribute in which a dead letter keeps the headers that counted, and in which they go out
/// again: as headers of their own they could pass for those of whoever keeps or publishes them.
pub const KEPT_HEADERS: &str = "keptheaders";

/// The attribute by which a dead letter says that its headers could not be read, and how many bytes
/// of what it keeps they are. They come before the payload, as they were sent.
pub const HEADER_BYTES: &str = "headerbytes";

/// Who published a message, in which form, and what asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub publisher: String,
    /// Who acts, where a part of the plane tells that; else whom the publisher's file names.
    pub actor: Option<Actor>,
    /// The event that asked for it; absent for whoever publishes of its own accord.
    pub cause: Option<Uuid>,
    pub headers: Headers,
}

impl Origin {
    /// The token under which its dead letters are kept.
    pub fn kept_under(&self) -> &str {
        if self.actor.is_some() { HTTP } else { &self.publisher }
    }
}

/// What is published for a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// On whose behalf, and what asked for it.
    pub attributes: Attributes,
    pub payload: Vec<u8>,
}

/// On whose behalf a message on `in.<token>` was published. What headers say of that counts on the
/// subjects of the retrier and of the door for HTTP, and on no other.
pub fn origin(token: &str, attributes: &Attributes, headers: Headers) -> Origin {
    if token != RETRIER && token != HTTP {
        return Origin { publisher: token.to_owned(), actor: None, cause: None, headers };
    }
    let actor = attributes.get(ce::ACTOR).and_then(|id| {
        let kind = attributes.get(ce::ACTORKIND)?.parse().ok()?;
        Some(Actor { id: id.to_owned(), kind })
    });
    if token == HTTP {
        // What is sent through that door is in the JSON event format by then.
        let publisher = actor.as_ref().map_or_else(|| HTTP.to_owned(), through_http);
        return Origin { publisher, actor, cause: None, headers: Headers::default() };
    }
    let publisher = attributes.get(ce::PUBLISHER).unwrap_or(RETRIER).to_owned();
    let cause = attributes.get(ce::CAUSATIONID).and_then(|id| id.parse().ok());
    let headers = attributes.get(KEPT_HEADERS).map(Headers::of_text).unwrap_or_default();
    Origin { publisher, actor, cause, headers }
}

/// The publisher that an actor is who publishes through the door for HTTP. No user of NATS is
/// called so: who comes by one way cannot pass for who comes by the other.
pub fn through_http(actor: &Actor) -> String {
    format!("{HTTP}:{}", actor.id)
}

/// How the door for HTTP says on whose behalf it publishes.
pub fn on_behalf_of(actor: &Actor) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set(ce::ACTOR, actor.id.as_str());
    attributes.set(ce::ACTORKIND, actor.kind.to_string());
    attributes
}

/// The key under which the outcome of a retry that is no command is known, and what stands for its
/// content: whatever comes of the same event a second time is a repeat.
pub(super) fn once(cause: Uuid) -> (Hash, Hash) {
    let key = Hash::of_parts(&["retry", &cause.to_string()]);
    (key, key)
}

/// What is published because the dead letter `id` was `retried` by the event `cause`: the message
/// that was `found` where the event says it is kept, byte for byte, or that it cannot be done.
pub fn again(id: &Id, cause: Uuid, retried: &Retried, found: Option<&Record>) -> Again {
    let mut attributes = Attributes::default();
    attributes.set(ce::CAUSATIONID, cause.to_string());
    let (publisher, payload) = match message(id, retried, found) {
        Ok((publisher, record)) => {
            if let Some(headers) = record.attributes.get(KEPT_HEADERS) {
                attributes.set(KEPT_HEADERS, headers);
            }
            (publisher, record.payload.clone())
        }
        Err(detail) => (RETRIER.to_owned(), failed(id, cause, retried, &detail)),
    };
    attributes.set(ce::PUBLISHER, publisher);
    for told in [ce::ACTOR, ce::ACTORKIND] {
        if let Some(told_then) = found.and_then(|record| record.attributes.get(told)) {
            attributes.set(told, told_then);
        }
    }
    Again { attributes, payload }
}

fn message<'a>(
    id: &Id,
    retried: &Retried,
    found: Option<&'a Record>,
) -> Result<(String, &'a Record), String> {
    let at = retried.dead_sequence;
    let Some(record) = found else {
        return Err(format!("DEADLETTERS {at} is gone"));
    };
    let of = record.attributes.get(ce::INBOXSEQUENCE).unwrap_or("no message");
    if of != id.as_str() {
        return Err(format!("DEADLETTERS {at} keeps INBOX {of}, not INBOX {id}"));
    }
    let Some(publisher) = record.attributes.get(ce::PUBLISHER) else {
        return Err(format!("DEADLETTERS {at} does not say who published it"));
    };
    if record.attributes.get(HEADER_BYTES).is_some() {
        return Err("no client can send its headers again".to_owned());
    }
    // Every byte of a header may be escaped.
    let headers = record.attributes.get(KEPT_HEADERS).map_or(0, |headers| 3 * headers.len());
    let bytes = record.payload.len() + headers;
    if bytes > RETRY_BYTES_MAX {
        return Err(format!("{bytes} bytes are over the limit of {RETRY_BYTES_MAX}"));
    }
    Ok((publisher.to_owned(), record))
}

fn failed(id: &Id, cause: Uuid, retried: &Retried, detail: &str) -> Vec<u8> {
    let inbox_sequence: u64 = id.as_str().parse().unwrap_or_default();
    let event = json!({
        "specversion": ce::SPECVERSION,
        "id": derived_id(&["retry failed", &cause.to_string()]),
        "source": SOURCE,
        "type": "helmstream.dead_letter.fail.v1",
        "data": {
            "inbox_sequence": inbox_sequence, "attempt": retried.attempt, "detail": detail
        },
    });
    event.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{ActorKind, Timestamp};

    use super::{
        super::{Admission, Arrival, Cleaner, admit},
        *,
    };

    const CAUSE: Uuid = Uuid::from_u128(7);

    fn retried() -> Retried {
        let by = Actor { id: "operator".into(), kind: ActorKind::Human };
        let at = Timestamp::from_nanos(1);
        Retried { attempt: 2, by, at, reason: None, dead_sequence: 3 }
    }

    fn kept(of: &str, payload: &[u8]) -> Record {
        let mut attributes = Attributes::default();
        attributes.set(ce::INBOXSEQUENCE, of);
        attributes.set(ce::PUBLISHER, "faber");
        Record {
            stream: "DEADLETTERS".into(),
            subject: "dead.faber".into(),
            sequence: 3,
            recorded_at: Timestamp::from_nanos(1),
            attributes,
            payload: payload.to_vec(),
        }
    }

    fn published(found: Option<&Record>) -> (Origin, Vec<u8>) {
        let again = again(&Id::new("41").unwrap(), CAUSE, &retried(), found);
        (origin(RETRIER, &again.attributes, Headers::default()), again.payload)
    }

    #[test]
    fn the_same_bytes_go_out_again_on_behalf_of_who_published_them() {
        let (origin, payload) = published(Some(&kept("41", b"{ not json\xff")));
        let headers = Headers::default();
        let wanted = Origin { publisher: "faber".into(), actor: None, cause: Some(CAUSE), headers };
        assert_eq!(origin, wanted);
        assert_eq!(payload, b"{ not json\xff");
    }

    #[test]
    fn a_message_with_headers_goes_out_again_with_those_that_counted() {
        let sent = Headers::of([("ce-id", "1"), ("ce-publisher", "operator"), ("x", "y")]);
        let mut kept = kept("41", b"x");
        kept.attributes.set(KEPT_HEADERS, sent.to_text().unwrap());
        let (origin, payload) = published(Some(&kept));
        assert_eq!((origin.publisher.as_str(), origin.cause), ("faber", Some(CAUSE)));
        assert_eq!((origin.headers, payload), (sent, b"x".to_vec()));
    }

    #[test]
    fn what_is_gone_or_is_another_message_or_too_large_is_told_to_have_failed() {
        let large = kept("41", &vec![b'x'; RETRY_BYTES_MAX + 1]);
        let mut unheard = kept("41", b"NATS/1.0\r\n\xff\r\n\r\n{}");
        unheard.attributes.set(HEADER_BYTES, "15");
        let cases = [
            (None, "is gone"),
            (Some(kept("42", b"{}")), "INBOX 42, not INBOX 41"),
            (Some(large), "over the limit"),
            (Some(unheard), "no client can send"),
        ];
        for (found, why) in cases {
            let (origin, payload) = published(found.as_ref());
            assert_eq!(origin.publisher, RETRIER);
            let event: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(event["data"]["inbox_sequence"], 41);
            assert_eq!(event["data"]["attempt"], 2);
            let detail = event["data"]["detail"].as_str().unwrap();
            assert!(detail.contains(why), "{detail}");
        }
    }

    #[test]
    fn a_failure_that_is_told_twice_is_told_in_the_same_words() {
        assert_eq!(published(None), published(None));
    }

    /// What the door makes of a message that an event asked for.
    fn admitted(payload: &str) -> Admission {
        let arrival = Arrival {
            publisher: "faber",
            actor: "faber",
            actor_kind: ActorKind::Service,
            inbox_sequence: 9,
            received_at: Timestamp::from_nanos(1),
            cause: Some(CAUSE),
            headers: &Headers::default(),
            payload: payload.as_bytes(),
        };
        admit(&arrival, &Cleaner::new(b"key"))
    }

    #[test]
    fn a_command_names_its_cause_and_a_dead_letter_is_known_by_it_whatever_it_holds() {
        let fact = r#"{"specversion":"1.0","id":"a","source":"/s","type":"t"}"#;
        let Admission::Command(command) = admitted(fact) else { panic!("a fact is taken") };
        let cause = CAUSE.to_string();
        assert_eq!(command.command.attributes.get(ce::CAUSATIONID), Some(cause.as_str()));
        assert_ne!(command.once, Some((command.key, command.key)), "the publisher's key stays");
        let quarantined = r#"{"specversion":"1.0","id":"a","source":"/s","type":"helmstream.faber.quarantine.v1"}"#;
        for unreadable in ["no json", "nor this", quarantined] {
            let Admission::Dead(dead) = admitted(unreadable) else { panic!("{unreadable}") };
            assert_eq!(dead.known_by.as_deref().copied(), command.once, "{unreadable}");
        }
    }

    #[test]
    fn headers_count_on_no_other_subject() {
        let mut attributes = Attributes::default();
        attributes.set(ce::PUBLISHER, "operator");
        attributes.set(ce::CAUSATIONID, CAUSE.to_string());
        attributes.set(KEPT_HEADERS, "ce-id:1");
        let headers = Headers::of([("ce-id", "2")]);
        let wanted = Origin {
            publisher: "agent".into(),
            actor: None,
            cause: None,
            headers: headers.clone(),
        };
        assert_eq!(origin("agent", &attributes, headers.clone()), wanted);
        let retried = origin(RETRIER, &attributes, headers);
        assert_eq!(
            (retried.publisher.as_str(), &retried.headers),
            ("operator", &Headers::of([("ce-id", "1")]))
        );
    }

    #[test]
    fn who_acts_through_http_is_who_that_door_says_and_still_is_when_it_is_retried() {
        let actor = Actor { id: "release-bot".into(), kind: ActorKind::Agent };
        let attributes = on_behalf_of(&actor);
        let through_http = origin(HTTP, &attributes, Headers::default());
        let wanted = Origin {
            publisher: "http:release-bot".into(),
            actor: Some(actor.clone()),
            cause: None,
            headers: Headers::default(),
        };
        assert_eq!(through_http, wanted);
        assert_eq!(origin("faber", &attributes, Headers::default()).actor, None);

        let mut kept = kept("41", b"{}");
        kept.attributes.set(ce::PUBLISHER, "http:release-bot");
        kept.attributes.set(ce::ACTOR, "release-bot");
        kept.attributes.set(ce::ACTORKIND, "agent");
        let (again, _) = published(Some(&kept));
        assert_eq!(again, Origin { cause: Some(CAUSE), ..through_http });
    }
}
