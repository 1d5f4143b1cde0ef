//! Speaking over HTTP to somebody outside: what all clients for it have alike.

use std::{path::Path, time::Duration};

use anyhow::Result;
use reqwest::{Certificate, Client, ClientBuilder, Url, redirect::Policy};

/// A client that goes where it is told to and nowhere else, and not for longer than this.
pub(crate) fn client(patience: Duration) -> ClientBuilder {
    crate::tls::install();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(patience)
        .user_agent(concat!("helmstream/", env!("CARGO_PKG_VERSION")))
}

/// The certificates in a file of PEM.
pub(crate) fn certificates(file: &Path) -> Result<Vec<Certificate>> {
    Ok(Certificate::from_pem_bundle(&std::fs::read(file)?)?)
}

/// Whether what is sent there does not leave this machine.
pub(crate) fn is_here(to: &Url) -> bool {
    matches!(to.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
