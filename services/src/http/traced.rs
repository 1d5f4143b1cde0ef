//! A publish over HTTP, told as the first span of its trace in the plane: it lasts until it is answered.
//! Questions are not told.

use helmstream_core::door::Foreseen;
use helmstream_schemas::TraceContext;
use helmstream_stream::hop::{Carried, TRACEPARENT};
use hyper::{HeaderMap, StatusCode};

use super::{App, problem::Problem, publishing::Published};
use crate::traces::{Entered, Kind, Traces};

/// Where a publish came in.
pub(super) struct Received<'a> {
    traces: &'a Traces,
    /// What the request says of a trace.
    by_header: Option<Carried>,
    path: &'static str,
}

impl<'a> Received<'a> {
    pub(super) fn of(app: &'a App, headers: &HeaderMap, path: &'static str) -> Self {
        let said = headers.get(TRACEPARENT).and_then(|said| said.to_str().ok());
        let context = said.and_then(TraceContext::parse);
        let by_header = context.map(|context| Carried { context, by_header: true });
        Self { traces: &app.around.traces, by_header, path }
    }

    /// One event of the request is published from now on. What the request says of a trace counts
    /// before what the event says, because it is nearer.
    pub(super) fn event(&self, foreseen: &Foreseen) -> Entered {
        let own = foreseen.trace.map(|context| Carried { context, by_header: false });
        let carried = self.by_header.or(own);
        let mut entered = self.traces.enter(carried, ("POST", self.path), Kind::Server);
        if let Some(span) = &mut entered.span {
            span.linked_to(foreseen.trace);
            span.text("http.request.method", "POST");
            span.text("http.route", self.path);
            span.text("helmstream.context", foreseen.about.name());
            span.text("helmstream.command_id", foreseen.command_id.to_string());
        }
        entered
    }
}

/// It was answered.
pub(super) fn answered(entered: Entered, answer: Result<&Published, &Problem>) {
    let Some(mut span) = entered.span else { return };
    let status = match answer {
        Ok(published) => {
            let outcome = published.settled.counted();
            span.number("helmstream.inbox_sequence", published.settled.receipt.inbox_sequence);
            span.outcome(outcome.map_or("unknown yet", |known| known.word()));
            published.status()
        }
        Err(problem) => problem.status,
    };
    span.number("http.response.status_code", status.as_u16().into());
    if status.is_server_error() {
        span.failed(status.to_string());
    }
    span.end();
}

/// It was stored, and nobody waits for more.
pub(super) fn stored(entered: Entered, inbox_sequence: u64) {
    let Some(mut span) = entered.span else { return };
    span.number("helmstream.inbox_sequence", inbox_sequence);
    span.number("http.response.status_code", StatusCode::OK.as_u16().into());
    span.end();
}
