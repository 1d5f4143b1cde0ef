//! A reader that is told when the view of runs was committed, and up to which position.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{StreamExt, stream};
use helmstream_services::local::credentials;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use crate::stand::Stand;

pub(crate) struct Reader {
    told: mpsc::UnboundedReceiver<(Instant, u64)>,
    /// What it was told so far, in order.
    commits: Vec<(Instant, u64)>,
    /// It listens for as long as this is open.
    _client: Client,
}

impl Reader {
    /// Begins to listen, before the view begins.
    pub(crate) async fn open(stand: &Stand) -> Result<Self> {
        stand
            .owner()
            .await?
            .batch_execute(include_str!("tell.sql"))
            .await
            .context("cannot set the trigger")?;
        let login = stand.plane.login(credentials::OWNER)?;
        let mut config = tokio_postgres::Config::new();
        config
            .host(&login.host)
            .port(login.port)
            .user(&login.role)
            .password(&login.password)
            .dbname(&login.database);
        let (client, mut connection) =
            config.connect(NoTls).await.context("cannot reach Postgres")?;
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(told) = message
                    && let Ok(sequence) = told.payload().parse()
                {
                    let _ = tell.send((Instant::now(), sequence));
                }
            }
        });
        client.batch_execute("LISTEN visible").await?;
        Ok(Self { told, commits: Vec::new(), _client: client })
    }

    /// Waits until the view has reached a position.
    pub(crate) async fn until(&mut self, sequence: u64, patience: Duration) -> Result<()> {
        let wait = async {
            while self.commits.last().is_none_or(|(_, reached)| *reached < sequence) {
                self.commits.push(self.told.recv().await.context("the reader was cut off")?);
            }
            Ok(())
        };
        tokio::time::timeout(patience, wait).await.context("the view does not move on")?
    }

    /// When a position could be seen.
    pub(crate) fn seen(&self, sequence: u64) -> Option<Instant> {
        let first = self.commits.partition_point(|(_, reached)| *reached < sequence);
        self.commits.get(first).map(|(at, _)| *at)
    }
}
