//! Lists over HTTP in the order that is asked for, and what is said of an order that there is not.

use std::collections::BTreeSet;

use helmstream_projections::questions::{
    access::HolderShown, approval::ApprovalShown, dead_letter::DeadLetterShown,
    deployment::UnitLine, event::EventLine, order::Order, run::RunLine,
};
use helmstream_services::{
    client::{Client, run},
    http::document,
};
use helmstream_tests::faber::said;
use serde_json::json;

use super::{
    plane,
    tailed::{direct, http},
};

#[test]
fn every_list_tells_in_its_description_by_what_it_can_be_sorted() {
    let document = document();
    let known = [
        ("runs", Order::<RunLine>::all()),
        ("approvals", Order::<ApprovalShown>::all()),
        ("deployments", Order::<UnitLine>::all()),
        ("dead-letters", Order::<DeadLetterShown>::all()),
        ("tokens", Order::<HolderShown>::all()),
        ("events", Order::<EventLine>::all()),
    ];
    for (list, orders) in known {
        let parameters = document["paths"][format!("/v1/{list}")]["get"]["parameters"].as_array();
        let mut parameters = parameters.into_iter().flatten();
        let sort = parameters.find(|parameter| parameter["name"] == "sort").expect("one");
        let listed = sort["schema"]["enum"].as_array().expect("an enumeration");
        let listed: BTreeSet<&str> = listed.iter().filter_map(|one| one.as_str()).collect();
        assert_eq!(listed, orders.iter().map(String::as_str).collect(), "{sort}");
    }
}

#[tokio::test]
async fn a_list_is_paged_in_its_order_and_what_is_no_order_is_refused_by_name() {
    let (plane, web) = plane().await;
    let mut faber = plane.publisher("faber").await;
    for run in ["acme/b", "acme/c", "acme/a"] {
        let sequence = faber.publish(&said(run, 1, "workflow_start", json!({}))).await;
        faber.hear(sequence).await;
    }
    plane.level().await;
    let mut ids = Vec::new();
    let mut path = "/v1/runs?sort=-id&limit=2".to_owned();
    loop {
        let page = web.get(&path).await;
        let runs = page.body["runs"].as_array().expect("runs");
        ids.extend(runs.iter().filter_map(|run| run["id"].as_str().map(str::to_owned)));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/runs?sort=-id&limit=2&before={next}");
    }
    assert_eq!(ids, ["acme/c", "acme/b", "acme/a"]);
    let usual = web.get("/v1/runs?limit=1").await;
    assert!(usual.body["next"].is_u64(), "as it always was: {usual:?}");
    let request = run::ListRequest { sort: "id".parse().ok(), limit: 2, ..Default::default() };
    let (here, there) =
        (direct(&plane).run_list(request.clone()).await, http(&web).run_list(request).await);
    assert_eq!(here.expect("it answers").answer, there.expect("it answers").answer);
    for (asked, told) in [
        ("sort=colour", "`colour` is not known here; known is first_seq, id, started_at"),
        ("sort=HST_x", "what it is to be sorted by is not known here"),
    ] {
        let refused = web.get(&format!("/v1/runs?{asked}")).await;
        let detail = refused.body["detail"].as_str().unwrap_or_default();
        assert!(refused.status == 400 && detail.contains(told), "{refused:?}");
    }
    let nowhere = web.get("/v1/runs?before=nowhere").await;
    assert_eq!((nowhere.status, nowhere.problem()), (422, "input"), "{nowhere:?}");
    let other = web.get(&format!("{path}&sort=id").replace("sort=-id&", "")).await;
    assert_eq!((other.status, other.problem()), (422, "input"), "{other:?}");
}

#[tokio::test]
async fn the_tag_of_a_run_changes_with_whatever_is_shown_of_it() {
    let (plane, web) = plane().await;
    let mut faber = plane.publisher("faber").await;
    let mut tell = async |event| {
        let sequence = faber.publish(&event).await;
        faber.hear(sequence).await;
        plane.level().await;
        let shown = web.get("/v1/runs/plan-1").await;
        (shown.headers["etag"].to_str().expect("a tag").to_owned(), shown.body)
    };
    let (alone, body) = tell(said("plan-1", 1, "workflow_start", json!({}))).await;
    assert_eq!(alone, format!("\"{}\"", body["revision"]));
    let (other, _) = tell(said("run-1", 2, "checkpoint", json!({}))).await;
    assert_eq!(other, alone);
    let known = json!({"metadata": {"plan_run_id": "plan-1"}});
    let (merged, body) = tell(said("run-1", 3, "checkpoint", known)).await;
    assert_ne!(merged, alone, "another run proved to be this one");
    assert!(body["changed_seq"].as_u64() >= body["revision"].as_u64(), "{body}");
    let (named, _) = {
        let alias = json!({"metadata": {"aliases": ["also-1"]}});
        tell(said("plan-1", 4, "checkpoint", alias)).await
    };
    assert_ne!(named, merged);
}
