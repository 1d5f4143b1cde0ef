//! One file of a project read, and what of it is published. What could not be read is something
//! that is published too.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use helmstream_core::faber::{self, Piece, Shape};
use helmstream_schemas::{Timestamp, run::Commit};

use super::{
    Project,
    walk::{Found, What, cannot, is_absent},
};
use crate::limits::FABER_FILE_BYTES_MAX;

/// A file as it was seen once.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub path: String,
    /// The commit it was seen in, if not where it lies.
    pub commit: Option<Commit>,
    pub shape: Shape,
    pub pieces: Vec<Piece>,
    /// Why there are no pieces.
    pub why: Option<String>,
}

impl Seen {
    /// Whether all of it could be read.
    pub fn is_whole(&self) -> bool {
        self.pieces.iter().all(|piece| piece.quarantined.is_none())
    }

    /// Seen, and none of it says anything.
    pub fn nothing(path: &str, shape: Shape, why: impl Into<String>) -> Self {
        let (path, why) = (path.to_owned(), Some(why.into()));
        Self { path, commit: None, shape, pieces: Vec::new(), why }
    }

    fn unread(project: &Project, path: &str, reason: &str) -> Self {
        let piece = faber::unread(&project.name, path, reason);
        Self {
            path: path.to_owned(),
            commit: None,
            shape: Shape::Unreadable,
            pieces: vec![piece],
            why: None,
        }
    }
}

/// Reads what was found.
pub fn read(project: &Project, found: &Found) -> Seen {
    let path = &found.path;
    match &found.what {
        What::Unread(reason) => Seen::unread(project, path, reason),
        What::Nothing(why) => Seen::nothing(path, Shape::Foreign, *why),
        What::File(_) if !faber::is_read(path) => understood(project, path, b"", None, None),
        What::File(_) => match bytes(&project.dir.join(path)) {
            Ok((bytes, _)) if bytes.len() > FABER_FILE_BYTES_MAX => {
                let reason = format!("it has more than {FABER_FILE_BYTES_MAX} bytes");
                Seen::unread(project, path, &reason)
            }
            Ok((bytes, written_at)) => understood(project, path, &bytes, written_at, None),
            Err(error) if is_absent(&error) => {
                Seen::nothing(path, Shape::Foreign, "it vanished before it was read")
            }
            Err(error) => Seen::unread(project, path, &cannot(&error)),
        },
    }
}

/// What those bytes say.
pub fn understood(
    project: &Project,
    path: &str,
    bytes: &[u8],
    written_at: Option<Timestamp>,
    commit: Option<Commit>,
) -> Seen {
    let file = faber::File { path, bytes, written_at, commit: commit.clone() };
    let faber::Reading { shape, pieces } = faber::read(&project.name, &file);
    let why = pieces
        .is_empty()
        .then(|| format!("files of shape {} say nothing that happened", shape.name()));
    Seen { path: path.to_owned(), commit, shape, pieces, why }
}

/// The bytes, one more than the limit at most, and when they were written.
fn bytes(file: &Path) -> io::Result<(Vec<u8>, Option<Timestamp>)> {
    let file = File::open(file)?;
    let data = file.metadata()?;
    let nanos =
        data.mtime().checked_mul(1_000_000_000).and_then(|n| n.checked_add(data.mtime_nsec()));
    let mut bytes = Vec::new();
    file.take(FABER_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, nanos.map(Timestamp::from_nanos)))
}
