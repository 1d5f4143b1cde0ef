//! Whatever form a client publishes in, the door reads the same event; and nothing that it sends
//! beside the event counts.

use helmstream_schemas::{ActorKind, Timestamp, words};
use serde_json::json;

use super::{
    super::{Admission, Admitted, Arrival, Cleaner, admit},
    *,
};
use crate::limits::HEADERS_MAX;

fn admission(headers: &[(&str, &str)], payload: &[u8]) -> Admission {
    let headers = Headers::of(headers.iter().copied());
    let arrival = Arrival {
        publisher: "faber",
        actor: "agent:faber",
        actor_kind: ActorKind::Agent,
        inbox_sequence: 3,
        received_at: Timestamp::parse("2026-03-01T10:00:00Z").unwrap(),
        cause: None,
        headers: &headers,
        payload,
    };
    admit(&arrival, &Cleaner::new(b"key"))
}

fn admitted(headers: &[(&str, &str)], payload: &[u8]) -> Admitted {
    match admission(headers, payload) {
        Admission::Command(admitted) => *admitted,
        Admission::Dead(dead) => panic!("{dead:?}"),
    }
}

fn reason(headers: &[(&str, &str)], payload: &[u8]) -> &'static str {
    match admission(headers, payload) {
        Admission::Dead(dead) => dead.reason,
        Admission::Command(admitted) => panic!("{admitted:?}"),
    }
}

const FACT: [(&str, &str); 4] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "b-1"),
    ("ce-source", "/forge/caf%C3%A9"),
    ("ce-type", "com.example.built"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    FACT.iter().chain(more).copied().collect()
}

/// The same in the JSON event format.
fn structured(over: Value) -> Vec<u8> {
    let mut event = json!({
        "specversion": "1.0", "id": "b-1", "source": "/forge/café", "type": "com.example.built"
    });
    event.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    event.to_string().into_bytes()
}

fn fact(admitted: &Admitted) -> helmstream_schemas::external::ExternalFact {
    let helmstream_schemas::external::ExternalCommand::Record(fact) =
        words::decode(&admitted.command.name, &admitted.command.payload).unwrap();
    fact
}

#[test]
fn one_event_has_one_content_in_either_form() {
    let json = with(&[
        ("Content-Type", "application/json; charset=utf-8"),
        ("CE-Level", "3"),
        ("ce-time", "2026-03-01T10:00:00Z"),
    ]);
    let data = br#"{"built":true,"user":"dana"}"#;
    let binary = admitted(&json, data);
    let object = json!({"built": true, "user": "dana"});
    let forms = [
        json!({"level": 3, "time": "2026-03-01T10:00:00.000Z", "data": object}),
        json!({"level": "3", "time": "2026-03-01T11:00:00+01:00", "data": object, "datacontenttype": "application/json", "dataschema": null}),
        json!({"level": 3, "time": "2026-03-01T10:00:00Z", "data_base64": BASE64_STANDARD.encode(data)}),
    ];
    for over in forms {
        let other =
            admitted(&[("content-type", "application/cloudevents+json")], &structured(over));
        assert_eq!((binary.key, binary.content), (other.key, other.content));
        assert_eq!(binary.command.attributes.get("id"), other.command.attributes.get("id"));
        assert_eq!(fact(&binary).data, fact(&other).data);
    }
    assert!(!fact(&binary).data.unwrap().to_string().contains("dana"));
    let other = admitted(
        &[],
        &structured(json!({"level": 4, "time": "2026-03-01T10:00:00Z", "data": object})),
    );
    assert_ne!(binary.content, other.content);
}

#[test]
fn data_that_is_no_json_is_kept_as_it_is() {
    let text = admitted(&with(&[("content-type", "text/csv")]), b"a,b\n1,2\n");
    assert_eq!(fact(&text).data, Some(json!("a,b\n1,2\n")));
    assert_eq!(fact(&text).attributes["datacontenttype"], "text/csv");
    let other =
        admitted(&[], &structured(json!({"datacontenttype": "text/csv", "data": "a,b\n1,2\n"})));
    assert_eq!((text.key, text.content), (other.key, other.content));
    let bytes = [0x1f, 0x8b, 0x00, 0xff];
    let raw = admitted(&with(&[("ce-datacontenttype", "application/gzip")]), &bytes);
    assert_eq!(fact(&raw).attributes["data_base64"], BASE64_STANDARD.encode(bytes));
    assert_eq!(fact(&raw).data, None);
    let encoded = BASE64_STANDARD.encode(bytes);
    let other = json!({"datacontenttype": "application/gzip", "data_base64": encoded});
    assert_eq!(raw.content, admitted(&[], &structured(other)).content);
    let none = admitted(&with(&[]), b"");
    assert_eq!((none.key, none.content), {
        let other = admitted(&[], &structured(json!({})));
        (other.key, other.content)
    });
}

#[test]
fn the_form_is_told_by_the_content_type_first() {
    let event = structured(json!({}));
    assert_eq!(fact(&admitted(&with(&[]), b"")).kind, "com.example.built");
    // An SDK may repeat the attributes beside the whole; the whole counts.
    let mut both = with(&[("content-type", "Application/CloudEvents+JSON; charset=UTF-8")]);
    both[3] = ("ce-type", "com.example.other");
    assert_eq!(fact(&admitted(&both, &event)).kind, "com.example.built");
    assert_eq!(fact(&admitted(&[("content-type", "application/json")], &event)).id, "b-1");
    for other in ["application/cloudevents-batch+json", "application/cloudevents+protobuf"] {
        assert_eq!(reason(&[("content-type", other)], &event), "other_format");
    }
}

#[test]
fn no_header_counts_but_an_attribute_and_the_content_type() {
    let plain = admitted(&with(&[]), b"{}");
    let more = [
        ("Helmstream-Reply-To", "_INBOX_x"),
        ("Nats-Msg-Id", "x"),
        ("id", "other"),
        ("x-ce-id", "other"),
    ];
    let other = admitted(&with(&more), b"{}");
    assert_eq!((plain.content, &plain.command), (other.content, &other.command));
    // What the plane itself writes in attributes is the publisher's word here, and its data only.
    let claimed = [("ce-actor", "operator"), ("ce-actorkind", "human"), ("ce-publisher", "door")];
    let claimed = admitted(&with(&claimed), b"{}");
    assert_eq!(claimed.command.attributes.get("actor"), Some("agent:faber"));
    assert_eq!(claimed.command.attributes.get("publisher"), Some("faber"));
    assert_eq!(fact(&claimed).attributes["actor"], "operator");
}

#[test]
fn what_cannot_be_read_dies_with_its_reason() {
    let long = "x".repeat(65);
    let named = format!("ce-{long}");
    let long_value = "x".repeat(3_000);
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [u8], &'a str);
    let cases: [Case<'_>; 12] = [
        (&[("ce-data", "{}")], b"", "bad_header"),
        (&[("ce-data_base64", "e30=")], b"", "bad_header"),
        (&[("ce-", "x")], b"", "bad_header"),
        (&[(&named, "x")], b"", "bad_header"),
        (&[("ce-note", "%ff")], b"", "bad_header"),
        (&[("CE-ID", "b-2")], b"", "two_headers"),
        (&[("ce-note", &long_value)], b"", "long_attribute"),
        (&[("content-type", "text/csv"), ("ce-datacontenttype", "text/html")], b"x", "two_headers"),
        (&[], b"no json", "not_json"),
        (&[("content-type", "application/vnd.x+json")], b"{\"a\":1,\"a\":1}", "duplicate_key"),
        (&[("ce-time", "yesterday")], b"", "bad_time"),
        (&[("content-type", "text/csv"), ("Content-Type", "text/html")], b"x", "two_headers"),
    ];
    for (more, payload, wanted) in cases {
        assert_eq!(reason(&with(more), payload), wanted, "{more:?}");
    }
    assert_eq!(reason(&FACT[..1], b""), "not_a_cloudevent");
    assert_eq!(reason(&FACT[1..], b""), "not_a_cloudevent");
    let many: Vec<String> = (0..HEADERS_MAX).map(|number| format!("ce-a{number}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(reason(&with(&many), b""), "too_many_headers");
    let large = "y".repeat(20_000);
    assert_eq!(reason(&with(&[("ce-note", &large)]), b""), "too_many_headers");
}

#[test]
fn headers_read_back_from_what_is_kept_of_them() {
    assert_eq!(Headers::default().to_text(), None);
    let all = with(&[("content-type", "text/plain"), ("ce-note", "a:b%0A \u{7f}"), ("x", "y")]);
    let headers = Headers::of(all.clone());
    assert_eq!(Headers::of(all.into_iter().rev()), headers);
    let kept = headers.to_text().unwrap();
    assert_eq!(Headers::of_text(&kept), headers);
    assert!(!kept.contains("x:y"));
    // What was left out of it stays left out: the rest alone would be another event.
    let large = "y".repeat(20_000);
    let cut = Headers::of(with(&[("ce-note", &large)]));
    let again = Headers::of_text(&cut.to_text().unwrap());
    assert!(again.too_many());
    assert_eq!(again, cut);
}
