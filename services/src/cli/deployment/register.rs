//! `helmstream deployment register`: entries of FABER's registry, each an ask of the door, and what
//! became of each. The same entry again is a repeat and changes nothing.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use helmstream_schemas::outcome::Outcome;
use serde_json::{Value, json};

use super::{
    super::{
        asked::duration,
        ending::Ending,
        escape::escaped,
        output::{Format, Screen},
        page::Tone,
        when,
    },
    entries::{self, Flags},
    release::{self, Release},
};
use crate::{
    amounts::counted,
    client::{Client, Code, Failure, ask, direct::OPERATOR, publish::Settled},
};

/// The type of the ask.
const KIND: &str = "helmstream.deployment.register.v1";

pub(super) const AFTER_HELP: &str = "\
FILE is one entry as FABER's registry of deployments has them, a list of entries, or a whole registry.
Whatever is registered already is told as known, so this can be repeated.

A project's --config is asked first: `register_deployment = false` registers nothing. Nothing is
watched yet, so a health check answers UNKNOWN; where that is to fail a release, the exit code is 6.

Examples:
  helmstream deployment register .fractary/registry/deployments.json
  helmstream deployment register - --as faber
  helmstream deployment register --domain app --environment prod --name shop --run acme/shop-42
  helmstream deployment register --domain infra --environment test --name shop --id deploy-7 --resource lambda=checkout,arn=arn:x --interval 5m --channel duty
  helmstream deployment register entry.json --config .faber.config.toml";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RegisterArgs {
    /// File with deployments as JSON, or `-` for standard input
    #[arg(value_name = "FILE", required_unless_present = "domain", conflicts_with = "domain")]
    file: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// Settings of the project's releases, `.faber.config.toml`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Look at the health of what was deployed
    #[arg(long)]
    health_check: bool,
    /// For how long its first health is waited for, such as 5m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_check_timeout: Option<Duration>,
    /// What to do if it is not healthy: `fail`; anything else warns
    #[arg(long, value_name = "WORD")]
    on_health_check_failure: Option<String>,
    /// Register as this user of the plane, with its credentials
    #[arg(long = "as", value_name = "USER", default_value = OPERATOR)]
    pub(super) publisher: String,
}

pub(super) async fn register(
    client: &impl Client,
    screen: &Screen,
    args: RegisterArgs,
) -> Result<Ending> {
    let release = wanted(&args)?;
    if !release.register {
        let said = "register_deployment is false: nothing was registered";
        match screen.format {
            Format::Table => screen.print(&format!("{said}\n"))?,
            _ => screen.data(&json!({ "deployments": [], "said": said }), "")?,
        }
        return Ok(Ending::Done);
    }
    let entries = match (args.flags.entry(), &args.file) {
        (Some(entry), _) => vec![entry?],
        // A terminal or a pipe cannot be interrupted while it is read.
        (None, Some(file)) => {
            let file = file.clone();
            tokio::task::spawn_blocking(move || entries::read(&file)).await??
        }
        (None, None) => Vec::new(),
    };
    let mut told = Vec::with_capacity(entries.len());
    for entry in &entries {
        let became = match client.publish(ask::once(KIND, entry)).await {
            Ok(receipt) => Ok(client.settle(receipt).await?),
            Err(failure) if failure.code == Code::Input => Err(failure),
            Err(failure) => return Err(failure.into()),
        };
        if screen.format == Format::Table {
            screen.print(&line(screen, &named(entry), &became))?;
        }
        told.push((named(entry), became));
    }
    let registered = ending(&told);
    let health = release.health_check.then(|| unknown_health(&release));
    match screen.format {
        Format::Table => {
            match entries.len() {
                0 => screen.print("there is no deployment in the input\n")?,
                1 => {}
                count => {
                    screen.print(&format!("{} told\n", counted(count as u64, "deployment")))?
                }
            }
            if let (Some(health), false) = (&health, entries.is_empty()) {
                screen.print(&format!("health: {}\n", screen.ink.paint(Tone::Warn, health)))?;
            }
        }
        _ => {
            let mut data = json!({ "deployments": data(&told)? });
            if let Some(reason) = &health {
                data["health"] = json!({ "status": "UNKNOWN", "reason": reason });
            }
            screen.data(&data, "deployments")?;
        }
    }
    let fails = health.is_some() && release.fails && !entries.is_empty();
    Ok(if registered == Ending::Done && fails { Ending::HealthUnknown } else { registered })
}

/// What the project's settings want; what stands on the command line goes before them.
fn wanted(args: &RegisterArgs) -> Result<Release, Failure> {
    let mut release = args.config.as_deref().map(release::read).transpose()?.unwrap_or_default();
    release.health_check |= args.health_check;
    release.timeout = args.health_check_timeout.or(release.timeout);
    if let Some(word) = &args.on_health_check_failure {
        release.fails = release::is_fail(word);
    }
    Ok(release)
}

/// Whatever cannot be known is never healthy.
fn unknown_health(release: &Release) -> String {
    let waited = match release.timeout {
        Some(timeout) => format!("; {} were not spent waiting", when::span(timeout)),
        None => String::new(),
    };
    format!("UNKNOWN: nothing watches deployments yet{waited}")
}

/// What an entry is called when it is told.
fn named(entry: &Value) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let name = text("id").or_else(|| text("unit")).or_else(|| text("name"));
    name.unwrap_or("a deployment without a name").chars().take(NAME_CHARS_MAX).collect()
}

/// How much of a name is shown: an ARN fits.
const NAME_CHARS_MAX: usize = 160;

type Became = Result<Settled, Failure>;

fn line(screen: &Screen, name: &str, became: &Became) -> String {
    let name = escaped(name);
    let word = |tone, word: &str| screen.ink.paint(tone, word);
    let settled = match became {
        Err(failure) => {
            return format!("{} {name}: {}\n", word(Tone::Bad, "not taken:"), failure.detail);
        }
        Ok(settled) => settled,
    };
    let inbox = settled.receipt.inbox_sequence;
    let said = match settled.counted() {
        None => format!(
            "{} {name}: it lies in INBOX; helmstream outcome {inbox}",
            word(Tone::Warn, "unknown yet:")
        ),
        Some(Outcome::Event { sequence, aggregate, .. }) => format!(
            "{} {name} in {}, event {sequence}",
            word(Tone::Good, "registered:"),
            escaped(aggregate)
        ),
        Some(Outcome::Unchanged { aggregate, .. }) => {
            format!("{} {name} in {}", word(Tone::Quiet, "known:"), escaped(aggregate))
        }
        Some(Outcome::DuplicateOf { first_inbox_sequence }) => {
            format!("{} {name}, as INBOX {first_inbox_sequence}", word(Tone::Quiet, "known:"))
        }
        Some(Outcome::ExternalFact { sequence, .. }) => {
            format!("{} {name}, event {sequence}", word(Tone::Warn, "kept as an external fact:"))
        }
        Some(Outcome::Refused { reason, detail, .. }) => format!(
            "{} {name} ({}): {}",
            word(Tone::Bad, "refused:"),
            escaped(reason),
            escaped(detail)
        ),
        Some(Outcome::DeadLetter { reason, detail, hint, .. }) => format!(
            "{} {name} ({}): {}\n  {}",
            word(Tone::Bad, "dead letter:"),
            escaped(reason),
            escaped(detail),
            escaped(hint)
        ),
        Some(Outcome::Lost) => {
            format!(
                "{} {name}: it vanished from INBOX; register it again",
                word(Tone::Bad, "lost:")
            )
        }
    };
    said + "\n"
}

fn data(told: &[(String, Became)]) -> Result<Vec<Value>> {
    let each = told.iter().map(|(name, became)| {
        let mut data = match became {
            Ok(settled) => serde_json::to_value(settled)?,
            Err(failure) => json!({ "outcome": "not_taken", "detail": failure.detail }),
        };
        if data.get("outcome").is_none() {
            data["outcome"] = json!("unknown_yet");
        }
        data["deployment"] = json!(name);
        Ok(data)
    });
    each.collect()
}

/// What is known to be wrong is said first.
fn ending(told: &[(String, Became)]) -> Ending {
    let is_bad = |became: &Became| match became {
        Err(_) => true,
        Ok(settled) => matches!(
            settled.counted(),
            Some(Outcome::Refused { .. } | Outcome::DeadLetter { .. } | Outcome::Lost)
        ),
    };
    let is_unknown =
        |became: &Became| became.as_ref().is_ok_and(|settled| settled.counted().is_none());
    if told.iter().any(|(_, became)| is_bad(became)) {
        Ending::Refused
    } else if told.iter().any(|(_, became)| is_unknown(became)) {
        Ending::Unknown
    } else {
        Ending::Done
    }
}
