//! Why an event is there, as a tree: the message at the door, the command that it became, and what
//! was decided, down to every effect.

use helmstream_projections::questions::{
    linked::Linked,
    why::{Link, Why},
};
use helmstream_schemas::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        escape::escaped,
        page::{Ink, Page, Tone},
        when,
    },
    name_of, tone_of,
};

/// The whole chain.
pub(super) fn page(why: &Why, now: Timestamp, ink: Ink) -> String {
    let mut page = Page::new(ink);
    let indent = match &why.door {
        None => {
            page.line(ink.paint(Tone::Quiet, "it began inside the plane"));
            String::new()
        }
        Some(door) => {
            let publisher = door.publisher.as_deref().unwrap_or("somebody");
            let received =
                door.received_at.map(|at| format!(", received {}", when::instant_and_age(at, now)));
            let head = ink.paint(Tone::Strong, "published");
            page.line(format!(
                "{head} by {}, INBOX {}{}",
                escaped(publisher),
                door.inbox_sequence,
                received.unwrap_or_default()
            ));
            "└─ ".to_owned()
        }
    };
    link(&mut page, &why.chain, why.asked, &indent);
    for linked in &why.links {
        page.line(format!("linked, {}", of_link(linked, page.ink)));
    }
    if why.is_cut {
        page.line(ink.paint(Tone::Warn, "… there is more than is shown"));
    }
    page.finish()
}

fn link(page: &mut Page, shown: &Link, asked: Uuid, indent: &str) {
    let is_command = shown.stream == "COMMANDS";
    let tone = if is_command { Tone::Plain } else { tone_of(&shown.kind) };
    let name = page.ink.paint(tone, &escaped(name_of(&shown.kind)));
    let what = match shown.stream.as_str() {
        "COMMANDS" => format!("command {name}"),
        "JOURNAL" => format!("outcome {name}"),
        _ => format!("event {name}"),
    };
    let of = match (&shown.context, &shown.aggregate) {
        (Some(context), Some(aggregate)) => {
            format!(" of {context} {}", escaped(aggregate.as_str()))
        }
        _ => String::new(),
    };
    let by = match &shown.actor {
        Some(actor) if is_command => format!(", asked by {}", escaped(actor)),
        _ => String::new(),
    };
    let here =
        if shown.id == asked { page.ink.paint(Tone::Strong, "  ← this") } else { String::new() };
    page.line(format!("{indent}{what}{of}{by}{here}"));
    let below = indent.replace("├─ ", "│  ").replace("└─ ", "   ");
    let rail = if shown.effects.is_empty() { "   " } else { "│  " };
    let place = format!(
        "{} {}, {}, {}",
        shown.stream,
        shown.sequence,
        when::instant(shown.recorded_at),
        shown.id
    );
    let place = page.ink.paint(Tone::Quiet, &place);
    page.line(format!("{below}{rail}{place}"));
    if let Some((reason, detail)) = &shown.refused {
        let said = page.ink.paint(Tone::Bad, &format!("{}: {}", escaped(reason), escaped(detail)));
        page.line(format!("{below}{rail}{said}"));
    }
    for (at, effect) in shown.effects.iter().enumerate() {
        let branch = if at + 1 == shown.effects.len() { "└─ " } else { "├─ " };
        link(page, effect, asked, &format!("{below}{branch}"));
    }
}

/// A link as its publisher wrote it, and what the event at its end became.
fn of_link(linked: &Linked, ink: Ink) -> String {
    let (kind, to) = (escaped(&linked.kind), escaped(&linked.to));
    let Some(became) = &linked.became else {
        let unknown = "not known from that publisher and source, nor from one other nearby";
        return format!("{kind} to {to}: {}", ink.paint(Tone::Quiet, unknown));
    };
    let of = match (&became.context, &became.aggregate) {
        (Some(context), Some(aggregate)) => {
            format!(" of {context} {}", escaped(aggregate.as_str()))
        }
        _ => String::new(),
    };
    let name = escaped(name_of(&became.kind));
    let elsewhere = if linked.elsewhere { ", of another publisher or source" } else { "" };
    let place = format!("COMMANDS {}, {}{elsewhere}", became.sequence, became.id);
    format!("{kind} to {to}: command {name}{of}, {}", ink.paint(Tone::Quiet, &place))
}

#[cfg(test)]
mod tests {
    use helmstream_projections::questions::{linked::Became, why::AtDoor};
    use helmstream_schemas::Id;

    use super::*;

    fn at(stream: &str, sequence: u64, kind: &str, effects: Vec<Link>) -> Link {
        Link {
            stream: stream.into(),
            sequence,
            id: Uuid::from_u128(u128::from(sequence)),
            kind: kind.into(),
            context: Some("run".into()),
            aggregate: Some(Id::new("acme\u{1b}/shop").unwrap()),
            actor: Some("faber".into()),
            recorded_at: Timestamp::parse("2026-01-31T09:30:12Z").unwrap(),
            refused: None,
            effects,
        }
    }

    #[test]
    fn the_chain_is_a_tree_from_the_door_to_every_effect() {
        let bypassed = at("EVENTS", 18, "helmstream.run.gate_bypassed.v1", vec![]);
        let begun = at("EVENTS", 17, "helmstream.run.step_begun.v1", vec![]);
        let why = Why {
            asked: begun.id,
            door: Some(AtDoor {
                publisher: Some("faber".into()),
                inbox_sequence: 41,
                received_at: None,
                door_key: None,
            }),
            chain: at("COMMANDS", 9, "helmstream.run.report.v1", vec![begun, bypassed]),
            links: vec![
                Linked {
                    kind: "TRIGGER".into(),
                    to: "c-1".into(),
                    became: Some(Became {
                        sequence: 4,
                        id: Uuid::from_u128(4),
                        kind: "helmstream.deployment.register.v1".into(),
                        context: Some("deployment".into()),
                        aggregate: Some(Id::new("application/prod/shop").unwrap()),
                        recorded_at: Timestamp::parse("2026-01-31T09:30:12Z").unwrap(),
                    }),
                    elsewhere: true,
                },
                Linked {
                    kind: "path".into(),
                    to: "c\u{1b}2".into(),
                    became: None,
                    elsewhere: false,
                },
            ],
            is_cut: false,
        };
        let now = Timestamp::parse("2026-01-31T09:30:12Z").unwrap();
        let said = page(&why, now, Ink::none());
        let wanted = "\
published by faber, INBOX 41
└─ command report of run acme\\u{1b}/shop, asked by faber
   │  COMMANDS 9, 2026-01-31 09:30:12Z, 00000000-0000-0000-0000-000000000009
   ├─ event step_begun of run acme\\u{1b}/shop  ← this
   │     EVENTS 17, 2026-01-31 09:30:12Z, 00000000-0000-0000-0000-000000000011
   └─ event gate_bypassed of run acme\\u{1b}/shop
         EVENTS 18, 2026-01-31 09:30:12Z, 00000000-0000-0000-0000-000000000012
linked, TRIGGER to c-1: command register of deployment application/prod/shop, COMMANDS 4, 00000000-0000-0000-0000-000000000004, of another publisher or source
linked, path to c\\u{1b}2: not known from that publisher and source, nor from one other nearby
";
        assert_eq!(said, wanted);
    }
}
