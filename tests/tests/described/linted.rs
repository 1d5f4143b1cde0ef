//! The OpenAPI document, linted by Spectral: by all of its rules for OpenAPI and by ours, which lie
//! beside what makes the document.

use std::{fs, path::Path};

use helmstream_services::http;
use helmstream_tests::tree;
use serde_json::{Value, json};

use crate::{node, ran};

/// Writes a document beside the packages and lints it; what is found.
fn linted(name: &str, document: &Value) -> Option<String> {
    let (home, mut spectral) = node()?;
    let file = home.join(format!("{name}.json"));
    fs::write(&file, document.to_string()).expect("the target folder can be written");
    let rules = tree::root().join("services/src/http/openapi.spectral.yaml");
    spectral.arg(home.join("node_modules/@stoplight/spectral-cli/dist/index.js"));
    spectral.args(["lint", "--fail-severity", "hint", "--ruleset"]).arg(rules).arg(&file);
    let (is_clean, said) = ran(&mut spectral);
    let path = |path: &Path| path.display().to_string();
    Some(if is_clean { String::new() } else { said.replace(&path(&file), name) })
}

#[test]
fn a_linter_finds_nothing_in_the_description() {
    let Some(found) = linted("openapi", &http::document()) else { return };
    assert!(found.is_empty(), "{found}");
}

#[test]
fn what_a_rule_of_ours_forbids_is_found() {
    let mut document = http::document();
    let run_list = &mut document["paths"]["/v1/runs"]["get"];
    run_list["operationId"] = json!("RunList3");
    run_list["security"] = json!([]);
    run_list["responses"]["404"]["content"] = json!({ "text/plain": {} });
    run_list["parameters"][0]["schema"] = json!({ "type": "string" });
    document["components"]["schemas"]["Standing3"] = json!({ "type": "object" });
    let Some(found) = linted("openapi-spoiled", &document) else { return };
    for rule in [
        "operation-name",
        "only-health-is-open",
        "a-problem-is-one",
        "parameter-bounded",
        "schema-named",
    ] {
        assert!(found.contains(rule), "{rule} found nothing: {found}");
    }
}
