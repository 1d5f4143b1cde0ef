//! The three NATS servers of a plane in earnest, each with the configuration of `compose/nats.conf` and the
//! cluster of `compose/cluster.yaml`, but on loopback.

use std::fs;

use helmstream_services::local::{
    self, free_port,
    nats::NatsServer,
    plane::{Places, Plane},
};

/// How many there are.
const NODES: usize = 3;

/// Starts them; the plane names all of them afterwards, and wants three copies of everything.
pub(super) async fn start(plane: &mut Plane) -> Vec<NatsServer> {
    let nats = plane.directory().join("nats");
    let ports: Vec<u16> = (0..2 * NODES).map(|_| free_port().expect("a free port")).collect();
    let (clients, routes) = ports.split_at(NODES);
    let urls: Vec<String> = clients.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
    let places = Places { nats_url: urls.join(","), replicas: NODES, ..plane.places().clone() };
    plane
        .move_to(places.clone())
        .and_then(|()| Plane::create_for(plane.directory(), &places))
        .unwrap_or_else(|error| panic!("{error:#}"));
    let program = local::nats_server_program().unwrap_or_else(|error| super::missing(&error));
    let mut nodes = Vec::new();
    for at in 0..NODES {
        let folder = nats.join(name(at));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("server.conf"), config(at, clients[at], routes[at], routes))
            .expect("a file");
        let log = plane.directory().join("log").join(format!("{}.log", name(at)));
        let node = NatsServer::start_in(&program, &folder, &log, clients[at]).await;
        nodes.push(node.unwrap_or_else(|error| panic!("{error:#}")));
    }
    nodes
}

/// What a node is called in its cluster.
fn name(at: usize) -> String {
    format!("node-{at}")
}

fn config(at: usize, port: u16, route: u16, routes: &[u16]) -> String {
    let name = name(at);
    let routes: Vec<String> =
        routes.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
    let routes = routes.join(", ");
    format!(
        "server_name: {name}\nlisten: \"127.0.0.1:{port}\"\nmax_payload: 2621440\n\
         jetstream {{ store_dir: data, sync_interval: always }}\n\
         cluster {{ name: helmstream, listen: \"127.0.0.1:{route}\", routes: [{routes}] }}\n\
         include \"../accounts.conf\"\n"
    )
}
