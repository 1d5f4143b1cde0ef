//! Links that lead to what somebody else published: followed where one event alone has that id, and
//! shown as written where two have it or none.

use helmstream_projections::questions::why::why;
use helmstream_schemas::outcome::Outcome;
use helmstream_tests::{harness::TestPlane, running::ALL};
use serde_json::{Value, json};

fn fact(id: &str, source: &str) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": source, "type": "com.example.merged" })
}

#[tokio::test]
async fn a_link_to_what_another_published_is_followed_if_one_event_alone_has_its_id() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut agent = plane.publisher("agent").await;
    let facts = [
        ("agent", "change-7", "/forge/changes"),
        ("faber", "build-7", "/forge/builds"),
        ("faber", "twice", "/forge/a"),
        ("agent", "twice", "/forge/b"),
    ];
    for (user, id, source) in facts {
        let publisher = if user == "agent" { &mut agent } else { &mut faber };
        let sequence = publisher.publish(&fact(id, source)).await;
        let told = publisher.hear(sequence).await;
        assert!(matches!(told, Outcome::ExternalFact { .. }), "{told:?}");
    }
    let to = |id: &str| json!({ "linkType": "PATH", "from": { "contextId": id } });
    let kind = "dev.cdevents.incident.detected.0.2.0";
    let incident = json!({
        "specversion": "1.0", "id": "i-1", "source": "/pager", "type": kind,
        "data": {
            "context": {
                "version": "0.4.1", "id": "i-1", "source": "/pager", "type": kind,
                "timestamp": "2026-03-01T10:00:00Z",
                "links": [to("change-7"), to("build-7"), to("twice"), to("nobody"), to("change-")],
            },
            "subject": { "id": "incident-1", "type": "incident", "content": {} },
        },
    });
    let sequence = faber.publish(&incident).await;
    let Outcome::ExternalFact { id, .. } = faber.hear(sequence).await else { panic!("a fact") };
    plane.level().await;
    let told = why(&plane.database, id, None).await.expect("the views answer");
    let links = told.answer.expect("a why").links;
    let shown: Vec<(&str, Option<&str>, bool)> = links
        .iter()
        .map(|link| {
            let source = link.became.as_ref().and_then(|became| became.aggregate.as_ref());
            (link.to.as_str(), source.map(|source| source.as_str()), link.elsewhere)
        })
        .collect();
    let wanted = [
        ("change-7", Some("/forge/changes"), true),
        ("build-7", Some("/forge/builds"), true),
        ("twice", None, false),
        ("nobody", None, false),
        ("change-", None, false),
    ];
    assert_eq!(shown, wanted);
}
