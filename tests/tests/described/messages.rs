//! The AsyncAPI document, read by the parser that its makers publish, with every schema that it refers
//! to.

use std::{fs, path::Path};

use helmstream_tests::tree;

use crate::{node, ran};

/// Reads a document and what it refers to; what the parser says against it.
fn parsed(document: &Path) -> Option<String> {
    let (home, mut node) = node()?;
    let (is_valid, said) = ran(node.arg(home.join("asyncapi.mjs")).arg(document));
    assert!(said.contains("channels"), "the parser did not come to its end: {said}");
    Some(if is_valid { String::new() } else { said })
}

#[test]
fn a_parser_of_others_finds_nothing_wrong_in_the_document_of_subjects_and_messages() {
    let Some(found) = parsed(&tree::root().join("schemas/asyncapi.json")) else { return };
    assert!(found.is_empty(), "{found}");
}

#[test]
fn a_document_that_is_wrong_is_found_to_be() {
    let Some((home, _)) = node() else { return };
    let text = fs::read_to_string(tree::root().join("schemas/asyncapi.json")).expect("it is there");
    // A channel without its address's parameter, and a schema that is none.
    let spoiled = home.join("spoiled.json");
    let text = text.replacen("\"parameters\"", "\"parametres\"", 1);
    fs::write(&spoiled, text).expect("the target folder can be written");
    let found = parsed(&spoiled).expect("the parser was there just now");
    assert!(found.contains("parametres"), "{found}");
}
