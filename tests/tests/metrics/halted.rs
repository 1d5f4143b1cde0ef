//! An edition of a view that does not fit the log is told to be halted, while the other goes on; and no
//! sign of life is given any more.

use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        projection::ViewRequest,
    },
    heartbeat::HeartbeatArgs,
    local::{credentials::OWNER, plane::Plane},
};
use helmstream_tests::{
    faber::whole,
    harness::TestPlane,
    patience::{PATIENCE, eventually},
    scrape::{Process, Scrape},
    sql,
};

use super::beats::Receiver;

/// The editions of the view `run`, those that match.
fn editions(told: &Scrape, metric: &str, value: f64) -> Vec<String> {
    let of_run = [("view", "run")];
    let found = told.all(metric, &of_run).filter(|series| series.value == value);
    let mut names: Vec<String> = found.map(|series| series.labels["edition"].clone()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_that_does_not_fit_the_log_is_told_to_be_halted_and_no_sign_of_life_is_given() {
    let plane = TestPlane::start_running(&[]).await;
    let process = Process::of(&plane, HeartbeatArgs::default());
    let mut faber = plane.publisher("faber").await;
    for event in whole("acme/1") {
        let sequence = faber.publish(&event).await;
        faber.hear(sequence).await;
    }
    let manner =
        Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    let operator = Direct::new(place, manner).expect("the operator may ask");
    let view = ViewRequest { view: "run".to_owned() };
    operator.projection_make(view).await.expect("another edition can be made");
    let level = eventually("two editions that are level", async || {
        let level = editions(&process.scrape().await?, "helmstream_view_lag_sequences", 0.0);
        (level.len() == 2).then_some(level)
    })
    .await;
    process.stop().await.expect("it ends in order");

    // The second was folded, it now says, from a log that held something else there.
    let login = plane.plane.login(OWNER);
    let owner = sql::connect(&login, &login.database).await;
    let altered = format!(
        "UPDATE {}.checkpoint SET applied_hash = decode(repeat('00', 32), 'hex')",
        level[1]
    );
    sql::rows(&owner, &altered).await;
    let receiver = Receiver::start().await;
    let process = Process::of(&plane, receiver.args());
    let told = eventually("an edition that is halted", async || {
        let told = process.scrape().await?;
        let halted = editions(&told, "helmstream_view_halted", 1.0);
        (halted == level[1..]).then_some(told)
    })
    .await;
    assert_eq!(editions(&told, "helmstream_view_halted", 0.0), level[..1], "the other goes on");
    eventually("a service that is not ready, and only that one", async || {
        let told = process.scrape().await?;
        let not_ready = told.all("helmstream_service_ready", &[]).filter(|at| at.value == 0.0);
        let not_ready: Vec<_> = not_ready.map(|at| at.labels["service"].as_str()).collect();
        (not_ready == ["run"]).then_some(())
    })
    .await;
    let withheld_more_than = async |count: f64| {
        eventually("signs of life that are withheld", async || {
            let told = process.scrape().await?;
            let withheld = told.value("helmstream_heartbeats_total", &[("outcome", "withheld")])?;
            (withheld > count).then_some(withheld)
        })
        .await
    };
    let withheld = withheld_more_than(0.0).await;
    let before = receiver.heard();
    withheld_more_than(withheld + 1.0).await;
    assert_eq!(receiver.heard(), before, "one halted view is enough");
    process.stop().await.expect("it ends in order");
}
