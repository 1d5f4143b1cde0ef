//! Paths that climb, paths of files, and names that are no names: nothing is at any of them.

use helmstream_projections::questions::projection::projection_list;
use helmstream_schemas::{Hash, Id};
use serde_json::{Value, json};

use crate::{
    Case, Told,
    Wanted::{Harmless, Recorded, Refused},
    asked, by, plane, try_all,
};

const NOWHERE: crate::Wanted = Refused(404, "no_such_path");
const NONE: crate::Wanted = Refused(404, "not_found");
const BAD: crate::Wanted = Refused(400, "bad_request");

#[tokio::test]
async fn no_path_leads_anywhere_but_to_what_is_described() {
    let (plane, web) = plane().await;
    let mut cases = targets(&web.token);
    cases.extend(views(&web.token));
    cases.extend(files(&web.token));
    try_all(&plane, &web, cases, 35).await;
}

fn targets(token: &str) -> Vec<Case> {
    let long = format!("/v1/runs/{}", "a".repeat(4_096));
    [
        ("../ above everything", "/../../etc/passwd", NOWHERE),
        ("../ past what needs no token", "/livez/../v1/tokens", NOWHERE),
        ("../ within a name", "/v1/runs/../tokens", NOWHERE),
        ("..%2f within a name", "/v1/runs/..%2ftokens", NONE),
        ("..%5c within a name", "/v1/runs/..%5c..%5cwin.ini", NONE),
        ("%2e%2e as a part", "/v1/%2e%2e/v1/tokens", NOWHERE),
        ("%2e%2e as a name", "/v1/runs/%2e%2e", NONE),
        ("%252e encoded twice", "/v1/runs/%252e%252e%252f", NONE),
        ("overlong ..", "/v1/runs/%c0%ae%c0%ae%c0%af", BAD),
        ("absolute path", "//etc/passwd", NOWHERE),
        ("absolute path as a name", "/v1/runs/%2fetc%2fpasswd", NONE),
        ("/proc/self/environ", "/proc/self/environ", NOWHERE),
        ("/proc/self/environ as a name", "/v1/runs/%2fproc%2fself%2fenviron", NONE),
        ("NUL as a name", "/v1/runs/%00", BAD),
        ("NUL after a name", "/v1/runs/a%00.json", BAD),
        ("trailing dot", "/v1/runs.", NOWHERE),
        ("trailing space", "/v1/runs%20", NOWHERE),
        ("trailing slash", "/v1/runs/", NOWHERE),
        ("double slash", "/v1//runs", NOWHERE),
        ("semicolon after a part", "/v1;x/runs", NOWHERE),
        ("path parameter of a session", "/v1/tokens;jsessionid=1", NOWHERE),
        ("case-fold clash", "/V1/Runs", NOWHERE),
        ("encoded letter of a part", "/%761/tokens", NOWHERE),
        ("encoded slash of a part", "/v1%2ftokens", NOWHERE),
        ("full-width letters", "/v1/%ef%bd%92uns", NOWHERE),
        ("4096 characters", long.as_str(), BAD),
        ("extension that is guessed", "/v1/runs.json", NOWHERE),
        ("hidden folder", "/.git/config", NOWHERE),
        ("metrics of another tool", "/actuator/env", NOWHERE),
        ("source map", "/app.js.map", NOWHERE),
        ("device file", "/dev/zero", NOWHERE),
    ]
    .map(|(row, path, wanted)| Case::new(row, asked(token, path), wanted))
    .into()
}

/// Names of views, which are also names of schemas.
fn views(token: &str) -> Vec<Case> {
    let long = "v".repeat(4_096);
    let rows = [
        ("view ../", "..%2frun", NONE),
        ("view with a quote", "run%22%3B%20DROP%20SCHEMA%20run%3B--", NONE),
        ("view pg_catalog", "pg_catalog", NONE),
        ("view with a dot", "run.r", NONE),
        ("view of 4096 characters", long.as_str(), BAD),
        ("view of other case", "RUN", NONE),
        ("view *", "*", NONE),
        ("view with NUL", "run%00", BAD),
    ];
    let each = rows.into_iter().flat_map(|(row, view, wanted)| {
        ["rebuild", "drop"].map(|action| {
            let line = format!("POST /v1/projections/{view}/{action}");
            Case::new(format!("{row} to {action}"), by(token, &line, "", ""), wanted)
        })
    });
    let long = "x".repeat(33_000);
    let too_long = asked(token, &format!("/v1/runs/{long}"));
    each.chain([Case::new(
        "path over what a head may be",
        too_long,
        Refused(431, "head_too_large"),
    )])
    .collect()
}

/// Paths that lead out of every project.
const OUTSIDE: [(&str, &str); 7] = [
    ("file ../", "../../etc/passwd"),
    ("file ../ below runs", "runs/../../../etc/passwd"),
    ("file that is absolute", "/etc/shadow"),
    ("file /proc/self/environ", "/proc/self/environ"),
    ("file of a device", "/dev/zero"),
    ("file with a scheme", "file:///etc/passwd"),
    ("file with NUL", "state\u{0}.json"),
];

/// Of such a path nothing is read: a file without content says nothing, and one that names no run
/// is of none, wherever it is said to lie.
fn files(token: &str) -> Vec<Case> {
    let each = OUTSIDE.into_iter().flat_map(|(row, path)| {
        let bare = json!({ "shape": "metadata", "path": path });
        let nameless = json!({ "shape": "metadata", "path": path, "content": { "title": row } });
        // A folder below `runs/` is a run's name, and no more than a name.
        let is_named = path.starts_with("runs/");
        let wanted = if is_named { Recorded(200, 1) } else { Harmless(422) };
        let case = |what: &str, data: &Value, wanted| {
            Case::new(
                format!("{row} {what}"),
                published(token, &format!("{row} {what}"), data),
                wanted,
            )
        };
        [case("without content", &bare, Recorded(200, 1)), case("of no run", &nameless, wanted)]
    });
    each.collect()
}

fn published(token: &str, id: &str, data: &Value) -> Vec<u8> {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/tests/attacks",
        "type": "helmstream.faber.file.v1", "data": data,
    });
    by(token, "POST /v1/events", "application/cloudevents+json", event.to_string())
}

/// What is said to be a file is never opened: its content travels with it, and its path is a text.
#[tokio::test]
async fn a_file_holds_what_was_sent_and_nothing_of_what_lies_at_its_path() {
    let (plane, web) = plane().await;
    let canary = plane.plane.plane.directory().join("canary.json");
    let secret = "what-lies-at-the-path";
    std::fs::write(&canary, json!({ "run_id": secret, "title": secret }).to_string())
        .expect("a file can be written");
    let canary = canary.to_str().expect("a path").to_owned();
    let climbing = format!("runs/../../../../../../../../../..{canary}");
    let outside = OUTSIDE.map(|(_, path)| path);
    for (n, path) in outside.into_iter().chain([canary.as_str(), &climbing]).enumerate() {
        let content = json!({ "run_id": format!("attack/{n}"), "title": "what was sent" });
        let data = json!({ "shape": "metadata", "path": path, "content": content });
        let answer = web.raw(&published(&web.token, &format!("file {n}"), &data)).await;
        let told = Told::of(&answer).unwrap_or_else(|why| panic!("{path}: {why}"));
        let named = (told.status, told.body["outcome"].as_str(), told.body["name"].as_str());
        assert_eq!(named, (200, Some("event"), Some("observed")), "{path}: {told:?}");
        let events = plane.events(&format!("evt.run.{}", token_of(&format!("attack/{n}")))).await;
        let [event] = &events[..] else { panic!("{path}: {} events", events.len()) };
        let event: Value = serde_json::from_slice(&event.payload).expect("JSON");
        assert_eq!(event["sighting"]["path"], path, "kept as it was written");
        let sent = Hash::of_json(&content).to_string();
        assert_eq!(event["sighting"]["content"], sent.as_str(), "{path}");
        assert_eq!(event["told"]["metadata"]["title"], "what was sent", "{path}");
    }
    plane.level().await;
    for record in plane.events(">").await.iter().chain(&plane.journal().await) {
        let text = String::from_utf8_lossy(&record.payload);
        assert!(!text.contains(secret) && !text.contains("root:"), "{}: {text}", record.subject);
    }
    let parked = projection_list(&plane.database).await.expect("the views answer");
    assert!(parked.iter().all(|line| line.parked == 0), "{parked:?}");
}

fn token_of(id: &str) -> String {
    Id::new(id).expect("a name").token()
}
