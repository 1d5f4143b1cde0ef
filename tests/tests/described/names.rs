//! The names in the OpenAPI document, by which programs call types and functions: each has a meaning of
//! its own, and stays.

use std::collections::BTreeSet;

use helmstream_services::http;
use serde_json::Value;

fn keys(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(|entries| entries.keys())
}

#[test]
fn no_type_is_told_from_another_by_a_number() {
    let document = http::document();
    let names: Vec<&String> = keys(&document["components"]["schemas"]).collect();
    assert!(names.len() > 50, "{}", names.len());
    let is_numbered = |name: &&&String| name.ends_with(|last: char| last.is_ascii_digit());
    let numbered: Vec<_> = names.iter().filter(is_numbered).collect();
    assert!(numbered.is_empty(), "two types have one name: {numbered:?}");
}

#[test]
fn every_question_has_an_answer_with_a_name_of_its_own() {
    let document = http::document();
    let operations = document["paths"].as_object().expect("there are paths").values();
    let asked = operations.flat_map(|methods| methods.as_object().into_iter().flatten());
    let mut names = BTreeSet::new();
    let (mut operations, mut actions) = (BTreeSet::new(), 0);
    for (_, operation) in asked {
        let name = operation["operationId"].as_str().expect("a name");
        assert!(operations.insert(name), "{name} is there twice");
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        match answer["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/schemas/")) {
            // What is asked by publishing is answered alike.
            Some("PublishOutcome") => actions += 1,
            Some(answer) => assert!(names.insert(answer), "{name} is answered by {answer} too"),
            None => assert!(["publish", "openapi", "live", "event_tail"].contains(&name), "{name}"),
        }
    }
    assert!(names.contains("RunListAnswer") && names.contains("ApprovalWholeAnswer"), "{names:?}");
    assert!(names.len() > 25 && actions > 5, "{} {actions}", names.len());
}
