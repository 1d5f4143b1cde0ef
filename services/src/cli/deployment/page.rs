//! One unit for people: how it stands, what is deployed in it, of what it consists, and what was
//! there before.

use std::collections::BTreeMap;

use helmstream_projections::deployment::{Link, Standing};
use helmstream_schemas::deployment::{Monitoring, Resource, Source};
use serde_json::Value;

use super::{
    super::{
        escape::escaped,
        output::Screen,
        page::{Page, Tone},
        table::{Head, cell, table, toned},
        when,
    },
    tone_of,
};
use crate::{
    amounts::counted,
    client::{Answer, deployment::Shown},
};

/// The page of a unit.
pub(super) fn page(screen: &Screen, answer: &Answer<Shown>) -> String {
    let Shown { unit, asked, people } = &answer.answer;
    let mut page = Page::new(screen.ink);
    let standing = screen.ink.paint(tone_of(unit.line.standing), unit.line.standing.word());
    let id = screen.ink.paint(Tone::Strong, &escaped(unit.line.id.as_str()));
    page.line(format!("{id}  {standing}"));
    if let Some(told) = &unit.line.state.unit {
        // As written, where that is not how it counts.
        let texts = [&told.domain_text, &told.environment_text].into_iter().zip(told.key_words());
        let other = texts.filter_map(|(text, word)| text.as_ref().filter(|text| **text != word));
        let written: Vec<_> = other.map(|text| escaped(text)).collect();
        page.field("written", written.join(", "));
    }
    let is_meant = |link: &&Link| asked.as_ref().is_none_or(|id| *id == link.told.deployment.id);
    match unit.chain.iter().find(is_meant) {
        Some(link) => deployment(&mut page, screen, link, people),
        None => page.line("  no deployment of it was ever told; it is only listed"),
    }
    let is_old = asked.is_some() && unit.chain.first().is_none_or(|link| !is_meant(&link));
    let of_link = unit.chain.iter().find(is_meant).map(|link| &link.told.deployment.resources);
    let resources = match of_link {
        Some(of_link) if is_old => of_link,
        _ => unit.line.state.resources(),
    };
    self::resources(&mut page, resources);
    page.empty();
    let count = unit.chain.len();
    let more = match count {
        0 | 1 => String::new(),
        _ => format!("; all {count} deployments: helmstream deployment history {}", unit.line.id),
    };
    let end = format!("as of event {}{}", answer.as_of_seq, escaped(&more));
    page.line(screen.ink.paint(Tone::Quiet, &end));
    page.finish()
}

fn deployment(page: &mut Page, screen: &Screen, link: &Link, people: &BTreeMap<String, String>) {
    let (told, deployment) = (&link.told, &link.told.deployment);
    let text = |text: &Option<String>| escaped(text.as_deref().unwrap_or_default()).into_owned();
    page.field("deployment", escaped(&deployment.id));
    let deployed = match &deployment.deployed_text {
        Some(text) => format!(
            "`{}` as written, which is no instant; told {}",
            escaped(text),
            when::instant_and_age(told.told_at, screen.now)
        ),
        None => when::instant_and_age(told.since, screen.now),
    };
    page.field("deployed", deployed);
    if let Some(at) = deployment.deployed_at.filter(|at| *at > told.told_at) {
        let said = format!("it says {}, after it was told", when::instant(at));
        page.field("", page.ink.paint(Tone::Warn, &said));
    }
    page.field("by", person(deployment.deployed_by.as_deref(), people));
    let source = match told.source {
        Source::Registry => "by the registry",
        Source::Run => "by its run",
        Source::Asked => "by hand",
    };
    page.field("told", format!("{source}, {} [{}]", escaped(&told.by.id), told.sequence));
    page.field("run", escaped(deployment.run.as_ref().map(|run| run.as_str()).unwrap_or_default()));
    page.field("work item", text(&deployment.work_item));
    page.field("faber plugin", text(&deployment.faber_plugin));
    page.field("helm plugin", text(&deployment.helm_plugin));
    page.field("supersedes", text(&link.supersedes));
    page.field("superseded", text(&link.superseded_by));
    if let Some(retired) = &link.retired {
        let why = retired.reason.as_deref().map(|why| format!(": {}", escaped(why)));
        let at = when::instant_and_age(retired.at, screen.now);
        let by = escaped(&retired.by.id);
        page.field("retired", format!("{at}, by {by}{}", why.unwrap_or_default()));
    }
    page.field("monitoring", deployment.monitoring.as_ref().map(watched).unwrap_or_default());
    // The resources as written are those below.
    for (key, value) in deployment.rest.iter().filter(|(key, _)| *key != "resources") {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let shown: String = value.chars().take(REST_CHARS_MAX).collect();
        let cut = if shown.len() < value.len() { " …" } else { "" };
        page.field(&escaped(key), format!("{}{cut}", escaped(&shown)));
    }
}

/// How much of what else a source wrote is shown: about a line.
const REST_CHARS_MAX: usize = 80;

fn watched(monitoring: &Monitoring) -> String {
    let Monitoring { enabled, interval_text, alert_channels, helm_manager, .. } = monitoring;
    if !enabled {
        return "not wanted".to_owned();
    }
    let every = interval_text.as_ref().map(|every| format!("every {}", escaped(every)));
    let by = helm_manager.as_ref().map(|by| format!("by {}", escaped(by)));
    let channels: Vec<_> = alert_channels.iter().map(|channel| escaped(channel)).collect();
    let to = (!channels.is_empty()).then(|| format!("alerts to {}", channels.join(", ")));
    let said: Vec<String> = [every, by, to].into_iter().flatten().collect();
    if said.is_empty() { "wanted".to_owned() } else { format!("wanted {}", said.join(", ")) }
}

fn resources(page: &mut Page, resources: &[Resource]) {
    if resources.is_empty() {
        return;
    }
    page.head(&counted(resources.len() as u64, "resource"));
    for Resource { kind, name, arn, url } in resources {
        let named = [name, arn, url].into_iter().flatten().map(|text| escaped(text));
        page.line(format!("  {:<12}{}", escaped(kind), named.collect::<Vec<_>>().join("  ")));
    }
}

/// Every deployment of a unit.
pub(super) fn history(screen: &Screen, shown: &Shown) -> String {
    let chain = &shown.unit.chain;
    if chain.is_empty() {
        return format!(
            "No deployment of {} was ever told; it is only listed.\n",
            escaped(shown.unit.line.id.as_str())
        );
    }
    let heads = [
        Head::Whole("DEPLOYMENT"),
        Head::Whole("DEPLOYED"),
        Head::Whole("STANDING"),
        Head::Spare("BY"),
        Head::Spare("EVENT"),
        Head::Wraps("RUN"),
    ];
    let row = |link: &Link| {
        let told = &link.told;
        let (tone, standing) = match (&link.superseded_by, &link.retired) {
            (_, Some(retired)) => (
                tone_of(Standing::Retired),
                format!("retired {}", when::age(retired.at, screen.now)),
            ),
            (Some(by), None) => (Tone::Quiet, format!("until {by}")),
            (None, None) => (tone_of(Standing::Active), "active".to_owned()),
        };
        let by = told.deployment.deployed_by.as_deref();
        vec![
            cell(&told.deployment.id),
            cell(when::short_and_age(told.since, screen.now)),
            toned(tone, standing),
            cell(by.map_or(told.by.id.as_str(), |by| shown.people.get(by).map_or(by, |name| name))),
            cell(told.sequence.to_string()),
            cell(told.deployment.run.as_ref().map(|run| run.as_str()).unwrap_or_default()),
        ]
    };
    table(screen, &heads, chain.iter().map(row).collect())
}

fn person(id: Option<&str>, people: &BTreeMap<String, String>) -> String {
    match id.map(|id| (id, people.get(id))) {
        Some((id, Some(name))) => format!("{} ({})", escaped(name), escaped(id)),
        Some((id, None)) => escaped(id).into_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
