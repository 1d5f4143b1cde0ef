//! What a shell and `man` are told of the command line: completions, and a page for each command.
//! Both are made from the same definition that the command line is read by, and need no plane.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, ending::Ending, escape::escaped, output::Screen};
use crate::amounts::counted;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  helmstream completions bash > ~/.local/share/bash-completion/completions/helmstream
  helmstream completions zsh > ~/.zfunc/_helmstream
  helmstream completions fish > ~/.config/fish/completions/helmstream.fish")]
pub(super) struct CompletionsArgs {
    /// The shell that is to complete
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  helmstream man | man -l -
  helmstream man ~/.local/share/man/man1")]
pub(super) struct ManArgs {
    /// Folder for the pages of all commands; it is made if it is not there. Without it, the page of
    /// the program itself is printed
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<Ending> {
    let mut out = io::stdout().lock();
    out.write_all(&script(args.shell))?;
    out.flush()?;
    Ok(Ending::Done)
}

pub(super) fn man(screen: &Screen, args: ManArgs) -> Result<Ending> {
    let Some(dir) = args.dir else {
        let mut out = io::stdout().lock();
        out.write_all(&page(Cli::command())?)?;
        out.flush()?;
        return Ok(Ending::Done);
    };
    let cannot = || format!("cannot write pages to {}", dir.display());
    fs::create_dir_all(&dir).with_context(cannot)?;
    let pages = pages()?;
    for (name, page) in &pages {
        fs::write(dir.join(name), page).with_context(cannot)?;
    }
    let said = counted(pages.len() as u64, "page");
    screen.print(&format!("{said} in {}\n", escaped(&dir.display().to_string())))?;
    Ok(Ending::Done)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "helmstream", &mut script);
    script
}

/// A page for the program and for each command, by the name of its file.
fn pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut command = Cli::command();
    // What can be said with every command stands in the page of each.
    command.build();
    let mut pages = Vec::new();
    add(command, "helmstream".to_owned(), &mut pages)?;
    Ok(pages)
}

fn add(command: clap::Command, said: String, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(below.clone(), format!("{said} {}", below.get_name()), pages)?;
    }
    let name = said.replace(' ', "-");
    let file = format!("{name}.1");
    pages.push((file, page(command.display_name(name).bin_name(said))?));
    Ok(())
}

fn page(command: clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let source = concat!("helmstream ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command).source(source).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    /// Every command with those above it: `helmstream`, `helmstream run`, `helmstream run list`.
    fn paths(command: &clap::Command, above: &str) -> Vec<String> {
        let path = format!("{above}{}", command.get_name());
        let below = command.get_subcommands();
        let below = below.flat_map(|below| paths(below, &format!("{path} ")));
        [path.clone()].into_iter().chain(below).collect()
    }

    #[test]
    fn the_completions_of_every_shell_name_every_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            for path in paths(&Cli::command(), "") {
                let name = path.split(' ').next_back().unwrap_or_default();
                assert!(script.contains(name), "{shell} knows no {path}");
            }
        }
    }

    #[test]
    fn every_command_has_a_page_that_names_it_and_whatever_can_be_said_below_it() {
        let pages = pages().unwrap();
        for path in paths(&Cli::command(), "") {
            let file = format!("{}.1", path.replace(' ', "-"));
            let found = pages.iter().find(|(name, _)| name == &file);
            let (_, page) = found.unwrap_or_else(|| panic!("there is no page {file}"));
            let page = String::from_utf8_lossy(page).replace('\\', "");
            assert!(page.contains(&format!("fB{path}fR")), "{file} does not say {path}");
            assert!(page.contains("--plane"), "{file} leaves out what every command takes");
            assert!(page.contains("helmstream "), "{file} has no example");
        }
        let program = String::from_utf8(page(Cli::command()).unwrap()).unwrap();
        assert!(program.replace('\\', "").contains("helmstream-event"), "{program}");
    }
}
