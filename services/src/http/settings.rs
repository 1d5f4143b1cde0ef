//! Where the interface over HTTP listens, and how.

use std::{net::SocketAddr, path::PathBuf};

/// Where it listens, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    /// Files of a certificate's chain and of its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Whoever connects is a proxy that has seen to TLS.
    pub is_behind_tls_proxy: bool,
    /// The plane's directory.
    pub plane: PathBuf,
}
