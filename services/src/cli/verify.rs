//! `helmstream verify`: whether the log, the ledger and the checkpoints say the same, and if not,
//! where they first do not.

use anyhow::Result;
use helmstream_projections::verify::{Difference, Walk};
use serde::Serialize;

use super::{
    bar::Bar,
    ending::Ending,
    escape::escaped,
    output::{Format, Screen},
    page::{Page, Tone},
};
use crate::{
    amounts::counted,
    client::{
        Client,
        verify::{Progress, Request, Step},
    },
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every record of COMMANDS, JOURNAL and EVENTS is hashed again and compared with the ledger's row, and
the row with itself; what an event says of its cause with the command; where every view stands with
the record it stands at. It stops at the first difference, says what each side holds, and ends with
7. What the ledger has not read yet is no difference. It changes nothing.

Examples:
  helmstream verify
  helmstream verify --from 100000
  helmstream verify -o json | jq .difference")]
pub(super) struct VerifyArgs {
    /// From this position on EVENTS on, and of the other streams what was recorded since
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: u64,
}

/// What came of it, as data.
#[derive(Serialize)]
struct Verified<'a> {
    as_of_seq: u64,
    #[serde(flatten)]
    progress: &'a Progress,
    difference: Option<&'a Difference>,
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    args: VerifyArgs,
) -> Result<Ending> {
    let mut progress = None;
    let mut bar: Option<Bar> = None;
    let (as_of_seq, step) = loop {
        let request = Request { from_seq: args.from, progress: progress.take() };
        let step = match client.verify(request).await {
            Ok(step) => step,
            Err(failure) => {
                bar.inspect(Bar::clear);
                return Err(failure.into());
            }
        };
        if step.answer.is_done {
            break (step.as_of_seq, step.answer);
        }
        show(&mut bar, &step.answer.progress.streams);
        progress = Some(step.answer.progress);
    };
    bar.inspect(Bar::clear);
    let Step { progress, difference, .. } = step;
    let difference = difference.as_ref();
    match screen.format {
        Format::Table => screen.print(&page(screen, &progress, difference))?,
        _ => screen.data(&Verified { as_of_seq, progress: &progress, difference }, "")?,
    }
    Ok(if difference.is_some() { Ending::Differs } else { Ending::Done })
}

fn show(bar: &mut Option<Bar>, walks: &[Walk]) {
    let all = |walk: &Walk| (walk.to_seq + 1).saturating_sub(walk.from_seq);
    let bar = bar.get_or_insert_with(|| Bar::new(Some(walks.iter().map(all).sum())));
    let done = walks.iter().map(|walk| walk.next_seq - walk.from_seq).sum();
    let now = walks.iter().find(|walk| !walk.is_done());
    let said = now.map(|walk| format!("{} {} of {}", walk.stream, walk.next_seq, walk.to_seq));
    bar.advance(done, said.unwrap_or_default());
}

fn page(screen: &Screen, progress: &Progress, difference: Option<&Difference>) -> String {
    let mut page = Page::new(screen.ink);
    match difference {
        None => {
            page.line(screen.ink.paint(Tone::Good, "Log, ledger and checkpoints say the same."))
        }
        Some(difference) => {
            let Difference { stream, sequence, view, what, log, found, what_to_do, .. } =
                difference;
            let place = match view {
                Some(view) => format!("view {view} at {stream} {sequence}"),
                None => format!("{stream} {sequence}"),
            };
            let head = screen.ink.paint(Tone::Alarm, "DIFFERENCE");
            page.line(format!("{head} {}: {}", escaped(&place), escaped(what)));
            page.field("log", escaped(log));
            let other = if view.is_some() { "checkpoint" } else { "ledger" };
            page.field(other, escaped(found));
            page.field("what to do", what_to_do);
            page.head("Before it everything was the same");
        }
    }
    page.field("checkpoints", format!("{} fit the log", progress.checkpoints));
    for walk in &progress.streams {
        page.field(&walk.stream, told(walk));
    }
    let causes = progress.causes;
    let unread = match causes.unread {
        0 => String::new(),
        unread => format!("; {unread} of commands that the ledger has not read yet"),
    };
    page.field("causes", format!("{} are what the events say{unread}", causes.compared));
    if progress.parked > 0 {
        let said = counted(progress.parked, "record");
        page.field("parked", format!("{said}; `helmstream projection list` says where"));
    }
    page.finish()
}

fn told(walk: &Walk) -> String {
    let compared = counted(walk.records, "record");
    let range = match walk.records {
        0 => String::new(),
        _ => format!(", {} to {}", walk.from_seq, walk.next_seq - 1),
    };
    let unread = match walk.head_seq.saturating_sub(walk.to_seq) {
        0 => String::new(),
        unread => format!("; the ledger has not read {unread} more yet"),
    };
    match walk.records {
        0 if walk.is_done() => format!("nothing to compare{unread}"),
        _ => format!("{compared}{range}{unread}"),
    }
}

#[cfg(test)]
mod tests {
    use helmstream_projections::verify::{Causes, Kind};
    use helmstream_schemas::Timestamp;

    use super::*;
    use crate::cli::page::Ink;

    fn progress() -> Progress {
        let mut walk = Walk::new("EVENTS", 1, 9, 12);
        (walk.next_seq, walk.records) = (10, 9);
        let streams = vec![Walk::new("JOURNAL", 1, 0, 0), walk];
        let causes = Causes { compared: 7, unread: 1 };
        Progress { checkpoints: 4, parked: 0, streams, causes, has_all_commands: false }
    }

    fn screen() -> Screen {
        let now = Timestamp::default();
        Screen { format: Format::Table, ink: Ink::none(), width: None, now }
    }

    #[test]
    fn what_the_ledger_has_not_read_is_said_and_is_no_difference() {
        assert_eq!(
            page(&screen(), &progress(), None),
            "Log, ledger and checkpoints say the same.\n\
             \x20 checkpoints 4 fit the log\n\
             \x20 JOURNAL     nothing to compare\n\
             \x20 EVENTS      9 records, 1 to 9; the ledger has not read 3 more yet\n\
             \x20 causes      7 are what the events say; 1 of commands that the ledger has not read yet\n"
        );
    }

    #[test]
    fn a_difference_is_named_with_both_sides_and_what_to_do() {
        let difference = Difference {
            kind: Kind::RowMissing,
            stream: "EVENTS".into(),
            sequence: 10,
            view: None,
            what: "no row".into(),
            log: "a record\u{1b}[2J".into(),
            found: "none".into(),
            what_to_do: "rebuild".into(),
        };
        let text = page(&screen(), &progress(), Some(&difference));
        assert!(
            text.starts_with(
                "DIFFERENCE EVENTS 10: no row\n  log         a record\\u{1b}[2J\n  ledger      none\n  what to do  rebuild\n"
            ),
            "{text}"
        );
    }
}
