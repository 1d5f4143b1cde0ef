//! A log that is not what it was, or a ledger that is not: each is found, by the views themselves
//! or by `verify`, which names the place. The log is changed on the server's disk, so that nothing
//! else about it is different; and whoever only starts again is never alarmed.

mod ledger;
mod log;
mod replay;
mod restarts;

use helmstream_projections::{
    questions::projection::{ProjectionLine, projection_list},
    verify::{Difference, Kind},
};
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        verify::{Progress, Request},
    },
    local::{credentials::OWNER, plane::Plane},
};
use helmstream_stream::read::extent;
use helmstream_tests::{
    faber::whole,
    harness::TestPlane,
    patience::{PATIENCE, eventually},
    running::{ALL, Running},
    sql,
};

/// A plane with some runs on its log and all services stopped; whoever reads it is level with it.
async fn at_rest(runs: usize) -> (Running, Direct) {
    let mut plane = TestPlane::start_empty().await.into_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    for run in 0..runs {
        for event in whole(&format!("acme/{run}")) {
            let sequence = faber.publish(&event).await;
            faber.hear(sequence).await;
        }
    }
    plane.level().await;
    for service in ALL {
        plane.stop(service).await.expect("it ends in order");
    }
    let manner =
        Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    (plane, Direct::new(place, manner).expect("the operator may ask"))
}

/// Compares everything; how far it came, and the first difference.
async fn verified(client: &Direct, from_seq: u64) -> (Progress, Option<Difference>) {
    let mut progress = None;
    loop {
        let request = Request { from_seq, progress };
        let step = client.verify(request).await.expect("NATS and Postgres are there").answer;
        if step.is_done {
            return (step.progress, step.difference);
        }
        progress = Some(step.progress);
    }
}

/// What the first difference is, and where.
async fn difference(client: &Direct) -> Option<(Kind, String, u64)> {
    let (_, difference) = verified(client, 1).await;
    difference.map(|found| (found.kind, found.stream, found.sequence))
}

fn at(kind: Kind, stream: &str, sequence: u64) -> Option<(Kind, String, u64)> {
    Some((kind, stream.to_owned(), sequence))
}

/// What a service that is started ends with.
async fn halts(plane: &mut Running, service: &str) -> String {
    plane.serve(&[service]);
    let said = format!("{:#}", plane.ended(service).await.expect_err("it does not go on"));
    for way_out in ["put the log back", "rebuild the view"] {
        assert!(said.contains(way_out), "it says what to do: {said}");
    }
    said
}

/// Runs services until their views have read everything, and ends them again.
async fn goes_on(plane: &mut Running, services: &[&str]) {
    plane.serve(services);
    let head = extent(&plane.operator, "EVENTS").await.expect("the log answers").last;
    reads_to(plane, services, head).await;
    for service in services {
        plane.stop(service).await.expect("it ends in order");
    }
}

/// Waits until the views of these services have read EVENTS up to here, and the other streams to
/// their ends.
async fn reads_to(plane: &Running, services: &[&str], events: u64) {
    for stream in ["EVENTS", "COMMANDS", "JOURNAL"] {
        let head = match stream {
            "EVENTS" => events,
            _ => extent(&plane.operator, stream).await.expect("the log answers").last,
        };
        for service in services.iter().filter(|name| stream == "EVENTS" || **name == "ledger") {
            eventually(&format!("{service} that has read {stream} to {head}"), async || {
                let lines = projection_list(&plane.database).await.expect("the views answer");
                let is_level = |line: &ProjectionLine| {
                    (line.projection.as_str(), line.stream.as_str()) == (*service, stream)
                        && line.read_to_seq >= head
                };
                lines.iter().any(is_level).then_some(())
            })
            .await;
        }
    }
}

async fn run_sql(plane: &Running, statements: &str) {
    let login = plane.plane.login(OWNER);
    sql::rows(&sql::connect(&login, &login.database).await, statements).await;
}
