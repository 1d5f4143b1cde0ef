//! Somebody with every right on the plane's log, for what no user of the plane may do: purge, delete,
//! listen to everything. The plane itself has no such user; a test adds one to its server.

use std::fs;

use helmstream_stream::{Connection, connect};
use nkeys::KeyPair;
use serde_json::{Value, json};

use crate::harness::TestPlane;

impl TestPlane {
    /// Adds a user with these permissions to the plane's account, none meaning every right, and
    /// starts the servers again, which then know it.
    pub async fn add_user(&mut self, name: &str, permissions: Option<Value>) {
        let pair = KeyPair::new_user();
        let seed = pair.seed().expect("a key of our own has a seed");
        let secret = self.plane.secrets().join(format!("{name}.nkey"));
        fs::write(secret, seed).expect("a secret can be written");
        let file = self.plane.directory().join("nats").join("accounts.conf");
        let text = fs::read_to_string(&file).expect("the server's accounts are there");
        let accounts =
            text.trim().strip_prefix("accounts: ").expect("the form in which they are written");
        let mut accounts: Value = serde_json::from_str(accounts).expect("accounts in JSON");
        let mut user = json!({"nkey": pair.public_key()});
        if let Some(permissions) = permissions {
            user["permissions"] = permissions;
        }
        accounts["PLANE"]["users"].as_array_mut().expect("a list of users").push(user);
        fs::write(&file, format!("accounts: {accounts}\n")).expect("accounts can be written");
        for server in [&mut self.nats].into_iter().chain(&mut self.others) {
            server.restart().await.expect("the server starts again");
        }
    }

    /// A connection that may do everything.
    pub async fn admin(&mut self) -> Connection {
        self.add_user("admin", None).await;
        connect(&self.plane.address("admin")).await.expect("the server knows the admin")
    }
}

/// Asks the server's API, which has to agree.
pub async fn api(connection: &Connection, subject: &str, body: Value) -> Value {
    let answer = connection.client.request(subject.to_owned(), body.to_string().into()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{subject}: {error}"));
    let answer: Value = serde_json::from_slice(&answer.payload).expect("an answer in JSON");
    assert!(answer.get("error").is_none(), "{subject}: {answer}");
    answer
}
