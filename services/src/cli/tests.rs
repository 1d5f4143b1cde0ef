//! That the command line is well formed, that every example on it can be said, and that the guide
//! names every exit code.

use helmstream_schemas::Context;

use super::*;

fn leaves(command: &clap::Command) -> Vec<clap::Command> {
    match command.get_subcommands().count() {
        0 => vec![command.clone()],
        _ => command.get_subcommands().flat_map(leaves).collect(),
    }
}

/// What a shell makes of an example: words, a quoted one in one piece, up to a pipe, a file or a comment.
fn words(example: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in example.chars() {
        match c {
            '\'' => quoted = !quoted,
            '|' | '#' | '>' if !quoted => break,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_an_example_that_can_be_said() {
    for command in leaves(&Cli::command()) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<&str> =
            help.lines().map(str::trim).filter(|line| line.starts_with("helmstream ")).collect();
        assert!(!examples.is_empty(), "{} has no example", command.get_name());
        for example in examples {
            let parsed = Cli::try_parse_from(words(example));
            assert!(parsed.is_ok(), "{example}: {parsed:?}");
        }
    }
}

#[test]
fn the_help_names_every_context_of_which_events_can_be_asked_for() {
    let command = Cli::command();
    let list = command.find_subcommand("event").and_then(|event| event.find_subcommand("list"));
    let list = list.expect("events can be listed");
    let context = list.get_arguments().find(|arg| arg.get_id() == "context").expect("of a context");
    let help = context.get_help().map(ToString::to_string).unwrap_or_default();
    for context in Context::ALL {
        assert!(help.contains(context.name()), "{context} is not in: {help}");
    }
}

#[test]
fn the_guide_names_every_exit_code_that_the_help_names() {
    let guide = include_str!("../../../docs/guides/cli.md");
    for ending in Ending::ALL {
        let (code, help) = (ending.code(), AFTER_HELP);
        assert!(help.contains(&format!("\n  {code} ")), "the help has no {code}");
        assert!(guide.contains(&format!("| {code} |")), "the guide has no {code}");
    }
}

#[test]
fn what_works_in_place_only_refuses_a_server() {
    for words in ["up", "init --nats nats://n:4222 --postgres p:5432/h", "setup", "serve", "doctor"]
    {
        let named = format!("helmstream --server https://ops.example.com {words}");
        let cli = Cli::try_parse_from(named.split(' ')).expect("it can be said");
        let name = cli.command.in_place().expect("it works in place");
        assert!(words.starts_with(name));
        let refused = cli.server.none_for(name).expect_err("it is refused");
        assert_eq!(refused.code, crate::client::Code::Setting);
        let here = Cli::try_parse_from(format!("helmstream {words}").split(' ')).expect("said");
        assert_eq!(here.server.none_for(name), Ok(()));
    }
}
