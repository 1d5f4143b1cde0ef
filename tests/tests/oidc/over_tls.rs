//! An issuer over TLS, under a certificate of an own root: believed by that root alone, and only under
//! its own name and in its time.

use std::{fs, path::PathBuf};

use helmstream_services::{
    client::{Code, Failure},
    oidc::{Denied, FILE, Oidc},
    tls::acceptor,
};
use helmstream_tests::issuer::{DISCOVERY, Issuer, Signer};
use jsonwebtoken::Algorithm;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

use crate::{claims, now};

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("helmstream-oidc-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A root that vouches for others.
struct Root {
    certificate: String,
    issuer: rcgen::Issuer<'static, KeyPair>,
}

impl Root {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        Self { certificate, issuer: rcgen::Issuer::new(params, key) }
    }

    /// An issuer of tokens under a certificate for a name, good until the end of a year.
    async fn serves(&self, folder: &Folder, name: &str, until_year: i32) -> Issuer {
        let key = KeyPair::generate().expect("a key can be made");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until_year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let chain = folder.write("issuer.pem", &certificate.pem());
        let key = folder.write("issuer.key", &key.serialize_pem());
        Issuer::start_tls(acceptor(&chain, &key).expect("they fit")).await
    }
}

/// The issuers of a plane whose file names this one, and trusts what is said.
fn opened(folder: &Folder, issuer: &Issuer, trusted: &str) -> anyhow::Result<Oidc> {
    let text = format!(
        r#"
        [[issuer]]
        issuer = "{}"
        {trusted}
        audience = "helmstream"
        kind = "human"
        roles_claim = "groups"
        [[issuer.role]]
        value = "everybody"
        role = "viewer"
        "#,
        issuer.url
    );
    folder.write(FILE, &text);
    Oidc::open(&folder.0).map(|oidc| oidc.expect("it names an issuer"))
}

async fn whom(oidc: &Oidc, issuer: &Issuer, signer: &Signer) -> Result<String, Denied> {
    oidc.admit(&signer.token(&claims(&issuer.url)), now()).await.map(|principal| principal.actor)
}

#[tokio::test]
async fn an_issuer_over_tls_is_believed_by_the_root_that_is_named_and_by_no_other() {
    let (folder, root, stranger) = (Folder::new(), Root::new(), Root::new());
    folder.write("ours.pem", &root.certificate);
    let others = folder.write("others.pem", &stranger.certificate);
    let issuer = root.serves(&folder, "127.0.0.1", 2090).await;
    let signer = Signer::new("a", Algorithm::ES256);
    issuer.show(&[&signer]);

    // From where the plane lies, and from anywhere.
    let absolute = format!("trusted = {:?}", folder.0.join("ours.pem"));
    for trusted in ["trusted = \"ours.pem\"", &absolute] {
        let oidc = opened(&folder, &issuer, trusted).expect("it is understood");
        assert_eq!(whom(&oidc, &issuer, &signer).await.as_deref(), Ok("u-81"), "{trusted}");
    }
    assert_eq!(issuer.asked(), [DISCOVERY, "/keys", DISCOVERY, "/keys"]);

    // By the system's roots, and by another's.
    for trusted in ["", &format!("trusted = {others:?}")] {
        let oidc = opened(&folder, &issuer, trusted).expect("it is understood");
        let told = whom(&oidc, &issuer, &signer).await;
        assert!(
            matches!(&told, Err(Denied::Unavailable(why)) if why.contains("certificate")),
            "{trusted}: {told:?}"
        );
    }
    assert_eq!(issuer.asked().len(), 4, "nothing was asked of whom nobody vouches for");
}

#[tokio::test]
async fn a_certificate_of_another_name_or_of_the_past_is_not_believed_whoever_signed_it() {
    let root = Root::new();
    let signer = Signer::new("a", Algorithm::ES256);
    for (name, until_year) in [("login.example.com", 2090), ("127.0.0.1", 2021)] {
        let folder = Folder::new();
        folder.write("ours.pem", &root.certificate);
        let issuer = root.serves(&folder, name, until_year).await;
        issuer.show(&[&signer]);
        let oidc = opened(&folder, &issuer, "trusted = \"ours.pem\"").expect("it is understood");
        let told = whom(&oidc, &issuer, &signer).await;
        assert!(matches!(&told, Err(Denied::Unavailable(_))), "{name} {until_year}: {told:?}");
        assert_eq!(issuer.asked(), [""; 0], "{name} {until_year}");
    }
}

#[tokio::test]
async fn a_root_that_cannot_be_read_ends_the_door_before_it_opens() {
    let (folder, root) = (Folder::new(), Root::new());
    let issuer = root.serves(&folder, "127.0.0.1", 2090).await;
    folder.write("empty.pem", "no certificate");
    for (file, why) in [("nowhere.pem", "cannot trust"), ("empty.pem", "no certificate in it")] {
        let Err(error) = opened(&folder, &issuer, &format!("trusted = {file:?}")) else {
            panic!("{file} was trusted");
        };
        let Failure { code, detail: said, .. } = Failure::of(&error);
        assert_eq!(code, Code::Setting, "{said}");
        assert!(said.contains(why) && said.contains(file) && said.contains(&issuer.url), "{said}");
    }
}
