//! How files look: their length, their first line, their links, and what no file may hold.

use std::path::Path;

use helmstream_tests::tree;

/// Lines a file may have before it is two things.
const LINES_MAX: usize = 400;

/// Files that may be longer, and why. None is today.
const LONGER: [(&str, &str); 0] = [];

/// Words of the place where this was written, which mean nothing to a reader. Put together here so
/// that this file does not hold them.
fn words_of_the_workplace() -> [String; 2] {
    [format!("/{}/", "work"), format!("shared/{}", "design")]
}

#[test]
fn no_file_of_code_is_longer_than_its_bound() {
    for (path, text) in tree::rust().into_iter().chain(tree::with_ending(".sql")) {
        let lines = text.lines().count();
        let exception = LONGER.iter().find(|(longer, _)| *longer == path);
        match exception {
            Some((_, reason)) => {
                assert!(!reason.is_empty());
                assert!(lines > LINES_MAX, "{path} is no exception any more: take it off the list");
            }
            None => assert!(lines <= LINES_MAX, "{path} has {lines} lines: it is two things"),
        }
    }
}

#[test]
fn every_file_of_code_says_first_what_it_is() {
    for (path, text) in tree::rust() {
        assert!(text.starts_with("//! "), "{path} does not open with //!");
    }
    for (path, text) in tree::with_ending(".sql") {
        assert!(text.starts_with("-- "), "{path} does not open with what it does");
    }
}

#[test]
fn nothing_is_left_to_be_done_later_and_nothing_is_printed_by_accident() {
    let unfinished = ["todo", "unimplemented", "dbg"].map(|name| format!("{name}!("));
    for (path, text) in tree::rust() {
        for word in &unfinished {
            assert!(!text.contains(word.as_str()), "{path} holds {word}");
        }
    }
}

/// Put together here so that this file does not hold them.
#[test]
fn nothing_is_left_of_a_merge() {
    let marks = ["<", ">"].map(|mark| mark.repeat(7) + " ");
    for path in tree::files() {
        let Some(text) = tree::text(&path) else { continue };
        for mark in &marks {
            assert!(!text.lines().any(|line| line.starts_with(mark)), "{path} holds {mark}");
        }
    }
}

#[test]
fn nothing_mentions_the_place_where_it_was_written() {
    for path in tree::files() {
        let Some(text) = tree::text(&path) else { continue };
        for word in words_of_the_workplace() {
            let found = text.lines().position(|line| line.contains(&word));
            assert_eq!(found, None, "{path} holds {word} in the line after this many");
        }
    }
}

#[test]
fn every_link_in_the_documentation_leads_somewhere() {
    for (path, text) in tree::with_ending(".md") {
        let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
        for target in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let there = tree::root().join(folder).join(file);
            assert!(there.exists(), "{path} links to {target}, which is not there");
        }
    }
}

/// The targets of inline links, those in blocks of code left out.
fn links(text: &str) -> Vec<String> {
    let (mut found, mut in_code) = (Vec::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            found.extend(
                part.split(')')
                    .next()
                    .map(|target| target.split(' ').next().unwrap_or(target).to_owned()),
            );
        }
    }
    found
}

#[test]
fn links_are_found_where_they_are() {
    assert_eq!(links("a [b](c.md#d) and [e](f \"title\")\n```\n[g](h)\n```"), ["c.md#d", "f"]);
}
