//! TLS: one library for everything that speaks it, with one source of its arithmetic.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

/// Says once for the process where its arithmetic comes from; if it has been said, that holds.
pub fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Takes connections under a certificate; both files are PEM.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor> {
    install();
    let cannot = |path: &Path| format!("cannot read {}", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| cannot(certificate))?;
    let secret = PrivateKeyDer::from_pem_file(key).with_context(|| cannot(key))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .context("cannot use the certificate with this key")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
