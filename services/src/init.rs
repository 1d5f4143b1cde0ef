//! `helmstream init`: a plane's directory for servers that somebody else runs. It makes the secrets
//! and says what the servers have to be given; it asks no server anything.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Result;
use helmstream_stream::trust::is_over_tls;
use serde::Serialize;

use crate::{
    client::{Code, Failure},
    local::{
        credentials::OWNER,
        plane::{DIRECTORY, Places, Plane, PostgresPlace},
    },
};

/// Where the plane answers over HTTP unless told otherwise.
const HTTP_PORT: u16 = 7420;

/// What `helmstream init` is asked.
#[derive(Debug, Clone, clap::Args)]
pub struct InitArgs {
    /// Where NATS is; several servers of one cluster with commas between
    #[arg(long, value_name = "URL")]
    pub nats: String,
    /// Where Postgres is
    #[arg(long, value_name = "HOST:PORT/DATABASE")]
    pub postgres: PostgresPlace,
    /// Speak TLS with Postgres, and with no server whose certificate is not good for its name; for NATS
    /// write tls://
    #[arg(long)]
    pub postgres_tls: bool,
    /// Certificates of the only authorities whose word for the servers counts, in PEM; the system's if
    /// none are named
    #[arg(long, value_name = "FILE")]
    pub trusted: Option<PathBuf>,
    /// How many NATS servers hold each stream: three survive the loss of any one with its disk
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=5))]
    pub replicas: usize,
    /// Where the service `http` answers
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, HTTP_PORT)))]
    pub http: SocketAddr,
    /// The plane's directory; `.helmstream` here if none is named.
    #[arg(skip)]
    pub plane: Option<PathBuf>,
}

/// What was made, and what is still to be done.
#[derive(Debug, Serialize)]
pub struct Made {
    /// The plane's directory.
    pub plane: PathBuf,
    /// To be included by the configuration of each NATS server.
    pub accounts_file: PathBuf,
    /// The role that owns the database, and the file with its password.
    pub database_owner: &'static str,
    pub password_file: PathBuf,
}

/// Makes the directory, or finds that it is there.
pub fn init(args: InitArgs) -> Result<Made> {
    let directory = args.plane.unwrap_or_else(|| PathBuf::from(DIRECTORY));
    let InitArgs { nats: nats_url, postgres, postgres_tls, trusted, http, replicas, .. } = args;
    refuse_half(&nats_url)?;
    let postgres = PostgresPlace { tls: postgres_tls, ..postgres };
    let trusted = trusted.map(|file| found(&file)).transpose()?;
    let places = Places { nats_url, postgres, http, metrics: None, replicas, trusted };
    let plane = Plane::create_for(&directory, &places)?;
    Ok(Made {
        plane: plane.directory().to_owned(),
        accounts_file: plane.accounts_file(),
        database_owner: OWNER,
        password_file: plane.secrets().join(format!("{OWNER}.password")),
    })
}

/// Refuses servers of which some are over TLS.
fn refuse_half(urls: &str) -> Result<()> {
    let plain = urls.split(',').find(|url| !url.trim().starts_with("tls://"));
    match plain {
        Some(plain) if is_over_tls(urls) => Err(Failure::new(
            Code::Input,
            format!("`{}` is not over TLS", plain.escape_debug()),
            "other servers of the same NATS are",
            "write tls:// before each of them",
        )
        .into()),
        _ => Ok(()),
    }
}

/// The file of certificates, wherever this is run from.
fn found(file: &Path) -> Result<PathBuf> {
    let whole = file.canonicalize().and_then(|whole| std::fs::read(&whole).map(|_| whole));
    whole.map_err(|error| {
        Failure::new(
            Code::Input,
            format!("cannot trust {}", file.display()),
            error.to_string(),
            "name a file with certificates of authorities, in PEM",
        )
        .into()
    })
}

impl FromStr for PostgresPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.split_once('/').and_then(|(server, database)| {
            let (host, port) = server.rsplit_once(':')?;
            let is_named = !host.is_empty() && !database.is_empty() && !database.contains('/');
            let (host, database) = (host.to_owned(), database.to_owned());
            is_named.then_some(Self { host, port: port.parse().ok()?, database, tls: false })
        });
        place.ok_or_else(|| "a place is HOST:PORT/DATABASE, such as db.internal:5432/plane".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_all_over_tls_or_none_is() {
        for whole in ["nats://a:4222", "tls://a:4222", "tls://a:4222, tls://b:4222"] {
            assert!(refuse_half(whole).is_ok(), "{whole}");
        }
        let refused = refuse_half("tls://a:4222,nats://b:4222").unwrap_err().to_string();
        assert!(refused.starts_with("`nats://b:4222` is not over TLS"), "{refused}");
    }

    #[test]
    fn a_place_of_postgres_is_a_host_a_port_and_a_database() {
        let place = PostgresPlace::from_str("db.internal:5432/plane").unwrap();
        assert_eq!((&*place.host, place.port, &*place.database), ("db.internal", 5432, "plane"));
        for wrong in
            ["", "db", "db/plane", "db:5432", ":5432/plane", "db:x/plane", "db:1/a/b", "db:1/"]
        {
            assert!(PostgresPlace::from_str(wrong).is_err(), "{wrong}");
        }
    }
}
