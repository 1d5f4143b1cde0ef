//! Approvals that one asked for oneself: over HTTP by the token, in place as the plane's user.

use helmstream_projections::approval::Standing;
use helmstream_services::client::{Client, approval::ListRequest};
use serde_json::{Value, json};

use super::{
    plane,
    tailed::{direct, http},
};

fn request(run: &str) -> Value {
    json!({
        "specversion": "1.0", "id": format!("ask-{run}"), "source": "/tests/mine",
        "type": "helmstream.approval.request.v1", "data": { "run": run, "phase": "release" },
    })
}

async fn mine(client: &impl Client, standing: Option<Standing>) -> Vec<String> {
    let request = ListRequest { standing, mine: true, limit: 10, ..ListRequest::default() };
    let list = client.approval_list(request).await.expect("it answers").answer;
    list.approvals.iter().map(|shown| shown.id.to_string()).collect()
}

#[tokio::test]
async fn each_sees_those_that_it_asked_for_itself() {
    let (plane, web) = plane().await;
    for user in ["agent", "operator"] {
        let mut publisher = plane.publisher(user).await;
        let sent = publisher.publish(&request(&format!("of-{user}"))).await;
        publisher.hear(sent).await;
    }
    assert_eq!(web.publish(&request("of-dana")).await.status, 200);
    plane.level().await;
    let (direct, http) = (direct(&plane), http(&web));
    assert_eq!(mine(&direct, None).await, ["of-operator@release"]);
    assert_eq!(mine(&http, None).await, ["of-dana@release"]);
    assert_eq!(mine(&http, Some(Standing::Open)).await, ["of-dana@release"]);
    assert!(mine(&http, Some(Standing::Granted)).await.is_empty());
    let listed = web.get("/v1/approvals?mine=true").await;
    assert_eq!(listed.body["approvals"][0]["id"], "of-dana@release", "{listed:?}");
    let all = web.get("/v1/approvals").await;
    assert_eq!(all.body["approvals"].as_array().map(Vec::len), Some(3), "{all:?}");
}
