//! A receiver that is away, slow, or wants to be left alone: the plane goes on, what cannot wait is
//! dropped and counted, and afterwards traces are told again.

use std::{path::PathBuf, time::Duration};

use helmstream_schemas::outcome::Outcome;
use helmstream_services::{
    metrics::Metrics,
    tls::acceptor,
    traces::{Kind, TraceArgs, Traces, limits::SPANS_WAITING_MAX},
};
use helmstream_tests::{faber::external, patience::eventually};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::json;
use tokio::sync::watch;

use super::{
    Traced, begun,
    receiver::{Answers, Receiver},
    with_trace,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plane_goes_on_while_its_receiver_is_away_and_tells_what_waited_once_it_is_back() {
    let traced = Traced::start().await;
    let mut faber = traced.plane.publisher("faber").await;
    let mut publish = async |id: &str| {
        let trace = begun(true);
        let fact = with_trace(external("/sensors/1", id, json!({})), &trace.to_string());
        let sequence = faber.publish(&fact).await;
        assert!(matches!(faber.hear(sequence).await, Outcome::ExternalFact { .. }));
        trace.trace_hex()
    };
    for (answers, id) in
        [(Answers::With(503, ""), "away"), (Answers::With(429, "retry-after: 1\r\n"), "busy")]
    {
        traced.receiver.answers(answers);
        let asked = traced.receiver.asked_at().len();
        let waits = publish(id).await;
        eventually("two requests", async || {
            (traced.receiver.asked_at().len() >= asked + 2).then_some(())
        })
        .await;
        assert!(traced.receiver.of(&waits).is_empty());
        traced.receiver.answers(Answers::Well);
        eventually("what waited", async || (traced.receiver.of(&waits).len() == 5).then_some(()))
            .await;
    }
    // What is refused for good is not sent again, and counted.
    traced.receiver.answers(Answers::With(400, ""));
    publish("refused").await;
    eventually("a count", async || (traced.counted("refused").await > 0.0).then_some(())).await;
    // One that never answers holds nobody up, not even the end.
    traced.receiver.answers(Answers::Never);
    let asked = traced.receiver.asked_at().len();
    publish("slow").await;
    eventually("a request", async || (traced.receiver.asked_at().len() > asked).then_some(()))
        .await;
    publish("meanwhile").await;
    assert_eq!(traced.counted("dropped").await, 0.0, "there is room for them");
    traced.process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_finds_no_room_is_dropped_and_counted_and_the_rest_is_sent_later() {
    let receiver = Receiver::start().await;
    receiver.answers(Answers::With(503, "retry-after: 1\r\n"));
    let metrics = Metrics::new(Vec::new(), PathBuf::from("."));
    let counted = metrics.spans();
    let args =
        TraceArgs { traces_sampler: Some("parentbased_always_on".into()), ..receiver.args() };
    let (traces, exporter) = Traces::begin(&args, counted.clone()).expect("it can begin");
    let (stop, stopped) = watch::channel(false);
    let sending = tokio::spawn(exporter.expect("somebody is told").run(stopped));
    let all = SPANS_WAITING_MAX as u64 * 2;
    for _ in 0..all {
        let entered = traces.enter(None, ("admit", "INBOX"), Kind::Consumer);
        entered.span.expect("it is sampled").end();
    }
    assert!(counted.dropped.get() > 0, "nobody waited");
    eventually("two requests", async || (receiver.asked_at().len() >= 2).then_some(())).await;
    let asked_at = receiver.asked_at();
    assert!(asked_at[1] - asked_at[0] >= Duration::from_secs(1), "it wanted to be left alone");
    let dropped = counted.dropped.get();
    receiver.answers(Answers::Well);
    eventually("the rest", async || (counted.sent.get() == all - dropped).then_some(())).await;
    assert_eq!(receiver.counts().len() as u64, all - dropped);
    assert_eq!((counted.dropped.get(), counted.refused.get()), (dropped, 0));
    stop.send_replace(true);
    drop(traces);
    sending.await.expect("it does not panic").expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_traces_are_told_to_whom_a_named_certificate_vouches_for_and_to_nobody_else() {
    let [above, own] = [(), ()].map(|()| KeyPair::generate().expect("a key can be made"));
    let mut root = CertificateParams::new(Vec::new()).expect("no names");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let vouches = root.self_signed(&above).expect("a certificate");
    let held = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let held = held.signed_by(&own, &rcgen::Issuer::new(root, above)).expect("a certificate");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let named = |what: &str| folder.join(format!("otlp-{}.{what}", uuid::Uuid::new_v4()));
    let (trusted, chain, key) = (named("root.pem"), named("pem"), named("key"));
    let texts = [vouches.pem(), held.pem(), own.serialize_pem()];
    for (file, text) in [&trusted, &chain, &key].into_iter().zip(texts) {
        std::fs::write(file, text).expect("it can be written");
    }
    let receiver = Receiver::start_tls(acceptor(&chain, &key).expect("they fit")).await;
    let args = |certificate| TraceArgs {
        otlp: Some(format!("https://{}", receiver.address)),
        otlp_certificate: certificate,
        traces_sampler: Some("parentbased_always_on".into()),
        ..TraceArgs::default()
    };
    for (certificate, is_told) in [(None, false), (Some(trusted.clone()), true)] {
        let counted = Metrics::new(Vec::new(), PathBuf::from(".")).spans();
        let (traces, exporter) =
            Traces::begin(&args(certificate), counted.clone()).expect("it can begin");
        let (stop, stopped) = watch::channel(false);
        let sending = tokio::spawn(exporter.expect("somebody is told").run(stopped));
        let entered = traces.enter(None, ("admit", "INBOX"), Kind::Consumer);
        entered.span.expect("it is sampled").end();
        if is_told {
            eventually("a span", async || (counted.sent.get() == 1).then_some(())).await;
        }
        // It ends once nobody is left, and tries a last time.
        drop(traces);
        stop.send_replace(true);
        sending.await.expect("it does not panic").expect("it ends in order");
        assert_eq!(receiver.counts().len(), usize::from(is_told));
    }
    for file in [trusted, chain, key] {
        std::fs::remove_file(file).expect("it was written");
    }
}
