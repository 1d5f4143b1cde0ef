//! The folder of a backup: made under another name, which it loses when everything is on the disk.
//! Whatever goes wrong before that, nothing is left that could be taken for a backup. Only who is killed
//! leaves the draft, and that is in nobody's way.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use helmstream_schemas::{Hash, hash::Hashing};
use uuid::Uuid;

use super::{manifest::FilePart, shown};
use crate::client::{Code, Failure};

/// A folder that becomes a backup, or goes.
pub(super) struct Draft {
    folder: PathBuf,
    wanted: PathBuf,
    is_kept: bool,
}

impl Draft {
    /// Begins a folder that is to be there as `wanted` in the end.
    pub(super) fn begin(wanted: &Path) -> Result<Self, Failure> {
        if wanted.symlink_metadata().is_ok() {
            let what = format!("{} is there already", shown(wanted));
            let hint = "a backup is made in a folder of its own; name one that is not there yet";
            return Err(Failure::new(Code::Backup, what, "nothing in it was changed", hint));
        }
        let named = wanted.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = named else {
            let what = format!("{} is no name for a folder", shown(wanted));
            return Err(Failure::new(
                Code::Backup,
                what,
                "",
                "name a folder that is not there yet",
            ));
        };
        // Not the process's number: in a container the next one has the same.
        let folder = wanted.with_file_name(format!(".{name}.{}.draft", Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&folder).map_err(|e| unwritten(&folder, &e))?;
        Ok(Self { folder, wanted: wanted.to_owned(), is_kept: false })
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> Result<Writing, Failure> {
        let path = self.folder.join(name);
        let opened = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| unwritten(&path, &error))?;
        Ok(Writing { name: name.to_owned(), path, file, bytes: 0, hashing: Hashing::default() })
    }

    /// Gives it its name.
    pub(super) fn keep(mut self) -> Result<(), Failure> {
        let done = || -> io::Result<()> {
            File::open(&self.folder)?.sync_all()?;
            fs::rename(&self.folder, &self.wanted)?;
            let parent = self.wanted.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
        };
        done().map_err(|error| unwritten(&self.wanted, &error))?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A file that is being written.
pub(super) struct Writing {
    name: String,
    path: PathBuf,
    file: File,
    bytes: u64,
    hashing: Hashing,
}

impl Writing {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| unwritten(&self.path, &error))?;
        self.hashing.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// It is on the disk when this returns.
    pub(super) fn finish(self) -> Result<FilePart, Failure> {
        self.file.sync_all().map_err(|error| unwritten(&self.path, &error))?;
        let sha256: Hash = self.hashing.finish();
        Ok(FilePart { name: self.name, bytes: self.bytes, sha256 })
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Code::Backup,
        format!("cannot write {}", shown(path)),
        error.to_string(),
        "make room or name another place, and take the backup anew; what was begun is removed",
    )
}
