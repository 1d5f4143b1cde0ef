//! Requests that two readers could take for two different ones, or for none.

use crate::{
    Case,
    Wanted::{Closed, Harmless, Refused, Unread},
    by, plane, request, try_all,
};

const BAD: crate::Wanted = Refused(400, "bad_request");
const JSON: &str = "application/json";
const REGISTER: &str = "POST /v1/deployments";

#[tokio::test]
async fn a_request_that_two_readers_could_take_for_two_is_refused() {
    let (plane, web) = plane().await;
    let mut cases = heads(&web.token);
    cases.extend(lengths());
    cases.extend(targets(&web.token));
    cases.extend(texts(&web.token));
    try_all(&plane, &web, cases, 60).await;
}

/// A head of one's own, as it is written.
fn head(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn heads(token: &str) -> Vec<Case> {
    let many: String = (0..120).map(|n| format!("X-{n}: 1\n")).collect();
    let large = format!("X-Large: {}\n", "x".repeat(40 * 1_024));
    let live = |more: &str| head(&format!("GET /livez HTTP/1.1\nHost: plane\n{more}\n"));
    let closing = |more: &str| live(&format!("Connection: close\n{more}"));
    let bearer = format!("Authorization: Bearer {token}\n");
    let runs = |more: &str| {
        head(&format!("GET /v1/runs HTTP/1.1\nHost: plane\nConnection: close\n{more}\n"))
    };
    vec![
        Case::new("obs-fold", live("X-A: 1\n 2\n"), Unread(400)),
        Case::new("space before colon", live("X-A : 1\n"), Unread(400)),
        Case::new("tab before colon", live("X-A\t: 1\n"), Unread(400)),
        Case::new("no name before colon", live(": 1\n"), Unread(400)),
        Case::new("no colon", live("X-A\n"), Unread(400)),
        Case::new("NUL in header", live("X-A: a\0b\n"), Unread(400)),
        Case::new("NUL in header name", live("X-\0A: b\n"), Unread(400)),
        Case::new("bare carriage return in header", live("X-A: a\rX-B: b\n"), Unread(400)),
        Case::new("431 many headers", live(&many), Unread(431)),
        Case::new("431 large header", closing(&large), Refused(431, "head_too_large")),
        Case::new(
            "431 header over what is read at all",
            live(&format!("X-Large: {}\n", "x".repeat(100 * 1_024))),
            Unread(431),
        ),
        Case::new(
            "bare line feed after a large header",
            [
                &b"GET /livez HTTP/1.1\r\nHost: plane\r\n"[..],
                format!("X-Large: {}\r\n", "x".repeat(33_000)).as_bytes(),
                b"X-A: 1\nX-B: 2\r\n\r\n",
            ]
            .concat(),
            Unread(400),
        ),
        Case::new(
            "bare line feed after request line",
            b"GET /livez HTTP/1.1\nHost: plane\r\n\r\n".to_vec(),
            Unread(400),
        ),
        Case::new(
            "bare line feed after header",
            b"GET /livez HTTP/1.1\r\nHost: plane\nX-A: 1\r\n\r\n".to_vec(),
            Unread(400),
        ),
        Case::new(
            "bare line feed at end of head",
            b"GET /livez HTTP/1.1\r\nHost: plane\r\n\n".to_vec(),
            Unread(400),
        ),
        Case::new("HTTP/1.1 without Host", head("GET /livez HTTP/1.1\nConnection: close\n\n"), BAD),
        Case::new("HTTP/1.0 without Host", head("GET /livez HTTP/1.0\n\n"), BAD),
        Case::new("empty Host", head("GET /livez HTTP/1.1\nHost:\nConnection: close\n\n"), BAD),
        Case::new("two Host headers", closing("Host: other\n"), BAD),
        Case::new("two Host headers that agree", closing("host: plane\n"), BAD),
        Case::new("two Authorization headers", runs(&format!("{bearer}{bearer}")), BAD),
        Case::new(
            "two Authorization headers, one of a stranger",
            runs(&format!("{bearer}Authorization: Bearer x\n")),
            BAD,
        ),
        Case::new(
            "two Content-Type headers",
            runs(&format!("{bearer}Content-Type: text/plain\nContent-Type: {JSON}\n")),
            BAD,
        ),
        Case::new(
            "two Idempotency-Key headers",
            runs(&format!("{bearer}Idempotency-Key: a\nIdempotency-Key: b\n")),
            BAD,
        ),
        // Nothing is upgraded, so that a proxy that waits for 101 never tunnels.
        Case::new(
            "h2c upgrade",
            head(
                "GET /livez HTTP/1.1\nHost: plane\nConnection: Upgrade, HTTP2-Settings, close\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\n\n",
            ),
            Harmless(200),
        ),
    ]
}

/// Bodies of which it is unclear where they end.
fn lengths() -> Vec<Case> {
    let with = |framing: &str, body: &str| {
        head(&format!("POST /v1/deployments HTTP/1.1\nHost: plane\n{framing}\n{body}"))
    };
    let smuggled = "GET /livez HTTP/1.1\nHost: plane\n\n";
    let rows = [
        (
            "CL then TE",
            "Content-Length: 4\nTransfer-Encoding: chunked\n",
            format!("0\n\n{smuggled}"),
        ),
        (
            "TE then CL",
            "Transfer-Encoding: chunked\nContent-Length: 4\n",
            format!("0\n\n{smuggled}"),
        ),
        ("two CL", "Content-Length: 2\nContent-Length: 3\n", "{} ".to_owned()),
        ("two CL that agree", "Content-Length: 2\nContent-Length: 2\n", "{}".to_owned()),
        ("CL as a list", "Content-Length: 2, 2\n", "{}".to_owned()),
        ("CL negative", "Content-Length: -1\n", "{}".to_owned()),
        ("CL with a plus", "Content-Length: +2\n", "{}".to_owned()),
        ("CL in hexadecimal", "Content-Length: 0x2\n", "{}".to_owned()),
        ("CL of 2^64", "Content-Length: 18446744073709551616\n", "{}".to_owned()),
        ("CL empty", "Content-Length:\n", "{}".to_owned()),
        ("TE xchunked", "Transfer-Encoding: xchunked\n", "0\n\n".to_owned()),
        ("TE identity", "Transfer-Encoding: identity\n", "{}".to_owned()),
        ("TE chunked, then another", "Transfer-Encoding: chunked, gzip\n", "0\n\n".to_owned()),
        (
            "two TE, the last not chunked",
            "Transfer-Encoding: chunked\nTransfer-Encoding: x\n",
            "0\n\n".to_owned(),
        ),
    ];
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(row, framing, body)| Case::new(row, with(framing, &body), Unread(400)))
        .collect();
    let old = "POST /v1/deployments HTTP/1.0\r\nHost: plane\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    cases.push(Case::new("TE in HTTP/1.0", old.into(), Unread(400)));
    cases
}

fn targets(token: &str) -> Vec<Case> {
    let line = |line: &str| head(&format!("{line}\nHost: plane\nConnection: close\n\n"));
    let bearer = format!("Bearer {token}");
    let whole = |line: &str| request(line, &[("Authorization", bearer.as_str())], b"");
    vec![
        Case::new("HTTP/0.9", head("GET /livez\n"), Unread(400)),
        Case::new("HTTP/1.2", line("GET /livez HTTP/1.2"), Unread(400)),
        Case::new("HTTP/2 preface", head("PRI * HTTP/2.0\n\nSM\n\n"), Closed),
        Case::new("two spaces in request line", line("GET  /livez HTTP/1.1"), Unread(400)),
        Case::new("NUL in method", line("G\0T /livez HTTP/1.1"), Unread(400)),
        Case::new(
            "414 long URI",
            line(&format!("GET /{} HTTP/1.1", "x".repeat(70 * 1_024))),
            Unread(431),
        ),
        Case::new(
            "absolute-form target for another host",
            line("GET http://evil.example.com/livez HTTP/1.1"),
            BAD,
        ),
        Case::new(
            "absolute-form target with a user",
            line("GET http://plane@evil.example.com/livez HTTP/1.1"),
            BAD,
        ),
        Case::new(
            "authority-form target for another host",
            line("CONNECT evil.example.com:443 HTTP/1.1"),
            BAD,
        ),
        Case::new("TRACE", whole("TRACE /v1/runs"), Refused(405, "method_not_allowed")),
        Case::new(
            "method in lower case",
            whole("get /v1/runs"),
            Refused(405, "method_not_allowed"),
        ),
        Case::new(
            "method that nobody knows",
            whole("SPRING /v1/runs"),
            Refused(405, "method_not_allowed"),
        ),
        Case::new("DELETE", whole("DELETE /v1/runs"), Refused(405, "method_not_allowed")),
        Case::new("OPTIONS of everything", whole("OPTIONS *"), Refused(404, "no_such_path")),
        Case::new(
            "method overridden in a header",
            request(
                "GET /v1/tokens/AAAAAAAAAAAA/revoke",
                &[("Authorization", bearer.as_str()), ("X-HTTP-Method-Override", "POST")],
                b"",
            ),
            Refused(405, "method_not_allowed"),
        ),
    ]
}

/// Bodies that are no JSON, or more than that, or too much.
fn texts(token: &str) -> Vec<Case> {
    let sent = |body: &[u8]| by(token, REGISTER, JSON, body);
    let bearer = format!("Authorization: Bearer {token}\n");
    let chunked = |body: &str| {
        head(&format!(
            "POST /v1/deployments HTTP/1.1\nHost: plane\nConnection: close\n{bearer}Content-Type: {JSON}\nTransfer-Encoding: chunked\n\n{body}"
        ))
    };
    let announced = |length: &str| {
        head(&format!(
            "POST /v1/deployments HTTP/1.1\nHost: plane\nConnection: close\n{bearer}Content-Type: {JSON}\nContent-Length: {length}\n\n"
        ))
    };
    let large = format!("40001\n{}\n0\n\n", " ".repeat(0x4_0001));
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let mut cases = vec![
        Case::new("413 that is announced", announced("262145"), Refused(413, "too_large")),
        Case::new("413 of a terabyte", announced("1099511627776"), Refused(413, "too_large")),
        Case::new("413 in chunks", chunked(&large), Refused(413, "too_large")),
        Case::new("size of a chunk negative", chunked("-1\n{}\n0\n\n"), BAD),
        Case::new("size of a chunk of 2^64", chunked("10000000000000000\n{}\n0\n\n"), BAD),
        Case::new("size of a chunk in no number", chunked("0x2\n{}\n0\n\n"), BAD),
        Case::new("chunk longer than its size", chunked("1\n{}\n0\n\n"), BAD),
        Case::new(
            "text/plain",
            by(token, REGISTER, "text/plain", "{}"),
            Refused(415, "unsupported_type"),
        ),
        Case::new(
            "no Content-Type",
            by(token, REGISTER, "", "{}"),
            Refused(415, "unsupported_type"),
        ),
        Case::new(
            "charset=utf-16",
            by(token, REGISTER, "application/json; charset=utf-16", "{}"),
            BAD,
        ),
        Case::new(
            "Content-Type that is not ASCII",
            by(token, REGISTER, "application/jsön", "{}"),
            BAD,
        ),
    ];
    let deep = nested(5_000);
    let rows: [(&str, &[u8]); 12] = [
        ("5000-deep nesting", deep.as_bytes()),
        ("duplicate struct key", br#"{"name":"a","name":"b"}"#),
        ("invalid UTF-8", b"{\"name\":\"\xc3\x28\"}"),
        ("overlong UTF-8", b"{\"name\":\"\xc0\xaf\"}"),
        ("lone surrogate", br#"{"name":"\ud800"}"#),
        ("BOM", b"\xef\xbb\xbf{}"),
        ("NaN", br#"{"name":NaN}"#),
        ("1e400", br#"{"name":1e400}"#),
        ("trailing garbage", br#"{} {}"#),
        ("comment in JSON", b"{/**/}"),
        ("trailing comma", br#"{"name":"a",}"#),
        ("list for an object", b"[]"),
    ];
    cases.extend(rows.map(|(row, body)| Case::new(row, sent(body), BAD)));
    cases
}
