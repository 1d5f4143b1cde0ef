//! A backup put back into a plane with servers of its own: into one that stays, if there is none where
//! it is to be; and into one that is thrown away, to know whether the backup is one.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

use super::{
    Told,
    manifest::Manifest,
    restore::{Restored, Stopped, attempt},
    shown,
};
use crate::{
    client::Failure,
    local::{
        Durability, nats::NatsServer, nats_server_program, plane::Plane, postgres::PostgresServer,
        postgres_folder,
    },
};

/// Puts a backup back into a plane that is thrown away afterwards, whatever comes of it.
pub async fn drill(folder: &Path, told: Told<'_>) -> Result<Restored, Failure> {
    let name = format!("helmstream-drill-{}", Uuid::new_v4().simple());
    let thrown_away = ThrownAway(Some(std::env::temp_dir().join(&name)));
    let directory = std::env::temp_dir().join(name);
    let restored = with_servers(&directory, folder, Durability::Process, told).await;
    drop(thrown_away);
    // Nobody goes on with this plane.
    Ok(Restored { notes: Vec::new(), ..restored.map_err(Stopped::thrown_away)? })
}

/// Makes a plane in a directory, puts a backup back into it, and ends its servers again. `helmstream
/// up` goes on with it. A directory that was made for it goes again if that fails.
pub async fn restore_locally(
    directory: &Path,
    folder: &Path,
    told: Told<'_>,
) -> Result<Restored, Failure> {
    // A backup that is none makes no plane.
    Manifest::read(folder)?;
    let mut made = ThrownAway((!directory.exists()).then(|| directory.to_owned()));
    let restored = with_servers(directory, folder, Durability::Power, told).await;
    let mut restored = restored.map_err(|stopped| match made.0 {
        Some(_) => stopped.thrown_away(),
        None => stopped.left(),
    })?;
    made.0 = None;
    let goes_on = format!("`helmstream up --plane {}` goes on with it", shown(directory));
    restored.notes.push(goes_on);
    Ok(restored)
}

async fn with_servers(
    directory: &Path,
    folder: &Path,
    durability: Durability,
    told: Told<'_>,
) -> Result<Restored, Stopped> {
    let failed = |error: anyhow::Error| Stopped::Before(Failure::of(&error));
    let (nats, postgres) =
        (nats_server_program().map_err(failed)?, postgres_folder().map_err(failed)?);
    let mut plane = Plane::create(directory).map_err(failed)?;
    plane.hold().map_err(failed)?;
    let postgres = PostgresServer::start(&postgres, &mut plane, durability).await;
    let mut postgres = postgres.map_err(failed)?;
    let nats = NatsServer::start(&nats, &mut plane, Durability::Process).await;
    let mut nats = nats.map_err(failed)?;
    let wait = Some(Duration::from_secs(crate::limits::WAIT_SECONDS));
    let restored = attempt(&plane, folder, wait, told).await;
    nats.stop().await;
    postgres.stop().await;
    restored
}

/// A folder that goes when this is dropped, unless it was taken out.
struct ThrownAway(Option<PathBuf>);

impl Drop for ThrownAway {
    fn drop(&mut self) {
        let Some(folder) = &self.0 else { return };
        if let Err(error) = fs::remove_dir_all(folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("cannot remove {}: {error}", shown(folder));
        }
    }
}
