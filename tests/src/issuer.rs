//! An identity provider of one's own: it makes keys, signs tokens, and is asked over HTTP on
//! loopback for its discovery document and its keys. It remembers what it was asked, and answers
//! wrongly if it is told to. It knows no people and no passwords.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto, jwk::Jwk};
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

/// Where an issuer says what it is.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";

/// What stands before the secret of a key of P-256, and before one of Ed25519 (PKCS #8).
const P256: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01,
    0x01, 0x04, 0x20,
];
const ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A key that signs.
#[derive(Clone)]
pub struct Signer {
    pub name: String,
    pub algorithm: Algorithm,
    encoding: EncodingKey,
}

impl Signer {
    /// A new key. Making one for RSA takes seconds, so that those of one process share one.
    pub fn new(name: &str, algorithm: Algorithm) -> Self {
        let secret = || [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let encoding = match algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_der(&[&P256[..], &secret()].concat()),
            Algorithm::EdDSA => EncodingKey::from_ed_der(&[&ED25519[..], &secret()].concat()),
            Algorithm::RS256 | Algorithm::PS256 => EncodingKey::from_rsa_der(rsa_der()),
            other => panic!("no key is made for {other:?}"),
        };
        Self { name: name.into(), algorithm, encoding }
    }

    /// What everybody may know of it.
    pub fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.encoding, self.algorithm).expect("a sound key");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(self.name);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A token with this header and these claims, signed as the key signs, whatever the header says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = crypto::sign(signed.as_bytes(), &self.encoding, self.algorithm);
        format!("{signed}.{}", signature.expect("a sound key"))
    }

    /// A token as it should be.
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    pub fn header(&self) -> Value {
        json!({"alg": self.algorithm, "typ": "JWT", "kid": self.name})
    }
}

/// A part of a token.
pub fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn rsa_der() -> &'static [u8] {
    static DER: OnceLock<Vec<u8>> = OnceLock::new();
    DER.get_or_init(|| {
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2_048).expect("a key can be made");
        key.to_pkcs1_der().expect("a key has a form").as_bytes().to_vec()
    })
}

/// What is answered on a path: a status, what else the head says, and the document.
pub type Answer = (u16, String, String);

#[derive(Default)]
struct State {
    keys: Vec<Value>,
    instead: BTreeMap<String, Answer>,
    asked: Vec<String>,
}

/// An issuer that answers until it is dropped.
pub struct Issuer {
    /// Its name, which is also where it is.
    pub url: String,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

impl Issuer {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that speaks TLS, under a certificate.
    pub async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::start_with(Some(acceptor)).await
    }

    async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().expect("it is bound"));
        let state = Arc::<Mutex<State>>::default();
        let serving = tokio::spawn(serve(listener, tls, url.clone(), state.clone()));
        Self { url, state, serving }
    }

    /// Shows these keys from now on, and no others.
    pub fn show(&self, signers: &[&Signer]) {
        self.change(|state| state.keys = signers.iter().map(|signer| signer.public()).collect());
    }

    /// Answers like this on a path from now on.
    pub fn answer_instead(&self, path: &str, answer: Answer) {
        self.change(|state| drop(state.instead.insert(path.into(), answer)));
    }

    /// Answers as it should again.
    pub fn answer_rightly(&self) {
        self.change(|state| state.instead.clear());
    }

    /// Every path that it was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).asked.clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    url: String,
    state: Arc<Mutex<State>>,
) {
    while let Ok((connection, _)) = listener.accept().await {
        let (tls, url, state) = (tls.clone(), url.clone(), state.clone());
        tokio::spawn(async move {
            // Who asks may go away in the middle, or not like the certificate.
            let _ = match tls {
                None => answer(connection, &url, &state).await,
                Some(tls) => match tls.accept(connection).await {
                    Ok(connection) => answer(connection, &url, &state).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

async fn answer(
    mut connection: impl AsyncRead + AsyncWrite + Unpin,
    url: &str,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8_192 {
        head.push(connection.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, more, document) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.push(path.clone());
        let rightly = match path.as_str() {
            DISCOVERY => json!({"issuer": url, "jwks_uri": format!("{url}/keys")}),
            "/keys" => json!({ "keys": state.keys }),
            _ => Value::Null,
        };
        let status = if rightly.is_null() { 404 } else { 200 };
        state.instead.get(&path).cloned().unwrap_or((status, String::new(), rightly.to_string()))
    };
    let length = document.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{more}\r\n"
    );
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(document.as_bytes()).await?;
    connection.shutdown().await
}
