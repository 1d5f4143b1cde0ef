//! Telling changes nothing: what is hashed, compared and folded of a traced log is what it would be
//! without.

use async_nats::HeaderMap;
use helmstream_projections::{digest::digest, views::View};
use helmstream_schemas::{Hash, Record, outcome::Outcome};
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        projection::{SwapRequest, ViewRequest},
        verify::Request,
    },
    local::plane::Plane,
};
use helmstream_stream::{
    headers::{to_attributes, to_headers},
    hop::TRACEPARENT,
    publish::store,
};
use helmstream_tests::{
    faber::whole,
    patience::{PATIENCE, eventually},
    running::ALL,
};
use serde_json::json;

use super::{Traced, begun, with_trace};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_hashes_and_repeats_of_a_traced_log_are_those_of_one_that_is_not() {
    let Traced { mut plane, process, receiver } = Traced::start().await;
    let trace = begun(true);
    let mut faber = plane.publisher("faber").await;
    for event in whole("acme/shop") {
        let sequence = faber.publish(&with_trace(event, &trace.to_string())).await;
        assert!(matches!(faber.hear(sequence).await, Outcome::Event { .. }));
    }
    eventually("nine runs through the plane", async || {
        let folds = receiver.of(&trace.trace_hex());
        (folds.iter().filter(|span| span.name == "fold run").count() == 9).then_some(())
    })
    .await;
    plane.level().await;
    process.stop().await.expect("it ends in order");

    // Every event carries the hop that appended it, and no hash knows of it.
    for record in plane.events("evt.run.>").await {
        let wanted = json!({ "seq": record.sequence }).to_string().into();
        let asked = plane.operator.client.request("$JS.API.DIRECT.GET.EVENTS", wanted);
        let stored = asked.await.expect("the server answers").headers.expect("it has headers");
        let hop = stored.get(TRACEPARENT).expect("a hop").as_str();
        assert!(hop.contains(&trace.trace_hex()) && hop != trace.to_string(), "{hop}");
        let attributes = to_attributes(&stored);
        assert_eq!(attributes.get("traceparent"), Some(trace.to_string().as_str()));
        let mut without = to_headers(&attributes);
        without.insert(TRACEPARENT, begun(true).to_string());
        for headers in [stored, without] {
            let read = Record { attributes: to_attributes(&headers), ..record.clone() };
            assert_eq!(Hash::of_record(&read), Hash::of_record(&record));
        }
    }

    // The same services, telling nobody, fold the same rows.
    plane.serve(&ALL);
    let manner =
        Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    let client = Direct::new(place, manner).expect("the operator may ask");
    let view = View::named("run").expect("a view");
    let told = digest(&plane.database, &view).await.expect("the view answers");
    let made =
        client.projection_make(ViewRequest { view: "run".into() }).await.expect("it is made");
    eventually("the new edition to take the place of the other", async || {
        let edition = Some(made.edition.clone());
        client.projection_swap(SwapRequest { view: "run".into(), edition }).await.ok()
    })
    .await;
    let anew = digest(&plane.database, &view).await.expect("the view answers");
    assert_eq!(anew.tables, told.tables);

    // A repeat is one, whatever trace its message carries now.
    let again = with_trace(whole("acme/shop").remove(0), &trace.to_string());
    let mut all = HeaderMap::new();
    all.insert(TRACEPARENT, begun(true).to_string());
    let payload = again.to_string().into();
    let stored = store(&faber.connection, "in.faber", all, payload);
    let sequence = stored.await.expect("it is stored");
    assert!(matches!(plane.outcome(sequence).await, Outcome::DuplicateOf { .. }));

    plane.level().await;
    let mut request = Request { from_seq: 1, progress: None };
    loop {
        let step = client.verify(request).await.expect("the plane answers").answer;
        assert_eq!(step.difference, None);
        if step.is_done {
            break;
        }
        request = Request { from_seq: 1, progress: Some(step.progress) };
    }
}
