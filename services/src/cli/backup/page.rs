//! What a backup holds, and what came back of it, for people.

use super::super::{
    escape::escaped,
    output::Screen,
    page::{Page, Tone},
    table::{Head, cell, table, toned},
};
use crate::{
    amounts::{bytes, counted},
    backup::{
        create::Created,
        manifest::{Manifest, StreamPart},
        restore::Restored,
        streams::StreamBack,
        verify::Verified,
    },
};

pub(super) fn created(screen: &Screen, created: &Created) -> String {
    let mut page = Page::new(screen.ink);
    let Created { folder, manifest_sha256, bytes: all, manifest } = created;
    page.line(format!(
        "Backup in {}, {}",
        escaped(&folder.display().to_string()),
        bytes(*all as f64)
    ));
    page.field("epoch", manifest.epoch.to_string());
    page.field("as of", manifest.ended_at.to_string());
    page.field("people", manifest.people.rows.to_string());
    page.field("manifest", format!("{manifest_sha256}; keep this elsewhere"));
    for left_out in &manifest.not_in_it {
        page.field("not in it", left_out);
    }
    page.empty();
    page.finish() + &parts(screen, manifest)
}

pub(super) fn verified(screen: &Screen, verified: &Verified) -> String {
    let mut page = Page::new(screen.ink);
    let said = "The files are what the manifest says.";
    page.line(screen.ink.paint(Tone::Good, said));
    let Verified { manifest_sha256, files, bytes: all, manifest } = verified;
    page.field("epoch", manifest.epoch.to_string());
    page.field("as of", manifest.ended_at.to_string());
    page.field("files", format!("{files}, {}", bytes(*all as f64)));
    page.field("manifest", format!("{manifest_sha256}; is it the one that was kept elsewhere?"));
    page.empty();
    page.finish() + &parts(screen, manifest)
}

fn parts(screen: &Screen, manifest: &Manifest) -> String {
    let heads = ["STREAM", "MESSAGES", "FIRST", "LAST", "BYTES"].map(Head::Whole);
    let row = |part: &StreamPart| {
        vec![
            cell(&part.stream),
            cell(part.messages.to_string()),
            cell(part.first_seq.to_string()),
            cell(part.last_seq.to_string()),
            cell(bytes(part.file.bytes as f64)),
        ]
    };
    table(screen, &heads, manifest.streams.iter().map(row).collect())
}

pub(super) fn restored(screen: &Screen, restored: &Restored, what: &str) -> String {
    let mut page = Page::new(screen.ink);
    page.line(match restored.is_same {
        true => screen.ink.paint(Tone::Good, &format!("{what}: what came back is what was taken.")),
        false => {
            screen.ink.paint(Tone::Alarm, &format!("{what}: NOT EVERYTHING IS WHAT WAS TAKEN."))
        }
    });
    page.field("epoch", restored.epoch.to_string());
    page.field("taken at", restored.taken_at.to_string());
    page.field("manifest", restored.manifest_sha256.to_string());
    let by = format!("helmstream {}, nats-server {}", restored.helmstream, restored.nats_server);
    page.field("by", escaped(&by));
    page.field("head", format!("EVENTS {} {}", restored.head_sequence, restored.head_hash));
    page.field("said at", format!("EVENTS {}", restored.fact_sequence));
    page.field("durables", format!("{} go on where they stood", restored.durables));
    if restored.inbox_passed_over > 0 {
        let positions = counted(restored.inbox_passed_over, "position");
        page.field(
            "INBOX",
            format!("{positions} given out after it was taken, not given out again"),
        );
    }
    page.field("people", restored.people.to_string());
    let took = restored.parts.iter().map(|took| format!("{} {} ms", took.part, took.ms));
    page.field("took", took.collect::<Vec<_>>().join(", "));
    for note in &restored.notes {
        page.field("note", screen.ink.paint(Tone::Warn, note));
    }
    page.empty();
    page.finish() + &streams(screen, restored) + "\n" + &views(screen, restored)
}

fn streams(screen: &Screen, restored: &Restored) -> String {
    let heads = ["STREAM", "MESSAGES", "FIRST", "LAST", "", "HASH OF THE HEAD"].map(Head::Whole);
    let row = |back: &StreamBack| {
        vec![
            cell(&back.stream),
            cell(back.messages.to_string()),
            cell(back.first_seq.to_string()),
            cell(back.last_seq.to_string()),
            same(Some(back.is_same)),
            cell(back.head_hash.map(|hash| hash.to_string()).unwrap_or_default()),
        ]
    };
    table(screen, &heads, restored.streams.iter().map(row).collect())
}

fn views(screen: &Screen, restored: &Restored) -> String {
    let heads = ["VIEW", "ROWS", "AS OF", "", "TOOK", "DIFFERENT"].map(Head::Whole);
    let rows = restored.views.iter().map(|view| {
        vec![
            cell(format!("{} v{}", view.view, view.version)),
            cell(view.rows.to_string()),
            cell(view.compared_at_seq.to_string()),
            same(view.is_same),
            cell(format!("{} ms", view.took_ms)),
            cell(view.different.join(", ")),
        ]
    });
    table(screen, &heads, rows.collect())
}

fn same(is_same: Option<bool>) -> comfy_table::Cell {
    match is_same {
        Some(true) => toned(Tone::Good, "same"),
        Some(false) => toned(Tone::Bad, "DIFFERENT"),
        None => toned(Tone::Quiet, "not compared"),
    }
}
