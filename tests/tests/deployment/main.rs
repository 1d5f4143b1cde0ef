//! What is deployed, on a whole plane with real servers: registered by hand, by a run and by a
//! project's own registry, superseded, retired, and shown through the client.

use std::time::Duration;

use helmstream_core::{
    emit,
    faber::{self, File},
};
use helmstream_projections::{
    deployment::Standing,
    questions::deployment::{UnitLine, UnitShown},
};
use helmstream_schemas::outcome::Outcome;
use helmstream_services::{
    client::{
        Client, Code, Direct, ask,
        deployment::{ListRequest, ShowRequest, Shown},
        direct::{Manner, OPERATOR},
    },
    local::plane::Plane,
};
use helmstream_tests::{
    audit,
    faber::said,
    harness::TestPlane,
    patience::{PATIENCE, eventually},
    running::{Running, names},
};
use serde_json::{Value, json};

const SERVICES: [&str; 6] = ["door", "run", "deployment", "external", "deadline", "ledger"];
const RUN: &str = "acme/shop/5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11";
const UNIT: &str = "infrastructure/prod/shop";

/// A plane, and somebody who asks it as the operator does.
async fn plane() -> (Running, Direct) {
    let plane = TestPlane::start_running(&SERVICES).await;
    let manner = Manner {
        publisher: OPERATOR.into(),
        wait: Some(PATIENCE),
        outcome_wait: Duration::from_secs(40),
    };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    let client = Direct::new(place, manner).expect("the operator may ask");
    (plane, client)
}

/// An entry of FABER's registry.
fn entry(id: &str, deployed_at: &str) -> Value {
    json!({
        "id": id,
        "domain": "infrastructure",
        "environment": "production",
        "unit": "shop",
        "deployed_at": deployed_at,
        "deployed_by": "pipeline 4",
        "resources": [{"type": "lambda", "name": "checkout", "arn": "arn:x:checkout"}],
        "monitoring": {"enabled": true, "health_check_interval": "5m", "alert_channels": ["duty"]},
    })
}

async fn asked(client: &Direct, request: helmstream_services::client::publish::Request) -> Outcome {
    let receipt = client.publish(request).await.expect("it is stored");
    let settled = client.settle(receipt).await.expect("NATS and Postgres are there");
    settled.outcome.expect("every publish has an outcome")
}

async fn register(client: &Direct, entry: &Value) -> Outcome {
    asked(client, ask::once("helmstream.deployment.register.v1", entry)).await
}

async fn retire(client: &Direct, unit: &str) -> Outcome {
    let data = json!({ "unit": unit, "reason": "moved away" });
    asked(client, ask::anew("helmstream.deployment.retire.v1", &data)).await
}

/// A unit as it is shown once every view has read everything.
async fn shown(plane: &Running, client: &Direct, name: &str) -> Shown {
    plane.level().await;
    let request = ShowRequest { name: name.into(), at: None };
    client.deployment_show(request).await.expect("it is there").answer
}

async fn list(client: &Direct, request: ListRequest) -> Vec<UnitLine> {
    client.deployment_list(request).await.expect("the views answer").answer.units
}

/// The chain in words, the youngest first.
fn chain(unit: &UnitShown) -> Vec<String> {
    let said = unit.chain.iter().map(|link| {
        let end = match (&link.superseded_by, &link.retired) {
            (Some(by), _) => format!("until {by}"),
            (None, Some(_)) => "retired".to_owned(),
            (None, None) => "active".to_owned(),
        };
        format!("{} {end}", link.told.deployment.id)
    });
    said.collect()
}

#[tokio::test]
async fn deployments_are_registered_once_superseded_and_retired_and_shown_by_any_name() {
    let (plane, client) = plane().await;
    let first = entry("deploy-1", "2026-05-01T10:00:00Z");
    let told = register(&client, &first).await;
    let Outcome::Event { aggregate, name, .. } = &told else { panic!("{told:?}") };
    assert_eq!((aggregate.as_str(), name.as_str()), (UNIT, "registered"));
    let again = register(&client, &first).await;
    assert!(matches!(again, Outcome::DuplicateOf { .. }), "{again:?}");
    let same = asked(&client, ask::anew("helmstream.deployment.register.v1", &first)).await;
    assert!(matches!(same, Outcome::Unchanged { .. }), "{same:?}");
    let other = register(&client, &entry("deploy-1", "2026-05-01T11:00:00Z")).await;
    assert!(matches!(&other, Outcome::Refused { reason, .. } if reason == "conflict"), "{other:?}");

    register(&client, &entry("deploy-3", "2026-05-03T10:00:00Z")).await;
    register(&client, &entry("deploy-2", "2026-05-02T10:00:00Z")).await;
    let unit = shown(&plane, &client, "Infra/production/shop").await.unit;
    assert_eq!((unit.line.id.as_str(), unit.line.standing), (UNIT, Standing::Active));
    assert_eq!(
        chain(&unit),
        ["deploy-3 active", "deploy-2 until deploy-3", "deploy-1 until deploy-2"]
    );
    assert_eq!(unit.line.state.resources()[0].name.as_deref(), Some("checkout"));

    let by_id = shown(&plane, &client, "deploy-2").await;
    assert_eq!((by_id.unit, by_id.asked.as_deref()), (unit, Some("deploy-2")));
    let nothing = client.deployment_show(ShowRequest { name: "deploy-9".into(), at: None }).await;
    assert_eq!(nothing.expect_err("nothing has that name").code, Code::NotFound);

    let retired = retire(&client, UNIT).await;
    assert!(matches!(&retired, Outcome::Event { name, .. } if name == "retired"), "{retired:?}");
    let again = retire(&client, UNIT).await;
    assert!(matches!(again, Outcome::Unchanged { .. }), "{again:?}");
    let unit = shown(&plane, &client, UNIT).await.unit;
    assert_eq!(unit.line.standing, Standing::Retired);
    assert_eq!(chain(&unit)[0], "deploy-3 retired");
    let retired = unit.chain[0].retired.as_ref().expect("it is retired");
    assert_eq!(
        (retired.by.id.as_str(), retired.reason.as_deref()),
        ("operator", Some("moved away"))
    );

    let never = retire(&client, "infrastructure/test/shop").await;
    assert!(
        matches!(&never, Outcome::Refused { reason, .. } if reason == "nothing_deployed"),
        "{never:?}"
    );
    let events = names(&plane.events(&format!("evt.deployment.{UNIT}")).await);
    let registered = ["registered", "command_refused", "registered", "registered", "retired"];
    assert_eq!(events, registered);
    audit::decisions(&plane.plane).await;
    audit::rows(&plane.plane).await;
}

#[tokio::test]
async fn units_are_listed_by_what_is_asked_for_and_page_by_page() {
    let (plane, client) = plane().await;
    for (id, domain, environment) in [
        ("d-1", "infra", "prod"),
        ("d-2", "application", "production"),
        ("d-3", "infrastructure", "QA"),
        ("d-4", "infrastructure", "test"),
    ] {
        let mut entry = entry(id, "2026-05-01T10:00:00Z");
        entry["domain"] = domain.into();
        entry["environment"] = environment.into();
        register(&client, &entry).await;
    }
    retire(&client, "infrastructure/test/shop").await;
    plane.level().await;
    let all = ListRequest { limit: 50, ..ListRequest::default() };
    let ids = async |request: ListRequest| -> Vec<String> {
        list(&client, request).await.into_iter().map(|unit| unit.id.to_string()).collect()
    };
    let every = [
        "infrastructure/test/shop",
        "infrastructure/qa/shop",
        "application/prod/shop",
        "infrastructure/prod/shop",
    ];
    assert_eq!(ids(all.clone()).await, every);
    let of =
        |environment: &str| ListRequest { environment: Some(environment.into()), ..all.clone() };
    assert_eq!(ids(of("Production")).await, every[2..]);
    assert_eq!(ids(of("qa")).await, every[1..2]);
    let infra = ListRequest { domain: Some("INFRA".into()), ..all.clone() };
    assert_eq!(ids(infra).await.len(), 3);
    let retired = ListRequest { standing: Some(Standing::Retired), ..all.clone() };
    assert_eq!(ids(retired).await, every[..1]);
    let page = ListRequest { limit: 3, ..all.clone() };
    let first = client.deployment_list(page.clone()).await.expect("the views answer").answer;
    assert!(first.next.is_some());
    let next = ListRequest { before: first.next, ..page };
    assert_eq!(ids(next).await, every[3..]);
}

#[tokio::test]
async fn what_a_run_deployed_is_registered_by_itself_and_its_registry_tells_the_resources() {
    let (plane, client) = plane().await;
    let mut publisher = plane.publisher("faber").await;
    let made = json!({
        "phase": "release",
        "status": "completed",
        "artifacts": [{"type": "deployment", "name": "prod", "url": "https://shop.example/"}],
    });
    let not_wanted = json!({
        "phase": "release",
        "metadata": {"register_deployment": false},
        "artifacts": [{"type": "deployment", "name": "test"}],
    });
    let first = publisher.publish(&said(RUN, 1, "artifact_create", made)).await;
    let second = publisher.publish(&said(RUN, 2, "artifact_create", not_wanted)).await;
    for sequence in [first, second] {
        let told = publisher.hear(sequence).await;
        assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
    }
    let unit = eventually("the unit that the run deployed", async || {
        let shown = client.deployment_show(ShowRequest { name: UNIT.into(), at: None }).await;
        shown.ok().map(|answer| answer.answer.unit)
    })
    .await;
    let told = &unit.chain[0].told;
    assert_eq!(told.deployment.run.as_ref().map(|run| run.as_str()), Some(RUN));
    assert_eq!(told.by.id, "faber");

    // Of two deployments of one unit the younger is there, whoever told it.
    register(&client, &entry("deploy-0", "2025-01-01T00:00:00Z")).await;
    let unit = shown(&plane, &client, UNIT).await.unit;
    assert_eq!(unit.chain[1].superseded_by.as_ref(), Some(&told.deployment.id));

    let registry = json!({
        "version": "1.0", "environment": "prod", "project": "shop",
        "resources": [{"type": "aws_lambda_function", "aws_name": "checkout", "arn": "arn:x:y"}],
    });
    for event in
        events_of(".fractary/plugins/faber-cloud/deployments/prod/registry.json", &registry)
    {
        let sequence = publisher.publish(&event).await;
        let told = publisher.hear(sequence).await;
        assert!(matches!(&told, Outcome::Event { name, .. } if name == "listed"), "{told:?}");
    }
    let unit = shown(&plane, &client, UNIT).await.unit;
    let listed = unit.line.state.listed.as_ref().expect("it was listed");
    assert_eq!(listed.resources[0].arn.as_deref(), Some("arn:x:y"));
    assert_eq!(unit.chain.len(), 2, "a list is no deployment");
    let units = list(&client, ListRequest { limit: 50, ..ListRequest::default() }).await;
    assert_eq!(units.len(), 1, "what was not wanted is not there: {units:?}");
    audit::decisions(&plane.plane).await;
    audit::rows(&plane.plane).await;
}

/// What a file of a project says, as it is published.
fn events_of(path: &str, content: &Value) -> Vec<Value> {
    let bytes = content.to_string();
    let file = File { path, bytes: bytes.as_bytes(), written_at: None, commit: None };
    faber::read("acme/shop", &file).pieces.into_iter().map(|piece| piece.event).collect()
}

#[tokio::test]
async fn the_registry_of_a_project_says_what_registering_by_hand_says() {
    let (plane, client) = plane().await;
    let entry = entry("deploy-1", "2026-05-01T10:00:00Z");
    register(&client, &entry).await;
    let mut publisher = plane.publisher("faber").await;
    let registry = json!({ "deployments": [&entry] });
    for event in events_of(".fractary/registry/deployments.json", &registry) {
        let sequence = publisher.publish(&event).await;
        let told = publisher.hear(sequence).await;
        assert!(matches!(told, Outcome::Unchanged { .. }), "{told:?}");
    }
    let unit = shown(&plane, &client, UNIT).await.unit;
    let current = unit.line.state.current.expect("it is deployed");
    let told = unit.line.state.unit.expect("it was told");
    let emitted = emit::registry_entry(&told, &current.deployment, current.told_at);
    assert_eq!(emitted["environment"], "prod");
    assert_eq!(emitted["monitoring"], entry["monitoring"]);

    // What is written back into the registry is read from there again, in other words.
    let registry = json!({ "deployments": [emitted] });
    for event in events_of(".fractary/registry/deployments.json", &registry) {
        let sequence = publisher.publish(&event).await;
        let told = publisher.hear(sequence).await;
        assert!(matches!(told, Outcome::Unchanged { .. }), "{told:?}");
    }
    assert_eq!(plane.events(&format!("evt.deployment.{UNIT}")).await.len(), 1);
}
