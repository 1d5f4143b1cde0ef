//! What the door tells of a message in a trace: how it came in, and what was made of it. A message that
//! belongs to no trace may begin one here.

use helmstream_core::door::Admission;
use helmstream_schemas::attributes as ce;
use helmstream_stream::{
    consume::Delivery,
    hop::{self, Carried},
};

use super::Entry;
use crate::{
    metrics::Became,
    traces::{About, Entered, Kind, Traces},
};

/// A message is worked on from now on. Of an event in the structured form only its command says what
/// the publisher's own trace is.
pub(super) fn entered(traces: &Traces, delivery: &Delivery, admission: &Admission) -> Entered {
    if !traces.is_on() {
        return Entered::default();
    }
    let own = match admission {
        Admission::Command(admitted) => hop::of(&admitted.command.attributes),
        Admission::Dead(_) => None,
    };
    let inside = own.map(|context| Carried { context, by_header: false });
    let carried = delivery.carried().or(inside);
    let mut entered = traces.enter(carried, ("admit", "INBOX"), Kind::Consumer);
    if let Some(span) = &mut entered.span {
        span.linked_to(own);
        span.told(About::place(&delivery.record));
    }
    entered
}

/// All of a batch is stored and acknowledged.
pub(super) fn admitted(entries: Vec<Entry>, became: &[Became]) {
    for (entry, became) in entries.into_iter().zip(became) {
        let Some(mut span) = entry.entered.span else { continue };
        span.outcome(became.word());
        match &entry.admission {
            Admission::Command(admitted) => {
                let command = &admitted.command;
                span.text("helmstream.context", command.context.name());
                span.text(
                    "helmstream.command_id",
                    command.attributes.get(ce::ID).unwrap_or_default(),
                );
            }
            Admission::Dead(dead) => {
                span.text("helmstream.reason", dead.reason);
                // Its detail may hold what was to be cleaned.
                span.failed(dead.reason);
            }
        }
        span.end();
    }
}
