//! Whoever waits for a position: for what the views have read that serve, and for nothing else.

use serde_json::json;

use super::{event, plane};

/// Count every edition in `reached` to see this red.
#[tokio::test]
async fn nobody_waits_for_an_edition_that_is_kept_beside_the_one_that_serves() {
    let (_plane, admin) = plane().await;
    let refused = admin.post("/v1/projections/run/rebuild", &json!({ "edition": "run_v1" })).await;
    assert_eq!((refused.status, refused.problem()), (400, "bad_request"), "{refused:?}");
    let made = admin.post("/v1/projections/run/rebuild", &json!({})).await;
    assert_eq!(made.status, 200, "{made:?}");
    let published = admin.publish(&event("1")).await;
    let sequence = published.body["sequence"].as_u64().expect("it is recorded");
    for path in [format!("/v1/runs?min_seq={sequence}"), format!("/v1/runs?at={sequence}")] {
        let answered = admin.get(&path).await;
        assert_eq!(answered.status, 200, "{path}: {answered:?}");
    }
}

#[tokio::test]
async fn nobody_waits_for_the_outcome_of_what_was_never_published() {
    let (_plane, admin) = plane().await;
    for (path, status) in [
        ("/v1/outcomes/999?wait_seconds=30", 404),
        ("/v1/outcomes/0?wait_seconds=30", 404),
        ("/v1/outcomes/1?wait_seconds=31", 422),
    ] {
        let answered = admin.get(path).await;
        assert_eq!(answered.status, status, "{path}: {answered:?}");
    }
}

#[tokio::test]
async fn a_comparison_goes_on_only_from_where_one_can_have_come() {
    let (_plane, admin) = plane().await;
    let begun = admin.post("/v1/verify", &json!({ "from_seq": 1 })).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    for (field, value) in
        [("stream", json!("INBOX")), ("to_seq", json!(u64::MAX - 1)), ("records", json!(u64::MAX))]
    {
        let mut progress = begun.body["progress"].clone();
        progress["streams"][0][field] = value;
        let body = json!({ "from_seq": 1, "progress": progress });
        let refused = admin.post("/v1/verify", &body).await;
        assert_eq!((refused.status, refused.problem()), (422, "input"), "{field}: {refused:?}");
    }
}
