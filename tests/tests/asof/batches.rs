//! What holds for every projection, on a log with a bit of everything: where batches end, and what
//! is handed on twice, changes no row; and what was parked and redriven comes to what it was had
//! nothing been parked.

use helmstream_projections::{
    self as views, Projection, Projector, edition::swap::make, redrive::redrive, views::View,
};
use helmstream_schemas::Record;
use helmstream_services::local::credentials::OWNER;
use helmstream_stream::append::EVENTS;
use helmstream_tests::{audit::read_by, kill::chance::Chance, sql};
use uuid::Uuid;

use crate::log::{BASE_EVERY, Log, log};

/// Foldings of each view.
const ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_projection_is_the_same_in_any_batches_twice_and_after_a_redrive() {
    let log = log().await;
    let seed = std::env::var("HELMSTREAM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(std::process::id().into());
    println!("HELMSTREAM_SEED={seed}");
    let mut chance = Chance::new(seed);
    for _ in 0..ROUNDS {
        holds::<views::Access>(&log, &mut chance).await;
        holds::<views::Alias>(&log, &mut chance).await;
        holds::<views::Approval>(&log, &mut chance).await;
        holds::<views::DeadLetter>(&log, &mut chance).await;
        holds::<views::Deadline>(&log, &mut chance).await;
        holds::<views::Deployment>(&log, &mut chance).await;
        holds::<views::Ledger>(&log, &mut chance).await;
        holds::<views::Run>(&log, &mut chance).await;
    }
}

/// Folds a view in an edition of its own, in any batches, each now and then twice, with one record
/// refused by the database for a while; compares its rows with those of the first edition.
async fn holds<P: Projection>(log: &Log, chance: &mut Chance) {
    let admin = log.database(OWNER);
    let view = View::named(P::NAME).expect("it is one of the views");
    let edition = make(&admin, &view).await.expect("it can be made").edition;
    let owner = log.owner().await;
    let records = read_by::<P>(&log.records);
    let poisoned = (chance.below(2) == 0 && !records.is_empty())
        .then(|| records[chance.below(records.len() as u64) as usize].sequence);
    let column = if view.key.is_some() { "last_seq" } else { "seq" };
    let table = if view.key.is_some() { P::NAME } else { "record" };
    if let Some(poisoned) = poisoned {
        let limit = format!("ADD CONSTRAINT refused CHECK ({column} <> {poisoned})");
        sql::rows(&owner, &format!("ALTER TABLE {edition}.{table} {limit}")).await;
    }
    let parked = folded::<P>(log, &edition, &records, chance).await;
    if poisoned.is_some() {
        let mend = format!("ALTER TABLE {edition}.{table} DROP CONSTRAINT refused");
        sql::rows(&owner, &mend).await;
        let redriven = redrive::<P>(&admin, &edition, EVENTS).await.expect("it can be redriven");
        assert_eq!((redriven.applied, redriven.parked), (parked, 0), "{edition}");
    }
    let dump = async |schema: &str| {
        let rows = sql::dump(&owner, &format!("{schema}.{table}")).await;
        rows.into_iter()
            .filter(|row| table != "record" || row.starts_with("(EVENTS,"))
            .collect::<Vec<_>>()
    };
    let first = format!("{}_v1", P::NAME);
    assert_eq!(
        dump(&edition).await,
        dump(&first).await,
        "{edition}, {poisoned:?} refused at first"
    );
    sql::rows(&owner, &format!("DROP SCHEMA {edition} CASCADE")).await;
    sql::rows(&owner, &format!("DELETE FROM plane.edition WHERE edition = '{edition}'")).await;
}

/// How many records were parked.
async fn folded<P: Projection>(
    log: &Log,
    edition: &str,
    records: &[Record],
    chance: &mut Chance,
) -> u64 {
    let (mut parked, mut rest) = (0, records);
    let admin = log.database(OWNER);
    while !rest.is_empty() {
        let owner = Uuid::new_v4();
        let opened = Projector::<P>::open_edition(&admin, edition, EVENTS, owner, log.epoch).await;
        let mut projector = opened.expect("nobody else folds").with_base_every(BASE_EVERY);
        // Until it is opened anew, with nothing remembered.
        for _ in 0..=chance.below(4) {
            let (batch, later) = rest.split_at((1 + chance.below(9) as usize).min(rest.len()));
            for _ in 0..=chance.below(2) {
                parked += projector.apply(batch).await.expect("it can be folded").parked as u64;
            }
            rest = later;
        }
    }
    parked
}
