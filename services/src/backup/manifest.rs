//! What a backup says of itself: `manifest.json`, in its one JSON form (RFC 8785), written last. Whoever
//! keeps its digest elsewhere can tell this backup from every other.

use std::path::Path;

use helmstream_projections::{digest::ViewDigest, views::VIEWS};
use helmstream_schemas::{Hash, Timestamp, hash::canonical_json};
use helmstream_stream::{
    backup::{Floor, ORDER},
    setup::KEPT_FOR_EVER,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{damaged, shown};
use crate::{
    client::{Code, Failure},
    limits::MANIFEST_BYTES_MAX,
};

/// Its file.
pub const MANIFEST: &str = "manifest.json";

/// The file of personal values.
pub const PEOPLE: &str = "people.ndjson";

/// The form that this program writes and reads.
pub const FORMAT: &str = "helmstream.backup.v1";

/// What a backup leaves out.
pub const NOT_IN_IT: [&str; 4] = [
    "secrets/ of the plane: seeds, passwords and people.key; keep them elsewhere, and not beside this",
    "views: they are folded anew from the log",
    "where durables stand beyond their acknowledgement floor: what they had begun they do again",
    "what was published after INBOX was taken and was not decided by the end: the door says that it was lost",
];

/// A backup, as it is told by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    /// Of the program that took it.
    pub helmstream: String,
    pub nats_server: String,
    /// Tells this log from every other.
    pub epoch: Uuid,
    pub begun_at: Timestamp,
    pub ended_at: Timestamp,
    /// In the order in which they were taken, each as of a later moment than the one before.
    pub streams: Vec<StreamPart>,
    /// Where durables stood before anything was taken.
    pub durables: Vec<Floor>,
    /// The last position that INBOX had given out when everything was taken.
    pub inbox_last_seq: u64,
    pub people: PeoplePart,
    /// Each as it was before EVENTS was taken, with the positions it was folded to.
    pub views: Vec<ViewDigest>,
    pub not_in_it: Vec<String>,
}

/// A file of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePart {
    pub name: String,
    pub bytes: u64,
    pub sha256: Hash,
}

/// A stream in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamPart {
    pub stream: String,
    pub file: FilePart,
    /// The moment that it holds for certain; what was stored until `ended_at` may be in it too.
    pub begun_at: Timestamp,
    pub ended_at: Timestamp,
    pub messages: u64,
    pub first_seq: u64,
    pub last_seq: u64,
    /// The last position it had given out when it was taken whole.
    pub last_seq_after: u64,
    /// Hash of the record at `last_seq`; of what is kept for ever, if it holds any.
    pub head_hash: Option<Hash>,
    /// As the server has it.
    pub config: Value,
    pub state: Value,
}

/// The personal values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeoplePart {
    pub file: FilePart,
    pub rows: u64,
    /// Tells whether a plane gives the same persons the same ids; not the key.
    pub key_digest: Hash,
}

impl Manifest {
    /// Its one form, as it lies in the file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = canonical_json(self);
        bytes.push(b'\n');
        bytes
    }

    /// Its digest, to be kept elsewhere.
    pub fn digest(&self) -> Hash {
        Hash::of(&self.bytes())
    }

    /// The part of a stream.
    pub fn stream(&self, name: &str) -> Option<&StreamPart> {
        self.streams.iter().find(|part| part.stream == name)
    }

    /// Every file that has to be there beside the manifest.
    pub fn files(&self) -> impl Iterator<Item = &FilePart> {
        self.streams.iter().map(|part| &part.file).chain([&self.people.file])
    }

    /// Bytes of all files.
    pub fn bytes_all(&self) -> u64 {
        self.files().map(|file| file.bytes).sum()
    }

    /// Reads the manifest of a backup, which has to be whole, in its one form, and of this format.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(MANIFEST);
        let no_backup = |detail: String| {
            let hint = "`helmstream backup create DIR` makes one; one that was interrupted has no manifest and is none";
            let what = format!("{} is no backup", shown(folder));
            Failure::new(Code::Backup, what, detail, hint)
        };
        let size = std::fs::metadata(&path).map_err(|e| no_backup(format!("{MANIFEST}: {e}")))?;
        if size.len() > MANIFEST_BYTES_MAX {
            return Err(damaged("the manifest is too large", format!("{} bytes", size.len())));
        }
        let bytes = std::fs::read(&path).map_err(|e| no_backup(format!("{MANIFEST}: {e}")))?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| damaged("the manifest cannot be read", error.to_string()))?;
        if value["format"] != FORMAT {
            let found = value["format"].as_str().unwrap_or("none");
            let detail = format!("its format is `{found}`, and this program reads `{FORMAT}`");
            return Err(damaged("the manifest is of another version", detail));
        }
        let manifest: Self = serde_json::from_value(value)
            .map_err(|error| damaged("the manifest cannot be read", error.to_string()))?;
        if manifest.bytes() != bytes {
            let detail = "it is not in its canonical form: it was written by something else";
            return Err(damaged("the manifest was changed", detail));
        }
        manifest.is_sound()?;
        Ok(manifest)
    }

    /// What can be said of it by itself: every stream once, file names that lead nowhere else, and
    /// counts that can be true of each other.
    fn is_sound(&self) -> Result<(), Failure> {
        let names: Vec<&str> = self.streams.iter().map(|part| part.stream.as_str()).collect();
        if names != ORDER {
            let detail = format!("it has {}, in this order", names.join(", "));
            return Err(damaged("the manifest does not have every stream", detail));
        }
        let strange = self.files().find(|file| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            file.name.is_empty() || file.name.starts_with('.') || !file.name.chars().all(is_plain)
        });
        if let Some(file) = strange {
            return Err(damaged("the manifest names a file elsewhere", file.name.clone()));
        }
        for part in &self.streams {
            let whole = (part.last_seq + 1).saturating_sub(part.first_seq.max(1));
            let keeps_all = KEPT_FOR_EVER.contains(&part.stream.as_str());
            let fits = part.last_seq_after >= part.last_seq && part.messages <= whole;
            if !fits || (keeps_all && part.messages != whole) {
                let detail = format!(
                    "{} messages from {} to {}",
                    part.messages, part.first_seq, part.last_seq
                );
                return Err(damaged(format!("{} has a gap in the manifest", part.stream), detail));
            }
        }
        let known = |digest: &ViewDigest| VIEWS.iter().any(|view| view.name == digest.view);
        match self.views.iter().find(|digest| !known(digest)) {
            Some(other) => Err(damaged("the manifest has a view of another version", &*other.view)),
            None => Ok(()),
        }
    }
}
