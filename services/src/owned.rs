//! Files that nobody but their owner may read.

use std::{fs::File, io::Read, os::unix::fs::MetadataExt, path::Path};

use anyhow::{Context, Result, ensure};

/// Mode bits by which others than the owner can do something with a file.
const OTHERS: u32 = 0o077;

/// Whether a file of this mode is open to others.
pub(crate) fn is_open(mode: u32) -> bool {
    mode & OTHERS != 0
}

/// What such a file holds, so many bytes of it at most; `what` it is, for the error.
pub(crate) fn read(what: &str, file: &Path, bytes_max: u64) -> Result<String> {
    let name = file.display();
    let cannot = || format!("cannot read {what} in {name}");
    let mut opened = File::open(file).with_context(cannot)?;
    let mode = opened.metadata().with_context(cannot)?.mode();
    ensure!(!is_open(mode), "{}: others can read it\n`chmod 600 {name}`", cannot());
    let mut text = String::new();
    (&mut opened).take(bytes_max).read_to_string(&mut text).with_context(cannot)?;
    Ok(text)
}
