//! Lists that have to name everything there is: contexts in their rooms, files of `nats/`, samples,
//! the glossary.

use std::collections::BTreeSet;

use helmstream_schemas::{Context, catalog};
use helmstream_services::{local::credentials, serve};
use helmstream_tests::tree;
use serde_json::Value;

/// Where a context has to be, by the path its name takes there.
const ROOMS: [(&str, &[&str]); 5] = [
    ("schemas", &["schemas/src/{}.rs"]),
    ("core", &["core/src/{}.rs"]),
    ("projections", &["projections/{}/mod.rs"]),
    ("services", &["services/src/{}.rs"]),
    ("nats", &["nats/consumers/{}-0.json"]),
];

/// Where a context is not, and why.
const ABSENT: [(&str, &str, &str); 7] = [
    ("alias", "services", "the door claims names; nothing decides them"),
    ("alias", "nats", "it has no commands"),
    ("external", "projections", "facts without a meaning here are found in the ledger"),
    ("plane", "core", "its founding is written by setup, and nothing decides on it"),
    ("plane", "projections", "its one fact, the epoch, is read from the log"),
    ("plane", "services", "setup is no service"),
    ("plane", "nats", "it has no commands"),
];

fn names_in(folder: &str) -> BTreeSet<String> {
    let files = tree::files().into_iter().filter(|path| path.starts_with(folder));
    files
        .filter_map(|path| Some(path.rsplit('/').next()?.strip_suffix(".json")?.to_owned()))
        .collect()
}

#[test]
fn every_context_is_in_every_room_or_it_is_said_why_not() {
    let files: BTreeSet<String> = tree::files().into_iter().collect();
    for context in Context::ALL {
        for (room, paths) in ROOMS {
            let absent = ABSENT.iter().find(|(c, r, _)| *c == context.name() && *r == room);
            for path in paths {
                let path = path.replace("{}", context.name());
                let there = files.contains(&path);
                match absent {
                    Some((_, _, reason)) => {
                        assert!(!there, "{path} is there, though it is listed as absent: {reason}")
                    }
                    None => assert!(there, "{path} is missing, and nothing says why"),
                }
            }
        }
    }
}

#[test]
fn every_file_of_permissions_is_a_user_and_every_service_has_one() {
    let listed: BTreeSet<String> =
        credentials::users().expect("readable").into_iter().map(|user| user.user).collect();
    assert_eq!(names_in("nats/permissions/"), listed);
    for service in serve::services() {
        assert!(listed.contains(service.name), "service {} has no user", service.name);
    }
}

#[test]
fn every_durable_is_of_a_stream_that_is_there_and_may_be_worked_off_by_its_service_alone() {
    let streams = names_in("nats/streams/");
    let users = credentials::users().expect("readable");
    for name in names_in("nats/consumers/") {
        let text = tree::text(&format!("nats/consumers/{name}.json")).expect("a text");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        let stream = file["stream_name"].as_str().expect("a stream");
        assert!(streams.contains(stream), "{name} is of {stream}");
        assert_eq!(file["config"]["durable_name"], name.as_str());
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}");
        let may = users.iter().filter(|user| {
            let allowed = user.permissions["publish"]["allow"].as_array();
            allowed.is_some_and(|allowed| allowed.iter().any(|subject| subject == next.as_str()))
        });
        let may: Vec<_> = may.map(|user| user.user.as_str()).collect();
        let owner = name.split('-').next().expect("a name");
        assert_eq!(may, [owner], "who works off {name}");
    }
}

/// What `service list` tells and what `serve` runs is one value; the files of `nats/consumers` are what
/// the server holds.
#[test]
fn the_durables_of_the_services_are_those_that_there_are() {
    let mut worked_off = BTreeSet::new();
    for service in serve::services() {
        for durable in service.does().flat_map(|does| does.durables(service.name)) {
            let path = format!("nats/consumers/{}.json", durable.name);
            let text = tree::text(&path).unwrap_or_else(|| panic!("there is no {path}"));
            let file: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(file["stream_name"], durable.stream, "{path}");
            assert!(worked_off.insert(durable.name.clone()), "{} has two owners", durable.name);
        }
    }
    assert_eq!(worked_off, names_in("nats/consumers/"));
}

#[test]
fn every_stream_keeps_what_the_house_says_it_keeps() {
    for name in names_in("nats/streams/") {
        let text = tree::text(&format!("nats/streams/{name}.json")).expect("a text");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(file["name"], name.as_str());
        assert_eq!(
            file["compression"], "none",
            "{name}: compressed streams load an aggregate in seconds"
        );
        let is_truth = matches!(name.as_str(), "EVENTS" | "COMMANDS" | "JOURNAL");
        assert_eq!(file["deny_delete"] == true && file["deny_purge"] == true, is_truth, "{name}");
        if is_truth {
            assert_eq!((&file["discard"], &file["max_age"]), (&"new".into(), &0.into()), "{name}");
        }
    }
}

/// What was once written can be read for ever. A sample is never edited; a word that changes its
/// meaning gets another version.
#[test]
fn every_word_has_samples_and_every_sample_decodes() {
    let mut seen = BTreeSet::new();
    let words = catalog::catalog();
    for path in tree::files().into_iter().filter(|path| path.starts_with("schemas/samples/")) {
        // schemas/samples/<context>/<role>.<name>.<number>.json
        let payload = tree::text(&path).expect("a text");
        let parts: Vec<&str> = path.split(['/', '.']).skip(2).collect();
        let [context, role, name, _number, "json"] = parts[..] else {
            panic!("{path} is not the path of a sample")
        };
        let is_meant = |word: &&catalog::Word| {
            (&*word.context, word.role.name(), &*word.name) == (context, role, name)
        };
        let word = words.iter().find(is_meant);
        let word = word.unwrap_or_else(|| panic!("{path} is a sample of no word"));
        seen.insert(word.kind.clone());
        (word.decodes)(&word.name, payload.as_bytes())
            .unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    for word in &words {
        assert!(seen.contains(&word.kind), "{} has no sample", word.kind);
    }
}

#[test]
fn the_glossary_names_every_context_stream_and_service() {
    let glossary = tree::text("docs/GLOSSARY.md").expect("a text");
    let contexts = Context::ALL.map(|context| context.name().to_owned());
    let services = serve::services().into_iter().map(|service| service.name.to_owned());
    let all: BTreeSet<String> =
        contexts.into_iter().chain(services).chain(names_in("nats/streams/")).collect();
    for name in all {
        let named = [format!("`{name}`"), format!("**{name}**")]
            .iter()
            .any(|form| glossary.contains(form.as_str()));
        assert!(named, "the glossary does not name `{name}`");
    }
}
