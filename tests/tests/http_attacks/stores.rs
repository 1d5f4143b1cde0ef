//! Texts that a store, a subject or a log could take for something else than a text.

use helmstream_tests::web::Web;
use serde_json::{Value, json};

use crate::{
    Case,
    Wanted::{Harmless, Recorded, Refused, Unread},
    asked, by, plane, try_all,
};

const BAD: crate::Wanted = Refused(400, "bad_request");
const NONE: crate::Wanted = Refused(404, "not_found");

#[tokio::test]
async fn a_text_is_a_text_in_every_store_subject_and_log() {
    let (plane, web) = plane().await;
    let mut cases = in_questions(&web.token);
    cases.extend(in_sources(&web.token));
    cases.extend(in_units(&web.token));
    try_all(&plane, &web, cases, 55).await;
    plane.level().await;
    shown_as_sent(&web).await;
}

/// Every source is there by its own name.
async fn shown_as_sent(web: &Web) {
    for (_, source) in SOURCES {
        let encoded: String = source.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!("/v1/events?context=external&aggregate={encoded}");
        let listed = web.get(&path).await;
        assert_eq!(listed.body["events"].as_array().map(Vec::len), Some(1), "{source}: {listed:?}");
        assert_eq!(listed.body["events"][0]["aggregate"], *source, "{listed:?}");
    }
}

/// What could be taken for a subject, a statement, a header or a line of a log.
const SOURCES: &[(&str, &str)] = &[
    ("NATS subject token *", "*"),
    ("NATS subject token >", ">"),
    ("NATS subject token .", "."),
    ("NATS subject token of a space", "a b"),
    ("NATS subject token $JS", "$JS.API.STREAM.DELETE.EVENTS"),
    ("NATS subject token _INBOX.x", "_INBOX.x"),
    ("NATS subject token with leading dot", ".a"),
    ("NATS subject token with trailing dot", "a."),
    ("NATS subject token of per cent signs", "%2E%2e%"),
    ("NATS subject of another context", "evt.access.dana"),
    ("NATS subject token of a tab", "a\tb"),
    ("SQL quote as a source", "x' OR '1'='1"),
    ("SQL stacked as a source", "x; DROP TABLE run; --"),
    ("SQL wildcard as a source", "%_%"),
    ("SQL backslash as a source", "a\\"),
    ("header CRLF as a source", "a\r\nNats-Msg-Id: 1"),
    ("log forging ANSI as a source", "a\u{1b}[2J\u{1b}]0;x\u{7}"),
    ("bidi override as a source", "a\u{202e}b"),
    ("zero width as a source", "a\u{200b}b"),
];

fn in_sources(token: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut row = |row: &str, changes: Value, wanted| {
        let mut event = json!({
            "specversion": "1.0", "id": row, "source": "/tests/attacks", "type": "com.example.tried",
        });
        for (name, value) in changes.as_object().expect("an object") {
            event[name] = value.clone();
        }
        let kind = "application/cloudevents+json";
        cases.push(Case::new(row, by(token, "POST /v1/events", kind, event.to_string()), wanted));
    };
    for (name, source) in SOURCES {
        row(name, json!({ "source": source }), Recorded(200, 1));
    }
    row("NATS subject of 1k tokens", json!({"source": "a.".repeat(1_000)}), Recorded(422, 0));
    row(
        "header CRLF in traceparent",
        json!({"traceparent": "00-a\r\nce-actor: boss"}),
        Recorded(200, 1),
    );
    row("header CRLF in id", json!({"id": "1\r\nNats-Rollup: all\r\n\r\n"}), Recorded(200, 1));
    row("header CRLF in type", json!({"type": "a\r\nNats-Expected-Stream: X"}), Recorded(200, 1));
    row("header CRLF in the name of an attribute", json!({"a\r\nb": "1"}), Recorded(200, 1));
    row(
        "log forging CR LF",
        json!({"id": "1\r\n2026-01-01T00:00:00Z ERROR forged"}),
        Recorded(200, 1),
    );
    row("log forging ANSI", json!({"type": "\u{1b}[31mred\u{1b}[0m"}), Recorded(200, 1));
    cases
}

fn in_questions(token: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut row = |row: &str, path: &str, wanted| {
        cases.push(Case::new(row, asked(token, path), wanted));
    };
    row("SQL quote in a name", "/v1/runs/x%27%20OR%20%271%27%3D%271", NONE);
    row("SQL comment in a name", "/v1/runs/x%27--", NONE);
    row("SQL stacked in a name", "/v1/runs/x%27%3BDROP%20TABLE%20run%3B--", NONE);
    row("SQL % in a name", "/v1/runs/%25", NONE);
    row("SQL _ in a name", "/v1/runs/_", NONE);
    row("SQL quote in a unit", "/v1/deployments/%27", NONE);
    row("SQL % in a unit", "/v1/deployments/%25", NONE);
    row("SQL quote in an approval", "/v1/approvals/%27%20OR%201%3D1", NONE);
    row("SQL quote in a filter", "/v1/deployments?domain=%27%20OR%201%3D1--", Harmless(200));
    row("SQL % in a filter", "/v1/deployments?domain=%25", Harmless(200));
    row("SQL quote in a context", "/v1/events?context=%27", NONE);
    row("SQL quote in a type", "/v1/events?type=%27%3B--", NONE);
    row("SQL quote in an aggregate", "/v1/events?aggregate=%27%3B--", Harmless(200));
    row("SQL quote in a token's actor", "/v1/tokens?actor=%27%20OR%201%3D1", Harmless(200));
    row("SQL quote in the name of a view", "/v1/projections/run%27%3B--/past?at=1", NONE);
    row("SQL quote in the view of a difference", "/v1/diff?view=%27&from=1&to=2", NONE);
    row("sort field that is not known", "/v1/runs?sort=password", BAD);
    row("order that is not known", "/v1/runs?order_by=1%3BDROP%20TABLE%20run", BAD);
    row("name of a parameter with a quote", "/v1/runs?%27%20OR%201=1", BAD);
    row("name of a parameter in brackets", "/v1/runs?limit[$gt]=1", BAD);
    row("limit of nothing", "/v1/runs?limit=0", BAD);
    row("limit that is negative", "/v1/runs?limit=-1", BAD);
    row("limit of 2^32+1", "/v1/runs?limit=4294967297", BAD);
    row("limit of 1e2", "/v1/runs?limit=1e2", BAD);
    row("limit twice", "/v1/runs?limit=1&limit=1000000", BAD);
    row("position over 2^63", "/v1/events?from_seq=9223372036854775808", Harmless(200));
    row("position over 2^64", "/v1/events?from_seq=18446744073709551616", BAD);
    row("moment over 2^63", "/v1/runs?at=9223372036854775808", Refused(422, "input"));
    row("page before a quote", "/v1/runs?before=%27", Refused(422, "input"));
    row("NUL in a name", "/v1/runs/a%00b", BAD);
    row("NUL in a filter", "/v1/deployments?domain=a%00", BAD);
    row("invalid UTF-8 in a name", "/v1/runs/%ff%fe", BAD);
    row("invalid UTF-8 in a filter", "/v1/deployments?domain=%ff", Harmless(200));
    row("outcome at a position over 2^63", "/v1/outcomes/9223372036854775808", NONE);
    row("event at a position over 2^63", "/v1/events/9223372036854775808", NONE);
    row("event by a text", "/v1/events/%27", BAD);
    row("command by a text", "/v1/commands/%27", BAD);
    row("answer that has to have read 2^64", "/v1/runs?min_seq=18446744073709551616", BAD);
    row("answer that has to have read a quote", "/v1/runs?min_seq=%27", BAD);
    let many: String = (0..20_000).map(|_| "&statuses=open").collect();
    row("array bind that is large", &format!("/v1/runs?limit=1{many}"), Unread(431));
    row("array bind of words that are none", "/v1/runs?statuses=%27", BAD);
    let nul = json!({"sha256": "a\u{0}", "id": "AAAAAAAAAAAA"}).to_string();
    cases.push(Case::new(
        "NUL in a digest",
        by(token, "POST /v1/tokens", "application/json", nul),
        BAD,
    ));
    cases
}

/// Names of a deployment become parts of an aggregate's name, and so of a subject.
fn in_units(token: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut row = |row: &str, domain: &str, wanted| {
        let body = json!({
            "deployment_id": format!("d {row}"), "domain": domain, "environment": "prod",
            "name": format!("n {row}"),
        });
        let sent = by(token, "POST /v1/deployments", "application/json", body.to_string());
        cases.push(Case::new(row, sent, wanted));
    };
    row("domain *", "*", Recorded(200, 1));
    row("domain >", ">", Recorded(200, 1));
    row("domain $JS", "$JS", Recorded(200, 1));
    row("domain with a dot and a space", " .a b", Recorded(200, 1));
    row("domain that is empty", "", Recorded(422, 0));
    row("domain with NUL", "a\u{0}b", Recorded(200, 1));
    row("domain with a quote", "x'; --", Recorded(200, 1));
    row("domain of 64 kB", &"d".repeat(64_000), Recorded(422, 0));
    cases
}
