//! Every certificate by which a server is not the one that was meant, and a server without one: each ends
//! whoever begins with it, by the server's name, the reason and the way out.

use std::fs;

use helmstream_services::{
    client::{Code, Failure},
    serve, setup,
};
use helmstream_tests::{
    authority::{Authority, Certified, FAR, HERE, TRUSTED},
    harness::TestPlane,
};
use tokio::sync::watch;

/// What a server is given, and what is said of it.
type Wrong = (fn(&Authority) -> Option<Certified>, &'static str, &'static str);

const WRONG: [Wrong; 4] = [
    (
        |_| Some(Authority::new().vouch(&HERE, FAR)),
        "its certificate is of no authority that is trusted here",
        "`trusted` in plane.json",
    ),
    (
        |ours| Some(ours.vouch(&["elsewhere.example"], FAR)),
        "its certificate is another's: certificate not valid for name \"localhost\"",
        "name the server in plane.json as its certificate does",
    ),
    (
        |ours| Some(ours.vouch(&HERE, 2021)),
        "its certificate expired",
        "give the server a new certificate",
    ),
    (|_| None, "it does not speak TLS", "nothing is ever sent to it without"),
];

/// What a service and `setup` end with, told as to an operator.
async fn ended(plane: &TestPlane) -> [Failure; 2] {
    let (_stop, stopped) = watch::channel(false);
    let service = serve::run_until(&plane.plane, &["ledger".to_owned()], stopped).await;
    let service = Failure::of(&service.expect_err("it is not trusted"));
    let set_up = setup::set_up(&plane.plane, None).await;
    [service, set_up.expect_err("it is not trusted")]
}

fn is_told(failure: &Failure, place: &str, reason: &str, way_out: &str) {
    assert_eq!(failure.code, Code::Untrusted, "{failure:?}");
    let said = format!("{}: {}", failure.what, failure.detail);
    assert!(said.contains(place) && said.contains(reason), "{reason}: {failure:?}");
    assert!(failure.hint.contains(way_out), "{failure:?}");
}

#[tokio::test]
async fn a_nats_server_that_is_not_the_one_that_was_meant_ends_a_beginning_with_its_reason() {
    let ours = Authority::new();
    let mut plane = TestPlane::start_alone().await;
    plane.demand_tls(&ours);
    let place = format!("NATS at {} is not trusted", plane.plane.places().nats_url);
    for (certificate, reason, way_out) in WRONG {
        plane.certify_nats(certificate(&ours).as_ref()).await;
        for failure in ended(&plane).await {
            is_told(&failure, &place, reason, way_out);
        }
    }
}

#[tokio::test]
async fn a_postgres_that_is_not_the_one_that_was_meant_ends_a_beginning_with_its_reason() {
    let ours = Authority::new();
    let mut plane = TestPlane::start_alone().await;
    plane.set_up().await;
    plane.certify_nats(Some(&ours.vouch(&HERE, FAR))).await;
    plane.demand_tls(&ours);
    for (certificate, reason, way_out) in WRONG {
        plane.certify_postgres(certificate(&ours).as_ref()).await;
        let [service, set_up] = ended(&plane).await;
        for (role, failure) in [("ledger", service), ("helmstream", set_up)] {
            let at = &plane.plane.places().postgres;
            let place = format!("Postgres at {role}@localhost:{}/{}", at.port, at.database);
            is_told(&failure, &place, reason, way_out);
        }
    }
}

#[tokio::test]
async fn a_file_of_authorities_that_cannot_be_read_is_named_for_either_server() {
    let ours = Authority::new();
    let mut plane = TestPlane::start_alone().await;
    plane.certify_postgres(Some(&ours.vouch(&HERE, FAR))).await;
    plane.set_up().await;
    plane.demand_tls(&ours);
    let trusted = plane.plane.directory().join(TRUSTED);
    let wrong = [("", "there is no certificate in it"), ("missing", "No such file")];
    for (text, reason) in wrong {
        match text {
            "missing" => fs::remove_file(&trusted).expect("it is there"),
            _ => fs::write(&trusted, text).expect("a file"),
        }
        let of_nats = ended(&plane).await;
        let database = plane.plane.database("ledger").expect("a login");
        let of_postgres = Failure::from(database.ping().await.expect_err("nobody is trusted"));
        for failure in of_nats.iter().chain([&of_postgres]) {
            is_told(failure, &trusted.display().to_string(), reason, "names a file in PEM");
        }
    }
}
