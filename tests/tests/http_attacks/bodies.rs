//! Bodies of publishes: CloudEvents that are none, too large, too deep, or not what they say.

use serde_json::{Value, json};

use crate::{
    Case,
    Wanted::{Recorded, Refused},
    by, plane, request, try_all,
};

const NO_EVENT: crate::Wanted = Refused(400, "not_an_event");
const OTHER_TYPE: crate::Wanted = Refused(415, "unsupported_type");
const LARGE: crate::Wanted = Refused(413, "too_large");
const FACT: crate::Wanted = Recorded(200, 1);

const PUBLISH: &str = "POST /v1/events";
const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

#[tokio::test]
async fn what_is_no_event_is_refused_and_what_is_one_is_kept_as_it_is() {
    let (plane, web) = plane().await;
    let mut cases = attributes(&web.token);
    cases.extend(data(&web.token));
    cases.extend(in_headers(&web.token));
    cases.extend(batches(&web.token));
    cases.extend(types(&web.token));
    try_all(&plane, &web, cases, 80).await;
    plane.level().await;
    let listed = web.get("/v1/events?context=external&limit=1000").await;
    assert_eq!(listed.status, 200, "{listed:?}");
    for event in listed.body["events"].as_array().expect("a list") {
        let shown = web.get(&format!("/v1/events/{}", event["sequence"])).await;
        assert_eq!(shown.status, 200, "{event}: {shown:?}");
    }
    let dead = web.get("/v1/dead-letters").await;
    assert_eq!(dead.body["dead_letters"].as_array().map(Vec::len), Some(0), "{dead:?}");
}

/// An event of this id with some entries changed; null takes one away.
fn event(id: &str, changes: Value) -> Vec<u8> {
    let mut event = json!({
        "specversion": "1.0", "id": id, "source": "/tests/attacks", "type": "com.example.tried",
    });
    let held = event.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(held.remove(name)),
            value => drop(held.insert(name.clone(), value.clone())),
        }
    }
    event.to_string().into_bytes()
}

/// An event of this id whose data is this text.
fn with_data(id: &str, data: &str) -> Vec<u8> {
    let whole = String::from_utf8(event(id, json!({}))).expect("a text");
    format!("{},\"data\":{data}}}", whole.trim_end_matches('}')).into_bytes()
}

fn attributes(token: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut row = |row: &str, changes: Value, wanted| {
        let sent = by(token, PUBLISH, STRUCTURED, event(row, changes));
        cases.push(Case::new(row, sent, wanted));
    };
    for name in ["specversion", "id", "source", "type"] {
        row(&format!("{name} missing"), json!({ name: null }), NO_EVENT);
        row(&format!("{name} empty"), json!({ name: "" }), NO_EVENT);
        row(&format!("{name} of wrong type"), json!({ name: ["1.0"] }), NO_EVENT);
    }
    row("specversion 0.3", json!({"specversion": "0.3"}), NO_EVENT);
    row("specversion 1.1", json!({"specversion": "1.1"}), NO_EVENT);
    row("specversion as a number", json!({"specversion": 1}), NO_EVENT);
    row("id as a number", json!({"id": 7}), NO_EVENT);
    row("id of 64 kB", json!({"id": "i".repeat(64_000)}), NO_EVENT);
    row("source of 64 kB", json!({"source": "/".repeat(64_000)}), NO_EVENT);
    row("type of 64 kB", json!({"type": "t".repeat(64_000)}), NO_EVENT);
    row("extension of 64 kB", json!({"more": "t".repeat(64_000)}), NO_EVENT);
    row("extension that is an object", json!({"more": {"a": 1}}), NO_EVENT);
    row("extension that is a list", json!({"more": [1]}), NO_EVENT);
    row("time of month 13", json!({"time": "2026-13-01T00:00:00Z"}), NO_EVENT);
    row("time without a zone", json!({"time": "2026-01-01T00:00:00"}), NO_EVENT);
    row("time of year 10000", json!({"time": "10000-01-01T00:00:00Z"}), NO_EVENT);
    row("time as a number", json!({"time": 1_770_000_000}), NO_EVENT);
    row("both data and data_base64", json!({"data": 1, "data_base64": "MQ=="}), NO_EVENT);
    // Read tolerantly: what is said wrongly beside the event does not keep the event out.
    row("source that is no URI reference", json!({"source": "http://[::1 <a> b"}), FACT);
    row("type with a control character", json!({"type": "com.example\u{7}\r\nx"}), FACT);
    row("dataschema that is relative", json!({"dataschema": "../schema"}), FACT);
    row("attribute name in upper case", json!({"MORE": "1"}), FACT);
    row("attribute name over 20 characters", json!({"averylongnameofanattribute": "1"}), FACT);
    row("attribute name that is empty", json!({"": "1"}), FACT);
    row("Integer 2^31", json!({"more": 2_147_483_648_u64}), FACT);
    row("bad base64", json!({"data_base64": "*not base64*"}), FACT);
    row("data_base64 that is a number", json!({"data_base64": 7}), FACT);
    row("NUL in an attribute", json!({"more": "a\u{0}b"}), FACT);
    row("NUL in the id", json!({"id": "a\u{0}b"}), FACT);
    row("U+FFFE in an attribute", json!({"more": "a\u{fffe}b"}), FACT);
    cases
}

fn data(token: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut row = |row: &str, body: Vec<u8>, wanted| {
        cases.push(Case::new(row, by(token, PUBLISH, STRUCTURED, body), wanted));
    };
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    row("NUL in data", with_data("nul", r#""a\u0000b""#), FACT);
    row("NUL in a key of data", with_data("nul-key", r#"{"a\u0000b":1}"#), FACT);
    row("lone surrogate in data", with_data("s", r#""\udc00""#), NO_EVENT);
    for depth in 119..=125 {
        let id = format!("nesting {depth}");
        row(&id, with_data(&id, &nested(depth)), FACT);
    }
    // Within the door's bound, and a level too deep for the command: it is refused, and told so.
    row("nesting 126", with_data("n126", &nested(126)), Recorded(409, 1));
    row("nesting 127", with_data("n127", &nested(127)), NO_EVENT);
    row("nesting 128", with_data("n128", &nested(128)), NO_EVENT);
    row("nesting 5000", with_data("n5000", &nested(5_000)), NO_EVENT);
    row("duplicate keys of the event", with_data("d", r#"1,"id":"other""#), NO_EVENT);
    row("duplicate keys in data", with_data("d", r#"{"a":1,"a":2}"#), NO_EVENT);
    row("duplicate keys by an escape", with_data("d", r#"{"a":1,"\u0061":2}"#), NO_EVENT);
    row("1e309 in data", with_data("e", "1e309"), NO_EVENT);
    row("-0 in data", with_data("minus", "-0"), FACT);
    row("2^53+1 in data", with_data("large", "9007199254740993"), FACT);
    row("2^64 in data", with_data("larger", "18446744073709551616"), FACT);
    row("hexadecimal in data", with_data("h", "0x1F"), NO_EVENT);
    row("leading zero in data", with_data("z", "007"), NO_EVENT);
    row("event of 64 KiB", with_data("64k", &text(65_000)), FACT);
    row("event of 512 KiB and more", with_data("512k", &text(512 * 1_024)), LARGE);
    row("event of 1 MiB + 1", with_data("1m", &text(1_048_576)), LARGE);
    row("event over the whole limit", with_data("5m", &text(5 * 1_048_576)), LARGE);
    row("invalid UTF-8 in data", [&event("u", json!({}))[..], b"\xff"].concat(), NO_EVENT);
    row("no body", Vec::new(), NO_EVENT);
    row("half an event", event("half", json!({}))[..30].to_vec(), NO_EVENT);
    row("null for an event", b"null".to_vec(), NO_EVENT);
    row("text for an event", b"\"specversion\"".to_vec(), NO_EVENT);
    row("list for an event", b"[{}]".to_vec(), NO_EVENT);
    cases
}

/// Binary mode.
fn in_headers(token: &str) -> Vec<Case> {
    let bearer = format!("Bearer {token}");
    let mut cases = Vec::new();
    let mut row = |row: &str, left_out: &str, more: &[(&str, &str)], body: &str, wanted| {
        let mut headers = vec![("Authorization", bearer.as_str()), ("Prefer", "wait=30")];
        let all = [
            ("ce-specversion", "1.0"),
            ("ce-id", row),
            ("ce-source", "/tests/attacks"),
            ("ce-type", "com.example.tried"),
        ];
        headers.extend(all.into_iter().filter(|(name, _)| *name != left_out));
        headers.extend(more);
        cases.push(Case::new(row, request(PUBLISH, &headers, body.as_bytes()), wanted));
    };
    let json = ("Content-Type", "application/json");
    row("ce- header duplicated", "", &[("ce-id", "other"), json], "1", NO_EVENT);
    row("ce- header duplicated by case", "", &[("CE-ID", "other"), json], "1", NO_EVENT);
    row("ce-specversion missing", "ce-specversion", &[json], "1", NO_EVENT);
    row("ce-id missing", "ce-id", &[json], "1", NO_EVENT);
    row("ce-source missing", "ce-source", &[json], "1", NO_EVENT);
    row("ce-type missing", "ce-type", &[json], "1", NO_EVENT);
    row("percent-encoding that is no UTF-8", "", &[("ce-more", "%ff"), json], "1", NO_EVENT);
    row("percent-encoding that is cut", "", &[("ce-more", "100%"), json], "1", FACT);
    row("ce-data as a header", "", &[("ce-data", "1"), json], "1", NO_EVENT);
    row("ce-data_base64 as a header", "", &[("ce-data_base64", "MQ=="), json], "1", NO_EVENT);
    row("ce- header without a name", "", &[("ce-", "1"), json], "1", NO_EVENT);
    row("ce- header that is not ASCII", "", &[("ce-more", "ö"), json], "1", NO_EVENT);
    row("ce-specversion 0.3 beside 1.0", "", &[("ce-specversion", "0.3"), json], "1", NO_EVENT);
    row("data that is not the JSON it says", "", &[json], "{", NO_EVENT);
    row("two types of one payload", "", &[("ce-datacontenttype", "a/b"), json], "1", NO_EVENT);
    let long = "x".repeat(17_000);
    row("headers over their limit", "", &[("ce-more", &long), json], "1", NO_EVENT);
    cases
}

fn batches(token: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut row = |row: &str, members: &[Vec<u8>], wanted| {
        let body = [&b"["[..], &members.join(&b','), b"]"].concat();
        cases.push(Case::new(row, by(token, PUBLISH, BATCH, body), wanted));
    };
    let good = |id: &str| event(id, json!({}));
    row("batch with one bad member", &[good("b1"), event("b2", json!({"id": null}))], NO_EVENT);
    row(
        "batch with one member too large",
        &[good("b1"), with_data("b2", &format!("\"{}\"", "x".repeat(600_000)))],
        LARGE,
    );
    row("batch in a batch", &[good("b1"), b"[]".to_vec()], NO_EVENT);
    row("batch with duplicate keys in a member", &[with_data("b1", r#"{"a":1,"a":2}"#)], NO_EVENT);
    row("batch with a member that nests 5000", &[with_data("b1", &"[".repeat(5_000))], NO_EVENT);
    row("empty batch", &[], NO_EVENT);
    row("batch of 1001", &vec![b"{}".to_vec(); 1_001], NO_EVENT);
    row("batch of 10k members", &vec![good("many"); 10_000], NO_EVENT);
    cases
}

/// Types that are not those of the body.
fn types(token: &str) -> Vec<Case> {
    let one = event("types", json!({}));
    let sent = |kind: &str, body: &[u8]| by(token, PUBLISH, kind, body);
    let bearer = format!("Bearer {token}");
    let zipped = |body: &[u8]| {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", STRUCTURED),
            ("Content-Encoding", "gzip"),
        ];
        request(PUBLISH, &headers, body)
    };
    // The first bytes of a gzip stream; whatever it would grow to, nobody lets it grow.
    let bomb = [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"[..], &[0; 1_014]].concat();
    vec![
        Case::new("structured as text/plain", sent("text/plain", &one), OTHER_TYPE),
        Case::new("structured as application/json", sent("application/json", &one), OTHER_TYPE),
        Case::new(
            "structured as a form",
            sent("application/x-www-form-urlencoded", &one),
            OTHER_TYPE,
        ),
        Case::new(
            "structured as multipart",
            sent("multipart/form-data; boundary=x", &one),
            OTHER_TYPE,
        ),
        Case::new("structured without a type", sent("", &one), OTHER_TYPE),
        Case::new("structured as XML", sent("application/cloudevents+xml", &one), OTHER_TYPE),
        Case::new(
            "structured as protobuf",
            sent("application/cloudevents+protobuf", &one),
            OTHER_TYPE,
        ),
        Case::new("structured as a batch", sent(BATCH, &one), NO_EVENT),
        Case::new("batch as structured", sent(STRUCTURED, b"[]"), NO_EVENT),
        Case::new(
            "structured in UTF-16",
            sent("application/cloudevents+json; charset=utf-16", &one),
            Refused(400, "bad_request"),
        ),
        Case::new("gzip bomb", zipped(&bomb), NO_EVENT),
    ]
}
