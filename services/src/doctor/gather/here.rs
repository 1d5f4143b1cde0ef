//! What this machine says when a plane is looked over: the plane's directory, its disk, and what lies
//! in it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    doctor::{
        facts::{Disk, Here, Sync},
        guard::is_loopback,
    },
    local::{accounts, nats, plane::Plane},
    metrics::process,
    owned::is_open_to_outsiders,
};

pub(super) fn look(plane: &Plane) -> Here {
    let (directory, places) = (plane.directory(), plane.places());
    let disk = process::disk(directory);
    let sync = match nats::sync_interval(plane) {
        None => Sync::Unknown,
        Some(interval) if interval == nats::SYNCS_ALWAYS => Sync::Always,
        Some(interval) => Sync::Every(interval),
    };
    let postgres = &places.postgres.host;
    let secrets = files(&plane.secrets());
    Here {
        disk: disk.map(|disk| Disk { size_bytes: disk.size_bytes, free_bytes: disk.free_bytes }),
        holds_nats: sync != Sync::Unknown,
        holds_postgres: is_loopback(postgres) && directory.join("postgres").join("data").exists(),
        sync,
        open_secrets: open(plane, &secrets),
        secrets: secrets.len(),
        nats_url: places.nats_url.clone(),
        postgres_tls: places.postgres.tls,
        postgres_host: postgres.clone(),
        http: Some(places.http),
        metrics: places.metrics,
        accounts: accounts::differences(plane)
            .unwrap_or_else(|error| Some(vec![format!("it cannot be compared: {error:#}")])),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    all.sort();
    all
}

/// The folder of secrets and what lies in it, as far as anybody but the owner and its group may do something
/// with it.
fn open(plane: &Plane, secrets: &[PathBuf]) -> Vec<(String, u32)> {
    let folder = plane.secrets();
    let mode =
        |path: &Path| fs::metadata(path).map(|found| found.permissions().mode() & 0o777).ok();
    let open = |path: &Path| {
        let mode = mode(path).filter(|mode| is_open_to_outsiders(*mode))?;
        let name = path.strip_prefix(plane.directory()).unwrap_or(path);
        Some((name.display().to_string(), mode))
    };
    std::iter::once(&folder).chain(secrets).filter_map(|path| open(path)).collect()
}
