//! Who may decide, and what a decision is.

use helmstream_projections::dead_letter::Standing;
use helmstream_schemas::{attributes as ce, outcome::Outcome};
use helmstream_stream::{headers::to_headers, publish::store};
use helmstream_tests::{faber::said, harness::TestPlane, running::names};
use serde_json::json;
use uuid::Uuid;

use super::{WITH, ask, bury, listed, shown};

#[tokio::test]
async fn what_was_discarded_is_said_with_who_did_it_and_is_neither_listed_nor_retried() {
    let plane = TestPlane::start_running(&WITH).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let (of, dead_sequence) = bury(&mut faber, b"no json").await;
    let (kept, _) = bury(&mut faber, b"no json either").await;
    let discard = |id| ask("discard", id, json!({"inbox_sequence": of, "reason": "a test"}));
    let asked = operator.publish(&discard("a")).await;
    let again = operator.publish(&discard("b")).await;
    let data = json!({"inbox_sequence": of, "dead_sequence": dead_sequence});
    let retried = operator.publish(&ask("retry", "c", data)).await;
    assert!(
        matches!(operator.hear(asked).await, Outcome::Event { name, .. } if name == "discarded")
    );
    assert!(matches!(operator.hear(again).await, Outcome::Unchanged { .. }));
    let told = operator.hear(retried).await;
    assert!(matches!(&told, Outcome::Refused { reason, .. } if reason == "discarded"), "{told:?}");
    let shown = shown(&plane, of).await;
    assert_eq!(shown.standing, Standing::Discarded);
    let discarded = shown.discarded.expect("it was discarded");
    assert_eq!(
        (discarded.by.id.as_str(), discarded.reason.as_deref()),
        ("operator", Some("a test"))
    );
    assert_eq!(listed(&plane, false).await, [kept]);
    assert_eq!(listed(&plane, true).await, [kept, of]);
}

#[tokio::test]
async fn agents_and_services_are_refused_on_the_log_whatever_they_ask() {
    let plane = TestPlane::start_running(&WITH).await;
    let mut faber = plane.publisher("faber").await;
    let (of, dead_sequence) = bury(&mut faber, b"no json").await;
    for user in ["faber", "agent"] {
        let mut asker = plane.publisher(user).await;
        let data = json!({"inbox_sequence": of, "dead_sequence": dead_sequence});
        let retry = asker.publish(&ask("retry", "r", data)).await;
        let discard = asker.publish(&ask("discard", "d", json!({"inbox_sequence": of}))).await;
        for sequence in [retry, discard] {
            let told = asker.hear(sequence).await;
            let is_refused =
                matches!(&told, Outcome::Refused { reason, .. } if reason == "not_a_person");
            assert!(is_refused, "{user}: {told:?}");
        }
        // What the plane says to itself nobody else may say.
        let data = json!({"inbox_sequence": of, "attempt": 1, "detail": "made up"});
        let fail = asker.publish(&ask("fail", "f", data)).await;
        let told = asker.hear(fail).await;
        let is_dead =
            matches!(&told, Outcome::DeadLetter { reason, .. } if reason == "not_askable");
        assert!(is_dead, "{user}: {told:?}");
    }
    let events = plane.events(&format!("evt.dead_letter.{of}")).await;
    assert_eq!(names(&events), ["command_refused"; 4]);
    let mut actors: Vec<_> = events.iter().filter_map(|e| e.attributes.get(ce::ACTOR)).collect();
    actors.sort_unstable();
    actors.dedup();
    assert_eq!(actors.len(), 2, "{actors:?}");
    assert_eq!(shown(&plane, of).await.standing, Standing::Open);
}

#[tokio::test]
async fn nobody_else_speaks_on_behalf_of_another() {
    let plane = TestPlane::start_running(&WITH).await;
    let faber = plane.publisher("faber").await;
    let mut attributes = helmstream_schemas::Attributes::default();
    attributes.set(ce::PUBLISHER, "operator");
    attributes.set(ce::CAUSATIONID, Uuid::from_u128(1).to_string());
    let event = said("acme/own", 1, "workflow_start", json!({})).to_string();
    let headers = to_headers(&attributes);
    let sequence = store(&faber.connection, "in.faber", headers.clone(), event.clone().into())
        .await
        .expect("its own subject");
    assert!(matches!(plane.outcome(sequence).await, Outcome::Event { .. }));
    let command = plane.commands("cmd.*.run.report.acme/own").await.remove(0);
    assert_eq!(command.attributes.get(ce::PUBLISHER), Some("faber"));
    assert_eq!(command.attributes.get(ce::ACTOR), Some("faber"));
    assert_eq!(command.attributes.get(ce::CAUSATIONID), None);
    for user in ["faber", "agent", "operator"] {
        let other = plane.plane.connect(user).await;
        let stored = store(&other, "in.dead_letter", headers.clone(), event.clone().into()).await;
        assert!(stored.is_err(), "{user} may publish as the retrier");
    }
}
