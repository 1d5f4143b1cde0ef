//! A publisher that writes the protocol of NATS itself, byte for byte, so that it can send headers
//! that no client would send: signed in as its user, within its own permissions.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use helmstream_stream::connect::{Address, inbox_prefix};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A connection of its own.
pub struct BytePublisher {
    stream: BufReader<TcpStream>,
    user: String,
}

impl BytePublisher {
    /// Signs in.
    pub async fn open(address: &Address) -> Self {
        let place = address.url.strip_prefix("nats://").expect("an address of NATS");
        let stream = TcpStream::connect(place).await.expect("the server listens");
        let mut publisher = Self { stream: BufReader::new(stream), user: address.user.clone() };
        let greeting = publisher.line().await;
        let greeting = greeting.strip_prefix("INFO ").expect("the server greets");
        let greeting: Value = serde_json::from_str(greeting).expect("JSON");
        let nonce = greeting["nonce"].as_str().expect("a nonce to sign");
        let file = address.seed_file.as_ref().expect("the user has a seed");
        let seed = std::fs::read_to_string(file).expect("the seed can be read");
        let keys = nkeys::KeyPair::from_seed(seed.trim()).expect("a seed");
        let signature = keys.sign(nonce.as_bytes()).expect("it signs");
        let connect = json!({
            "verbose": false, "pedantic": false, "headers": true, "lang": "bytes", "version": "1",
            "nkey": keys.public_key(), "sig": BASE64_URL_SAFE_NO_PAD.encode(signature),
        });
        let inbox = inbox_prefix(&publisher.user);
        let hello = format!("CONNECT {connect}\r\nSUB {inbox}.bytes 1\r\nPING\r\n");
        publisher.stream.write_all(hello.as_bytes()).await.expect("the server takes it");
        assert_eq!(publisher.line().await, "PONG", "{} is let in", publisher.user);
        publisher
    }

    /// Publishes; its position in INBOX.
    pub async fn publish(&mut self, headers: &[u8], payload: &[u8]) -> u64 {
        self.publish_all(&[(headers, payload)]).await[0]
    }

    /// Publishes one after the other without waiting between them; their positions in INBOX.
    pub async fn publish_all(&mut self, messages: &[(&[u8], &[u8])]) -> Vec<u64> {
        let mut sent = Vec::new();
        for (headers, payload) in messages {
            let (user, inbox) = (&self.user, inbox_prefix(&self.user));
            let (of_headers, of_all) = (headers.len(), headers.len() + payload.len());
            let line = format!("HPUB in.{user} {inbox}.bytes {of_headers} {of_all}\r\n");
            sent.extend([line.as_bytes(), headers, payload, b"\r\n"].concat());
        }
        let (reader, mut writer) = tokio::io::split(&mut self.stream);
        let mut reader = BufReader::new(reader);
        let writing = async {
            writer.write_all(&sent).await.expect("the server takes it");
            writer.flush().await.expect("the server takes it");
        };
        let reading = async {
            let mut positions = Vec::with_capacity(messages.len());
            while positions.len() < messages.len() {
                positions.extend(position(&mut reader).await);
            }
            positions
        };
        tokio::join!(writing, reading).1
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.expect("the server talks");
        line.trim_end().to_owned()
    }
}

/// The position that an acknowledgement tells; nothing for what is none.
async fn position(reader: &mut (impl AsyncBufReadExt + Unpin)) -> Option<u64> {
    let mut line = String::new();
    reader.read_line(&mut line).await.expect("the server talks");
    assert!(!line.is_empty() && !line.starts_with("-ERR"), "{line}");
    let bytes: usize = line.strip_prefix("MSG ")?.trim().rsplit(' ').next()?.parse().ok()?;
    let mut answer = vec![0; bytes + 2];
    reader.read_exact(&mut answer).await.expect("the server talks");
    let answer: Value = serde_json::from_slice(&answer[..bytes]).expect("an acknowledgement");
    Some(answer["seq"].as_u64().unwrap_or_else(|| panic!("not stored: {answer}")))
}
