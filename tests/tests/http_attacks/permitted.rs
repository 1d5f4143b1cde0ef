//! What somebody tries who is let in, and may not do it.

use helmstream_schemas::{ActorKind, access::Role};
use helmstream_tests::web::{Answered, Web};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Case,
    Wanted::{Harmless, Refused},
    asked, by, plane, request, try_all,
};

const NOT_PERMITTED: crate::Wanted = Refused(403, "not_permitted");
const BAD: crate::Wanted = Refused(400, "bad_request");
const JSON: &str = "application/json";

/// Every action there is; a new one has to be tried here too.
const ACTIONS: [&str; 16] = [
    "/v1/approvals",
    "/v1/approvals/a%40release/grant",
    "/v1/approvals/a%40release/deny",
    "/v1/approvals/a%40release/withdraw",
    "/v1/deployments",
    "/v1/deployments/prod%2Fshop/retire",
    "/v1/tokens",
    "/v1/tokens/AAAAAAAAAAAA/revoke",
    "/v1/dead-letters/1/decision",
    "/v1/projections/run/rebuild",
    "/v1/projections/run/swap",
    "/v1/projections/run/drop",
    "/v1/projections/run/redrive",
    "/v1/events",
    "/v1/faber/entity-events",
    "/v1/verify",
];

#[tokio::test]
async fn nobody_does_what_the_token_does_not_allow_by_asking_for_it_in_another_way() {
    let (plane, admin) = plane().await;
    let document = admin.get("/v1/openapi.json").await.body;
    let paths = document["paths"].as_object().expect("there are paths");
    let actions = paths.values().filter(|methods| methods.get("post").is_some());
    assert_eq!(actions.count(), ACTIONS.len(), "an action is not tried");
    let viewer = Web::with_role(&plane, "vera", ActorKind::Human, Role::Viewer).await;
    let publisher = Web::with_role(&plane, "ci", ActorKind::Service, Role::Publisher).await;
    let bot = Web::with_role(&plane, "bot", ActorKind::Agent, Role::Operator).await;
    let narrow = Web::within(&plane, "narrow", ActorKind::Human, Role::Operator, &["run"]).await;
    let mut cases = by_viewer(&viewer.token);
    cases.extend(by_event(&viewer.token, &publisher.token, &bot.token));
    cases.extend(of_another(&narrow.token));
    cases.extend(filled_in(&admin.token));
    try_all(&plane, &admin, cases, 55).await;
}

#[tokio::test]
async fn nobody_consents_to_a_question_of_their_own_and_keys_are_each_ones_own() {
    let (plane, dana) = plane().await;
    let sam = Web::with_role(&plane, "sam", ActorKind::Human, Role::Operator).await;
    let question = json!({"run": "r-1", "phase": "release"});
    let asked = dana.post("/v1/approvals", &question).await;
    assert_eq!((asked.status, asked.body["outcome"].as_str()), (200, Some("event")), "{asked:?}");
    plane.level().await;
    let listed = dana.get("/v1/approvals?limit=10").await;
    let id = listed.body["approvals"][0]["id"].as_str().expect("an approval").to_owned();
    let path = format!("/v1/approvals/{}/grant", id.replace('@', "%40").replace('/', "%2F"));
    let own = dana.post(&path, &json!({})).await;
    assert_eq!((own.status, own.body["outcome"].as_str()), (409, Some("refused")), "{own:?}");

    // The key of one person stands for nothing in the hands of another.
    let registry = json!({
        "deployment_id": "d-1", "domain": "application", "environment": "prod", "name": "shop",
    });
    for (web, actor) in [(&dana, "dana"), (&sam, "sam")] {
        let request = web.request(Method::POST, "/v1/deployments").header("prefer", "wait=30");
        let request = request.header("idempotency-key", "k").header("content-type", JSON);
        let response = request.body(registry.to_string()).send().await.expect("it answers");
        let told = Answered::of(response).await.expect("it answers whole");
        assert_ne!(told.body["outcome"], "duplicate_of", "{actor}: {told:?}");
    }

    // Who did it is who holds the token, whatever the event says of itself.
    let forged = json!({
        "specversion": "1.0", "id": "forged", "source": "/x", "type": "com.example.done",
        "actor": "boss", "actorkind": "human", "publisher": "operator", "doorkey": "0",
    });
    let told = sam.publish(&forged).await;
    let sequence = told.body["sequence"].as_u64().expect("it is recorded");
    let shown = dana.get(&format!("/v1/events/{sequence}?min_seq={sequence}")).await;
    assert_eq!(shown.body["actor"], "sam", "{shown:?}");
}

fn by_viewer(token: &str) -> Vec<Case> {
    let actions = ACTIONS.into_iter().filter(|path| !matches!(*path, "/v1/events" | "/v1/verify"));
    let mut cases: Vec<Case> = actions
        .map(|path| {
            let sent = by(token, &format!("POST {path}"), JSON, "{}");
            // It refuses in a form of its own.
            let wanted = if path.starts_with("/v1/faber") { Harmless(403) } else { NOT_PERMITTED };
            Case::new(format!("viewer on mutating POST {path}"), sent, wanted)
        })
        .collect();
    let bearer = format!("Bearer {token}");
    let helped = |name: &str, value: &str| {
        let all = [("Authorization", bearer.as_str()), ("Content-Type", JSON), (name, value)];
        request("POST /v1/tokens", &all, b"{}")
    };
    cases.extend([
        Case::new("viewer lists tokens", asked(token, "/v1/tokens"), NOT_PERMITTED),
        Case::new(
            "viewer with X-Forwarded-User",
            helped("X-Forwarded-User", "dana"),
            NOT_PERMITTED,
        ),
        Case::new(
            "viewer with X-Helmstream-Role",
            helped("X-Helmstream-Role", "admin"),
            NOT_PERMITTED,
        ),
        Case::new("viewer with ce-actor", helped("ce-actor", "dana"), NOT_PERMITTED),
        Case::new("viewer with X-Original-URL", helped("X-Original-URL", "/livez"), NOT_PERMITTED),
    ]);
    cases
}

/// Actions that are asked by publishing them.
fn by_event(viewer: &str, publisher: &str, bot: &str) -> Vec<Case> {
    let event = |kind: &str| {
        json!({
            "specversion": "1.0", "id": kind, "source": "/tests/attacks", "type": kind,
            "data": { "approval": "a@release" },
        })
    };
    let one = |token: &str, kind: &str| {
        by(token, "POST /v1/events", "application/cloudevents+json", event(kind).to_string())
    };
    let grant = "helmstream.approval.grant.v1";
    let among_others = Value::from(vec![event("com.example.tried"), event(grant)]).to_string();
    let bearer = format!("Bearer {bot}");
    let in_headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", JSON),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/tests/attacks"),
        ("ce-type", "helmstream.approval.grant%2Ev1"),
    ];
    let mut cases = vec![
        Case::new("viewer publishes", one(viewer, "com.example.tried"), NOT_PERMITTED),
        Case::new(
            "agent principal approving",
            by(bot, "POST /v1/approvals/a%40release/grant", JSON, "{}"),
            NOT_PERMITTED,
        ),
        Case::new(
            "agent principal denying",
            by(bot, "POST /v1/approvals/a%40release/deny", JSON, "{}"),
            NOT_PERMITTED,
        ),
        Case::new("agent principal approving by an event", one(bot, grant), NOT_PERMITTED),
        Case::new(
            "agent principal approving in a batch",
            by(bot, "POST /v1/events", "application/cloudevents-batch+json", &among_others),
            NOT_PERMITTED,
        ),
        Case::new(
            "agent principal approving in encoded headers",
            request("POST /v1/events", &in_headers, b"{\"approval\":\"a@release\"}"),
            NOT_PERMITTED,
        ),
    ];
    for kind in [
        grant,
        "helmstream.approval.deny.v1",
        "helmstream.approval.grant.v2",
        "helmstream.approval.expire.v1",
        "helmstream.access.create.v1",
        "helmstream.access.revoke.v1",
        "helmstream.deployment.register.v1",
        "helmstream.deployment.retire.v1",
        "helmstream.dead_letter.retry.v1",
        "helmstream.plane.founded.v1",
        "helmstream.run.started.v1",
        "helmstream.",
    ] {
        cases.push(Case::new(
            format!("publisher publishes {kind}"),
            one(publisher, kind),
            NOT_PERMITTED,
        ));
    }
    cases
}

/// Things of contexts that the token is not limited to.
fn of_another(narrow: &str) -> Vec<Case> {
    let paths = [
        "/v1/deployments",
        "/v1/deployments/prod%2Fshop",
        "/v1/approvals",
        "/v1/approvals/a%40release",
        "/v1/tokens",
        "/v1/events",
        "/v1/events?context=run",
        "/v1/events/1",
        "/v1/events/1/why",
        "/v1/commands/6f1c2b1e-0000-5000-8000-000000000000",
        "/v1/dead-letters",
        "/v1/dead-letters/1",
        "/v1/outcomes/1",
        "/v1/replay?from_seq=1",
        "/v1/diff?view=deployment&from=1&to=2",
        "/v1/stream",
        "/v1/stream?context=deployment",
        "/v1/stream?context=access&aggregate=dana",
    ];
    let mut cases: Vec<Case> = paths
        .into_iter()
        .map(|path| Case::new(format!("BOLA id {path}"), asked(narrow, path), NOT_PERMITTED))
        .collect();
    cases.push(Case::new(
        "BOLA id by two contexts",
        asked(narrow, "/v1/stream?context=run&context=deployment"),
        BAD,
    ));
    cases.push(Case::new("its own context", asked(narrow, "/v1/runs"), Harmless(200)));
    cases
}

/// Fields that are not for whoever asks to fill in.
fn filled_in(admin: &str) -> Vec<Case> {
    let mass = |path: &str, body: Value| by(admin, &format!("POST {path}"), JSON, body.to_string());
    let question = |more: &str| {
        let mut body = json!({"run": "r-9", "phase": "release"});
        body[more] = json!("granted");
        mass("/v1/approvals", body)
    };
    let grant = "/v1/approvals/a%40release/grant";
    vec![
        Case::new("mass assignment of status", question("status"), BAD),
        Case::new("mass assignment of approved_by", question("approved_by"), BAD),
        Case::new("mass assignment of actor", question("actor"), BAD),
        Case::new("mass assignment of __proto__", question("__proto__"), BAD),
        Case::new(
            "mass assignment of an answer's actor",
            mass(grant, json!({"actor": "sam"})),
            BAD,
        ),
        Case::new(
            "mass assignment of what stands in the path",
            mass(grant, json!({"approval": "b@release"})),
            BAD,
        ),
        Case::new(
            "mass assignment in the query",
            by(admin, &format!("POST {grant}?actor=sam"), JSON, "{}"),
            BAD,
        ),
        Case::new(
            "mass assignment of a token's revocation",
            mass(
                "/v1/tokens/AAAAAAAAAAAA/revoke",
                json!({"holder": "dana/tests", "revoked_at": "2026-01-01T00:00:00Z"}),
            ),
            BAD,
        ),
    ]
}
