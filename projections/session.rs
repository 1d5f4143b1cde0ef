//! One connection to Postgres with the statements it has prepared. It does not come back by
//! itself when it is lost, and it knows nothing of transactions: `database` lends it out whole.

use std::{collections::HashMap, time::Duration};

use futures_util::{SinkExt, future::try_join};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{
    Client, Config, Connection, NoTls, Row, Statement, config::SslMode, types::ToSql,
};

use crate::{
    copy::{CopyRow, pieces},
    database::Connect,
    error::ProjectionError,
    limits,
    tls::{self, Tls},
};

/// A value of a statement.
pub(crate) type Value<'a> = &'a (dyn ToSql + Sync);

/// Of every connection. Statements here are short: making machine code of one takes longer than it
/// saves.
const SETTINGS: &str = "-c jit=off";

/// One connection. It closes when it is dropped, and what it had begun is rolled back.
pub struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Session {
    /// Connects and signs in. `settings` are in the form of `postgres -c name=value`.
    pub(crate) async fn open(connect: &Connect, settings: &str) -> Result<Self, ProjectionError> {
        let mut config = Config::new();
        config
            .host(&connect.host)
            .port(connect.port)
            .dbname(&connect.database)
            .user(&connect.user)
            .password(&connect.password)
            .application_name("helmstream")
            .options(format!("{SETTINGS} {settings}"))
            .connect_timeout(Duration::from_secs(limits::CONNECT_TIMEOUT_SECONDS))
            .tcp_user_timeout(Duration::from_secs(limits::SILENCE_SECONDS_MAX))
            .keepalives_idle(Duration::from_secs(limits::SILENCE_SECONDS_MAX));
        let failed = |source| ProjectionError::of_connect(connect, source);
        let client = match &connect.tls {
            Tls::Plain => talk(config.connect(NoTls).await.map_err(failed)?),
            Tls::Full { trusted } => {
                let connector = tls::connector(trusted.clone())
                    .await
                    .map_err(|reason| ProjectionError::untrusted(connect, reason))?;
                config.ssl_mode(SslMode::Require);
                talk(config.connect(connector).await.map_err(failed)?)
            }
        };
        Ok(Self { client, statements: HashMap::new() })
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Rows of a statement that stands in a file of ours, its places filled in.
    pub(crate) async fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, ProjectionError> {
        let statement = self.prepared(sql).await?;
        self.client.query(&statement, values).await.map_err(while_doing(sql))
    }

    /// How many rows a statement touched.
    pub(crate) async fn execute(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64, ProjectionError> {
        let statement = self.prepared(sql).await?;
        self.client.execute(&statement, values).await.map_err(while_doing(sql))
    }

    /// Begins a transaction and executes its first statement, in one journey to the server.
    pub(crate) async fn begin_with(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64, ProjectionError> {
        let statement = self.prepared(sql).await?;
        let begin = self.client.batch_execute("BEGIN");
        let first = self.client.execute(&statement, values);
        let ((), touched) = try_join(begin, first).await.map_err(while_doing(sql))?;
        Ok(touched)
    }

    /// Runs statements without values; `doing` is what they are for.
    pub(crate) async fn run(&self, doing: &str, sql: &str) -> Result<(), ProjectionError> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|source| ProjectionError::Database { doing: doing.to_owned(), source })
    }

    /// Appends rows by `COPY … (FORMAT BINARY)`. All of them, or an error.
    pub(crate) async fn copy<'a>(
        &mut self,
        sql: &str,
        rows: impl Iterator<Item = &'a CopyRow> + Send,
    ) -> Result<u64, ProjectionError> {
        let statement = self.prepared(sql).await?;
        let sink = self.client.copy_in(&statement).await.map_err(while_doing(sql))?;
        let mut sink = std::pin::pin!(sink);
        for piece in pieces(rows) {
            sink.send(piece).await.map_err(while_doing(sql))?;
        }
        sink.finish().await.map_err(while_doing(sql))
    }

    async fn prepared(&mut self, sql: &str) -> Result<Statement, ProjectionError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(while_doing(sql))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Lets a connection work. It ends with the client, or with the server: the client's next statement
/// says which.
fn talk<S, T>((client, connection): (Client, Connection<S, T>)) -> Client
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(cause = %error, "a connection to Postgres ended");
        }
    });
    client
}

/// Every file of SQL opens with a line that says what it does; an error repeats it.
fn while_doing(sql: &str) -> impl FnOnce(tokio_postgres::Error) -> ProjectionError {
    move |source| ProjectionError::Database { doing: title(sql).to_owned(), source }
}

fn title(sql: &str) -> &str {
    sql.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or(sql)
}
