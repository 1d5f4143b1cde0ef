//! What the documents tell people to type: every command in them is one of the program. What is said
//! behind a command's name is not looked at.

use std::{collections::BTreeSet, env, fs, process::Command};

use helmstream_tests::tree;
use regex::Regex;

/// Every command with what is above it, as the pages for `man` are named: `projection`,
/// `projection-rebuild`.
fn commands() -> BTreeSet<String> {
    let folder = env::temp_dir().join(format!("helmstream-pages-{}", std::process::id()));
    let made =
        Command::new(env!("CARGO_BIN_EXE_helmstream-tested")).arg("man").arg(&folder).output();
    assert!(made.expect("the program runs").status.success());
    let pages = fs::read_dir(&folder).expect("its pages").flatten();
    let named = pages.filter_map(|page| {
        let name = page.file_name().into_string().ok()?;
        Some(name.strip_prefix("helmstream-")?.strip_suffix(".1")?.to_owned())
    });
    let named = named.collect();
    fs::remove_dir_all(&folder).expect("removed");
    named
}

/// The two words behind each `helmstream` in code, be it a block or between backticks.
fn typed(text: &str) -> Vec<(String, String)> {
    let command =
        Regex::new(r"(?:^|[\s(]|debug/)helmstream ([a-z_-]+) ?([\w-]*)").expect("a pattern");
    let (mut found, mut in_block) = (Vec::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        let code: Vec<&str> = match in_block {
            true => vec![line],
            false => line.split('`').skip(1).step_by(2).collect(),
        };
        let said = code.into_iter().flat_map(|code| command.captures_iter(code));
        found.extend(said.map(|said| (said[1].to_owned(), said[2].to_owned())));
    }
    found
}

#[test]
fn every_command_in_the_documents_is_one_of_the_program() {
    let commands = commands();
    let is_group = |name: &str| commands.iter().any(|path| path.starts_with(&format!("{name}-")));
    for (path, text) in tree::with_ending(".md") {
        for (first, second) in typed(&text).into_iter().filter(|(first, _)| !first.starts_with('-'))
        {
            let is_one = match is_group(&first) && !second.is_empty() {
                true => commands.contains(&format!("{first}-{second}")),
                false => commands.contains(&first),
            };
            assert!(is_one, "{path} says `helmstream {first} {second}`, and there is none");
        }
    }
}

#[test]
fn commands_are_found_in_code_and_nowhere_else() {
    let text =
        "helmstream is a word, `helmstream run list` is typed\n```\n$ helmstream doctor\n```";
    let said = |first: &str, second: &str| (first.to_owned(), second.to_owned());
    assert_eq!(typed(text), [said("run", "list"), said("doctor", "")]);
}
