//! Creates what is absent and refuses what differs: one schema for each version of a view, one of
//! the view's name that outlives versions and that readers use, the place of personal values, and
//! a role a service with no more rights than it needs. All of it in one transaction. It changes no
//! schema that is there: views are rebuilt, never migrated.

mod plan;

use std::fmt;

use helmstream_schemas::Hash;

pub use self::plan::{Plan, Planned, Step, plan};
use crate::{
    database::Database,
    edition::{self, Edition, EditionState},
    error::ProjectionError,
    limits::{
        DOOR_TIMEOUT_SECONDS, PROJECT_TIMEOUT_SECONDS, QUESTION_TIMEOUT_SECONDS, SETUP_ATTEMPTS_MAX,
    },
    session::{Session, Value},
    views::{VIEWS, View},
};

/// Whom the database lets in, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Keeps personal values and reads the ledger.
    Door,
    /// Projects runs.
    Run,
    /// Projects who may come in.
    Access,
    /// Projects approvals.
    Approval,
    /// Projects what is deployed.
    Deployment,
    /// Projects what becomes of dead letters.
    DeadLetter,
    /// Projects deadlines and reads them.
    Deadline,
    /// Projects the ledger, which it cannot alter, and second names.
    Ledger,
    /// Builds views as of some position.
    Past,
    /// Reads everything.
    Operator,
    /// Reads everything, for whoever asks over HTTP.
    Http,
    /// Reads everything, for whoever takes a backup.
    Backup,
}

/// A role of this plane as the database knows it.
#[derive(Clone)]
pub struct Login {
    pub role: Role,
    /// Its name in the database; roles belong to all databases of a server, so two planes on one
    /// server need two names.
    pub name: String,
    pub password: String,
}

impl Role {
    pub const ALL: [Role; 12] = [
        Self::Door,
        Self::Run,
        Self::Access,
        Self::Approval,
        Self::Deployment,
        Self::DeadLetter,
        Self::Deadline,
        Self::Ledger,
        Self::Past,
        Self::Operator,
        Self::Http,
        Self::Backup,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Run => "run",
            Self::Access => "access",
            Self::Approval => "approval",
            Self::Deployment => "deployment",
            Self::DeadLetter => "dead_letter",
            Self::Deadline => "deadline",
            Self::Ledger => "ledger",
            Self::Past => "past",
            Self::Operator => "operator",
            Self::Http => "http",
            Self::Backup => "backup",
        }
    }

    /// What it may besides folding its own views.
    const fn rights(self) -> &'static str {
        match self {
            Self::Door => include_str!("setup/door.sql"),
            Self::Run => include_str!("setup/run.sql"),
            Self::Approval => include_str!("setup/approval.sql"),
            Self::Deadline => include_str!("setup/deadline.sql"),
            Self::Past => include_str!("setup/past.sql"),
            Self::Operator | Self::Http | Self::Backup => {
                include_str!("setup/operator.sql")
            }
            Self::Access | Self::Deployment | Self::DeadLetter | Self::Ledger => "",
        }
    }

    const fn timeout_seconds(self) -> u64 {
        match self {
            Self::Door => DOOR_TIMEOUT_SECONDS,
            Self::Operator | Self::Http | Self::Backup => QUESTION_TIMEOUT_SECONDS,
            _ => PROJECT_TIMEOUT_SECONDS,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({} as {})", self.name, self.role.name())
    }
}

/// Makes the database what this program needs, or says what differs and leaves it as it was.
/// `admin` may create schemas and roles. Doing it again changes nothing but the passwords.
pub async fn setup(admin: &Database, logins: &[Login]) -> Result<(), ProjectionError> {
    let mut attempt = 1;
    loop {
        match try_setup(admin, logins).await {
            Err(error) if error.is_about_a_shared_role() && attempt < SETUP_ATTEMPTS_MAX => {
                attempt += 1
            }
            done => return done,
        }
    }
}

/// Which schemas of ours there are: none in a database that was never set up.
pub async fn present(admin: &Database) -> Result<Vec<String>, ProjectionError> {
    let names: Vec<&str> =
        ["people", "plane"].into_iter().chain(VIEWS.map(|view| view.name)).collect();
    let mut session = admin.lend().await?;
    let rows = session.query(include_str!("setup/present.sql"), &[&names]).await?;
    session.give_back();
    Ok(rows.iter().map(|row| row.get("name")).collect())
}

async fn try_setup(admin: &Database, logins: &[Login]) -> Result<(), ProjectionError> {
    let mut session = admin.lend().await?;
    session.run("begin to set up", include_str!("setup/begin.sql")).await?;
    lay_out(&mut session, logins).await?;
    session.run("set up", "COMMIT").await?;
    session.give_back();
    Ok(())
}

/// Everything that setup does, inside a transaction that is open.
async fn lay_out(session: &mut Session, logins: &[Login]) -> Result<(), ProjectionError> {
    for (name, create) in LASTING {
        create_or_compare(session, name, create).await?;
    }
    for view in VIEWS {
        found(session, &view).await?;
    }
    session.run("close the database to strangers", include_str!("setup/close.sql")).await?;
    let editions = edition::all(session).await?;
    for login in logins {
        let quoted = create_role(session, login).await?;
        grant(session, login.role, &quoted, &editions).await?;
    }
    Ok(())
}

/// Schemas that are no view's.
const LASTING: [(&str, &str); 2] = [
    ("people", include_str!("people/create.sql")),
    ("plane", concat!(include_str!("edition/create.sql"), include_str!("past/create.sql"))),
];

/// Every schema that this program makes, with the comment by which it knows it again.
fn wanted_comments() -> Vec<(String, String)> {
    let lasting = LASTING.map(|(name, create)| (name.to_owned(), comment_of(create)));
    let editions = VIEWS.map(|view| (view.schema(1), comment_of(&view.create())));
    let stable = VIEWS.map(|view| (view.name.to_owned(), STABLE_COMMENT.to_owned()));
    lasting.into_iter().chain(editions).chain(stable).collect()
}

/// A schema of ours that is not as this version makes it, as far as its comment tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    pub schema: String,
    /// It is not there at all.
    pub is_absent: bool,
}

/// The schemas that are not as this version makes them; whoever may connect may ask. The first edition
/// of a view may have made room for a later one.
pub async fn unfit(database: &Database) -> Result<Vec<Unfit>, ProjectionError> {
    let mut session = database.lend().await?;
    let mut all = Vec::new();
    for (schema, wanted) in wanted_comments() {
        let rows = session.query(include_str!("setup/comment.sql"), &[&schema]).await?;
        let found = rows.first().map(|row| row.get::<_, Option<String>>("comment"));
        if found.as_ref().and_then(Option::as_deref) != Some(wanted.as_str()) {
            all.push(Unfit { schema, is_absent: found.is_none() });
        }
    }
    if all.iter().all(|unfit| unfit.schema != "plane") {
        let editions = edition::all(&mut session).await?;
        let has_later = |unfit: &Unfit| {
            let view = VIEWS.into_iter().find(|view| view.schema(1) == unfit.schema);
            view.is_some_and(|view| {
                let is_later = |held: &Edition| {
                    held.projection == view.name
                        && held.version == view.version
                        && held.edition != unfit.schema
                };
                editions.iter().any(is_later)
            })
        };
        all.retain(|unfit| !unfit.is_absent || !has_later(unfit));
    }
    session.give_back();
    Ok(all)
}

fn comment_of(create: &str) -> String {
    format!("helmstream {}", Hash::of(create.as_bytes()))
}

/// By which a schema that readers use is known again; which edition it shows changes.
const STABLE_COMMENT: &str = "helmstream";

/// Makes sure that there is an edition of the version that this program folds, and one that serves. The
/// first edition may have made room for a later one, and is not made again then.
async fn found(session: &mut Session, view: &View) -> Result<(), ProjectionError> {
    let held = still_there(session, view).await?;
    let mut ours = held.into_iter().filter(|held| held.version == view.version);
    let (first, other) = (view.schema(1), ours.next());
    let shown = other.map_or_else(|| first.clone(), |held| held.edition);
    let is_wanted = shown == first || ours.any(|held| held.edition == first);
    let is_new = is_wanted && create_or_compare(session, &first, &view.create()).await?;
    let serves = create_once(session, view.name, &view.stable(&shown)).await?;
    let serving = EditionState::Serving;
    if is_new {
        let state = if serves { serving } else { EditionState::Building };
        edition::add(session, view, 1, state).await?;
    } else if serves {
        let values: &[Value<'_>] = &[&shown, &serving.word()];
        session.execute(include_str!("edition/state.sql"), values).await?;
    }
    Ok(())
}

/// The editions of a view that have a schema. One whose schema somebody dropped is forgotten; if it was
/// the one that served, so is the schema that readers use, which shows nothing any more.
async fn still_there(session: &mut Session, view: &View) -> Result<Vec<Edition>, ProjectionError> {
    let mut held = Vec::new();
    for one in edition::all(session).await?.into_iter().filter(|one| one.projection == view.name) {
        let rows = session.query(include_str!("setup/comment.sql"), &[&one.edition]).await?;
        if !rows.is_empty() {
            held.push(one);
            continue;
        }
        session.execute(include_str!("edition/remove.sql"), &[&one.edition]).await?;
        if one.state == EditionState::Serving {
            let sql = format!("DROP SCHEMA IF EXISTS {}", view.name);
            session.run("take away a schema that shows nothing", &sql).await?;
        }
    }
    Ok(held)
}

/// Creates a schema if it is absent; whether it was. A schema's comment holds the hash of the
/// statements that created it: one that others created is refused.
pub(crate) async fn create_or_compare(
    session: &mut Session,
    name: &str,
    create: &str,
) -> Result<bool, ProjectionError> {
    let wanted = comment_of(create);
    let rows = session.query(include_str!("setup/comment.sql"), &[&name]).await?;
    let Some(row) = rows.first() else {
        let sql = format!(
            "CREATE SCHEMA {name}; SET LOCAL search_path = {name};\n{create};\n\
             COMMENT ON SCHEMA {name} IS '{wanted}'; SET LOCAL search_path = pg_catalog"
        );
        return session.run("create a schema", &sql).await.map(|()| true);
    };
    let found: Option<String> = row.get("comment");
    match found {
        Some(found) if found == wanted => Ok(false),
        found => Err(ProjectionError::Differs {
            schema: name.to_owned(),
            found: found.unwrap_or_else(|| "a schema of somebody else".into()),
            wanted,
        }),
    }
}

/// Creates the schema that readers use if it is absent; whether it was. Which edition it shows, and
/// so what it consists of, changes later.
async fn create_once(
    session: &mut Session,
    name: &str,
    create: &str,
) -> Result<bool, ProjectionError> {
    let rows = session.query(include_str!("setup/comment.sql"), &[&name]).await?;
    if let Some(row) = rows.first() {
        return match row.get::<_, Option<&str>>("comment") {
            Some("helmstream") => Ok(false),
            found => Err(ProjectionError::Differs {
                schema: name.to_owned(),
                found: found.unwrap_or("a schema of somebody else").to_owned(),
                wanted: "helmstream".to_owned(),
            }),
        };
    }
    let sql = format!("CREATE SCHEMA {name};\n{create};\nCOMMENT ON SCHEMA {name} IS 'helmstream'");
    session.run("create a schema", &sql).await.map(|()| true)
}

/// Creates a role if it is absent and sets its password; its name, quoted. What travels and what
/// the server may log is the password's SCRAM verifier, never the password.
async fn create_role(session: &mut Session, login: &Login) -> Result<String, ProjectionError> {
    let verifier = postgres_protocol::password::scram_sha_256(login.password.as_bytes());
    let quoted = session.query(include_str!("setup/quote.sql"), &[&login.name, &verifier]).await?;
    let row = quoted.first().expect("a SELECT without FROM gives one row");
    let (name, password): (String, String) = (row.get("name"), row.get("password"));
    if !row.get::<_, bool>("is_there") {
        session.run("create a role", &format!("CREATE ROLE {name}")).await?;
    }
    let sql = include_str!("setup/role.sql")
        .replace("{role}", &name)
        .replace("{password}", &password)
        .replace("{database}", row.get("database"))
        .replace("{timeout_seconds}", &login.role.timeout_seconds().to_string());
    session.run("set up a role", &sql).await?;
    Ok(name)
}

/// Takes every right on our schemas from a role and gives it those it needs.
async fn grant(
    session: &Session,
    role: Role,
    quoted: &str,
    editions: &[Edition],
) -> Result<(), ProjectionError> {
    let schemas = ["people", "plane"].into_iter().chain(VIEWS.map(|view| view.name));
    let schemas = schemas.chain(editions.iter().map(|edition| &*edition.edition));
    let revoke = |schema| include_str!("setup/revoke.sql").replace("{schema}", schema);
    let rights = schemas
        .map(revoke)
        .chain([include_str!("setup/every_role.sql").to_owned(), role.rights().to_owned()])
        .chain(editions.iter().filter_map(|edition| {
            View::named(&edition.projection)?.rights(&edition.edition, role)
        }));
    let sql = rights.collect::<String>().replace("{role}", quoted);
    session.run("grant a role its rights", &sql).await
}
