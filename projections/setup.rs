//! Creates what is absent and refuses what differs: one schema for each version of a view, one of
//! the view's name that outlives versions and that readers use, the place of personal values, and
//! a role a service with no more rights than it needs. All of it in one transaction. It changes no
//! schema that is there: views are rebuilt, never migrated.

use std::fmt;

use helmstream_schemas::Hash;

use crate::{
    alias::Alias,
    approval::Approval,
    database::Database,
    dead_letter::DeadLetter,
    deadline::Deadline,
    deployment::Deployment,
    error::ProjectionError,
    ledger::Ledger,
    limits::{
        DOOR_TIMEOUT_SECONDS, PROJECT_TIMEOUT_SECONDS, QUESTION_TIMEOUT_SECONDS, SETUP_ATTEMPTS_MAX,
    },
    projection::{Projection, schema},
    run::Run,
    session::Session,
};

/// Whom the database lets in, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Keeps personal values and reads the ledger.
    Door,
    /// Projects runs.
    Run,
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
    /// Reads everything.
    Operator,
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
    pub const ALL: [Role; 8] = [
        Self::Door,
        Self::Run,
        Self::Approval,
        Self::Deployment,
        Self::DeadLetter,
        Self::Deadline,
        Self::Ledger,
        Self::Operator,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Run => "run",
            Self::Approval => "approval",
            Self::Deployment => "deployment",
            Self::DeadLetter => "dead_letter",
            Self::Deadline => "deadline",
            Self::Ledger => "ledger",
            Self::Operator => "operator",
        }
    }

    const fn rights(self) -> &'static str {
        match self {
            Self::Door => include_str!("setup/door.sql"),
            Self::Run => include_str!("setup/run.sql"),
            Self::Approval => include_str!("setup/approval.sql"),
            Self::Deployment => include_str!("setup/deployment.sql"),
            Self::DeadLetter => include_str!("setup/dead_letter.sql"),
            Self::Deadline => include_str!("setup/deadline.sql"),
            Self::Ledger => include_str!("setup/ledger.sql"),
            Self::Operator => include_str!("setup/operator.sql"),
        }
    }

    const fn timeout_seconds(self) -> u64 {
        match self {
            Self::Door => DOOR_TIMEOUT_SECONDS,
            Self::Operator => QUESTION_TIMEOUT_SECONDS,
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

async fn try_setup(admin: &Database, logins: &[Login]) -> Result<(), ProjectionError> {
    let mut session = admin.lend().await?;
    session.run("begin to set up", include_str!("setup/begin.sql")).await?;
    for wanted in schemas() {
        create_or_compare(&mut session, &wanted).await?;
    }
    session.run("close the database to strangers", include_str!("setup/close.sql")).await?;
    for login in logins {
        let quoted = create_role(&mut session, login).await?;
        grant(&session, login.role, &quoted).await?;
    }
    session.run("set up", "COMMIT").await?;
    session.give_back();
    Ok(())
}

/// A schema, and the statements that create what is in it.
struct Schema {
    name: String,
    create: String,
}

fn schemas() -> Vec<Schema> {
    let mut all =
        vec![Schema { name: "people".into(), create: include_str!("people/create.sql").into() }];
    all.extend(of_view::<Run>(include_str!("run/create.sql"), include_str!("run/stable.sql")));
    all.extend(of_view::<Approval>(
        include_str!("approval/create.sql"),
        include_str!("approval/stable.sql"),
    ));
    all.extend(of_view::<Deployment>(
        include_str!("deployment/create.sql"),
        include_str!("deployment/stable.sql"),
    ));
    all.extend(of_view::<DeadLetter>(
        include_str!("dead_letter/create.sql"),
        include_str!("dead_letter/stable.sql"),
    ));
    all.extend(of_view::<Deadline>(
        include_str!("deadline/create.sql"),
        include_str!("deadline/stable.sql"),
    ));
    all.extend(of_view::<Ledger>(
        include_str!("ledger/create.sql"),
        include_str!("ledger/stable.sql"),
    ));
    all.extend(of_view::<Alias>(
        include_str!("alias/create.sql"),
        include_str!("alias/stable.sql"),
    ));
    all
}

/// The schema of a view's version, and the one that readers use.
fn of_view<P: Projection>(create: &str, stable: &str) -> [Schema; 2] {
    let version = schema::<P>();
    let named = |sql: &str| sql.replace("{stable}", P::NAME).replace("{version}", &version);
    let stable = named(&[include_str!("projector/stable.sql"), stable].concat());
    let create = [include_str!("projector/create.sql"), create].concat();
    [Schema { name: version, create }, Schema { name: P::NAME.into(), create: stable }]
}

/// A schema's comment holds the hash of the statements that created it.
async fn create_or_compare(session: &mut Session, schema: &Schema) -> Result<(), ProjectionError> {
    let wanted = format!("helmstream {}", Hash::of(schema.create.as_bytes()));
    let rows = session.query(include_str!("setup/comment.sql"), &[&schema.name]).await?;
    let Some(row) = rows.first() else {
        let Schema { name, create } = schema;
        let sql = format!(
            "CREATE SCHEMA {name}; SET LOCAL search_path = {name};\n{create};\n\
             COMMENT ON SCHEMA {name} IS '{wanted}'; SET LOCAL search_path = pg_catalog"
        );
        return session.run("create a schema", &sql).await;
    };
    let found: Option<String> = row.get("comment");
    match found {
        Some(found) if found == wanted => Ok(()),
        found => Err(ProjectionError::Differs {
            schema: schema.name.clone(),
            found: found.unwrap_or_else(|| "a schema of somebody else".into()),
            wanted,
        }),
    }
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
async fn grant(session: &Session, role: Role, quoted: &str) -> Result<(), ProjectionError> {
    let revoke =
        |schema: Schema| include_str!("setup/revoke.sql").replace("{schema}", &schema.name);
    let rights = schemas().into_iter().map(revoke).chain([role.rights().to_owned()]);
    let sql = rights.collect::<String>().replace("{role}", quoted);
    session.run("grant a role its rights", &sql).await
}
