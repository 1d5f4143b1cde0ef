//! `helmstream backup verify`: whether the files of a backup are what its manifest says. No server is
//! asked, and so it is not said whether the log in it can be read; `drill` tries that.

use std::{fs::File, io::Read, path::Path};

use helmstream_schemas::{Hash, hash::Hashing};

use super::{
    Step, Told, damaged,
    manifest::{FilePart, MANIFEST, Manifest},
};
use crate::{client::Failure, limits::BACKUP_READ_BYTES};

/// A backup whose files are what they should be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Verified {
    pub manifest_sha256: Hash,
    pub files: u64,
    pub bytes: u64,
    pub manifest: Manifest,
}

/// Reads every file of a backup and compares it with the manifest.
pub fn verify(folder: &Path, told: Told<'_>) -> Result<Verified, Failure> {
    let manifest = Manifest::read(folder)?;
    let (mut done, all) = (0, manifest.bytes_all());
    for part in manifest.files() {
        compare(folder, part, |bytes| {
            done += bytes;
            told(Step { doing: &part.name, done, of: Some(all) });
        })?;
    }
    nothing_else(folder, &manifest)?;
    let files = manifest.files().count() as u64;
    Ok(Verified { manifest_sha256: manifest.digest(), files, bytes: all, manifest })
}

fn compare(folder: &Path, part: &FilePart, mut read: impl FnMut(u64)) -> Result<(), Failure> {
    let name = &part.name;
    let unread = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            damaged(format!("{name} is missing"), "the manifest names it")
        }
        _ => damaged(format!("{name} cannot be read"), error.to_string()),
    };
    let mut file = File::open(folder.join(name)).map_err(unread)?;
    let found = file.metadata().map_err(unread)?;
    if !found.is_file() || found.len() != part.bytes {
        let detail = format!("it has {} bytes, and the manifest says {}", found.len(), part.bytes);
        return Err(damaged(format!("{name} is damaged"), detail));
    }
    let (mut hashing, mut held) = (Hashing::default(), vec![0; BACKUP_READ_BYTES]);
    loop {
        match file.read(&mut held).map_err(unread)? {
            0 => break,
            count => {
                hashing.update(&held[..count]);
                read(count as u64);
            }
        }
    }
    let found = hashing.finish();
    if found != part.sha256 {
        let detail = format!("its SHA-256 is {found}, and the manifest says {}", part.sha256);
        return Err(damaged(format!("{name} is damaged"), detail));
    }
    Ok(())
}

/// What lies beside it might be taken for a part of it.
fn nothing_else(folder: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| damaged("the backup cannot be read", error.to_string()))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != MANIFEST && !manifest.files().any(|part| part.name == name) {
            let detail = "the manifest does not name it; take it out of the folder";
            return Err(damaged(format!("{name} does not belong to the backup"), detail));
        }
    }
    Ok(())
}
