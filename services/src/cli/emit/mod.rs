//! `helmstream emit`: writes what FABER reads, in FABER's own forms and nothing else: an answer that
//! people gave at a gate, and what is deployed.

mod file;

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::Result;
use helmstream_core::emit::{self, Answer};
use helmstream_projections::approval::{Round, Standing};
use helmstream_schemas::Id;
use serde_json::Value;

use super::{
    at::AtArg,
    deployment,
    ending::Ending,
    escape::escaped,
    output::{self, Screen},
};
use crate::client::{
    Client, Code, Failure, approval,
    deployment::{ListRequest, ShowRequest},
    limits::WRITES_TRIED_MAX,
    run,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum EmitCommand {
    /// An answer at a gate, as an event of its run
    #[command(after_help = "\
It is numbered after the last claim of the run that is known. Without --events it is printed. With it,
it becomes the next file of that folder: no file is ever written over, and an answer that is there
already is not written again.

Examples:
  helmstream emit approval acme/shop/5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11@release
  helmstream emit approval acme/shop/5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11@release --events run/events")]
    Approval {
        /// The approval's id: the run, and the place before which it waited
        #[arg(value_name = "APPROVAL")]
        id: String,
        /// The folder `events` of the run
        #[arg(long, value_name = "DIR")]
        events: Option<PathBuf>,
    },
    /// What is active, as the registry of deployments
    #[command(after_help = "\
Without --file it is printed. With it, that file is replaced in one step; entries that this plane does
not know stay in it, and so does every entry that is active, as it was written.

Examples:
  helmstream emit registry
  helmstream emit registry --at 2026-01-31
  helmstream emit registry --file .fractary/registry/deployments.json")]
    Registry {
        /// The file to bring up to date
        #[arg(long, value_name = "PATH")]
        #[arg(conflicts_with = "at")]
        file: Option<PathBuf>,
        #[command(flatten)]
        at: AtArg,
    },
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: EmitCommand,
) -> Result<Ending> {
    match command {
        EmitCommand::Approval { id, events } => approval(client, screen, id, events).await,
        EmitCommand::Registry { file, at } => {
            let at = at.asked(client).await?;
            registry(client, screen, file, at.sequence()).await
        }
    }
}

async fn approval(
    client: &impl Client,
    screen: &Screen,
    id: String,
    events: Option<PathBuf>,
) -> Result<Ending> {
    let request = approval::ShowRequest { name: Id::new(id)?, at: None };
    let shown = client.approval_show(request).await?.answer.approval;
    let round = shown.view.rounds.last().ok_or_else(|| still(&shown.id, "was never asked"))?;
    let answer = answer_of(&shown.id, round)?;
    let last = last_claim(client, answer.run).await?;
    let Some(folder) = events else {
        let event = emit::approval_event(last + 1, answer).map_err(refused)?;
        screen.print(&(output::json(&event, true)? + "\n"))?;
        return Ok(Ending::Done);
    };
    let written = file::append(&folder, last, answer)?;
    let said = if written.is_new { "written" } else { "it is there already" };
    screen.print(&format!("{said}: {}\n", escaped(&written.path.display().to_string())))?;
    Ok(Ending::Done)
}

/// The greatest number that the run has given an event, as far as the plane knows.
async fn last_claim(client: &impl Client, run: &Id) -> Result<u64, Failure> {
    let shown = match client.run_show(run::ShowRequest { name: run.clone(), at: None }).await {
        Ok(shown) => shown.answer.run.run,
        Err(failure) if failure.code == Code::NotFound => return Ok(0),
        Err(failure) => return Err(failure),
    };
    let numbers = shown.timeline.iter().filter_map(|entry| Some(entry.claim.as_ref()?.number));
    Ok(numbers.max().unwrap_or(0))
}

/// What was answered in a round, if anything was.
fn answer_of<'a>(approval: &'a Id, round: &'a Round) -> Result<Answer<'a>, Failure> {
    let granted = match round.standing {
        Standing::Granted => true,
        Standing::Denied => false,
        Standing::Open => return Err(still(approval, "is still open")),
        Standing::Withdrawn => return Err(still(approval, "was withdrawn")),
        Standing::Expired => return Err(still(approval, "has expired")),
    };
    let answered = round.answered.as_ref().ok_or_else(|| still(approval, "has no answer"))?;
    Ok(Answer {
        approval,
        run: &round.gate.run,
        place: &round.gate.place,
        granted,
        round: round.number,
        asked_number: round.asked.number,
        by: &answered.by,
        at: answered.at,
        reason: answered.reason.as_deref(),
    })
}

fn still(approval: &Id, how: &str) -> Failure {
    let what = format!("{approval} {how}");
    let hint = "FABER has events for what was granted or denied, and for nothing else; `helmstream approval wait` waits for an answer";
    Failure::new(Code::Refused, what, "there is no answer to emit", hint)
}

fn refused(error: emit::NotEmittable) -> Failure {
    let hint = "what FABER cannot read is not written";
    Failure::new(Code::Refused, "this cannot be said in FABER's form", error.to_string(), hint)
}

async fn registry(
    client: &impl Client,
    screen: &Screen,
    path: Option<PathBuf>,
    at: Option<u64>,
) -> Result<Ending> {
    let request = ListRequest { at, ..ListRequest::default() };
    let active = deployment::active(client, request).await?;
    let Some(path) = path else {
        let registry = emit::registry(None, active, &BTreeSet::new()).map_err(refused)?;
        screen.print(&(output::json(&registry, true)? + "\n"))?;
        return Ok(Ending::Done);
    };
    let count = active.len();
    let mut said = None;
    // Whoever wrote the file meanwhile is not written over.
    for _ in 0..WRITES_TRIED_MAX {
        let before = file::read(&path)?;
        let known = known(client, before.as_ref(), &active).await?;
        let registry = emit::registry(before.clone(), active.clone(), &known).map_err(refused)?;
        if before.as_ref() == Some(&registry) {
            said = Some("it is so already");
        } else if file::replace(&path, before.as_ref(), &registry)? {
            said = Some("written");
        }
        if said.is_some() {
            break;
        }
    }
    let Some(said) = said else {
        let what = format!("{} is written by others all the time", path.display());
        let hint = "try again when fewer write there";
        return Err(Failure::new(Code::Refused, what, "nothing was written", hint).into());
    };
    let path = path.display().to_string();
    screen.print(&format!("{said}: {}, {count} active\n", escaped(&path)))?;
    Ok(Ending::Done)
}

/// Which entries of a file this plane knows. What is active it knows without being asked.
async fn known(
    client: &impl Client,
    before: Option<&Value>,
    active: &[Value],
) -> Result<BTreeSet<String>> {
    let mut known: BTreeSet<String> =
        active.iter().filter_map(emit::id_of).map(str::to_owned).collect();
    let held = before.and_then(|before| before.get("deployments")?.as_array());
    for id in held.into_iter().flatten().filter_map(emit::id_of) {
        if known.contains(id) {
            continue;
        }
        match client.deployment_show(ShowRequest { name: id.to_owned(), at: None }).await {
            Ok(_) => drop(known.insert(id.to_owned())),
            Err(failure) if failure.code == Code::Ambiguous => drop(known.insert(id.to_owned())),
            Err(failure) if failure.code == Code::NotFound => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(known)
}
