//! `helmstream doctor`: what was found on a plane that was looked over, the worst first, each with what
//! to do.

use std::{path::Path, time::Duration};

use anyhow::Result;
use helmstream_schemas::Timestamp;
use serde::Serialize;

use super::{
    ending::Ending,
    escape::escaped,
    output::{Format, Screen},
    page::{Page, Tone},
    place, when,
};
use crate::{
    amounts::counted,
    doctor::{
        Finding, Severity, examine,
        gather::{Manner, gather},
        worst,
    },
};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
It comes as the plane's user `operator`, reads the plane's directory, and changes nothing. When NATS or
Postgres is away it says so and looks at the rest.

Exit codes: 0 nothing to do, 8 something is to be done, 9 something is wrong that somebody has to see
to, 69 NATS or Postgres could not be looked at.

Examples:
  helmstream doctor
  helmstream doctor --all --accept-power-loss
  helmstream doctor -o json | jq '.findings[] | select(.severity == \"wrong\")'")]
pub(super) struct DoctorArgs {
    /// Tell as well what is as it should be
    #[arg(long)]
    all: bool,
    /// That an acknowledged event can be lost with the power of one machine is accepted
    #[arg(long)]
    accept_power_loss: bool,
    /// Come in as each user of nats/permissions and see that it is denied what no file allows; the
    /// server logs each denial
    #[arg(long)]
    try_users: bool,
}

/// What was found, as data.
#[derive(Serialize)]
struct Told<'a> {
    looked_at: Timestamp,
    worst: Severity,
    findings: &'a [Finding],
}

pub(super) async fn answer(
    screen: &Screen,
    plane: Option<&Path>,
    args: &DoctorArgs,
    patience: Duration,
) -> Result<Ending> {
    let plane = place::open(plane)?;
    let manner = Manner {
        accepts_power_loss: args.accept_power_loss,
        tries_users: args.try_users,
        patience,
    };
    let facts = gather(&plane, manner).await;
    let findings = examine(&facts);
    let worst = worst(&findings);
    match screen.format {
        Format::Table => screen.print(&page(screen, &findings, facts.now, args.all))?,
        _ => screen.data(&Told { looked_at: facts.now, worst, findings: &findings }, "findings")?,
    }
    Ok(match worst {
        _ if facts.nats.is_err() || facts.postgres.is_err() => Ending::Away,
        Severity::Fine | Severity::Note => Ending::Done,
        Severity::Warning => Ending::ToDo,
        Severity::Wrong => Ending::Wrong,
    })
}

fn page(screen: &Screen, findings: &[Finding], now: Timestamp, all: bool) -> String {
    let mut page = Page::new(screen.ink);
    let mut sorted: Vec<&Finding> =
        findings.iter().filter(|finding| all || finding.severity > Severity::Fine).collect();
    // The worst first; among equals as they were looked at.
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in sorted {
        let (word, tone) = match finding.severity {
            Severity::Fine => ("fine", Tone::Good),
            Severity::Note => ("note", Tone::Quiet),
            Severity::Warning => ("warning", Tone::Warn),
            Severity::Wrong => ("wrong", Tone::Bad),
        };
        let word = screen.ink.paint(tone, &format!("{word:<9}"));
        page.line(format!("{word}{:<13}{}", finding.check, escaped(&finding.what)));
        if let Some(what) = &finding.what_to_do {
            page.line(format!("{:22}to do: {}", "", escaped(what)));
        }
        if let Some(runbook) = finding.runbook.filter(|_| finding.severity > Severity::Note) {
            page.line(format!("{:22}docs/runbooks/{runbook}", ""));
        }
    }
    let count =
        |severity| findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    page.line(format!(
        "{}: {} wrong, {}, {}, {} fine",
        when::instant(now),
        count(Severity::Wrong),
        counted(count(Severity::Warning), "warning"),
        counted(count(Severity::Note), "note"),
        count(Severity::Fine)
    ));
    page.finish()
}
