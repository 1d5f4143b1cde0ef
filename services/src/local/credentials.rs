//! Who may do what on NATS, by the files of `nats/permissions`, and the secrets that prove who is
//! who. The server's configuration gets public keys only; a secret is made once, stays in its file
//! and is never printed.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result};
use helmstream_schemas::ActorKind;
use nkeys::KeyPair;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::plane::write_whole;

/// One line for each NATS user.
const FILES: [&str; 17] = [
    include_str!("../../../nats/permissions/access.json"),
    include_str!("../../../nats/permissions/agent.json"),
    include_str!("../../../nats/permissions/approval.json"),
    include_str!("../../../nats/permissions/backup.json"),
    include_str!("../../../nats/permissions/cdevents.json"),
    include_str!("../../../nats/permissions/dead_letter.json"),
    include_str!("../../../nats/permissions/deadline.json"),
    include_str!("../../../nats/permissions/deployment.json"),
    include_str!("../../../nats/permissions/door.json"),
    include_str!("../../../nats/permissions/external.json"),
    include_str!("../../../nats/permissions/faber.json"),
    include_str!("../../../nats/permissions/http.json"),
    include_str!("../../../nats/permissions/ledger.json"),
    include_str!("../../../nats/permissions/operator.json"),
    include_str!("../../../nats/permissions/restore.json"),
    include_str!("../../../nats/permissions/run.json"),
    include_str!("../../../nats/permissions/setup.json"),
];

/// The Postgres role that owns the database; the other roles bear the names of the users inside the
/// plane.
pub const OWNER: &str = "helmstream";

/// A NATS user, as its file describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsUser {
    pub user: String,
    pub account: Account,
    /// Who its words are ascribed to.
    pub actor: String,
    pub kind: ActorKind,
    pub description: String,
    /// The server's own form, handed on unchanged.
    pub permissions: Value,
}

/// Which subjects a user shares with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// The plane's account, where the streams are.
    Plane,
    /// An account of its own, joined to the plane by what it may publish and receive and by nothing
    /// else. The server does not check the reply subject of a publish: inside the plane's account a
    /// mere publisher could have its acknowledgement stored as an event.
    Own,
}

impl NatsUser {
    /// The tokens under which it may publish to INBOX.
    pub fn publishes_as(&self) -> impl Iterator<Item = &str> {
        let allowed = self.permissions["publish"]["allow"].as_array().into_iter().flatten();
        allowed.filter_map(|subject| subject.as_str()?.strip_prefix("in."))
    }
}

/// Every NATS user, by name.
pub fn users() -> Result<Vec<NatsUser>> {
    FILES
        .iter()
        .map(|file| serde_json::from_str(file).context("cannot read a file of nats/permissions"))
        .collect()
}

/// The Postgres role that builds views as of some position. It has nothing to do on NATS.
pub const PAST: &str = "past";

/// Every Postgres role that has a password: the owner, one for each user inside the plane, and one
/// that only builds what was.
pub fn roles() -> Result<Vec<String>> {
    let inside =
        users()?.into_iter().filter(|user| user.account == Account::Plane).map(|user| user.user);
    Ok([OWNER, PAST].map(str::to_owned).into_iter().chain(inside).collect())
}

/// Makes the secrets that are missing: a seed for each user, a password for each role, the key for
/// personal values.
pub(super) fn create(secrets: &Path) -> Result<()> {
    for user in users()? {
        let seed = KeyPair::new_user().seed().context("cannot make an nkey")?;
        write_secret(&secrets.join(format!("{}.nkey", user.user)), &seed)?;
    }
    for role in roles()? {
        write_secret(&secrets.join(format!("{role}.password")), &random_hex::<16>()?)?;
    }
    write_secret(&secrets.join("people.key"), &random_hex::<32>()?)
}

/// Writes the part of the NATS server's configuration that says who may do what.
pub(super) fn write_accounts(secrets: &Path, file: &Path) -> Result<()> {
    let accounts = wanted_accounts(secrets)?;
    let text = serde_json::to_string_pretty(&accounts).context("cannot write down the accounts")?;
    write_whole(file, &format!("accounts: {text}\n"))
}

/// The accounts as the files of `nats/permissions` want them, with the keys of these secrets.
pub(super) fn wanted_accounts(secrets: &Path) -> Result<Value> {
    accounts(&users()?, |user| public_key(&secrets.join(format!("{user}.nkey"))))
}

/// The name of each user by its public key.
pub(super) fn names_by_key(secrets: &Path) -> Result<BTreeMap<String, String>> {
    let named =
        |user: NatsUser| Ok((public_key(&secrets.join(format!("{}.nkey", user.user)))?, user.user));
    users()?.into_iter().map(named).collect()
}

/// Everything in the plane's account, and an account for each outsider that imports exactly what it
/// may publish and what it may receive.
fn accounts(users: &[NatsUser], public_key: impl Fn(&str) -> Result<String>) -> Result<Value> {
    let mut inside = Vec::new();
    let mut exports = Vec::new();
    let mut accounts = Map::new();
    for user in users {
        let login = json!({"nkey": public_key(&user.user)?, "permissions": user.permissions});
        match user.account {
            Account::Plane => inside.push(login),
            Account::Own => {
                let name = format!("OUTSIDE_{}", user.user);
                let mut imports = Vec::new();
                for (direction, form) in [("publish", "service"), ("subscribe", "stream")] {
                    for subject in
                        user.permissions[direction]["allow"].as_array().into_iter().flatten()
                    {
                        exports.push(json!({form: subject, "accounts": [name]}));
                        imports.push(json!({form: {"account": "PLANE", "subject": subject}}));
                    }
                }
                accounts.insert(name, json!({"users": [login], "imports": imports}));
            }
        }
    }
    accounts.insert(
        "PLANE".to_owned(),
        json!({"jetstream": "enabled", "users": inside, "exports": exports}),
    );
    Ok(Value::Object(accounts))
}

fn public_key(seed: &Path) -> Result<String> {
    let text = fs::read_to_string(seed)
        .with_context(|| format!("cannot read the seed {}", seed.display()))?;
    let pair = KeyPair::from_seed(text.trim())
        .with_context(|| format!("cannot understand the seed {}", seed.display()))?;
    Ok(pair.public_key())
}

/// Leaves a secret that is there as it is. It appears whole or not at all, readable by its owner
/// only.
fn write_secret(path: &Path, secret: &str) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let draft = path.with_added_extension(format!("{}.draft", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
        writeln!(file, "{secret}")?;
        // Unlike a rename, a link does not replace what another process made in the meantime.
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => fs::remove_file(&draft),
        }
    };
    write().with_context(|| format!("cannot write the secret {}", path.display()))
}

fn random_hex<const BYTES: usize>() -> Result<String> {
    let mut bytes = [0; BYTES];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("cannot read random bytes from /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
