//! Traces: what a plane tells of the way that a publish takes through it, to a receiver that reads it by
//! the published contract; that it tells nothing else; and that telling changes nothing.

mod away;
mod doors;
mod logged;
mod quiet;
mod receiver;
mod same;
mod whole;
mod wire;

use helmstream_schemas::TraceContext;
use helmstream_services::{serve::Shown, traces::TraceArgs};
use helmstream_tests::{
    harness::TestPlane, patience::eventually, running::Running, scrape::Process,
};
use serde_json::Value;
use uuid::Uuid;

use self::receiver::Receiver;

/// A plane whose services, all in one process, tell traces.
pub(crate) struct Traced {
    pub(crate) plane: Running,
    pub(crate) process: Process,
    pub(crate) receiver: Receiver,
}

impl Traced {
    pub(crate) async fn start() -> Self {
        Self::start_with(|args| args).await
    }

    /// The same, asked in another way.
    pub(crate) async fn start_with(ask: impl FnOnce(TraceArgs) -> TraceArgs) -> Self {
        let plane = TestPlane::start_running(&[]).await;
        let receiver = Receiver::start().await;
        let traces = ask(receiver.args());
        let process = Process::showing(&plane, Shown { traces, ..Shown::default() });
        ready(&process).await;
        Self { plane, process, receiver }
    }

    /// So many spans became this.
    pub(crate) async fn counted(&self, outcome: &str) -> f64 {
        let told = eventually("metrics", async || self.process.scrape().await).await;
        let labels = [("outcome", outcome)];
        told.value("helmstream_trace_spans_total", &labels).expect("it begins at nought")
    }
}

/// Waits until every service of a process can do its work.
pub(crate) async fn ready(process: &Process) {
    eventually("all services to be ready", async || {
        let told = process.scrape().await?;
        (told.sum("helmstream_service_ready", &[]) == 11.0).then_some(())
    })
    .await;
}

/// A trace that somebody outside has begun.
pub(crate) fn begun(is_sampled: bool) -> TraceContext {
    let [trace, span] = [Uuid::new_v4(), Uuid::new_v4()];
    let mut span_id = [0; 8];
    span_id.copy_from_slice(&span.as_bytes()[..8]);
    TraceContext { trace_id: *trace.as_bytes(), span_id, is_sampled }
}

/// The id of its span, as a receiver writes it.
pub(crate) fn span_of(context: &TraceContext) -> String {
    format!("{:016x}", u64::from_be_bytes(context.span_id))
}

/// An event that says which trace it belongs to.
pub(crate) fn with_trace(mut event: Value, traceparent: &str) -> Value {
    event["traceparent"] = traceparent.into();
    event
}
