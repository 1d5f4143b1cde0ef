//! The import table, and what the core must never meet.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use helmstream_tests::tree;
use serde_json::Value;

/// What each room may import of ours.
const OURS: [(&str, &[&str]); 7] = [
    ("helmstream-schemas", &[]),
    ("helmstream-core", &["helmstream-schemas"]),
    ("helmstream-stream", &["helmstream-schemas", "helmstream-core"]),
    ("helmstream-projections", &["helmstream-schemas"]),
    (
        "helmstream-services",
        &["helmstream-schemas", "helmstream-core", "helmstream-stream", "helmstream-projections"],
    ),
    (
        "helmstream-tests",
        &[
            "helmstream-schemas",
            "helmstream-core",
            "helmstream-stream",
            "helmstream-projections",
            "helmstream-services",
        ],
    ),
    ("xtask", &["helmstream-schemas"]),
];

/// Crates that only these rooms may know.
const KNOWN_BY: [(&str, &[&str]); 9] = [
    ("async-nats", &["helmstream-stream", "helmstream-tests"]),
    ("tokio-postgres", &["helmstream-projections", "helmstream-tests"]),
    ("postgres-protocol", &["helmstream-projections"]),
    (
        "tokio",
        &["helmstream-stream", "helmstream-projections", "helmstream-services", "helmstream-tests"],
    ),
    ("clap", &["helmstream-services", "helmstream-tests", "xtask"]),
    ("anyhow", &["helmstream-services", "helmstream-tests"]),
    ("regex", &["helmstream-core", "helmstream-tests"]),
    ("hmac", &["helmstream-core"]),
    ("prometheus-client", &["helmstream-services"]),
];

/// All that the two pure rooms may import. A crate joins them only by a line here.
const PURE: [(&str, &[&str]); 2] = [
    (
        "helmstream-schemas",
        &[
            "percent-encoding",
            "schemars",
            "serde",
            "serde_json",
            "serde_json_canonicalizer",
            "sha2",
            "thiserror",
            "time",
            "uuid",
        ],
    ),
    (
        "helmstream-core",
        &[
            "base64",
            "hmac",
            "percent-encoding",
            "regex",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "uuid",
        ],
    ),
];

/// What the core's sources may not hold: clocks, chance, the environment, files, the network, threads.
const NOT_IN_CORE: [&str; 15] = [
    "std::time::SystemTime",
    "std::time::Instant",
    "SystemTime::now",
    "Instant::now",
    "std::env",
    "env!(",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Uuid::new_v4",
    "new_v7",
    "now_utc",
    "async fn",
    ".await",
];

/// The dependencies of each of our packages, those for tests left out.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(tree::root().join("Cargo.toml"))
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    packages
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().expect("a list").iter();
            let used = used.filter(|used| used["kind"].is_null()).map(|used| text(&used["name"]));
            (text(&package["name"]), used.collect())
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn every_room_imports_of_ours_what_the_table_says_and_nothing_else() {
    let imports = imports();
    let rooms: Vec<_> = OURS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(
        imports.keys().cloned().collect::<BTreeSet<_>>(),
        rooms.iter().cloned().collect(),
        "every room is in the table"
    );
    for (room, may) in OURS {
        for used in imports[room].iter().filter(|used| rooms.contains(used)) {
            assert!(may.contains(&used.as_str()), "{room} imports {used}");
        }
    }
}

#[test]
fn a_crate_with_one_home_is_at_home_nowhere_else() {
    for (room, used) in imports() {
        for (krate, homes) in KNOWN_BY {
            assert!(
                !used.contains(krate) || homes.contains(&room.as_str()),
                "{room} imports {krate}"
            );
        }
    }
}

#[test]
fn the_pure_rooms_import_only_what_is_listed() {
    let imports = imports();
    for (room, may) in PURE {
        for used in imports[room].iter().filter(|used| !used.starts_with("helmstream-")) {
            assert!(
                may.contains(&used.as_str()),
                "{room} imports {used}, which is not listed as pure"
            );
        }
    }
}

#[test]
fn the_core_has_no_clock_no_chance_no_environment_no_files_and_no_network() {
    for (path, text) in tree::rust() {
        if !path.starts_with("core/") && !path.starts_with("schemas/") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for banned in NOT_IN_CORE {
                assert!(!code.contains(banned), "{path}:{} holds {banned}", number + 1);
            }
        }
    }
}

/// The manifests hold which crate knows what; this holds that nobody goes around them.
#[test]
fn only_the_stream_speaks_nats_and_only_the_projections_speak_sql() {
    for (path, text) in tree::rust() {
        let room = path.split('/').next().unwrap_or_default();
        let holds = |what: &str| {
            text.lines().any(|line| line.split("//").next().unwrap_or_default().contains(what))
        };
        if !matches!(room, "stream" | "tests") {
            assert!(!holds("async_nats::"), "{path} names the NATS client");
        }
        if !matches!(room, "projections" | "tests") {
            assert!(!holds("tokio_postgres::"), "{path} names the Postgres client");
        }
    }
}
