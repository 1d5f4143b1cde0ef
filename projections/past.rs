//! A view as of a position: its rows in a schema of their own, restored from the nearest base and
//! folded on from there by the same projector that folds it live. Built once and shared by whoever
//! asks for the same position; a bounded number is kept. It never changes again.

use uuid::Uuid;

use crate::{
    columns::{seq, seq_back},
    database::{Database, Lent},
    edition::{self, EditionState},
    error::ProjectionError,
    limits::{PAST_BUILD_SECONDS_MAX, PAST_KEPT_MAX},
    projection::Projection,
    projector::Projector,
    session::{Session, Value},
    views::View,
};

/// A view as of a position, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The view.
    pub projection: &'static str,
    /// The position.
    pub sequence: u64,
    /// The schema that holds its rows.
    schema: String,
}

/// One that is being built: the projector stands at the nearest base, and has to be given every
/// record from there up to the position.
pub struct Building<P: Projection> {
    pub projector: Projector<P>,
    past: Past,
}

/// The view as of `sequence` of the log of this epoch, if it was built already. `database` is that
/// of the role `past`, as everywhere here.
pub async fn find<P: Projection>(
    database: &Database,
    sequence: u64,
    epoch: Uuid,
) -> Result<Option<Past>, ProjectionError> {
    let mut session = database.lend().await?;
    let found = find_in::<P>(&mut session, sequence, epoch).await?;
    session.give_back();
    Ok(found)
}

/// From which position on records are needed to build the view as of `sequence`: what follows on
/// the nearest base. `begin` says it for certain; this lets a reader be at work by then.
pub async fn needed_from<P: Projection>(
    database: &Database,
    sequence: u64,
    epoch: Uuid,
) -> Result<u64, ProjectionError> {
    let mut session = database.lend().await?;
    let base = match nearest::<P>(&mut session, sequence, epoch).await? {
        Some((_, base)) => seq_back(base),
        None => 0,
    };
    session.give_back();
    Ok(base + 1)
}

/// Begins to build the view as of `sequence` of the log of this epoch, and drops what was not used
/// of late.
pub async fn begin<P: Projection>(
    database: &Database,
    sequence: u64,
    epoch: Uuid,
) -> Result<Building<P>, ProjectionError> {
    let owner = Uuid::new_v4();
    let schema =
        format!("{}_v{}_at_{sequence}_{}", P::NAME, P::VERSION, &owner.simple().to_string()[..8]);
    let mut session = database.lend().await?;
    drop_unused(&mut session, PAST_KEPT_MAX - 1).await?;
    session.run("begin to build a view as it was", include_str!("past/lock.sql")).await?;
    let version = P::VERSION as i32;
    let values: &[Value<'_>] = &[&schema, &P::NAME, &version, &epoch, &seq(sequence)];
    session.execute(include_str!("past/note.sql"), values).await?;
    let view = View::named(P::NAME).ok_or(ProjectionError::NotSetUp { view: P::NAME })?;
    let create = format!(
        "CREATE SCHEMA {schema}; SET LOCAL search_path = {schema};\n{}",
        bare(&view.rows())
    );
    session.run("create the tables of a view as it was", &create).await?;
    let base = restore::<P>(&mut session, &schema, sequence, epoch).await?;
    let begin = include_str!("past/begin.sql").replace("{past}", &schema);
    let values: &[Value<'_>] = &[&P::NAME, &version, &owner, &epoch, &seq(base)];
    session.execute(&begin, values).await?;
    session.run("restore a base", "COMMIT").await?;
    session.give_back();
    let projector = Projector::open_edition(database, &schema, "EVENTS", owner, epoch).await?;
    let past = Past { projection: P::NAME, sequence, schema };
    Ok(Building { projector: projector.unread(), past })
}

/// Says that what was built stands at its position. If somebody else was first, theirs is taken.
pub async fn finish<P: Projection>(
    database: &Database,
    building: Building<P>,
) -> Result<Past, ProjectionError> {
    let Building { past, projector } = building;
    let (epoch, read_to) = (projector.checkpoint().epoch, projector.checkpoint().read_to_seq);
    drop(projector);
    let mut session = database.lend().await?;
    let told = match read_to == past.sequence {
        true => session.execute(include_str!("past/ready.sql"), &[&past.schema]).await,
        false => Ok(0),
    };
    let ready = match told {
        Ok(1) => Some(past),
        // It is there already, or was forgotten while it was built.
        Ok(_) => {
            drop_one(&mut session, &past.schema).await?;
            None
        }
        Err(error) if error.is_about_the_data() => {
            drop_one(&mut session, &past.schema).await?;
            find_in::<P>(&mut session, past.sequence, epoch).await?
        }
        Err(error) => return Err(error),
    };
    drop_unused(&mut session, PAST_KEPT_MAX).await?;
    session.give_back();
    ready.ok_or(ProjectionError::PastGone { view: P::NAME })
}

/// Gives up what was begun.
pub async fn give_up<P: Projection>(
    database: &Database,
    building: Building<P>,
) -> Result<(), ProjectionError> {
    let Building { past, projector } = building;
    drop(projector);
    let mut session = database.lend().await?;
    drop_one(&mut session, &past.schema).await?;
    session.give_back();
    Ok(())
}

/// Drops all that was built or is being built of a view, whose rows have come to something else
/// since. `admin` owns the database.
pub async fn forget<P: Projection>(admin: &Database) -> Result<(), ProjectionError> {
    let mut session = admin.lend().await?;
    // Whoever restores a base at this moment is waited for: what is restored later is of now.
    session.run("wait for what is begun", include_str!("past/wait.sql")).await?;
    let rows = session.query(include_str!("past/of_view.sql"), &[&P::NAME]).await?;
    for row in rows {
        drop_one(&mut session, row.get("edition")).await?;
    }
    session.give_back();
    Ok(())
}

impl Past {
    /// A statement about the view of now as one about the view as it was.
    pub(crate) fn of_it(&self, sql: &str) -> String {
        sql.replace(
            &format!("FROM {0}.{0}", self.projection),
            &format!("FROM {}.{}", self.schema, self.projection),
        )
    }

    /// The table of its rows.
    pub(crate) fn table(&self) -> String {
        format!("{}.{}", self.schema, self.projection)
    }

    /// The connection, inside a transaction in which it cannot be dropped.
    pub(crate) async fn moment(&self, database: &Database) -> Result<Lent, ProjectionError> {
        Self::moment_of_both(database, self, self).await
    }

    /// The same for two.
    pub(crate) async fn moment_of_both(
        database: &Database,
        one: &Self,
        other: &Self,
    ) -> Result<Lent, ProjectionError> {
        database.moment(&[&one.schema, &other.schema]).await.map_err(|error| {
            match error.is_about_what_is_gone() {
                true => ProjectionError::PastGone { view: one.projection },
                false => error,
            }
        })
    }
}

async fn find_in<P: Projection>(
    session: &mut Session,
    sequence: u64,
    epoch: Uuid,
) -> Result<Option<Past>, ProjectionError> {
    let values: &[Value<'_>] = &[&P::NAME, &(P::VERSION as i32), &epoch, &seq(sequence)];
    let rows = session.query(include_str!("past/find.sql"), values).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let past = Past { projection: P::NAME, sequence, schema: row.get("edition") };
    let stands = include_str!("past/stands.sql").replace("{past}", &past.schema);
    match session.query(&stands, &[&seq(sequence)]).await {
        Ok(rows) if !rows.is_empty() => Ok(Some(past)),
        // A database that crashed has emptied its tables.
        Ok(_) => drop_one(session, &past.schema).await.map(|()| None),
        Err(error) if error.is_about_what_is_gone() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The edition of this version that holds a base at or before `sequence`, and where.
async fn nearest<P: Projection>(
    session: &mut Session,
    sequence: u64,
    epoch: Uuid,
) -> Result<Option<(String, i64)>, ProjectionError> {
    let editions = edition::all(session).await?.into_iter();
    let of_version = |held: &edition::Edition| {
        P::KEY.is_some() && held.projection == P::NAME && held.version == P::VERSION
    };
    let mut editions: Vec<_> = editions.filter(of_version).collect();
    editions.sort_by_key(|held| held.state != EditionState::Serving);
    for edition in editions {
        let find = include_str!("past/base.sql").replace("{edition}", &edition.edition);
        let rows = session.query(&find, &[&seq(sequence), &epoch]).await?;
        let base = rows.first().and_then(|row| row.get::<_, Option<i64>>("seq"));
        if let Some(base) = base {
            return Ok(Some((edition.edition, base)));
        }
    }
    Ok(None)
}

/// Restores the last base at or before `sequence` out of an edition of this version; where it is.
async fn restore<P: Projection>(
    session: &mut Session,
    schema: &str,
    sequence: u64,
    epoch: Uuid,
) -> Result<u64, ProjectionError> {
    let Some((edition, base)) = nearest::<P>(session, sequence, epoch).await? else {
        return Ok(0);
    };
    let key = P::KEY.unwrap_or_default();
    let of_edition = |sql: &str| {
        sql.replace("{past}", schema).replace("{edition}", &edition).replace("{view}", P::NAME)
    };
    let table = format!("{schema}.{}", P::NAME);
    let rows = session.query(include_str!("past/columns.sql"), &[&table]).await?;
    let columns: &str = rows.first().and_then(|row| row.get("columns")).unwrap_or_default();
    let same = key.split(", ").map(|column| format!("held.{column} = known.{column}"));
    let restore = of_edition(include_str!("past/restore.sql"))
        .replace("{columns}", columns)
        .replace("{base}", &base.to_string())
        .replace("{known}", key)
        .replace("{same}", &same.collect::<Vec<_>>().join(" AND "));
    // A table that is made and filled at once takes its rows sooner, and one index made at the end
    // costs less than one kept meanwhile.
    session.run("restore the rows of a base", &restore).await?;
    let with_key = format!("ALTER TABLE {table} ADD PRIMARY KEY ({key})");
    session.run("make the key of what was restored", &with_key).await?;
    let parked = of_edition(include_str!("past/parked.sql"));
    session.execute(&parked, &[&P::NAME, &(P::VERSION as i32), &base]).await?;
    Ok(seq_back(base))
}

async fn drop_unused(session: &mut Session, kept: i64) -> Result<(), ProjectionError> {
    let mut rows = session.query(include_str!("past/unused.sql"), &[&kept]).await?;
    rows.extend(session.query(include_str!("past/left.sql"), &[&PAST_BUILD_SECONDS_MAX]).await?);
    for row in rows {
        drop_one(session, row.get("edition")).await?;
    }
    Ok(())
}

/// Waits for whoever is still reading it.
async fn drop_one(session: &mut Session, schema: &str) -> Result<(), ProjectionError> {
    session.run("begin to drop a view as it was", "BEGIN").await?;
    session.execute(include_str!("past/forget.sql"), &[&schema]).await?;
    let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; COMMIT");
    session.run("drop a view as it was", &sql).await
}

/// Tables as a view creates them, without what would only cost: nothing is looked up but by key,
/// and what a crash takes is built again.
fn bare(create: &str) -> String {
    let lines = create.lines().filter(|line| !line.trim_start().starts_with("--"));
    let said: String = lines.flat_map(|line| [line, "\n"]).collect();
    let statements = said.split_inclusive(';');
    let tables = statements.filter(|statement| !statement.trim_start().starts_with("CREATE INDEX"));
    tables.collect::<String>().replace("CREATE TABLE", "CREATE UNLOGGED TABLE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::VIEWS;

    #[test]
    fn what_is_built_as_it_was_has_the_tables_of_its_view_and_none_of_the_indexes() {
        for view in VIEWS.into_iter().filter(|view| view.key.is_some()) {
            let tables = bare(&view.rows());
            assert!(tables.contains(&format!("CREATE UNLOGGED TABLE {} ", view.name)), "{tables}");
            for other in ["CREATE INDEX", "CREATE TABLE", "held", "base"] {
                assert!(!tables.contains(other), "{tables}");
            }
        }
    }
}
