//! One edition takes another's place: made beside it, folded until it is level, and shown in its
//! stead in one transaction. Readers never see a step back: the edition that serves is held where
//! it stands until the other has read as far, and whoever reads at a moment is waited for.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Edition, EditionState, add, all};
use crate::{
    columns::seq_back,
    database::Database,
    error::ProjectionError,
    limits::{SWAP_LOCK_MS_MAX, SWAP_LOOK_MS, SWAP_SECONDS_MAX},
    session::{Session, Value},
    setup::{Role, create_or_compare},
    views::View,
};

/// Makes a new edition of a view for its projector to fold. Of those that serve no more, the view
/// keeps none: a view has two editions at most. `admin` may create schemas.
pub async fn make(admin: &Database, view: &View) -> Result<Edition, ProjectionError> {
    let mut session = admin.lend().await?;
    session.run("begin to make an edition", include_str!("../setup/begin.sql")).await?;
    let editions: Vec<Edition> = of_view(&mut session, view).await?;
    if let Some(building) = editions.iter().find(|held| held.state == EditionState::Building) {
        session.run("make no edition", "ROLLBACK").await?;
        session.give_back();
        return Ok(building.clone());
    }
    for old in editions.iter().filter(|held| held.state == EditionState::Standby) {
        drop_edition(&mut session, old).await?;
    }
    let ours = editions.iter().filter(|held| held.version == view.version);
    let number = ours.map(|held| held.number).max().unwrap_or_default() + 1;
    let schema = view.schema(number);
    create_or_compare(&mut session, &schema, &view.create()).await?;
    add(&mut session, view, number, EditionState::Building).await?;
    let serving = editions.iter().find(|held| held.state == EditionState::Serving);
    let serving = serving.ok_or(ProjectionError::NotSetUp { view: view.name })?;
    // Roles have other names where two planes share a server: those of the edition that serves.
    for (role, table, right) in [
        (view.role, "checkpoint", "UPDATE"),
        (Role::Past, "held", "SELECT"),
        (Role::Operator, "parked", "SELECT"),
    ] {
        let Some(rights) = view.rights(&schema, role) else { continue };
        let values: &[Value<'_>] = &[&serving.edition, &table, &right];
        for row in session.query(include_str!("role.sql"), values).await? {
            let rights = rights.replace("{role}", row.get("role"));
            session.run("let a role into an edition", &rights).await?;
        }
    }
    session.run("make an edition", "COMMIT").await?;
    session.give_back();
    Ok(Edition {
        edition: schema,
        projection: view.name.to_owned(),
        version: view.version,
        number,
        state: EditionState::Building,
    })
}

/// Gives a new edition up.
pub async fn discard(admin: &Database, edition: &Edition) -> Result<(), ProjectionError> {
    let mut session = admin.lend().await?;
    session.run("begin to drop an edition", include_str!("../setup/begin.sql")).await?;
    drop_edition(&mut session, edition).await?;
    session.run("drop an edition", "COMMIT").await?;
    session.give_back();
    Ok(())
}

/// Shows readers `edition` from now on, and keeps the one that served until now standing by, once the
/// one has read as far as the other: except of streams that are `astray`, of which the one that serves
/// stands beyond the end. It was folded from another log there.
pub async fn swap(
    admin: &Database,
    view: &View,
    edition: &Edition,
    astray: &BTreeSet<String>,
) -> Result<(), ProjectionError> {
    let mut session = admin.lend().await?;
    session.run("begin to swap editions", include_str!("../setup/begin.sql")).await?;
    let editions = of_view(&mut session, view).await?;
    let serving = editions.into_iter().find(|held| held.state == EditionState::Serving);
    let Some(serving) = serving.filter(|serving| serving.edition != edition.edition) else {
        session.run("swap nothing", "ROLLBACK").await?;
        session.give_back();
        return Ok(());
    };
    level(&mut session, &serving, edition, astray).await?;
    show(&mut session, view, edition).await?;
    for (edition, state) in [(&serving, EditionState::Standby), (edition, EditionState::Serving)] {
        let state = state.word();
        session.execute(include_str!("state.sql"), &[&edition.edition, &state]).await?;
    }
    session.run("swap editions", "COMMIT").await?;
    session.give_back();
    Ok(())
}

/// Holds the edition that serves where it stands, and waits until the other has read as far.
async fn level(
    session: &mut Session,
    serving: &Edition,
    other: &Edition,
    astray: &BTreeSet<String>,
) -> Result<(), ProjectionError> {
    let mut held = positions(session, include_str!("freeze.sql"), serving).await?;
    held.retain(|stream, _| !astray.contains(stream));
    for _ in 0..SWAP_SECONDS_MAX * 1_000 / SWAP_LOOK_MS {
        let found = positions(session, include_str!("level.sql"), other).await?;
        if held.iter().all(|(stream, read_to)| found.get(stream) >= Some(read_to)) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(SWAP_LOOK_MS)).await;
    }
    Err(ProjectionError::NotLevel {
        edition: other.edition.clone(),
        serving: serving.edition.clone(),
        seconds: SWAP_SECONDS_MAX,
    })
}

/// Makes the views anew that readers use. What an edition consists of may differ, so they are not
/// replaced but dropped; who may read them stays. The checkpoint goes first, because every reader
/// holds it. It is not locked by `LOCK TABLE`, which would take the table below it as well, that a
/// projector has in its hands while it waits for us.
async fn show(
    session: &mut Session,
    view: &View,
    edition: &Edition,
) -> Result<(), ProjectionError> {
    let readers = session.query(include_str!("readers.sql"), &[&view.name]).await?;
    let shown = session.query(include_str!("views.sql"), &[&view.name]).await?;
    let name = |row: &tokio_postgres::Row| row.get::<_, String>("name");
    let bounded = format!("SET LOCAL lock_timeout = {SWAP_LOCK_MS_MAX};\n");
    let dropped = shown.iter().map(|row| format!("DROP VIEW {}.{};\n", view.name, name(row)));
    let made = view.stable(&edition.edition);
    let granted = readers.iter().map(|row| {
        let role: &str = row.get("role");
        format!("GRANT SELECT ON {}.{} TO {role};\n", view.name, name(row))
    });
    let sql: String = [bounded].into_iter().chain(dropped).chain([made]).chain(granted).collect();
    session.run("show readers another edition", &sql).await
}

async fn positions(
    session: &mut Session,
    sql: &str,
    edition: &Edition,
) -> Result<BTreeMap<String, u64>, ProjectionError> {
    let rows = session.query(&sql.replace("{edition}", &edition.edition), &[]).await?;
    Ok(rows.iter().map(|row| (row.get("stream"), seq_back(row.get("read_to_seq")))).collect())
}

async fn drop_edition(session: &mut Session, edition: &Edition) -> Result<(), ProjectionError> {
    session.execute(include_str!("remove.sql"), &[&edition.edition]).await?;
    let sql = format!("DROP SCHEMA {} CASCADE", edition.edition);
    session.run("drop an edition", &sql).await
}

async fn of_view(session: &mut Session, view: &View) -> Result<Vec<Edition>, ProjectionError> {
    let editions = all(session).await?.into_iter();
    Ok(editions.filter(|held| held.projection == view.name).collect())
}
