//! Where the views are kept, and one connection to it that is made again when it is lost. It is
//! lent out whole, to one user at a time, and only one that was given back in good order is used
//! again: a task that is cancelled in the middle of a transaction leaves nothing behind.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{error::ProjectionError, session::Session, tls::Tls};

/// Where Postgres is and who is asking.
#[derive(Clone, PartialEq, Eq)]
pub struct Connect {
    /// A name, an address, or the folder of a Unix socket.
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: String,
    pub tls: Tls,
}

/// A database and a connection to it, made at first use. Clones share the connection and so wait
/// for each other; a projector makes one of its own.
#[derive(Clone)]
pub struct Database {
    connect: Arc<Connect>,
    settings: Arc<str>,
    kept: Arc<Mutex<Option<Session>>>,
    /// Whether a connection came about before.
    was_there: Arc<AtomicBool>,
}

impl Database {
    pub fn new(connect: Connect) -> Self {
        Self {
            connect: Arc::new(connect),
            settings: "".into(),
            kept: Arc::default(),
            was_there: Arc::default(),
        }
    }

    /// Where it is and who is asking.
    pub fn connect(&self) -> &Connect {
        &self.connect
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), ProjectionError> {
        let session = self.lend().await?;
        session.run("reach Postgres", "SELECT 1").await?;
        session.give_back();
        Ok(())
    }

    /// The same database by another connection, with settings of its own.
    pub(crate) fn separate(&self, settings: &str) -> Self {
        Self { settings: settings.into(), kept: Arc::default(), ..self.clone() }
    }

    /// The connection, for this user alone until it is given back.
    pub(crate) async fn lend(&self) -> Result<Lent, ProjectionError> {
        let mut kept = self.kept.clone().lock_owned().await;
        let session = match kept.take().filter(|session| !session.is_lost()) {
            Some(session) => session,
            None => self.open().await?,
        };
        Ok(Lent { kept, session })
    }

    async fn open(&self) -> Result<Session, ProjectionError> {
        match Session::open(&self.connect, &self.settings).await {
            Ok(session) => {
                self.was_there.store(true, Ordering::Relaxed);
                Ok(session)
            }
            Err(ProjectionError::Untrusted { address, reason, .. }) => {
                let was_trusted = self.was_there.load(Ordering::Relaxed);
                Err(ProjectionError::Untrusted { address, reason, was_trusted })
            }
            Err(error) => Err(error),
        }
    }

    /// The connection, inside a transaction in which every statement sees the same moment and the
    /// same editions of these views: they are locked before the moment is taken, so no edition can
    /// be swapped between the two.
    pub(crate) async fn moment(&self, views: &[&str]) -> Result<Lent, ProjectionError> {
        let checkpoints: Vec<String> =
            views.iter().map(|view| format!("{view}.checkpoint")).collect();
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE {} IN ACCESS SHARE MODE",
            checkpoints.join(", ")
        );
        let session = self.lend().await?;
        session.run("begin to read", &begin).await?;
        Ok(session)
    }
}

/// A connection on loan. Dropped without being given back, it is closed.
pub(crate) struct Lent {
    kept: OwnedMutexGuard<Option<Session>>,
    session: Session,
}

impl Lent {
    /// For the next user. Whatever was begun has been ended.
    pub(crate) fn give_back(mut self) {
        *self.kept = Some(self.session);
    }

    /// Ends a moment and gives the connection back.
    pub(crate) async fn end(self) -> Result<(), ProjectionError> {
        self.session.run("end a reading", "COMMIT").await?;
        self.give_back();
        Ok(())
    }
}

impl Deref for Lent {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl Connect {
    /// Where it is and who is asking, without the password.
    pub fn address(&self) -> String {
        format!("{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connect({})", self.address())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({})", self.connect.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let connect = Connect {
            host: "localhost".into(),
            port: 5432,
            database: "plane".into(),
            user: "door".into(),
            password: "s3cret".into(),
            tls: Tls::Plain,
        };
        assert_eq!(format!("{connect:?}"), "Connect(door@localhost:5432/plane)");
        assert!(!format!("{:?}", Database::new(connect)).contains("s3cret"));
    }
}
