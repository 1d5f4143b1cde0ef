//! `helmstream projection`: where every view stands.

use anyhow::Result;

use super::{
    ending::Ending,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, table, toned},
};
use crate::client::{Client, projection::Standing};

#[derive(Debug, clap::Subcommand)]
pub(super) enum ProjectionCommand {
    /// Where every view stands on every stream it reads, and how far behind
    #[command(after_help = "\
LAG is how many records of the stream the view has not read yet; PARKED is how many it could not
apply, and what waits behind them.

Examples:
  helmstream projection list
  helmstream projection list -o json | jq '.projections[] | select(.lag > 0)'")]
    List,
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: ProjectionCommand,
) -> Result<Ending> {
    let ProjectionCommand::List = command;
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
    let heads = ["VIEW", "VERSION", "STREAM", "READ TO", "HEAD", "LAG", "PARKED"].map(Head::Whole);
    screen.print(&table(screen, &heads, standings.iter().map(row).collect()))?;
    Ok(Ending::Done)
}

fn row(standing: &Standing) -> Vec<comfy_table::Cell> {
    let Standing { line, head_seq, lag } = standing;
    let count =
        |count: u64, tone| toned(if count == 0 { Tone::Quiet } else { tone }, count.to_string());
    vec![
        cell(&line.projection),
        cell(line.version.to_string()),
        cell(&line.stream),
        cell(line.read_to_seq.to_string()),
        cell(head_seq.to_string()),
        count(*lag, Tone::Warn),
        count(line.parked, Tone::Bad),
    ]
}
