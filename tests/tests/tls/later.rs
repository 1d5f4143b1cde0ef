//! A server that turns out to be another while services run: it is waited for, named by readiness, and
//! told nothing; the one that was meant is gone on with.

use helmstream_schemas::{ActorKind, access::Role, outcome::Outcome};
use helmstream_tests::{
    authority::{Authority, FAR, HERE},
    faber::whole,
    harness::TestPlane,
    patience::eventually,
    running::{ALL, Running},
    web::Web,
};

async fn readiness(web: &Web, name: &str, part: &str) {
    eventually(&format!("readiness that says {part}"), async || {
        let ready = web.get("/readyz").await;
        let checks = ready.body["checks"].as_array()?;
        let reason = checks.iter().find(|check| check["name"] == name)?["reason"].as_str()?;
        reason.contains(part).then_some(())
    })
    .await;
}

async fn is_ready(web: &Web) {
    eventually("readiness", async || (web.get("/readyz").await.status == 200).then_some(())).await;
}

async fn takes(plane: &Running, run: &str) {
    let mut faber = plane.publisher("faber").await;
    let position = faber.publish(&whole(run)[0]).await;
    let told = faber.hear(position).await;
    assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
    assert!(plane.run(run).await.is_some(), "{run}");
}

#[tokio::test]
async fn a_server_that_is_another_one_later_is_waited_for_and_named_by_readiness() {
    let (ours, others) = (Authority::new(), Authority::new());
    let mut plane = TestPlane::start_alone().await;
    plane.certify_nats(Some(&ours.vouch(&HERE, FAR))).await;
    plane.certify_postgres(Some(&ours.vouch(&HERE, FAR))).await;
    plane.demand_tls(&ours);
    let mut plane = plane.into_running(&ALL).await;
    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    is_ready(&web).await;

    let stranger = "is not trusted: its certificate is of no authority that is trusted here";
    plane.plane.certify_nats(Some(&others.vouch(&HERE, FAR))).await;
    readiness(&web, "nats", &format!("NATS {stranger}")).await;
    plane.plane.certify_nats(None).await;
    readiness(&web, "nats", "NATS is not trusted: it does not speak TLS").await;
    plane.plane.certify_nats(Some(&ours.vouch(&HERE, FAR))).await;
    is_ready(&web).await;
    takes(&plane, "acme/a").await;

    plane.plane.certify_postgres(Some(&others.vouch(&HERE, FAR))).await;
    readiness(&web, "postgres", &format!("Postgres {stranger}")).await;
    plane.plane.certify_postgres(None).await;
    readiness(&web, "postgres", "Postgres is not trusted: it does not speak TLS").await;
    plane.plane.certify_postgres(Some(&ours.vouch(&HERE, FAR))).await;
    is_ready(&web).await;
    takes(&plane, "acme/b").await;
    for service in ALL {
        plane.stop(service).await.unwrap_or_else(|error| panic!("{service}: {error:#}"));
    }
}
