//! The plane's directory: where its servers are, its secrets, and who runs it. Everything that must
//! not be read by others is under `secrets/`; nothing in `plane.json` is secret. It does not hold
//! what the plane knows; that is on the servers.

use std::{
    fmt,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use helmstream_projections::{Connect, Database, Tls};
use helmstream_stream::connect::Address;
use serde::{Deserialize, Serialize};

use super::{credentials, free_port};
use crate::{
    client::failure::{Code, Failure},
    owned,
};

/// Where a plane is kept unless told otherwise, relative to the working directory.
pub const DIRECTORY: &str = ".helmstream";

/// Where the servers are; nothing in it is secret.
const PLACES: &str = "plane.json";

const SECRETS: &str = "secrets";

/// A plane's directory, open.
#[derive(Debug)]
pub struct Plane {
    directory: PathBuf,
    places: Places,
    /// Held for as long as this process runs the plane's servers.
    lock: Option<File>,
}

/// What `plane.json` says: where the servers are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    pub nats_url: String,
    pub postgres: PostgresPlace,
    /// Where the plane answers over HTTP.
    pub http: SocketAddr,
    /// Where `up` tells its metrics; it chooses a place when it first runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
    /// How many NATS servers hold each stream.
    #[serde(default = "one")]
    pub replicas: usize,
    /// Certificates of the only authorities whose word for NATS and Postgres counts, in PEM, seen from the
    /// plane's directory; the system's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<PathBuf>,
}

fn one() -> usize {
    1
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresPlace {
    pub host: String,
    pub port: u16,
    pub database: String,
    /// Whether it is spoken to over TLS, and its certificate has to be good for `host`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tls: bool,
}

fn is_false(said: &bool) -> bool {
    !said
}

/// All that is needed to log in to Postgres as one role. Its debug form leaves the password out.
#[derive(Clone)]
pub struct PostgresLogin {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub role: String,
    pub password: String,
    pub tls: Tls,
}

impl Plane {
    /// Opens the plane in `directory`, making what is missing: folders, secrets, and a place on
    /// loopback for each server.
    pub fn create(directory: &Path) -> Result<Self> {
        let directory = make_folders(directory)?;
        if !directory.join(PLACES).exists() {
            let postgres = PostgresPlace {
                host: "127.0.0.1".to_owned(),
                port: free_port()?,
                database: "helmstream".to_owned(),
                tls: false,
            };
            let places = Places {
                nats_url: format!("nats://127.0.0.1:{}", free_port()?),
                postgres,
                http: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)),
                metrics: None,
                replicas: 1,
                trusted: None,
            };
            write_places(&directory, &places)?;
        }
        Self::open(&directory)
    }

    /// The same for servers that somebody else runs, in these places; with it the part of the NATS
    /// servers' configuration that says who may do what. A plane that is in other places already
    /// stays as it is, and that is an error.
    pub fn create_for(directory: &Path, places: &Places) -> Result<Self> {
        let directory = make_folders(directory)?;
        if !directory.join(PLACES).exists() {
            write_places(&directory, places)?;
        }
        let plane = Self::open(&directory)?;
        if plane.places != *places {
            let what =
                format!("there is a plane in {} already, with other places", directory.display());
            let hint = format!("change its {PLACES}, or take another directory");
            return Err(Failure::new(Code::Setting, what, "", hint).into());
        }
        credentials::write_accounts(&plane.secrets(), &plane.accounts_file())?;
        Ok(plane)
    }

    /// Opens a plane that is there.
    pub fn open(directory: &Path) -> Result<Self> {
        let file = directory.join(PLACES);
        let text = fs::read_to_string(&file).with_context(|| {
            format!("cannot read {}: is there a plane? `helmstream up` makes one", file.display())
        })?;
        refuse_shared(&directory.join(SECRETS))?;
        let places = serde_json::from_str(&text)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self { directory: directory.to_owned(), places, lock: None })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Changes where the servers are, lastingly.
    pub fn move_to(&mut self, places: Places) -> Result<()> {
        write_places(&self.directory, &places)?;
        self.places = places;
        Ok(())
    }

    /// Where NATS is, for one of its users.
    pub fn address(&self, user: &str) -> Address {
        Address {
            url: self.places.nats_url.clone(),
            user: user.to_owned(),
            seed_file: Some(self.secret(&format!("{user}.nkey"))),
            trusted: self.trusted(),
        }
    }

    /// The database as one of its roles sees it.
    pub fn database(&self, role: &str) -> Result<Database> {
        let login = self.login(role)?;
        Ok(Database::new(Connect {
            host: login.host,
            port: login.port,
            database: login.database,
            user: login.role,
            password: login.password,
            tls: login.tls,
        }))
    }

    /// Where Postgres is, for one of its roles.
    pub fn login(&self, role: &str) -> Result<PostgresLogin> {
        let password = read_secret(&self.secret(&format!("{role}.password")))?;
        let PostgresPlace { host, port, database, tls } = self.places.postgres.clone();
        let tls = if tls { Tls::Full { trusted: self.trusted() } } else { Tls::Plain };
        Ok(PostgresLogin { host, port, database, role: role.to_owned(), password, tls })
    }

    fn trusted(&self) -> Option<PathBuf> {
        self.places.trusted.as_ref().map(|file| self.directory.join(file))
    }

    /// The key under which personal values become opaque ids; 32 bytes as hexadecimal text.
    pub fn people_key(&self) -> Result<String> {
        read_secret(&self.secret("people.key"))
    }

    /// Makes this process the one that runs the plane's servers, until the plane is dropped or the
    /// process ends.
    pub fn hold(&mut self) -> Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        let path = self.directory.join("plane.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(file),
            Err(TryLockError::WouldBlock) => {
                let what = format!("cannot run the plane in {}", self.directory.display());
                let hint = "stop that one, or take another directory";
                let detail = "another process already does";
                return Err(Failure::new(Code::Setting, what, detail, hint).into());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        Ok(())
    }

    /// Who may do what on NATS, in the server's own form; it holds public keys only.
    pub fn accounts_file(&self) -> PathBuf {
        self.directory.join("nats").join("accounts.conf")
    }

    /// The folder of what must not be read by others.
    pub fn secrets(&self) -> PathBuf {
        self.directory.join(SECRETS)
    }

    /// Where a secret is: what systemd hands to this service alone comes before what lies in the
    /// plane's directory.
    fn secret(&self, name: &str) -> PathBuf {
        let handed = owned::credentials().map(|folder| folder.join(name));
        let handed = handed.filter(|file| file.exists());
        handed.unwrap_or_else(|| self.secrets().join(name))
    }
}

impl fmt::Debug for PostgresLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}:{}/{}", self.role, self.host, self.port, self.database)
    }
}

/// The folders of a plane, and its secrets; where they are.
fn make_folders(directory: &Path) -> Result<PathBuf> {
    make_folder(directory, 0o755)?;
    let directory =
        directory.canonicalize().with_context(|| format!("cannot find {}", directory.display()))?;
    for folder in [SECRETS, "nats", "postgres", "log"] {
        make_folder(&directory.join(folder), 0o700)?;
    }
    // A plane inside a checkout is nobody's source code.
    write_whole(&directory.join(".gitignore"), "*\n")?;
    credentials::create(&directory.join(SECRETS))?;
    Ok(directory)
}

/// Refuses secrets that anybody on the machine can read. A folder that is closed closes what is in
/// it; one that is not there holds nothing.
fn refuse_shared(secrets: &Path) -> Result<()> {
    let is_shared = |path: &Path| {
        let found = fs::metadata(path);
        found.is_ok_and(|found| owned::is_open_to_outsiders(found.permissions().mode()))
    };
    if !is_shared(secrets) {
        return Ok(());
    }
    for entry in fs::read_dir(secrets).into_iter().flatten().flatten() {
        if is_shared(&entry.path()) {
            let what = format!("others can read {}", entry.path().display());
            let detail =
                format!("nothing is read of a folder that is open like {}", secrets.display());
            let hint = "`chmod -R go= secrets` in the plane's directory; docs/runbooks/doctor/secrets.md says what to make anew";
            return Err(Failure::new(Code::NotLetIn, what, detail, hint).into());
        }
    }
    Ok(())
}

fn make_folder(folder: &Path, mode: u32) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}

fn read_secret(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the secret {}", path.display()))?;
    Ok(text.trim().to_owned())
}

fn write_places(directory: &Path, places: &Places) -> Result<()> {
    let text =
        serde_json::to_string_pretty(places).context("cannot write down where the servers are")?;
    write_whole(&directory.join(PLACES), &format!("{text}\n"))
}

/// A reader sees the old file or the new one, never half of it; a writer killed in between leaves
/// the old one.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let draft = path.with_added_extension(format!("{}.draft", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o644).open(&draft)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        fs::rename(&draft, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    fn places(port: u16) -> Places {
        Places {
            nats_url: "nats://nats:4222".into(),
            postgres: PostgresPlace {
                host: "postgres".into(),
                port,
                database: "plane".into(),
                tls: false,
            },
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, 7420)),
            metrics: None,
            replicas: 3,
            trusted: None,
        }
    }

    fn empty(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("helmstream-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_plane_for_servers_that_are_there_is_made_once_and_never_moved_by_making_it_again() {
        let folder = empty("made");
        let plane = Plane::create_for(&folder, &places(5432)).unwrap();
        let accounts = fs::read_to_string(plane.accounts_file()).unwrap();
        assert!(
            accounts.starts_with("accounts: {") && !accounts.contains("\"SU"),
            "public keys only"
        );
        let seed = fs::read_to_string(plane.secret("run.nkey")).unwrap();
        Plane::create_for(&folder, &places(5432)).unwrap();
        assert_eq!(fs::read_to_string(plane.secret("run.nkey")).unwrap(), seed);
        let moved = Plane::create_for(&folder, &places(5433)).unwrap_err();
        assert!(moved.to_string().contains("with other places"), "{moved}");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_by_name() {
        let folder = empty("shared");
        Plane::create_for(&folder, &places(5432)).unwrap();
        let secret = folder.join(SECRETS).join("run.nkey");
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(&secret, 0o644);
        Plane::open(&folder).expect("nobody else can enter its folder");
        mode(&folder.join(SECRETS), 0o755);
        let refused = Plane::open(&folder).unwrap_err();
        let refused: &Failure = refused.downcast_ref().expect("it is explained");
        assert!(refused.what.contains("run.nkey") && refused.hint.contains("chmod"), "{refused:?}");
        mode(&secret, 0o640);
        Plane::open(&folder).expect("its group may");
        fs::remove_dir_all(&folder).unwrap();
    }
}
