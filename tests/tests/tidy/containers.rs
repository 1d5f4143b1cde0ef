//! What runs a plane in containers: a container for every service there is, each with its own secrets and
//! no other's, and the configuration of NATS as it lies there. Containers are not run by these tests.

use std::{collections::BTreeSet, env, fs, process::Command};

use helmstream_services::{
    init::{InitArgs, init},
    local::{credentials, nats_server_program},
    serve,
};
use helmstream_tests::tree;
use serde_json::Value;

/// What runs beside the services.
const BESIDE: [&str; 4] = ["init", "nats", "postgres", "setup"];

/// What has the whole of the plane's directory: both end before a service begins.
const WHOLE: [&str; 2] = ["init", "setup"];

/// By which a service runs on fewer copies than three.
const ACCEPTS: &str = "--accept-power-loss";

fn services() -> BTreeSet<String> {
    serve::services().iter().map(|service| service.name.to_owned()).collect()
}

/// What a service is handed beside its own seed and password.
fn more(service: &str) -> &'static [&'static str] {
    match service {
        "door" => &["people.key"],
        "http" => &["people.key", "past.password", "tls_certificate", "tls_key"],
        _ => &[],
    }
}

fn yaml(path: &str) -> Value {
    let text = tree::text(path).expect("a text");
    let mut file: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).expect("YAML");
    file.apply_merge().expect("what it refers to is there");
    serde_json::to_value(file).expect("JSON")
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn every_service_has_a_container_and_every_container_is_a_service() {
    let file = yaml("compose/compose.yaml");
    let containers = file["services"].as_object().expect("services");
    let named: BTreeSet<String> =
        containers.keys().filter(|name| !BESIDE.contains(&name.as_str())).cloned().collect();
    assert_eq!(named, services());
    for name in &named {
        let container = &containers[name];
        assert_eq!(words(&container["command"])[..3], ["serve", name.as_str(), ACCEPTS], "{name}");
        assert_eq!(container["cap_drop"][0], "ALL", "{name}");
        assert_eq!(container["read_only"], true, "{name}");
        let waits = &container["depends_on"]["setup"]["condition"];
        assert_eq!(waits, "service_completed_successfully", "{name}");
    }
}

#[test]
fn a_service_is_handed_its_own_secrets_and_sees_no_others() {
    let file = yaml("compose/compose.yaml");
    for name in services() {
        let container = &file["services"][&name];
        let own = [format!("{name}.nkey"), format!("{name}.password")];
        let own = own.iter().map(String::as_str).chain(more(&name).iter().copied());
        assert_eq!(words(&container["secrets"]), own.collect::<Vec<_>>(), "{name}");
        assert_eq!(words(&container["volumes"]), ["./plane/plane.json:/plane/plane.json:ro"]);
        assert_eq!(container["environment"]["CREDENTIALS_DIRECTORY"], "/run/secrets", "{name}");
    }
    for (name, container) in file["services"].as_object().expect("services") {
        let sees_all = words(&container["volumes"]).iter().any(|from| from.starts_with("./plane:"));
        assert_eq!(sees_all, WHOLE.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn a_secret_that_is_handed_out_is_one_that_is_made() {
    let mut made: BTreeSet<String> = BTreeSet::from(["people.key".to_owned()]);
    made.extend(
        credentials::users().expect("users").iter().map(|user| format!("{}.nkey", user.user)),
    );
    made.extend(credentials::roles().expect("roles").iter().map(|role| format!("{role}.password")));
    let file = yaml("compose/compose.yaml");
    for (name, secret) in file["secrets"].as_object().expect("secrets") {
        let from = secret["file"].as_str().expect("a file");
        match from.strip_prefix("./plane/secrets/") {
            Some(one) => assert!(one == name && made.contains(one), "{name} is {from}"),
            None => assert!(["./tls.crt", "./tls.key"].contains(&from), "{name} is {from}"),
        }
    }
}

#[test]
fn the_cluster_is_laid_over_containers_and_volumes_that_are_there() {
    let (plane, cluster) = (yaml("compose/compose.yaml"), yaml("compose/cluster.yaml"));
    let keys = |file: &Value, part: &str| -> BTreeSet<String> {
        file[part].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let added: BTreeSet<String> =
        keys(&cluster, "services").difference(&keys(&plane, "services")).cloned().collect();
    assert_eq!(added, ["nats-2", "nats-3"].map(str::to_owned).into());
    let volumes = &keys(&plane, "volumes") | &keys(&cluster, "volumes");
    for file in [&plane, &cluster] {
        for (name, container) in file["services"].as_object().expect("services") {
            for volume in words(&container["volumes"]) {
                let from = volume.split(':').next().expect("a place");
                let is_there = match from.strip_prefix("./") {
                    // `init` makes it.
                    Some(made) if made == "plane" || made.starts_with("plane/") => true,
                    Some(file) => tree::root().join("compose").join(file).exists(),
                    None => volumes.contains(from),
                };
                assert!(is_there, "{name} has {from}");
            }
        }
    }
}

#[test]
fn on_the_cluster_no_service_runs_on_fewer_copies_than_three() {
    let (plane, cluster) = (yaml("compose/compose.yaml"), yaml("compose/cluster.yaml"));
    for name in services() {
        let mut command = words(&plane["services"][&name]["command"]);
        command.retain(|word| *word != ACCEPTS);
        assert_eq!(words(&cluster["services"][&name]["command"]), command, "{name}");
    }
}

/// By the program's own check, with every file where its container has it.
#[test]
fn nats_takes_the_configuration_of_its_container() {
    let root = env::temp_dir().join(format!("helmstream-container-{}", std::process::id()));
    init(InitArgs {
        nats: "nats://nats:4222".to_owned(),
        postgres: "postgres:5432/helmstream".parse().expect("a place"),
        postgres_tls: false,
        trusted: None,
        replicas: 1,
        http: "0.0.0.0:7420".parse().expect("an address"),
        plane: Some(root.join("plane")),
    })
    .expect("a plane's directory");
    let config = root.join("etc/nats/helmstream.conf");
    fs::create_dir_all(root.join("etc/nats")).expect("a folder");
    fs::copy(tree::root().join("compose/nats.conf"), &config).expect("it is there");
    let program = nats_server_program().expect("a nats-server");
    let mut check = Command::new(program);
    let checked = check.arg("-t").arg("-c").arg(&config).env("HOSTNAME", "nats").output();
    let checked = checked.expect("it runs");
    fs::remove_dir_all(&root).expect("removed");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
