//! What no trace is told of: what nobody wants told, what says nothing that can be read, and what is
//! folded again.

use helmstream_schemas::{attributes as ce, outcome::Outcome};
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        projection::ViewRequest,
    },
    local::plane::Plane,
    traces::TraceArgs,
};
use helmstream_tests::{
    faber::external,
    patience::{PATIENCE, eventually},
};
use serde_json::json;

use super::{Traced, begun, span_of, whole::FACT, with_trace};

/// Publishes a fact with this trace, and waits until it is one.
async fn fact(traced: &Traced, id: &str, traceparent: Option<&str>) -> u64 {
    let mut faber = traced.plane.publisher("faber").await;
    let fact = external("/sensors/9", id, json!({}));
    let fact = match traceparent {
        Some(traceparent) => with_trace(fact, traceparent),
        None => fact,
    };
    let sequence = faber.publish(&fact).await;
    let Outcome::ExternalFact { sequence, .. } = faber.hear(sequence).await else {
        panic!("a fact")
    };
    sequence
}

/// Publishes something that is told, and waits until all of it was: what came before was told by then,
/// if it ever is.
async fn told_after(traced: &Traced, id: &str) -> String {
    let trace = begun(true);
    fact(traced, id, Some(&trace.to_string())).await;
    traced.receiver.drawn(&trace.trace_hex(), &span_of(&trace), FACT).await;
    trace.trace_hex()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_sampled_or_malformed_or_has_no_trace_is_not_told_and_stays_as_it_is() {
    let traced = Traced::start().await;
    let unsampled = begun(false).to_string();
    let strange = ["00-short", "", "ff-00-00-00", "ü 00-\u{1f600}", &unsampled.to_uppercase()];
    fact(&traced, "none", None).await;
    let mut facts = vec![(unsampled.clone(), fact(&traced, "unsampled", Some(&unsampled)).await)];
    for (at, text) in strange.into_iter().enumerate() {
        let sequence = fact(&traced, &format!("strange-{at}"), Some(text)).await;
        facts.push((text.to_owned(), sequence));
    }
    let told = told_after(&traced, "after").await;
    let only: Vec<String> = traced.receiver.counts().into_keys().collect();
    assert_eq!(only, [told]);
    let events = traced.plane.events("evt.external.>").await;
    for (text, sequence) in facts {
        let event = events.iter().find(|event| event.sequence == sequence).expect("it is there");
        assert_eq!(
            event.attributes.get(ce::TRACEPARENT),
            Some(text.as_str()),
            "as it was published"
        );
    }
    traced.process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_begin_here_if_that_is_asked_and_what_is_not_sampled_stays_so() {
    let traced = Traced::start_with(|args| TraceArgs {
        traces_sampler: Some("parentbased_always_on".into()),
        ..args
    })
    .await;
    let unsampled = begun(false);
    fact(&traced, "unsampled", Some(&unsampled.to_string())).await;
    fact(&traced, "none", None).await;
    let (trace, root) = eventually("a trace of the plane's own", async || {
        let counts = traced.receiver.counts();
        let (trace, _) = counts.into_iter().find(|(_, count)| *count == 5)?;
        Some((trace, String::new()))
    })
    .await;
    traced.receiver.drawn(&trace, &root, FACT).await;
    assert!(traced.receiver.of(&unsampled.trace_hex()).is_empty());
    traced.process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_that_is_folded_anew_tells_nothing_of_what_was_folded_before() {
    let traced = Traced::start().await;
    let before = told_after(&traced, "before").await;
    let folded = traced.receiver.counts();
    let manner =
        Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let plane = Plane::open(traced.plane.plane.plane.directory()).expect("the plane is there");
    let client = Direct::new(plane, manner).expect("the operator may ask");
    let view = ViewRequest { view: "ledger".into() };
    let edition = client.projection_make(view).await.expect("it can be made").edition;
    eventually("the new edition to be level", async || {
        let standings = client.projection_list().await.expect("the views answer").answer;
        let own = standings.projections.iter().filter(|at| at.line.edition == edition);
        let level = own.filter(|at| at.lag == 0).count();
        (level == 3).then_some(())
    })
    .await;
    // Of what comes now only the edition that serves is told.
    let after = told_after(&traced, "after").await;
    let counts = traced.receiver.counts();
    assert_eq!(counts[&before], folded[&before]);
    assert_eq!(counts[&after], folded[&before]);
    assert_eq!(counts.len(), folded.len() + 1);
    // And what a restart reads again is what it had not folded.
    traced.process.stop().await.expect("it ends in order");
}
