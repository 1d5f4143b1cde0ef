//! Deciding, appending and loading on a real NATS server, each test against a design that would
//! have been simpler and wrong. Every comment names the line to undo to see the test red.

mod commands;
mod contention;
mod deadlines;
mod expected;
mod half;
mod snapshots;
mod stopping;

use helmstream_core::{Aggregate, Decider};
use helmstream_schemas::{Context, Id, Record, Subject};
use helmstream_stream::{Connection, append::EVENTS, get, load::load};

/// More than a test's aggregates weigh.
const CACHED_BYTES: usize = 1_048_576;

/// The subject of a counter or run on EVENTS.
fn subject(id: &Id) -> String {
    Subject::Event { context: Context::Run, id: id.clone() }.to_string()
}

fn id(text: &str) -> Id {
    Id::new(text).expect("a name")
}

/// Everything on the log of one aggregate.
async fn log(connection: &Connection, id: &Id) -> Vec<Record> {
    get::all(connection, EVENTS, &subject(id), 1).await.expect("the log answers")
}

/// What a load has to come to: every record folded from the first on, without a snapshot.
async fn folded<D: Decider>(connection: &Connection, id: &Id) -> Aggregate<D> {
    let mut aggregate = Aggregate::<D>::default();
    for record in log(connection, id).await {
        aggregate.apply(&record).expect("a record of ours");
    }
    aggregate
}

/// Panics unless loading gives what the log gives.
async fn assert_loads_as_folded<D: Decider>(connection: &Connection, id: &Id, what: &str)
where
    D::State: PartialEq,
{
    let (found, wanted) =
        (load::<D>(connection, id).await.expect("it loads"), folded::<D>(connection, id).await);
    assert_eq!(found.state, wanted.state, "{what}");
    assert_eq!((found.revision, found.length), (wanted.revision, wanted.length), "{what}");
    assert_eq!(found.last_hash, wanted.last_hash, "{what}");
    assert_eq!(found.causes, wanted.causes, "{what}");
}
