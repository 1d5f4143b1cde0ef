//! What runs a plane under systemd: it names every service there is, with the secrets that it needs. The
//! units are not run by these tests; systemd's own check of them is asked where it is installed.

use std::{collections::BTreeSet, process::Command};

use helmstream_services::serve;
use helmstream_tests::tree;

fn services() -> BTreeSet<String> {
    serve::services().iter().map(|service| service.name.to_owned()).collect()
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
