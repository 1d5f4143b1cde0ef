//! How Postgres is spoken to: plainly, or over TLS with nobody but the server that was meant. There is
//! nothing between: TLS without a look at the certificate would keep out only who merely listens.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use helmstream_schemas::Distrust;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whether the server's certificate has to be good for its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Without TLS.
    Plain,
    /// Chain, name and time are checked.
    Full {
        /// File with the certificates of the only authorities that count, in PEM; the system's if none.
        trusted: Option<PathBuf>,
    },
}

/// What speaks TLS for one connection. The certificates are read anew for each, so that a file that was
/// changed counts from then on.
pub(crate) async fn connector(trusted: Option<PathBuf>) -> Result<MakeRustlsConnect, Distrust> {
    let read = move || match trusted {
        Some(file) => of_file(&file),
        None => of_system(),
    };
    let roots = tokio::task::spawn_blocking(read).await.map_err(nothing)??;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(nothing)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn of_file(file: &Path) -> Result<RootCertStore, Distrust> {
    let cannot = |why: &dyn std::fmt::Display| nothing(format!("{}: {why}", file.display()));
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file).map_err(|error| cannot(&error))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| cannot(&error))?;
        roots.add(certificate).map_err(|error| cannot(&error))?;
    }
    match roots.is_empty() {
        true => Err(cannot(&"there is no certificate in it")),
        false => Ok(roots),
    }
}

fn of_system() -> Result<RootCertStore, Distrust> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    match (roots.is_empty(), found.errors.first()) {
        (false, _) => Ok(roots),
        (true, Some(error)) => Err(nothing(error)),
        (true, None) => Err(nothing("this system has no certificates of authorities")),
    }
}

fn nothing(detail: impl std::fmt::Display) -> Distrust {
    Distrust::NothingTrusted { detail: detail.to_string() }
}
