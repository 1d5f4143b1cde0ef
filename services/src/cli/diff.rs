//! `helmstream diff`: what changed in the views between two moments, row by row.

use anyhow::Result;
use helmstream_projections::views::VIEWS;
use serde_json::Value;

use super::{
    at,
    ending::Ending,
    escape::escaped,
    output::{self, Format, Screen},
    page::{Page, Tone},
    when,
};
use crate::client::{
    Answer, Client,
    diff::{Change, Diff, Kind, Request},
    limits::{LIST_ROWS, LIST_ROWS_MAX},
    past::{Moment, When},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A moment is a position on EVENTS, or a time (RFC 3339, or a date): the last event recorded by then.
What is compared is what the present version of each view says of the events up to both.

Examples:
  helmstream diff --from 100 --to 140
  helmstream diff --from 2026-01-30 --to 2026-01-31 --view run
  helmstream diff --from 100 -o ndjson | jq 'select(.fields.status) | .id'")]
pub(super) struct DiffArgs {
    /// The earlier moment
    #[arg(long, value_name = "POSITION|TIME", value_parser = at::moment)]
    from: When,
    /// The later moment; without it, now
    #[arg(long, value_name = "POSITION|TIME", value_parser = at::moment)]
    to: Option<When>,
    /// Only this view: access, alias, approval, dead_letter, deadline, deployment, run
    #[arg(long, value_name = "VIEW", value_parser = view)]
    view: Option<String>,
    /// How many rows at most; what one event changed is told together
    #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
    limit: u32,
    /// Only what was changed last by events behind this position; the list says where it ended
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    args: DiffArgs,
) -> Result<Ending> {
    let from = client.moment(args.from).await?;
    let to = client.moment(args.to.unwrap_or(When::Time(screen.now))).await?;
    let mut pages = Vec::new();
    for view in keyed().filter(|view| args.view.as_deref().is_none_or(|asked| asked == *view)) {
        if from.sequence <= to.sequence {
            at::ready(client, screen, view, from.sequence).await?;
            at::ready(client, screen, view, to.sequence).await?;
        }
        let request = Request {
            view: view.to_owned(),
            from: from.sequence,
            to: to.sequence,
            after: args.after,
            limit: args.limit,
        };
        pages.push(client.diff(request).await?.answer);
    }
    let (changes, next) = together(pages, args.limit as usize);
    let diff = Diff { from_seq: from.sequence, changes, next };
    if screen.format != Format::Table {
        screen.data(&Answer { as_of_seq: to.sequence, answer: diff }, "changes")?;
        return Ok(Ending::Done);
    }
    screen.print(&page(screen, &diff, &from, &to))?;
    Ok(Ending::Done)
}

/// Pages of several views as one: of each what lies before the first that is cut off in any.
fn together(pages: Vec<Diff>, limit: usize) -> (Vec<Change>, Option<u64>) {
    let complete_to = pages.iter().filter_map(|page| page.next).min();
    let mut changes: Vec<Change> = pages.into_iter().flat_map(|page| page.changes).collect();
    changes.retain(|change| complete_to.is_none_or(|to| change.last_seq <= to));
    changes.sort_by(|one, other| {
        (one.last_seq, &one.view, &one.id).cmp(&(other.last_seq, &other.view, &other.id))
    });
    let Some(last) = changes.get(limit.saturating_sub(1)).map(|change| change.last_seq) else {
        return (changes, complete_to);
    };
    let before = changes.len();
    changes.retain(|change| change.last_seq <= last);
    let is_cut = changes.len() < before || complete_to.is_some();
    (changes, is_cut.then_some(last))
}

fn page(screen: &Screen, diff: &Diff, from: &Moment, to: &Moment) -> String {
    let mut page = Page::new(screen.ink);
    for change in &diff.changes {
        let (tone, word) = match change.change {
            Kind::Added => (Tone::Good, "added"),
            Kind::Changed => (Tone::Plain, "changed"),
        };
        page.line(format!(
            "{:>8}  {} {}  {}",
            change.last_seq,
            change.view,
            page.ink.paint(Tone::Strong, &escaped(&change.id)),
            page.ink.paint(tone, word)
        ));
        for (name, field) in &change.fields {
            let name = page.ink.paint(Tone::Quiet, &escaped(name));
            let said = match change.change {
                Kind::Added if field.after.is_null() => continue,
                Kind::Added => value(&field.after),
                Kind::Changed => format!("{} -> {}", value(&field.before), value(&field.after)),
            };
            page.line(format!("          {name}: {said}"));
        }
    }
    if diff.changes.is_empty() {
        page.line("Nothing changed.");
    }
    if let Some(next) = diff.next {
        page.line(format!("more: --after {next}"));
    }
    let moment = |moment: &Moment| {
        format!("EVENTS {}, recorded {}", moment.sequence, when::instant(moment.recorded_at))
    };
    let foot = format!(
        "from {} to {}: what the present version of each view says of both",
        moment(from),
        moment(to)
    );
    page.line(page.ink.paint(Tone::Quiet, &foot));
    page.finish()
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => escaped(text).into_owned(),
        other => escaped(&output::json(other, false).unwrap_or_default()).into_owned(),
    }
}

fn keyed() -> impl Iterator<Item = &'static str> {
    VIEWS.into_iter().filter(|view| view.key.is_some()).map(|view| view.name)
}

fn view(name: &str) -> Result<String, String> {
    let known = || keyed().collect::<Vec<_>>().join(", ");
    keyed()
        .find(|view| *view == name)
        .map(str::to_owned)
        .ok_or_else(|| format!("a view that can be had as it was is one of {}", known()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(view: &str, positions: &[u64], next: Option<u64>) -> Diff {
        let change = |last_seq: &u64| Change {
            view: view.into(),
            id: "a".into(),
            change: Kind::Added,
            last_seq: *last_seq,
            fields: Default::default(),
        };
        Diff { from_seq: 0, changes: positions.iter().map(change).collect(), next }
    }

    #[test]
    fn pages_of_several_views_are_one_page_without_a_gap() {
        let both = || vec![diff("a", &[3, 5, 9], Some(9)), diff("b", &[4, 5, 12], None)];
        let told = |limit| {
            let (changes, next) = together(both(), limit);
            (changes.iter().map(|change| change.last_seq).collect::<Vec<_>>(), next)
        };
        assert_eq!(told(10), (vec![3, 4, 5, 5, 9], Some(9)));
        assert_eq!(told(3), (vec![3, 4, 5, 5], Some(5)), "what one event changed stays together");
        let (changes, next) = together(vec![diff("b", &[4, 5], None)], 2);
        assert_eq!((changes.len(), next), (2, None));
    }
}
