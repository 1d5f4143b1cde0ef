//! Where a process listens for others: in the clear on this machine alone, unless somebody in front
//! has seen to it.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{client::Failure, tls::acceptor};

/// Where, and how.
#[derive(Debug, Clone)]
pub struct Listen {
    pub at: SocketAddr,
    /// Files of a certificate's chain and of its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Whoever connects is a proxy that has seen to TLS.
    pub is_behind_tls_proxy: bool,
}

impl Listen {
    /// In the clear.
    pub fn plainly(at: SocketAddr) -> Self {
        Self { at, tls: None, is_behind_tls_proxy: false }
    }

    /// Begins to. `what` is done there, and what somebody on the way could do in the clear, is for
    /// the error.
    pub(crate) async fn begin(
        &self,
        what: &str,
        in_the_clear: &str,
    ) -> Result<(TcpListener, Option<TlsAcceptor>), Failure> {
        self.opened(what, in_the_clear).await.map_err(Failure::of_setting)
    }

    async fn opened(
        &self,
        what: &str,
        in_the_clear: &str,
    ) -> Result<(TcpListener, Option<TlsAcceptor>)> {
        let cannot = || format!("cannot {what} on {}", self.at);
        ensure!(
            self.at.ip().is_loopback() || self.tls.is_some() || self.is_behind_tls_proxy,
            "{}: {in_the_clear}\n\
             give --tls-certificate and --tls-key, or say --behind-tls-proxy if something in front sees to it",
            cannot()
        );
        let tls = self.tls.as_ref().map(|(certificate, key)| acceptor(certificate, key));
        let tls = tls.transpose().with_context(cannot)?;
        Ok((TcpListener::bind(self.at).await.with_context(cannot)?, tls))
    }
}
