//! A sign of life to somebody outside, who tells people when it stops: an address is asked every now
//! and then, and only while every service of this process can do its work. It says nothing but that;
//! what is the matter, whoever comes looks for here.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Url};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    client::Failure,
    clock,
    limits::{
        HEARTBEAT_FILE_BYTES_MAX, HEARTBEAT_LOOK_EVERY, HEARTBEAT_PATIENCE, HEARTBEAT_SECONDS,
    },
    metrics::Metrics,
    outward, owned,
    patience::pause,
};

/// Whether somebody outside is given a sign of life.
#[derive(Debug, Clone, clap::Args)]
pub struct HeartbeatArgs {
    /// Ask the address in this file again and again, while all services of this process are well
    #[arg(long, value_name = "FILE", env = "HELMSTREAM_HEARTBEAT_FILE", hide_env_values = true)]
    pub heartbeat_file: Option<PathBuf>,
    /// Seconds between two signs of life
    #[arg(long, value_name = "SECONDS", default_value_t = HEARTBEAT_SECONDS)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub heartbeat_seconds: u64,
}

impl Default for HeartbeatArgs {
    fn default() -> Self {
        Self { heartbeat_file: None, heartbeat_seconds: HEARTBEAT_SECONDS }
    }
}

/// How the last sign of life went; what changes is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Begins,
    Sent,
    Failed,
    Withheld,
}

/// Gives signs of life until it is told to stop. A file that cannot be used ends it at the start;
/// later it is a sign that failed.
pub async fn beat(
    args: HeartbeatArgs,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
) -> Result<()> {
    let Some(file) = args.heartbeat_file else { return Ok(()) };
    let every = Duration::from_secs(args.heartbeat_seconds);
    let counted = metrics.heartbeats();
    let first = Receiver::of(&file).map_err(Failure::of_setting)?;
    info!(to = %first, every_seconds = every.as_secs(), "giving signs of life");
    let client =
        outward::client(HEARTBEAT_PATIENCE).build().context("cannot give signs of life")?;
    let mut went = Went::Begins;
    loop {
        let now = match metrics.not_ready().await {
            Some(reason) => {
                counted.withheld.inc();
                match went {
                    Went::Begins => info!(reason, "signs of life begin once this is over"),
                    Went::Sent | Went::Failed => {
                        warn!(reason, "no sign of life is given until this is over");
                    }
                    Went::Withheld => {}
                }
                Went::Withheld
            }
            // Read each time, so that the address can be changed without a restart.
            None => match ask(&client, Receiver::of(&file)).await {
                Ok(()) => {
                    counted.sent_at(clock::now().nanos() / 1_000_000_000);
                    if !matches!(went, Went::Begins | Went::Sent) {
                        info!("a sign of life was received again");
                    }
                    Went::Sent
                }
                Err(error) => {
                    counted.failed.inc();
                    if went != Went::Failed {
                        warn!(cause = format!("{error:#}"), "a sign of life was not received");
                    }
                    Went::Failed
                }
            },
        };
        went = now;
        let next = match went {
            Went::Withheld => every.min(HEARTBEAT_LOOK_EVERY),
            _ => every,
        };
        if pause(&stop, next).await {
            return Ok(());
        }
    }
}

/// Nobody is followed elsewhere, and no answer is read: its status says all.
async fn ask(client: &Client, receiver: Result<Receiver>) -> Result<()> {
    let receiver = receiver?;
    let to = receiver.to_string();
    // An error of the client would show the whole address.
    let answer = client.get(receiver.0).send().await.map_err(reqwest::Error::without_url);
    let answer = answer.with_context(|| format!("cannot reach {to}"))?;
    if !answer.status().is_success() {
        bail!("{to} answers {}", answer.status());
    }
    Ok(())
}

/// Whom to ask. Its path says who is asking and is as good as a password, so it is never shown.
struct Receiver(Url);

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl Receiver {
    fn of(file: &Path) -> Result<Self> {
        const WHAT: &str = "the address for signs of life";
        let text = owned::read(WHAT, file, HEARTBEAT_FILE_BYTES_MAX)?;
        let cannot = || format!("cannot read {WHAT} in {}", file.display());
        // What stands there is not shown: it may be a secret in the wrong place.
        let url = text.trim().parse::<Url>().ok().filter(|url| url.host_str().is_some());
        let url = url.with_context(|| {
            format!("{}: it holds no address\nwrite one into it, https://…", cannot())
        })?;
        ensure!(
            url.scheme() == "https" || (url.scheme() == "http" && outward::is_here(&url)),
            "{}: it would travel in the clear\nuse https://, or http:// on this machine only",
            cannot()
        );
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn receiver(text: &str, mode: u32) -> Result<String> {
        let file = env::temp_dir().join(format!("helmstream-beat-{}", uuid::Uuid::new_v4()));
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let found = Receiver::of(&file).map(|found| found.to_string());
        fs::remove_file(&file).unwrap();
        found
    }

    #[test]
    fn an_address_is_taken_from_a_file_of_its_owner_alone_and_its_path_is_never_shown() {
        let shown = receiver("https://beats.example.com/ping/7f3a-secret\n", 0o600).unwrap();
        assert_eq!(shown, "https://beats.example.com");
        let open = receiver("https://beats.example.com/ping/7f3a-secret\n", 0o644).unwrap_err();
        assert!(open.to_string().contains("others can read it"), "{open:#}");
    }

    #[test]
    fn what_is_no_address_or_would_travel_in_the_clear_is_refused_without_being_shown() {
        for text in ["", "s3cret", "http://beats.example.com/s3cret", "file:///s3cret"] {
            let refused = format!("{:#}", receiver(text, 0o600).unwrap_err());
            assert!(!refused.contains("s3cret"), "{refused}");
        }
        assert!(receiver("http://127.0.0.1:8080/s3cret", 0o600).is_ok());
    }
}
