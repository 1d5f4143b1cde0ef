//! What runs a plane elsewhere, in containers and under systemd: it names every service there is, with the
//! secrets that it needs. What stands there is not run by these tests; systemd's own check of units is
//! asked where it is installed.

use std::{collections::BTreeSet, process::Command};

use helmstream_services::serve;
use helmstream_tests::tree;
use serde_json::Value;

/// What runs beside the services.
const BESIDE: [&str; 4] = ["init", "nats", "postgres", "setup"];

fn services() -> BTreeSet<String> {
    serve::services().iter().map(|service| service.name.to_owned()).collect()
}

fn yaml(path: &str) -> Value {
    let text = tree::text(path).expect("a text");
    let mut file: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).expect("YAML");
    file.apply_merge().expect("what it refers to is there");
    serde_json::to_value(file).expect("JSON")
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
        let command: Vec<&str> = container["command"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(command[..3], ["serve", name.as_str(), "--accept-power-loss"], "{name}");
        assert_eq!(container["cap_drop"][0], "ALL", "{name}");
        assert_eq!(container["read_only"], true, "{name}");
        let waits = &container["depends_on"]["setup"]["condition"];
        assert_eq!(waits, "service_completed_successfully", "{name}");
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
            for volume in container["volumes"].as_array().into_iter().flatten() {
                let from = volume.as_str().and_then(|volume| volume.split(':').next());
                let from = from.expect("a place");
                let is_there = match from.strip_prefix("./") {
                    Some(file) => tree::root().join("compose").join(file).exists(),
                    None => volumes.contains(from),
                };
                assert!(is_there, "{name} has {from}");
            }
        }
    }
}

#[test]
fn the_target_of_systemd_wants_every_service_and_each_has_its_own_secrets_only() {
    let text = tree::text("ops/systemd/helmstream.target").expect("a text");
    let wanted: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("Wants=helmstream@")?.strip_suffix(".service"))
        .map(str::to_owned)
        .collect();
    assert_eq!(wanted, services());
    let units = tree::files().into_iter().filter(|path| path.starts_with("ops/systemd/"));
    let handed: Vec<String> = units
        .filter_map(|path| tree::text(&path))
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| {
            Some(line.strip_prefix("LoadCredential=")?.split_once(':')?.0.to_owned())
        })
        .collect();
    let others = ["%i.nkey", "%i.password", "past.password", "people.key", "tls.crt", "tls.key"];
    assert_eq!(
        handed.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(others),
        "no service is handed what is another's"
    );
}

/// Against the system's own rules, where there is one. The program is not at its place here, which is all
/// that it may find.
#[test]
fn systemd_understands_the_units() {
    let unit = tree::root().join("ops/systemd/helmstream@.service");
    let checked = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output();
    let Ok(checked) = checked else {
        eprintln!("SKIPPED: there is no systemd-analyze, nobody checks the units");
        return;
    };
    let said = String::from_utf8_lossy(&checked.stderr);
    let found: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("helmstream"))
        .filter(|line| !line.contains("/usr/bin/helmstream is not executable:"))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}
