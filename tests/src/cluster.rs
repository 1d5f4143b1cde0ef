//! Three nats-servers as one cluster, with EVENTS on all three: what production stands on, and the
//! only place where the second of the two conflict codes is ever said. Without users: who may do
//! what is not what is tested here.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use helmstream_services::local::{free_port, nats_server_program};
use helmstream_stream::{Address, Connection, connect};
use serde_json::Value;

use crate::{admin::api, patience::eventually};

const EVENTS: &str = include_str!("../../nats/streams/EVENTS.json");
const STATES: &str = include_str!("../../nats/streams/STATES.json");

/// A cluster; its servers are killed and its files removed when it is dropped.
pub struct Cluster {
    servers: Vec<Child>,
    ports: Vec<u16>,
    folder: PathBuf,
}

impl Cluster {
    /// Three servers, and EVENTS and STATES with three replicas.
    pub async fn start(folder: &Path) -> Self {
        let folder = folder.join(format!("cluster-{}", uuid::Uuid::new_v4().simple()));
        let ports: Vec<u16> = (0..6).map(|_| free_port().expect("a free port")).collect();
        let (clients, routes) = ports.split_at(3);
        let all: Vec<String> =
            routes.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
        let program =
            nats_server_program().expect("run `cargo xtask test`, which installs the servers");
        let mut servers = Vec::new();
        for at in 0..3 {
            let home = folder.join(at.to_string());
            fs::create_dir_all(&home).expect("a folder");
            let config = format!(
                "listen: \"127.0.0.1:{}\"\nserver_name: n{at}\njetstream {{ store_dir: {:?} }}\n\
                 cluster {{ name: test, listen: \"127.0.0.1:{}\", routes: [{}] }}\n",
                clients[at],
                home.join("data"),
                routes[at],
                all.join(", ")
            );
            fs::write(home.join("server.conf"), config).expect("a file");
            let log = fs::File::create(home.join("log")).expect("a file");
            let mut command = Command::new(&program);
            command.arg("--config").arg(home.join("server.conf")).stdout(Stdio::null()).stderr(log);
            servers.push(command.spawn().expect("nats-server can be started"));
        }
        let cluster = Self { servers, ports: clients.to_vec(), folder };
        let connection = cluster.connect(0).await;
        for file in [EVENTS, STATES] {
            let mut config: Value = serde_json::from_str(file).expect("a file of ours");
            config["num_replicas"] = 3.into();
            let name = config["name"].as_str().expect("a name").to_owned();
            eventually("a cluster that takes streams", async || {
                let subject = format!("$JS.API.STREAM.CREATE.{name}");
                let answer =
                    connection.client.request(subject, config.to_string().into()).await.ok()?;
                let answer: Value = serde_json::from_slice(&answer.payload).ok()?;
                answer.get("error").is_none().then_some(())
            })
            .await;
            eventually("a leader with two followers", async || {
                let info =
                    api(&connection, &format!("$JS.API.STREAM.INFO.{name}"), Value::Null).await;
                let followers = info["cluster"]["replicas"].as_array()?;
                let current = followers.iter().filter(|f| f["current"] == true).count();
                (current == 2 && info["cluster"]["leader"].is_string()).then_some(())
            })
            .await;
        }
        cluster
    }

    /// A connection to one of the servers.
    pub async fn connect(&self, at: usize) -> Connection {
        let url = format!("nats://127.0.0.1:{}", self.ports[at % 3]);
        connect(&Address { url, user: "run".into(), seed_file: None, trusted: None })
            .await
            .expect("the server is there")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
