//! Every operation that the document names, asked with every role: what is allowed is answered, what
//! is not changes nothing.

use helmstream_schemas::{
    ActorKind,
    access::{Right, Role},
};
use helmstream_tests::web::{Answered, Web};
use reqwest::Method;
use serde_json::{Value, json};

use super::{head, plane};

struct Operation {
    name: String,
    method: Method,
    path: String,
    /// Absent where no token is needed.
    right: Option<Right>,
    needs_body: bool,
}

/// What the document says; a path's names stand for something that is not there.
fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("there are paths");
    let each = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("a path has methods");
        methods.iter().map(move |(method, operation)| Operation {
            name: operation["operationId"].as_str().expect("a name").to_owned(),
            method: method.to_uppercase().parse().expect("a method"),
            path: filled(path),
            right: right(operation),
            needs_body: operation.get("requestBody").is_some(),
        })
    });
    each.collect()
}

fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{event}" | "{inbox_sequence}" => "999999999".to_owned(),
        "{command_id}" => "6f1c2b1e-0000-5000-8000-000000000000".to_owned(),
        "{when}" => "1".to_owned(),
        "{view}" => "nothing".to_owned(),
        name if name.starts_with('{') => "nobody%2Fnothing".to_owned(),
        word => word.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn right(operation: &Value) -> Option<Right> {
    if operation["security"].as_array().is_some_and(Vec::is_empty) {
        return None;
    }
    let told = operation["description"].as_str().expect("a description");
    let words = [
        ("right to administer", Right::Administer),
        ("right to approve", Right::Approve),
        ("right to operate", Right::Operate),
        ("right to publish", Right::Publish),
    ];
    let found = words.into_iter().find(|(word, _)| told.contains(word));
    Some(found.map_or(Right::Look, |(_, right)| right))
}

async fn asked(web: &Web, operation: &Operation) -> Answered {
    let mut request = web.request(operation.method.clone(), &operation.path);
    if operation.name == "publish" {
        let event = super::event(&format!("{}-{}", operation.name, web.token.len()));
        request = request.header("content-type", "application/cloudevents+json");
        request = request.body(event.to_string());
    } else if operation.needs_body {
        let body = json!({ "unit": "nobody/nothing" });
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let mut response = request.send().await.expect("the door for HTTP answers");
    if operation.name == "event_tail" && response.status().is_success() {
        // It has no end of its own: what it begins with is an answer.
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let greeting = response.chunk().await.expect("it goes on").expect("it begins");
        assert!(greeting.starts_with(b"retry: "), "{greeting:?}");
        return Answered { status, headers, body: Value::Null };
    }
    Answered::of(response).await.expect("it answers whole")
}

#[tokio::test]
async fn every_operation_is_answered_to_whom_it_is_allowed_and_refused_to_everybody_else() {
    let (plane, admin) = plane().await;
    let document = admin.get("/v1/openapi.json").await.body;
    let operations = operations(&document);
    assert!(operations.len() > 35, "{}", operations.len());
    for name in ["publish", "event_tail", "openapi", "live", "ready"] {
        assert!(operations.iter().any(|operation| operation.name == name), "{name}");
    }
    let nobody = Web::with_token(&plane, "");
    for operation in &operations {
        let answered = asked(&nobody, operation).await;
        let is_let_in = answered.status != 401;
        // Ready or not, health is told to anybody.
        assert_eq!(is_let_in, operation.right.is_none(), "{}: {answered:?}", operation.name);
    }
    for role in Role::ALL {
        let web = Web::with_role(&plane, role.word(), ActorKind::Human, role).await;
        for operation in &operations {
            let before = head(&plane).await;
            let answered = asked(&web, operation).await;
            let may = operation.right.is_none_or(|right| role.may(right));
            let said = format!("{} as {}: {answered:?}", operation.name, role.word());
            assert_eq!(answered.status != 403, may, "{said}");
            assert!(answered.status < 500, "{said}");
            if !may {
                // One path speaks as FABER's sender understands it.
                let word = match operation.name.as_str() {
                    "entity_event" => answered.body["error_code"].as_str(),
                    _ => Some(answered.problem()),
                };
                assert!(matches!(word, Some("not_permitted" | "FORBIDDEN")), "{said}");
                assert_eq!(head(&plane).await, before, "{said}");
            }
        }
    }
}

#[tokio::test]
async fn an_agent_consents_to_nothing_whatever_its_role_and_a_scope_limits_every_right() {
    let (plane, _) = plane().await;
    let agent = Web::with_role(&plane, "bot", ActorKind::Agent, Role::Operator).await;
    let answer = json!({ "reason": "looks fine" });
    let refused = agent.post("/v1/approvals/a%40release/grant", &answer).await;
    assert_eq!((refused.status, refused.problem()), (403, "not_permitted"));
    let granting = json!({
        "specversion": "1.0", "id": "g", "source": "/bot", "type": "helmstream.approval.grant.v1",
        "data": { "approval": "a@release" },
    });
    assert_eq!(agent.publish(&granting).await.status, 403, "nor by publishing it");

    let narrow = Web::within(&plane, "ci", ActorKind::Service, Role::Operator, &["run"]).await;
    assert_eq!(narrow.get("/v1/runs").await.status, 200);
    for path in ["/v1/deployments", "/v1/events", "/v1/projections", "/v1/replay?from_seq=1"] {
        assert_eq!(narrow.get(path).await.status, 403, "{path}");
    }
    assert_eq!(narrow.publish(&super::event("1")).await.status, 403, "an external fact");
}
