//! A FABER project's folder: what lies in it, what of it is new, what its repository still knows of
//! it, and what becomes of all that on the plane. What a file says is decided in the core.

pub mod history;
pub mod read;
pub mod sync;
pub mod told;
pub mod walk;
pub mod watch;

use std::path::{Path, PathBuf};

use crate::client::{Code, Failure};

/// A project by its folder.
#[derive(Debug, Clone)]
pub struct Project {
    /// Without links on the way.
    pub dir: PathBuf,
    /// What its events name as their source.
    pub name: String,
}

impl Project {
    /// The project in that folder, under the folder's name unless it is given another.
    pub fn open(dir: &Path, name: Option<String>) -> Result<Self, Failure> {
        let cannot = |detail: String| {
            let what = format!("cannot read {}", dir.display());
            Failure::new(Code::Input, what, detail, "name the folder in which `.fractary` lies")
        };
        let dir = dir.canonicalize().map_err(|error| cannot(error.to_string()))?;
        if !dir.is_dir() {
            return Err(cannot("it is no folder".into()));
        }
        let own = || dir.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.or_else(own).ok_or_else(|| cannot("it has no name".into()))?;
        Ok(Self { dir, name })
    }
}
