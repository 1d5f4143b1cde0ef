//! A plane that demands TLS of both its servers is set up, served, told and asked like any other.

use std::fs;

use helmstream_schemas::outcome::Outcome;
use helmstream_services::local::credentials::OWNER;
use helmstream_stream::connect;
use helmstream_tests::{
    audit,
    authority::{Authority, FAR, HERE, TRUSTED},
    faber::whole,
    harness::TestPlane,
    running::{ALL, Running},
    sql,
};

/// Everything a plane does, over TLS.
async fn over_tls() -> (Running, Authority) {
    let authority = Authority::new();
    let mut plane = TestPlane::start_alone().await;
    plane.certify_nats(Some(&authority.vouch(&HERE, FAR))).await;
    plane.certify_postgres(Some(&authority.vouch(&HERE, FAR))).await;
    plane.demand_tls(&authority);
    (plane.into_running(&ALL).await, authority)
}

#[tokio::test]
async fn a_plane_over_tls_is_set_up_served_told_and_asked() {
    let (plane, _) = over_tls().await;
    let mut faber = plane.publisher("faber").await;
    let mut last = 0;
    for event in whole("acme/tls") {
        last = faber.publish(&event).await;
    }
    let told = faber.hear(last).await;
    assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
    assert!(plane.run("acme/tls").await.is_some(), "the view shows it");
    let told = faber.connection.client.server_info();
    assert!(told.tls_required, "NATS takes nobody without TLS");

    // Every session of a service is over TLS; the test's own looks in without.
    let owner = plane.plane.login(OWNER);
    let client = sql::connect(&owner, &owner.database).await;
    let sessions = "SELECT a.usename, s.ssl FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid) \
                    WHERE a.application_name = 'helmstream'";
    let sessions = sql::rows(&client, sessions).await;
    assert!(sessions.len() >= ALL.len(), "{sessions:?}");
    for session in &sessions {
        assert_eq!(session[1].as_deref(), Some("t"), "{session:?}");
    }
    audit::decisions(&plane.plane).await;
    audit::outcomes(&plane.plane).await;
    audit::rows(&plane.plane).await;
}

#[tokio::test]
async fn whom_a_plane_trusts_is_read_anew_for_each_connection() {
    let (mut plane, authority) = over_tls().await;
    let mut faber = plane.publisher("faber").await;
    let (successor, directory) = (Authority::new(), plane.plane.plane.directory().to_owned());
    // Both count while one takes the other's place.
    let both = format!("{}{}", authority.certificate, successor.certificate);
    fs::write(directory.join(TRUSTED), both).expect("a file");
    plane.plane.certify_nats(Some(&successor.vouch(&HERE, FAR))).await;
    plane.plane.certify_postgres(Some(&successor.vouch(&HERE, FAR))).await;
    let position = faber.publish(&whole("acme/after")[0]).await;
    let told = faber.hear(position).await;
    assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
    assert!(plane.run("acme/after").await.is_some());
}

#[tokio::test]
async fn a_server_that_demands_tls_is_spoken_to_over_tls_by_whoever_did_not_ask_for_it() {
    let (plane, _) = over_tls().await;
    let address = plane.plane.plane.address("faber");
    let url = address.url.replace("tls://", "nats://");
    let connection = connect(&helmstream_stream::connect::Address { url, ..address }).await;
    connection.expect("it is trusted");
}
