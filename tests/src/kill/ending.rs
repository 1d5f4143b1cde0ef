//! The end of a plane under load of which parts have died: what was acknowledged is worked off, and
//! everything is looked over.

use helmstream_projections::Database;
use helmstream_stream::Connection;
use tokio::time::Instant;

use super::{load::Load, mortals::Mortals, outcomes};
use crate::{
    audit,
    harness::TestPlane,
    rest::{are_level, worked_off},
};

/// Waits until everything is admitted, decided, reacted to and folded. Panics unless every publish that
/// was acknowledged has one outcome, every event is what its command comes to, and every row what
/// a fold from scratch gives.
pub async fn end(
    plane: &TestPlane,
    (operator, database): (&Connection, &Database),
    mortals: &mut Mortals,
    load: Load,
    begun: Instant,
) {
    let acknowledged = load.end().await;
    println!(
        "{} acknowledged after {:?}, working off the rest",
        acknowledged.len(),
        begun.elapsed()
    );
    worked_off(operator, async || {
        assert_eq!(mortals.dead(), [], "nobody was told to die");
        are_level(operator, database).await
    })
    .await;
    println!("worked off after {:?}", begun.elapsed());
    outcomes::assert_all(database, &acknowledged).await;
    let again = audit::outcomes(plane).await;
    println!("told again in the same words: {again}");
    audit::decisions(plane).await;
    audit::rows(plane).await;
    println!("audited after {:?}", begun.elapsed());
}
