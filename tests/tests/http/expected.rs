//! Revisions and what is asked of them: over HTTP by `ETag` and `If-Match`, by any publisher as an
//! attribute of the event, and in place.

use futures_util::future::join;
use helmstream_schemas::{ActorKind, Expected, access::Role, outcome::Outcome};
use helmstream_services::client::{
    Client, ask,
    dead_letter::{DecideRequest, Decision},
    token,
};
use helmstream_tests::{
    running::Running,
    web::{Answered, Web},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    plane,
    tailed::{direct, http, program},
};

const ROUNDS: usize = 100;

/// Asks under headers, with a body if it is an action.
async fn asked(web: &Web, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answered {
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let mut request = web.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    Answered::of(request.send().await.expect("it answers")).await.expect("it answers whole")
}

/// Asks for consent, as an agent; the path of the approval.
async fn open(agent: &Web, run: &str) -> String {
    let told = agent.post("/v1/approvals", &json!({ "run": run, "phase": "release" })).await;
    assert_eq!(told.body["name"], "requested", "{told:?}");
    format!("/v1/approvals/{run}@release")
}

fn tag(answered: &Answered) -> &str {
    answered.headers["etag"].to_str().expect("a tag")
}

/// An approval as everybody sees it by now.
async fn shown(plane: &Running, web: &Web, path: &str) -> Answered {
    plane.level().await;
    let answered = web.get(path).await;
    assert_eq!(tag(&answered), format!("\"{}\"", answered.body["revision"]), "{answered:?}");
    answered
}

async fn people(plane: &Running) -> (Web, Web) {
    let approver = Web::with_role(plane, "sam", ActorKind::Human, Role::Approver).await;
    let agent = Web::with_role(plane, "claude", ActorKind::Agent, Role::Publisher).await;
    (approver, agent)
}

#[tokio::test]
async fn what_is_shown_has_its_revision_as_a_tag_also_as_it_was() {
    let (plane, web) = plane().await;
    let (_, agent) = people(&plane).await;
    let path = open(&agent, "tagged").await;
    let first = shown(&plane, &web, &path).await;
    let revision = first.body["revision"].as_u64().expect("a position");
    let same = asked(&web, &path, &[("if-none-match", tag(&first))], None).await;
    assert_eq!((same.status, tag(&same), &same.body), (304, tag(&first), &json!("")));
    assert_eq!(asked(&web, &path, &[("if-none-match", "\"1\"")], None).await.status, 200);
    assert_eq!(asked(&web, &path, &[("if-match", "\"1\"")], None).await.problem(), "changed");
    // A refusal changes nothing that is shown, and is a record all the same.
    let own = agent.post(&format!("{path}/withdraw"), &json!({})).await;
    assert_eq!(own.status, 200, "{own:?}");
    let answer = json!({ "reason": "too late" });
    assert_eq!(web.post(&format!("{path}/deny"), &answer).await.body["reason"], "closed");
    let later = shown(&plane, &web, &path).await;
    let events = plane.events("evt.approval.tagged@release").await;
    assert_eq!(events.last().map(|record| record.sequence), later.body["revision"].as_u64());
    let then = web.get(&format!("{path}?at={revision}")).await;
    assert_eq!((tag(&then), &then.body["rounds"]), (tag(&first), &first.body["rounds"]));
}

#[tokio::test]
async fn of_two_answers_to_one_revision_exactly_one_is_given_a_hundred_times() {
    let (plane, web) = plane().await;
    let (approver, agent) = people(&plane).await;
    let mut paths = Vec::new();
    for round in 0..ROUNDS {
        paths.push(open(&agent, &format!("raced-{round}")).await);
    }
    plane.level().await;
    for path in paths {
        let seen = web.get(&path).await;
        let under = [("if-match", tag(&seen)), ("prefer", "wait=30")];
        let (grant, deny) = (format!("{path}/grant"), format!("{path}/deny"));
        let (grant, deny) = join(
            asked(&web, &grant, &under, Some(json!({}))),
            asked(&approver, &deny, &under, Some(json!({}))),
        )
        .await;
        let mut statuses = [grant.status, deny.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{path}: {grant:?} {deny:?}");
        let lost = if grant.status == 412 { &grant } else { &deny };
        assert_eq!(
            (lost.problem(), lost.body["reason"].as_str()),
            ("changed", Some("changed_since"))
        );
        assert_eq!(lost.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn asked_again_under_one_key_it_is_answered_as_the_first_time() {
    let (plane, web) = plane().await;
    let (_, agent) = people(&plane).await;
    let path = open(&agent, "again").await;
    let seen = shown(&plane, &web, &path).await;
    let (done, other) = (tag(&seen), "\"1\", W/\"2\"");
    let reminded = [(other, "no", 412), (done, "yes", 412)];
    for (tags, key, status) in reminded {
        // The refusal of the first is a record, so that the second comes too late as well.
        let under = [("if-match", tags), ("idempotency-key", key), ("prefer", "wait=30")];
        let grant = || asked(&web, "/v1/approvals/again@release/grant", &under, Some(json!({})));
        let (first, again) = (grant().await, grant().await);
        assert_eq!((first.status, again.status), (status, status), "{first:?} {again:?}");
        assert_eq!(again.body["outcome"], "duplicate_of");
        assert_eq!((again.problem(), &again.body["detail"]), ("changed", &first.body["detail"]));
    }
    let seen = shown(&plane, &web, &path).await;
    let under = [("if-match", tag(&seen)), ("idempotency-key", "now"), ("prefer", "wait=30")];
    let grant = || asked(&web, "/v1/approvals/again@release/grant", &under, Some(json!({})));
    let (first, again) = (grant().await, grant().await);
    assert_eq!((first.status, again.status), (200, 200), "{first:?} {again:?}");
    assert_eq!(again.body["first"]["sequence"], first.body["sequence"]);
}

#[tokio::test]
async fn a_condition_is_never_set_aside_in_silence() {
    let (plane, web) = plane().await;
    let (_, agent) = people(&plane).await;
    open(&agent, "there").await;
    let any = [("if-match", "*"), ("prefer", "wait=30")];
    for (path, body, status) in [
        ("/v1/approvals/there@release/grant", json!({}), 200),
        ("/v1/approvals/nowhere@release/grant", json!({}), 412),
        ("/v1/deployments/application%2Fprod%2Fshop/retire", json!({}), 412),
        ("/v1/approvals", json!({ "run": "there", "phase": "build" }), 400),
        ("/v1/verify", json!({}), 400),
        ("/v1/events", super::event("guarded"), 400),
    ] {
        let told = asked(&web, path, &any, Some(body)).await;
        assert_eq!(told.status, status, "{path}: {told:?}");
    }
    let asked_of = async |context: &str| plane.commands(&format!("cmd.*.{context}.>")).await.len();
    let asked_so_far = (asked_of("approval").await, asked_of("deployment").await);
    assert_eq!(asked_so_far, (3, 1), "what is not taken is not asked");
    for tags in ["W/\"1\"", "\"x\""] {
        let grant = "/v1/approvals/there@release/grant";
        let told = asked(&web, grant, &[("if-match", tags)], Some(json!({}))).await;
        assert_eq!((told.status, told.problem()), (412, "changed"));
    }
    assert_eq!(asked_of("approval").await, 3, "nothing is asked by what matches nothing");
}

fn grant(id: &str, approval: &str, expected: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/tests/expected",
        "type": "helmstream.approval.grant.v1", "expectedrevision": expected,
        "data": { "approval": approval },
    })
}

#[tokio::test]
async fn every_publisher_can_expect_a_revision_by_an_attribute_of_the_event() {
    let (plane, web) = plane().await;
    let (_, agent) = people(&plane).await;
    let path = open(&agent, "told").await;
    let seen = shown(&plane, &web, &path).await.body["revision"].as_u64().expect("a position");
    let told = web.publish(&grant("1", "told@release", json!(seen - 1))).await;
    assert_eq!((told.status, told.problem()), (412, "changed"), "{told:?}");
    let told = web.publish(&grant("2", "told@release", json!("soon"))).await;
    assert_eq!((told.status, told.problem()), (400, "not_an_event"), "{told:?}");
    let now = shown(&plane, &web, &path).await.body["revision"].clone();
    let mut operator = plane.publisher("operator").await;
    let sent = operator.publish(&grant("3", "told@release", json!(seen))).await;
    let refused = operator.hear(sent).await;
    assert!(matches!(&refused, Outcome::Refused { reason, .. } if reason == "changed_since"));
    let now = now.as_u64().expect("a position");
    let Outcome::Refused { sequence, .. } = refused else { panic!() };
    let sent =
        operator.publish(&grant("4", "told@release", json!(format!("{now}, {sequence}")))).await;
    assert!(matches!(operator.hear(sent).await, Outcome::Event { .. }));
}

#[tokio::test]
async fn tokens_and_dead_letters_have_revisions_of_their_own_over_http_and_in_place() {
    let (plane, web) = plane().await;
    let (direct, http) = (direct(&plane), http(&web));
    Web::with_role(&plane, "gone", ActorKind::Human, Role::Viewer).await;
    plane.level().await;
    let of = || token::ListRequest { actor: Some("gone".into()), limit: 5, ..Default::default() };
    let held = direct.token_list(of()).await.expect("it answers").answer.tokens.remove(0);
    let over = http.token_list(of()).await.expect("it answers").answer.tokens.remove(0);
    assert_eq!((&over.holder, over.revision), (&held.holder, held.revision));
    let last = plane.events("evt.access.>").await;
    let last = last.iter().rfind(|record| record.subject.contains("gone")).expect("its token");
    assert_eq!(held.revision, last.sequence);
    for (expected, word) in [(held.revision + 1, "refused"), (0, "refused")] {
        let asked = token::revoke_if(&held, None, Some(&Expected::from(expected)));
        let receipt = http.publish(asked).await.expect("it is stored");
        let told = http.settle(receipt).await.expect("it answers");
        assert_eq!(told.counted().map(Outcome::word), Some(word));
    }
    plane.level().await;
    let held = direct.token_list(of()).await.expect("it answers").answer.tokens.remove(0);
    let asked = token::revoke_if(&held, None, Some(&Expected::from(held.revision)));
    let receipt = direct.publish(asked).await.expect("it is stored");
    let told = direct.settle(receipt).await.expect("it answers");
    assert_eq!(told.counted().map(Outcome::word), Some("event"));

    let bad = ask::anew("helmstream.approval.grant.v1", &json!({ "approval": 7 }));
    let dead = direct.publish(bad).await.expect("it is stored");
    direct.settle(dead).await.expect("it answers");
    plane.level().await;
    let decide = |expected: u64| DecideRequest {
        inbox_sequence: dead.inbox_sequence,
        decision: Decision::Discard,
        reason: None,
        expected_revision: Some(Expected::from(expected)),
    };
    let path = format!("/v1/dead-letters/{}", dead.inbox_sequence);
    assert_eq!(web.get(&path).await.body["revision"], 0);
    let told = http.dead_letter_decide(decide(7)).await.expect("it answers");
    assert_eq!(told.settled.counted().map(Outcome::word), Some("refused"));
    plane.level().await;
    let revision = web.get(&path).await.body["revision"].as_u64().expect("a position");
    let told = direct.dead_letter_decide(decide(revision)).await.expect("it answers");
    assert_eq!(told.settled.counted().map(Outcome::word), Some("event"), "{told:?}");
}

/// What the command line says and ends with, in place or over HTTP.
async fn said(plane: &Running, over_http: Option<&Web>, words: &str) -> (Option<i32>, Value) {
    let done = program(plane, over_http, words).output().await.expect("it runs");
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    let told = serde_json::from_str(&out).unwrap_or(Value::String(out));
    (done.status.code(), told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_shows_a_revision_and_asks_of_it_in_place_and_over_http() {
    let (plane, web) = plane().await;
    let (_, agent) = people(&plane).await;
    for (run, over_http) in [("here", None), ("there", Some(&web))] {
        open(&agent, run).await;
        plane.level().await;
        let (code, shown) =
            said(&plane, over_http, &format!("approval show {run}@release -o json")).await;
        let revision = shown["revision"].as_u64().expect("a position");
        assert_eq!(code, Some(0), "{shown}");
        let grant = format!("approval grant {run}@release -o json --if-revision");
        let (code, told) = said(&plane, over_http, &format!("{grant} {}", revision - 1)).await;
        assert_eq!((code, told["reason"].as_str()), (Some(4), Some("changed_since")), "{told}");
        plane.level().await;
        let (code, told) = said(&plane, over_http, &format!("{grant} {revision}")).await;
        assert_eq!(code, Some(4), "the refusal was a record: {told}");
        let (code, told) = said(&plane, over_http, &format!("{grant} *")).await;
        assert_eq!((code, told["name"].as_str()), (Some(0), Some("granted")), "{told}");
        let (code, _) = said(&plane, over_http, &format!("{grant} soon")).await;
        assert_eq!(code, Some(2));
        let list = "approval list --all --sort -id --limit 1";
        let (code, page) = said(&plane, over_http, &format!("{list} -o json")).await;
        assert_eq!(code, Some(0), "{page}");
        let (_, table) = said(&plane, over_http, list).await;
        let table = table.as_str().expect("a table").to_owned();
        let next = page["next"].as_str().expect("it is a whole page");
        assert!(table.contains(&format!("more: --sort -id --before {next}\n")), "{table}");
        let (code, page) =
            said(&plane, over_http, &format!("{list} --before {next} -o json")).await;
        assert_eq!(code, Some(0), "{page}");
    }
}
