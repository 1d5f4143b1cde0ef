//! `helmstream deployment`: what is deployed where, what was before, and what takes its place.

mod entries;
mod page;
mod register;
mod release;

use anyhow::Result;
use helmstream_core::emit::registry_entry;
use helmstream_projections::{
    deployment::Standing,
    questions::{
        cursor::Cursor,
        deployment::{UnitLine, UnitShown},
        order::Order,
    },
};
use helmstream_schemas::{Expected, Timestamp, deployment::Unit};
use serde_json::{Value, json};

use super::{
    asked::ask,
    at::AtArg,
    ending::Ending,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, further, table, toned},
    when,
};
use crate::client::{
    Answer, Client, ask as asks,
    deployment::{ListRequest, ShowRequest, Shown},
    direct::OPERATOR,
    limits::{LIST_ROWS, LIST_ROWS_MAX},
};

/// What answers.
const VIEW: &str = "deployment";

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeploymentCommand {
    /// List units, those in which something was deployed last first
    #[command(after_help = "\
A unit is what is deployed where: domain/environment/name. It is active, retired, or never: listed by
its own registry, with no deployment ever told.
With -o registry it is FABER's registry of deployments, with everything that is active.

Examples:
  helmstream deployment list
  helmstream deployment list --environment production --standing active
  helmstream deployment list --sort id
  helmstream deployment list --at 2026-01-31 -o registry
  helmstream deployment list --domain infrastructure -o registry")]
    List {
        /// Only of this domain, such as infrastructure
        #[arg(long, value_name = "DOMAIN")]
        domain: Option<String>,
        /// Only of this environment, such as prod
        #[arg(long, value_name = "ENVIRONMENT")]
        environment: Option<String>,
        /// Only those that stand like this
        #[arg(long, value_name = "STANDING", value_parser = standing)]
        standing: Option<Standing>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
        limit: u32,
        /// By which field, the smallest first; with `-` before it the greatest first: deployed_seq (the usual one, downwards), id, domain, environment
        #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
        sort: Option<Order<UnitLine>>,
        /// What follows on the page before: its list says where it ended
        #[arg(long, value_name = "END")]
        before: Option<Cursor>,
        #[command(flatten)]
        at: AtArg,
    },
    /// Show what is deployed in a unit
    #[command(after_help = "\
Examples:
  helmstream deployment show infrastructure/prod/shop
  helmstream deployment show deploy-0c7a1f
  helmstream deployment show infrastructure/prod/shop -o registry")]
    Show {
        /// A unit's id (domain/environment/name), or a deployment's
        #[arg(value_name = "UNIT|DEPLOYMENT")]
        name: String,
        #[command(flatten)]
        at: AtArg,
    },
    /// Show every deployment of a unit, the youngest first
    #[command(after_help = "Example:\n  helmstream deployment history infrastructure/prod/shop")]
    History {
        /// A unit's id (domain/environment/name), or a deployment's
        #[arg(value_name = "UNIT|DEPLOYMENT")]
        name: String,
        #[command(flatten)]
        at: AtArg,
    },
    /// Register what was deployed, from FABER's registry or from the command line
    #[command(after_help = register::AFTER_HELP)]
    Register(Box<register::RegisterArgs>),
    /// Say that a unit is deployed no more
    #[command(
        after_help = "Example:\n  helmstream deployment retire infrastructure/test/shop --reason 'moved away'"
    )]
    Retire {
        /// The unit's id: domain/environment/name
        #[arg(value_name = "UNIT", value_parser = unit)]
        unit: Unit,
        /// Why, in a sentence
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Only if it is at this revision, which `show -o json` tells; `*` if it is there at all
        #[arg(long, value_name = "REVISION")]
        if_revision: Option<Expected>,
        /// Say it as this user of the plane, with its credentials
        #[arg(long = "as", value_name = "USER", default_value = OPERATOR)]
        publisher: String,
    },
}

impl DeploymentCommand {
    /// The user that it publishes as.
    pub(super) fn publisher(&self) -> &str {
        match self {
            Self::Register(args) => &args.publisher,
            Self::Retire { publisher, .. } => publisher,
            Self::List { .. } | Self::Show { .. } | Self::History { .. } => OPERATOR,
        }
    }

    /// Whether its answer can be written as FABER's registry.
    pub(super) const fn has_registry(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show { .. })
    }
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: DeploymentCommand,
) -> Result<Ending> {
    match command {
        DeploymentCommand::List { domain, environment, standing, limit, sort, before, at } => {
            let at = at.asked(client).await?;
            let sequence = at.sequence();
            let request =
                ListRequest { domain, environment, standing, limit, sort, before, at: sequence };
            at.ready(client, screen, VIEW).await?;
            list(client, &at.screen(screen), request).await?;
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
        DeploymentCommand::Show { name, at } => {
            let at = at.asked(client).await?;
            let screen = &at.screen(screen);
            let answer = client.deployment_show(ShowRequest { name, at: at.sequence() }).await?;
            match screen.format {
                Format::Table => screen.print(&page::page(screen, &answer))?,
                Format::Registry => screen.data(&of_unit(&answer.answer.unit), "")?,
                _ => screen.data(&answer, "")?,
            }
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
        DeploymentCommand::History { name, at } => {
            let at = at.asked(client).await?;
            let screen = &at.screen(screen);
            let answer = client.deployment_show(ShowRequest { name, at: at.sequence() }).await?;
            match screen.format {
                Format::Table => screen.print(&page::history(screen, &answer.answer))?,
                _ => screen.data(&chain(&answer), "chain")?,
            }
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
        DeploymentCommand::Register(args) => register::register(client, screen, *args).await,
        DeploymentCommand::Retire { unit, reason, if_revision, .. } => {
            let unit = unit.id_text();
            let data = json!({ "unit": unit, "reason": reason });
            let kind = "helmstream.deployment.retire.v1";
            let told = ask(client, asks::anew_if(kind, &data, if_revision.as_ref())).await?;
            told.finish(screen, |_| format!("retired: {unit}"))
        }
    }
}

async fn list(client: &impl Client, screen: &Screen, request: ListRequest) -> Result<()> {
    if screen.format == Format::Registry {
        let entries = active(client, request).await?;
        return screen.data(&json!({ "deployments": entries }), "");
    }
    let ListRequest { limit, sort, at, .. } = request;
    let is_filtered = request != ListRequest { limit, sort, at, ..ListRequest::default() };
    let is_past = at.is_some();
    let answer = client.deployment_list(request).await?;
    if screen.format != Format::Table {
        return screen.data(&answer, "units");
    }
    let units = &answer.answer.units;
    if units.is_empty() {
        return screen.print(match is_filtered {
            true => "No such units. `helmstream deployment list` without filters shows all.\n",
            false if is_past => "Nothing was deployed yet, then.\n",
            false => "Nothing is deployed yet. Releases register what they deploy; `helmstream deployment register --help` does it by hand.\n",
        });
    }
    let heads = [
        Head::Whole("UNIT"),
        Head::Whole("STANDING"),
        Head::Spare("DEPLOYED"),
        Head::Spare("RESOURCES"),
        Head::Spare("BY"),
        Head::Wraps("DEPLOYMENT"),
    ];
    let rows = units.iter().map(|unit| row(unit, screen.now)).collect();
    screen.print(&table(screen, &heads, rows))?;
    screen.print(&further(sort, answer.answer.next.as_ref()))?;
    Ok(())
}

/// Everything that is active and fits, as entries of a registry; all pages of it.
pub(super) async fn active(client: &impl Client, mut request: ListRequest) -> Result<Vec<Value>> {
    request.standing = request.standing.or(Some(Standing::Active));
    request.limit = u32::try_from(LIST_ROWS_MAX).unwrap_or(u32::MAX);
    let mut entries = Vec::new();
    loop {
        let page = client.deployment_list(request.clone()).await?.answer;
        entries.extend(page.units.iter().filter_map(entry));
        request.before = page.next;
        if request.before.is_none() {
            // Lists are youngest first unless it is said otherwise, and a registry grows at its end.
            if request.sort.is_none() {
                entries.reverse();
            }
            return Ok(entries);
        }
    }
}

/// The deployments of a unit and no more; what else there is `show` tells.
fn chain(answer: &Answer<Shown>) -> Value {
    let Answer { as_of_seq, answer: Shown { unit: UnitShown { line, chain, .. }, .. } } = answer;
    json!({ "as_of_seq": as_of_seq, "unit": line.id, "standing": line.standing, "chain": chain })
}

/// What is active in a unit, as a registry.
fn of_unit(unit: &UnitShown) -> Value {
    json!({ "deployments": entry(&unit.line).into_iter().collect::<Vec<_>>() })
}

fn entry(line: &UnitLine) -> Option<Value> {
    let (unit, current) = (line.state.unit.as_ref()?, line.state.current.as_ref()?);
    let is_active = line.standing == Standing::Active;
    is_active.then(|| registry_entry(unit, &current.deployment, current.told_at))
}

fn row(unit: &UnitLine, now: Timestamp) -> Vec<comfy_table::Cell> {
    let current = unit.state.current.as_ref();
    let by = current
        .map(|current| current.deployment.deployed_by.as_deref().unwrap_or(current.by.id.as_str()));
    vec![
        cell(unit.id.as_str()),
        toned(tone_of(unit.standing), unit.standing.word()),
        cell(current.map(|current| when::short_and_age(current.since, now)).unwrap_or_default()),
        cell(unit.state.resources().len().to_string()),
        cell(by.unwrap_or_default()),
        cell(current.map(|current| current.deployment.id.as_str()).unwrap_or_default()),
    ]
}

fn tone_of(standing: Standing) -> Tone {
    match standing {
        Standing::Active => Tone::Good,
        Standing::Retired => Tone::Quiet,
        Standing::Never => Tone::Warn,
    }
}

fn standing(word: &str) -> Result<Standing, String> {
    let known = || Standing::ALL.map(Standing::word).join(", ");
    Standing::named(word).ok_or_else(|| format!("a unit is one of {}", known()))
}

fn unit(text: &str) -> Result<Unit, String> {
    Unit::of_id(text)
        .ok_or_else(|| "a unit is domain/environment/name, such as app/prod/shop".to_owned())
}
