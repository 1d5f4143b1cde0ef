//! `helmstream service`: what services there are and what each does, as this program would run them.
//! It asks nobody: no plane is needed, and none is looked at.

use anyhow::Result;
use serde::Serialize;

use super::{
    ending::Ending,
    output::{Format, Screen},
    table::{Head, cell, table},
};
use crate::{
    serve,
    service::{Does, Service},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum ServiceCommand {
    /// What services there are, and what each decides, projects and reacts to
    #[command(after_help = "\
What is told is what `helmstream serve` of this version runs. A service comes in as the user of its
name at NATS, and as the role of its name at Postgres. Whether each runs and is well is a matter of
metrics.

Examples:
  helmstream service list
  helmstream service list -o json | jq -r '.services[] | select(.decides[] == \"run\").durables[]'")]
    List,
}

/// All services.
#[derive(Debug, Serialize)]
struct Listed {
    services: Vec<Told>,
}

/// What a service is.
#[derive(Debug, Serialize)]
struct Told {
    service: &'static str,
    /// Contexts.
    decides: Vec<&'static str>,
    projects: Vec<View>,
    /// Contexts whose events it asks others for something by.
    reacts_to: Vec<&'static str>,
    /// Contexts whose deadlines it keeps.
    keeps_deadlines_of: Vec<&'static str>,
    /// What else it does.
    also: Vec<&'static str>,
    nats_user: &'static str,
    postgres_role: &'static str,
    durables: Vec<DurableTold>,
}

#[derive(Debug, Serialize)]
struct View {
    view: &'static str,
    stream: &'static str,
}

#[derive(Debug, Serialize)]
struct DurableTold {
    durable: String,
    stream: &'static str,
}

impl Told {
    fn of(service: &Service) -> Self {
        let name = service.name;
        let mut told = Self {
            service: name,
            decides: Vec::new(),
            projects: Vec::new(),
            reacts_to: Vec::new(),
            keeps_deadlines_of: Vec::new(),
            also: Vec::new(),
            nats_user: name,
            postgres_role: name,
            durables: Vec::new(),
        };
        for does in service.does() {
            match does {
                Does::Decides(context) => told.decides.push(context.name()),
                Does::Projects { view, stream } => told.projects.push(View { view, stream }),
                Does::Reacts(from) => told.reacts_to.push(from.name()),
                Does::TakesDeadlines(context) => told.keeps_deadlines_of.push(context.name()),
                // The other half of keeping them.
                Does::SweepsDeadlines(_) => {}
                Does::Admits => told.also.push("admits what lies in INBOX"),
                Does::Retries => told.also.push("publishes dead letters again"),
                Does::Tells => told.also.push("tells others as CDEvents"),
                Does::Serves => told.also.push("answers over HTTP"),
            }
            let durables = does.durables(name).into_iter();
            told.durables.extend(
                durables.map(|held| DurableTold { durable: held.name, stream: held.stream }),
            );
        }
        told
    }
}

pub(super) fn answer(screen: &Screen, command: &ServiceCommand) -> Result<Ending> {
    let ServiceCommand::List = command;
    let listed = Listed { services: serve::services().iter().map(Told::of).collect() };
    if screen.format != Format::Table {
        screen.data(&listed, "services")?;
        return Ok(Ending::Done);
    }
    let heads = [
        Head::Whole("SERVICE"),
        Head::Whole("DECIDES"),
        Head::Wraps("PROJECTS"),
        Head::Whole("REACTS TO"),
        Head::Wraps("ALSO"),
        Head::Wraps("DURABLES"),
    ];
    screen.print(&table(screen, &heads, listed.services.iter().map(row).collect()))?;
    Ok(Ending::Done)
}

fn row(told: &Told) -> Vec<comfy_table::Cell> {
    let deadlines = told.keeps_deadlines_of.iter().map(|of| format!("keeps deadlines of {of}"));
    let also = told.also.iter().map(|&also| also.to_owned()).chain(deadlines);
    let projects =
        told.projects.iter().map(|View { view, stream }| format!("{view} from {stream}"));
    let durables = told.durables.iter().map(|held| held.durable.clone());
    vec![
        cell(told.service),
        cell(told.decides.join(", ")),
        cell(projects.collect::<Vec<_>>().join(", ")),
        cell(told.reacts_to.join(", ")),
        cell(also.collect::<Vec<_>>().join(", ")),
        cell(durables.collect::<Vec<_>>().join(" ")),
    ]
}
