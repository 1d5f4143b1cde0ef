//! The plane's directory: where its servers are, its secrets, and who runs it. Everything that must
//! not be read by others is under `secrets/`; nothing in `plane.json` is secret. It does not hold
//! what the plane knows; that is on the servers.

use std::{
    fmt,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use helmstream_stream::connect::Address;
use serde::{Deserialize, Serialize};

use super::{credentials, free_port};

/// Where a plane is kept unless told otherwise, relative to the working directory.
pub const DIRECTORY: &str = ".helmstream";

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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresPlace {
    pub host: String,
    pub port: u16,
    pub database: String,
}

/// All that is needed to log in to Postgres as one role. Its debug form leaves the password out.
#[derive(Clone)]
pub struct PostgresLogin {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub role: String,
    pub password: String,
}

impl Plane {
    /// Opens the plane in `directory`, making what is missing: folders, secrets, and a place on
    /// loopback for each server.
    pub fn create(directory: &Path) -> Result<Self> {
        make_folder(directory, 0o755)?;
        let directory = directory
            .canonicalize()
            .with_context(|| format!("cannot find {}", directory.display()))?;
        for folder in ["secrets", "nats", "postgres", "log"] {
            make_folder(&directory.join(folder), 0o700)?;
        }
        // A plane inside a checkout is nobody's source code.
        write_whole(&directory.join(".gitignore"), "*\n")?;
        credentials::create(&directory.join("secrets"))?;
        if !directory.join("plane.json").exists() {
            let postgres = PostgresPlace {
                host: "127.0.0.1".to_owned(),
                port: free_port()?,
                database: "helmstream".to_owned(),
            };
            let places = Places {
                nats_url: format!("nats://127.0.0.1:{}", free_port()?),
                postgres,
                http: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)),
                metrics: None,
            };
            write_places(&directory, &places)?;
        }
        Self::open(&directory)
    }

    /// Opens a plane that is there.
    pub fn open(directory: &Path) -> Result<Self> {
        let file = directory.join("plane.json");
        let text = fs::read_to_string(&file).with_context(|| {
            format!("cannot read {}: is there a plane? `helmstream up` makes one", file.display())
        })?;
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
        }
    }

    /// Where Postgres is, for one of its roles.
    pub fn login(&self, role: &str) -> Result<PostgresLogin> {
        let password = read_secret(&self.secret(&format!("{role}.password")))?;
        let PostgresPlace { host, port, database } = self.places.postgres.clone();
        Ok(PostgresLogin { host, port, database, role: role.to_owned(), password })
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
            Err(TryLockError::WouldBlock) => bail!(
                "cannot run the plane in {}: another process already does; stop that one, or take another directory",
                self.directory.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        Ok(())
    }

    fn secret(&self, name: &str) -> PathBuf {
        self.directory.join("secrets").join(name)
    }
}

impl fmt::Debug for PostgresLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}:{}/{}", self.role, self.host, self.port, self.database)
    }
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
    write_whole(&directory.join("plane.json"), &format!("{text}\n"))
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
