//! `helmstream faber`: what lies in a FABER project's folder, onto the plane.

mod told;

use std::path::PathBuf;

use anyhow::Result;
use futures_util::StreamExt;
use tokio::sync::watch::Receiver;

use self::told::Teller;
use super::{bar::Bar, ending::Ending, output::Screen};
use crate::{
    client::{Client, limits::OUTCOME_SECONDS},
    faber::{
        Project,
        sync::{Wanted, sync},
    },
};

/// As whom what a project holds is published, unless it is told otherwise.
const FABER: &str = "faber";

#[derive(Debug, clap::Subcommand)]
pub(super) enum FaberCommand {
    /// Publish what a project's folder holds, and tell what became of each file
    Sync(SyncArgs),
}

/// What `helmstream faber sync` is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SyncArgs {
    /// The project's folder, in which `.fractary` lies
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Go on with what is new, until Ctrl-C
    #[arg(long)]
    pub(super) watch: bool,
    /// What the project is called on the plane [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Publish as this user of the plane, with its credentials
    #[arg(long = "as", value_name = "USER", default_value = FABER)]
    pub(super) publisher: String,
    /// Begin with every version of the run states that the folder's git repository holds
    #[arg(long)]
    history: bool,
    /// Seconds without any word before outcomes count as unknown yet
    #[arg(long, value_name = "SECONDS", default_value_t = OUTCOME_SECONDS)]
    pub(super) outcome_wait: u64,
}

const AFTER_HELP: &str = "\
Every file in the places of FABER and its plugins (.fractary, logs/fractary, .faber.config.toml and
others) is read, and each has one outcome; if it says several things, the worst of theirs:
  taken        it became facts
  had already  the plane knew all of it; a sync that is repeated adds nothing
  nothing      it is of a kind that says nothing, such as a template
  conflict     it says otherwise than was said before; both are kept
  quarantined  it could not be read; it is kept as a dead letter with the reason
  refused      it should not have been asked; says why
  unknown yet  nothing was heard of it; sync again

As a table it shows what needs a look, and a summary; the other formats show every file. With
--watch a file that cannot be read has some seconds to become whole.

Examples:
  helmstream faber sync .
  helmstream faber sync ~/projects/shop --project shop --history
  helmstream faber sync . --watch
  helmstream faber sync . -o ndjson | jq .outcome";

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: FaberCommand,
    stop: Receiver<bool>,
) -> Result<Ending> {
    let FaberCommand::Sync(args) = command;
    let project = Project::open(&args.dir, args.project)?;
    let wanted = Wanted { watch: args.watch, history: args.history, stop };
    // While watching there is no end to go towards.
    let bar = Bar::new((!args.watch).then_some(0));
    let mut teller = Teller::new(screen, bar, &project, args.watch);
    let mut synced = sync(client, project, wanted).boxed_local();
    while let Some(synced) = synced.next().await {
        match synced {
            Ok(synced) => teller.tell(synced)?,
            Err(failure) => {
                teller.stop()?;
                return Err(failure.into());
            }
        }
    }
    teller.finish()
}
