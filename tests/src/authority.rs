//! Certificates made in a test, and servers of its plane that are given them. Whom a plane trusts is the
//! plane's own affair: see `Places::trusted`.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use helmstream_services::local::{credentials::OWNER, plane::Places};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use uuid::Uuid;

use crate::{harness::TestPlane, sql};

/// The file in the plane's directory by which the servers are judged.
pub const TRUSTED: &str = "trusted.pem";

/// The name and the address under which the servers of a test are there.
pub const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// The last year of a certificate that is good.
pub const FAR: i32 = 2090;

/// Somebody who vouches for servers.
pub struct Authority {
    /// Its own certificate, in PEM.
    pub certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, in PEM.
pub struct Certified {
    pub chain: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, Uuid::new_v4().to_string());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for names and addresses, good until the end of a year.
    pub fn vouch(&self, names: &[&str], until_year: i32) -> Certified {
        let key = KeyPair::generate().expect("a key can be made");
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until_year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certified { chain: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl TestPlane {
    /// Has the plane demand TLS of both servers, and trust this authority alone.
    pub fn demand_tls(&mut self, authority: &Authority) {
        let places = self.plane.places().clone();
        fs::write(self.plane.directory().join(TRUSTED), &authority.certificate).expect("a file");
        let mut postgres = places.postgres;
        (postgres.host, postgres.tls) = ("localhost".into(), true);
        let nats_url = format!("tls://localhost:{}", self.nats.port());
        let trusted = Some(TRUSTED.into());
        self.plane
            .move_to(Places { nats_url, postgres, trusted, ..self.plane.places().clone() })
            .expect("it is written down");
    }

    /// Starts NATS anew under a certificate, or without TLS.
    pub async fn certify_nats(&mut self, certified: Option<&Certified>) {
        let folder = self.plane.directory().join("nats");
        let config = fs::read_to_string(folder.join("server.conf")).expect("it was started");
        let plain = config.split("tls {").next().unwrap_or_default().to_owned();
        let tls = certified.map(|certified| {
            let [chain, key] = lay(&folder, certified);
            format!("tls {{ cert_file: {chain:?}, key_file: {key:?} }}\n")
        });
        fs::write(folder.join("server.conf"), plain + &tls.unwrap_or_default()).expect("a file");
        self.nats.restart().await.expect("it starts under its certificate");
    }

    /// Starts this test's own Postgres anew under a certificate, or without TLS.
    pub async fn certify_postgres(&mut self, certified: Option<&Certified>) {
        let folder = self.plane.directory().join("postgres");
        let mut settings =
            vec![format!("ssl = {}", if certified.is_some() { "on" } else { "off" })];
        if let Some(certified) = certified {
            let [chain, key] = lay(&folder, certified);
            settings
                .extend([format!("ssl_cert_file = '{chain}'"), format!("ssl_key_file = '{key}'")]);
        }
        let owner = self.login(OWNER);
        let client = sql::connect(&owner, &owner.database).await;
        for setting in settings {
            sql::rows(&client, &format!("ALTER SYSTEM SET {setting}")).await;
        }
        let postgres = self.postgres.as_mut().expect("it is this test's own");
        postgres.restart().await.expect("it starts under its certificate");
    }
}

/// Lays a certificate and its key into a folder; where they are.
fn lay(folder: &Path, certified: &Certified) -> [String; 2] {
    [("server.pem", &certified.chain), ("server.key", &certified.key)].map(|(name, text)| {
        let path = folder.join(name);
        let file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file");
        path.display().to_string()
    })
}
