//! What `setup` would change in the database, found out by doing it in a transaction that is rolled
//! back: so what is told is what would be done, rights included. Passwords are not compared; the
//! database keeps no more of them than a verifier, and setup writes that anew each time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Login, lay_out, wanted_comments};
use crate::{
    database::Database, error::ProjectionError, limits::SETUP_ATTEMPTS_MAX, session::Session,
};

/// Something that `setup` would do, or refuses to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// `schema run_v1`, `role door`, `rights of door in schema ledger`.
    pub item: String,
    pub step: Step,
    /// What differs.
    pub what: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Create,
    Change,
    /// It is not as this program creates it, and is changed by no program.
    Refuse,
}

/// Each schema and role beside what this program needs; what is as it should be is only counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub planned: Vec<Planned>,
    pub present: usize,
}

/// A thing of the database: its kind, whose it is, its name.
type Key = (String, String, String);
type Snapshot = BTreeMap<Key, String>;

/// Compares the database with what this program needs, and leaves it as it is. `admin` may create
/// schemas and roles.
pub async fn plan(admin: &Database, logins: &[Login]) -> Result<Plan, ProjectionError> {
    let mut attempt = 1;
    loop {
        match try_plan(admin, logins).await {
            Err(error) if error.is_about_a_shared_role() && attempt < SETUP_ATTEMPTS_MAX => {
                attempt += 1
            }
            done => return done,
        }
    }
}

async fn try_plan(admin: &Database, logins: &[Login]) -> Result<Plan, ProjectionError> {
    let mut session = admin.lend().await?;
    // Dropped without being given back, the connection is closed and everything rolled back.
    session.run("begin to plan", include_str!("begin.sql")).await?;
    let before = snapshot(&mut session, logins).await?;
    let refused = refused(&before);
    if !refused.is_empty() {
        let present = before.keys().filter(|key| key.0 != "rights").count() - refused.len();
        return Ok(Plan { planned: refused, present });
    }
    lay_out(&mut session, logins).await?;
    let after = snapshot(&mut session, logins).await?;
    session.run("end a plan", "ROLLBACK").await?;
    session.give_back();
    Ok(compared(&before, &after))
}

async fn snapshot(session: &mut Session, logins: &[Login]) -> Result<Snapshot, ProjectionError> {
    let schemas: Vec<String> =
        wanted_comments().into_iter().map(|(name, _)| name).chain(["public".to_owned()]).collect();
    let roles: Vec<&str> = logins.iter().map(|login| login.name.as_str()).collect();
    let rows = session.query(include_str!("snapshot.sql"), &[&schemas, &roles]).await?;
    let entry = |row: &tokio_postgres::Row| {
        let key = (row.get("kind"), row.get("grantee"), row.get("name"));
        (key, row.get::<_, Option<String>>("stands").unwrap_or_default())
    };
    Ok(rows.iter().map(entry).collect())
}

/// Schemas that are there and not as this program creates them.
fn refused(before: &Snapshot) -> Vec<Planned> {
    let differing = |(name, wanted): (String, String)| {
        let found = before.get(&("schema".to_owned(), String::new(), name.clone()))?;
        let found = if found.is_empty() { "a schema of somebody else" } else { found };
        (found != wanted).then(|| Planned {
            item: format!("schema {name}"),
            step: Step::Refuse,
            what: vec![format!("is {found}, should be {wanted}")],
        })
    };
    wanted_comments().into_iter().filter_map(differing).collect()
}

/// What doing it changed. Rights in what is new, and of whom is new, go without saying.
fn compared(before: &Snapshot, after: &Snapshot) -> Plan {
    let is_new = |kind: &str, grantee: &str, name: &str| {
        let key = (kind.to_owned(), grantee.to_owned(), name.to_owned());
        !before.contains_key(&key) && after.contains_key(&key)
    };
    let mut planned = Vec::new();
    let mut present = 0;
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    // Schemas first, then roles, then rights.
    let mut keys: Vec<&Key> = keys.into_iter().collect();
    keys.sort_by_key(|key| (key.0 != "schema", key.0 != "role"));
    for key in keys {
        let (kind, grantee, name) = key;
        let (was, becomes) = (before.get(key), after.get(key));
        if was == becomes {
            present += usize::from(kind != "rights");
            continue;
        }
        if kind != "rights" {
            let step = if was.is_none() { Step::Create } else { Step::Change };
            let what = was.map(|was| changes(was, becomes.map_or("", String::as_str)));
            let what = what.unwrap_or_default();
            planned.push(Planned { item: format!("{kind} {name}"), step, what });
        } else if !is_new("role", grantee, grantee) && !is_new("schema", "", name) {
            let text = |value: Option<&String>| value.cloned().unwrap_or_default();
            planned.push(Planned {
                item: match name.as_str() {
                    "" => format!("rights of {grantee} on the database"),
                    name => format!("rights of {grantee} in schema {name}"),
                },
                step: Step::Change,
                what: changes(&text(was), &text(becomes)),
            });
        }
    }
    Plan { planned, present }
}

/// What is taken and what is added.
fn changes(was: &str, becomes: &str) -> Vec<String> {
    let parts = |text: &str| -> BTreeSet<String> {
        text.split(", ").filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (was, becomes) = (parts(was), parts(becomes));
    let taken = was.difference(&becomes).map(|part| format!("taken: {part}"));
    taken.chain(becomes.difference(&was).map(|part| format!("added: {part}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot_of(entries: &[(&str, &str, &str, &str)]) -> Snapshot {
        let key = |(kind, grantee, name, stands): &(&str, &str, &str, &str)| {
            ((kind.to_string(), grantee.to_string(), name.to_string()), stands.to_string())
        };
        entries.iter().map(key).collect()
    }

    #[test]
    fn what_is_new_is_created_and_its_rights_go_without_saying() {
        let before = snapshot_of(&[("schema", "", "a", "x")]);
        let after = snapshot_of(&[
            ("schema", "", "a", "x"),
            ("role", "door", "door", "may log in"),
            ("rights", "door", "a", "t SELECT"),
        ]);
        let Plan { planned, present } = compared(&before, &after);
        assert_eq!(present, 1);
        assert_eq!(
            planned,
            [Planned { item: "role door".into(), step: Step::Create, what: vec![] }]
        );
    }

    #[test]
    fn rights_that_are_wider_or_narrower_are_named() {
        let both = [("schema", "", "a", "x"), ("role", "door", "door", "")];
        let with = |rights| snapshot_of(&[both[0], both[1], ("rights", "door", "a", rights)]);
        let Plan { planned, .. } =
            compared(&with("t DELETE, t SELECT"), &with("t INSERT, t SELECT"));
        assert_eq!(planned.len(), 1);
        assert_eq!(planned[0].item, "rights of door in schema a");
        assert_eq!(planned[0].what, ["taken: t DELETE", "added: t INSERT"]);
    }
}
