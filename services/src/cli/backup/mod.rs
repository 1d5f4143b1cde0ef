//! `helmstream backup`: a backup taken while the plane works, looked over, put back, and tried. Like
//! `setup` and `up` it works in place only: whoever takes everything stands where the secrets are.

mod page;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;

use super::{
    bar::Bar,
    ending::Ending,
    output::{Format, Screen},
    place,
};
use crate::{
    amounts::bytes,
    backup::{self, Step, restore::Restored},
    limits::WAIT_SECONDS,
    local::plane::Plane,
    serve::interrupted,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum BackupCommand {
    /// Take a backup into a folder that is not there yet, while the plane works
    #[command(after_help = "\
Every stream with its positions and times, the personal values apart, and a manifest, written last. Keep
the digest of the manifest elsewhere: whoever has it can tell this backup from every other. The
plane's secrets are not in it.

Examples:
  helmstream backup create /srv/backup/2026-01-31
  helmstream backup create /srv/backup/today -o json | jq -r .manifest_sha256")]
    Create {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Compare the files of a backup with its manifest; no server is asked
    #[command(after_help = "\
Whether the log in it can be read only `drill` tells.

Example:
  helmstream backup verify /srv/backup/2026-01-31")]
    Verify {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Put a backup back into a plane that has nothing yet
    #[command(after_help = "\
If there is no plane in --plane, one is made there with servers of its own; `helmstream up` goes on with
it. Else the servers of that plane have to run and to be empty. The views are folded anew and compared
with what they were; it ends with 7 if anything is not.

Examples:
  helmstream backup restore /srv/backup/2026-01-31 --plane /srv/plane
  helmstream up --plane /srv/plane")]
    Restore {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Put a backup back into a plane that is thrown away, and tell what came of it
    #[command(after_help = "\
It needs the programs of nats-server and Postgres, as `up` does, and room for the backup twice. It ends
with 7 if what came back is not what was taken.

Examples:
  helmstream backup drill /srv/backup/2026-01-31
  helmstream backup drill /srv/backup/2026-01-31 -o json > drill.json")]
    Drill {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Answers, or removes what was begun when it is told to end, by Ctrl-C or by whoever runs it.
pub(super) async fn answer(
    screen: &Screen,
    plane: Option<&Path>,
    patience: Option<u64>,
    command: BackupCommand,
) -> Result<Ending> {
    tokio::select! {
        // First, so that it listens before anything is begun.
        biased;
        () = interrupted() => Ok(Ending::Interrupted),
        ended = answer_whole(screen, plane, patience, command) => ended,
    }
}

async fn answer_whole(
    screen: &Screen,
    plane: Option<&Path>,
    patience: Option<u64>,
    command: BackupCommand,
) -> Result<Ending> {
    let wait = Some(Duration::from_secs(patience.unwrap_or(WAIT_SECONDS)));
    let bar = Bar::new(Some(1));
    let mut told = |step: Step<'_>| {
        bar.towards(step.done, step.of.unwrap_or(step.done.max(1)));
        let done = bytes(step.done as f64);
        bar.advance(step.done, format!("{} {done}", step.doing));
    };
    match command {
        BackupCommand::Create { folder } => {
            let plane = place::open(plane)?;
            let created = backup::create::create(&plane, &folder, wait, &mut told).await;
            bar.clear();
            let created = created?;
            match screen.format {
                Format::Table => screen.print(&page::created(screen, &created))?,
                _ => screen.data(&created, "")?,
            }
            Ok(Ending::Done)
        }
        BackupCommand::Verify { folder } => {
            let verified = backup::verify::verify(&folder, &mut told);
            bar.clear();
            let verified = verified?;
            match screen.format {
                Format::Table => screen.print(&page::verified(screen, &verified))?,
                _ => screen.data(&verified, "")?,
            }
            Ok(Ending::Done)
        }
        BackupCommand::Restore { folder } => {
            let directory = place::directory(plane)?;
            let restored = if directory.join("plane.json").exists() {
                let plane = Plane::open(&directory)?;
                backup::restore::restore(&plane, &folder, wait, &mut told).await
            } else {
                backup::drill::restore_locally(&directory, &folder, &mut told).await
            };
            bar.clear();
            tell(screen, &restored?, "Restored")
        }
        BackupCommand::Drill { folder } => {
            let restored = backup::drill::drill(&folder, &mut told).await;
            bar.clear();
            tell(screen, &restored?, "Drilled")
        }
    }
}

fn tell(screen: &Screen, restored: &Restored, what: &str) -> Result<Ending> {
    match screen.format {
        Format::Table => screen.print(&page::restored(screen, restored, what))?,
        _ => screen.data(restored, "")?,
    }
    Ok(if restored.is_same { Ending::Done } else { Ending::Differs })
}
