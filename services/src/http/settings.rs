//! Where the interface over HTTP listens, and of which plane it is.

use std::path::PathBuf;

use crate::listen::Listen;

#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: Listen,
    /// The plane's directory.
    pub plane: PathBuf,
}
