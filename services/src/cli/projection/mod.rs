//! `helmstream projection`: where every view stands, a view folded anew and put in the other's
//! place, and what it could not apply.

mod rebuild;

use anyhow::Result;
use helmstream_projections::{edition::EditionState, questions::projection::ParkedLine};

use super::{
    ending::Ending,
    escape::escaped,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, table, toned},
    when,
};
use crate::client::{
    Client,
    limits::{LIST_ROWS, LIST_ROWS_MAX},
    projection::{ParkedRequest, Standing, SwapRequest, ViewRequest},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum ProjectionCommand {
    /// Where every view stands on every stream it reads, and how far behind
    #[command(after_help = "\
LAG is how many records of the stream the view has not read yet; PARKED is how many it could not
apply, and what waits behind them. A view can have two editions: one serves whoever asks, the other
is being built or stands by.

Examples:
  helmstream projection list
  helmstream projection list -o json | jq '.projections[] | select(.lag > 0)'")]
    List,
    /// Fold a view anew beside the one that serves, and put it in its place
    #[command(after_help = "\
Whoever asks meanwhile is answered by the edition that serves, and sees no step back when the new one
takes its place. Interrupted, the edition goes on being built; the same command goes on watching it.

Examples:
  helmstream projection rebuild run
  helmstream projection rebuild run -o json | jq -c .building")]
    Rebuild {
        #[arg(value_name = "VIEW")]
        view: String,
    },
    /// Put the edition that stands by back in the place of the one that serves
    #[command(name = "swap-back", after_help = "Example:\n  helmstream projection swap-back run")]
    SwapBack {
        #[arg(value_name = "VIEW")]
        view: String,
    },
    /// Drop what of a view does not serve: what is being built, and what stands by
    #[command(after_help = "Example:\n  helmstream projection drop run")]
    Drop {
        #[arg(value_name = "VIEW")]
        view: String,
    },
    /// What views could not apply
    #[command(subcommand)]
    Park(ParkCommand),
    /// Apply what was parked, in the order of the log, once what kept it from it is mended
    #[command(after_help = "\
What still cannot be applied stays parked, with today's reason, and so does what follows it; then
this ends with 4.

Example:
  helmstream projection redrive run")]
    Redrive {
        #[arg(value_name = "VIEW")]
        view: String,
    },
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum ParkCommand {
    /// List parked records with their reasons, in the order of the log
    #[command(after_help = "\
Examples:
  helmstream projection park list
  helmstream projection park list run -o ndjson | jq .subject")]
    List {
        /// Of this view only
        #[arg(value_name = "VIEW")]
        view: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
        limit: u32,
    },
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: ProjectionCommand,
) -> Result<Ending> {
    match command {
        ProjectionCommand::List => list(client, screen).await,
        ProjectionCommand::Rebuild { view } => rebuild::rebuild(client, screen, view).await,
        ProjectionCommand::SwapBack { view } => {
            let request = SwapRequest { view, edition: None };
            rebuild::tell(screen, &client.projection_swap(request).await?)
        }
        ProjectionCommand::Drop { view } => drop_editions(client, screen, view).await,
        ProjectionCommand::Park(ParkCommand::List { view, limit }) => {
            parked(client, screen, ParkedRequest { view, limit }).await
        }
        ProjectionCommand::Redrive { view } => redrive(client, screen, view).await,
    }
}

async fn list(client: &impl Client, screen: &Screen) -> Result<Ending> {
    let answer = client.projection_list().await?;
    if screen.format != Format::Table {
        screen.data(&answer, "projections")?;
        return Ok(Ending::Done);
    }
    let standings = &answer.answer.projections;
    if standings.is_empty() {
        screen
            .print("No view has begun to read. `helmstream serve` runs the services that do.\n")?;
        return Ok(Ending::Done);
    }
    let heads =
        ["VIEW", "EDITION", "STATE", "STREAM", "READ TO", "HEAD", "LAG", "PARKED"].map(Head::Whole);
    screen.print(&table(screen, &heads, standings.iter().map(row).collect()))?;
    Ok(Ending::Done)
}

fn row(standing: &Standing) -> Vec<comfy_table::Cell> {
    let Standing { line, head_seq, lag } = standing;
    let count =
        |count: u64, tone| toned(if count == 0 { Tone::Quiet } else { tone }, count.to_string());
    let state = match line.state {
        EditionState::Serving => Tone::Plain,
        EditionState::Standby => Tone::Quiet,
        EditionState::Building => Tone::Strong,
    };
    vec![
        cell(&line.projection),
        cell(&line.edition),
        toned(state, line.state.word()),
        cell(&line.stream),
        cell(line.read_to_seq.to_string()),
        cell(head_seq.to_string()),
        count(*lag, Tone::Warn),
        count(line.parked, Tone::Bad),
    ]
}

async fn drop_editions(client: &impl Client, screen: &Screen, view: String) -> Result<Ending> {
    let answer = client.projection_drop(ViewRequest { view: view.clone() }).await?;
    if screen.format != Format::Table {
        screen.data(&answer, "dropped")?;
    } else if answer.dropped.is_empty() {
        screen.print(&format!("Of {} there is only what serves.\n", escaped(&view)))?;
    } else {
        let names: Vec<&str> = answer.dropped.iter().map(|held| &*held.edition).collect();
        screen.print(&format!("dropped {}\n", escaped(&names.join(", "))))?;
    }
    Ok(Ending::Done)
}

async fn parked(client: &impl Client, screen: &Screen, request: ParkedRequest) -> Result<Ending> {
    let limit = request.limit as usize;
    let answer = client.projection_parked(request).await?;
    if screen.format != Format::Table {
        screen.data(&answer, "parked")?;
        return Ok(Ending::Done);
    }
    if answer.parked.is_empty() {
        screen.print("Nothing is parked.\n")?;
        return Ok(Ending::Done);
    }
    let heads = [
        Head::Whole("VIEW"),
        Head::Whole("STREAM"),
        Head::Whole("POSITION"),
        Head::Whole("SUBJECT"),
        Head::Spare("RECORDED"),
        Head::Wraps("REASON"),
    ];
    let row = |line: &ParkedLine| {
        vec![
            cell(&line.projection),
            cell(&line.stream),
            cell(line.sequence.to_string()),
            cell(&line.subject),
            cell(when::short_and_age(line.recorded_at, screen.now)),
            cell(&line.reason),
        ]
    };
    screen.print(&table(screen, &heads, answer.parked.iter().map(row).collect()))?;
    if answer.parked.len() == limit {
        screen.print("there may be more: --limit\n")?;
    }
    Ok(Ending::Done)
}

async fn redrive(client: &impl Client, screen: &Screen, view: String) -> Result<Ending> {
    let answer = client.projection_redrive(ViewRequest { view }).await?;
    let stays = answer.editions.iter().any(|mended| mended.redriven.parked > 0);
    let ending = if stays { Ending::Refused } else { Ending::Done };
    if screen.format != Format::Table {
        screen.data(&answer, "editions")?;
        return Ok(ending);
    }
    for mended in &answer.editions {
        screen.print(&format!(
            "{}: {} applied, {} stay parked\n",
            mended.edition.edition, mended.redriven.applied, mended.redriven.parked
        ))?;
    }
    if stays {
        screen.print("`helmstream projection park list` says why\n")?;
    }
    Ok(ending)
}
