//! Waiting for an answer: asks the view until the approval is closed, or as long as was asked for.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use anyhow::Result;
use helmstream_projections::approval::Standing;
use helmstream_schemas::Id;

use super::{
    super::{
        ending::Ending,
        escape::escaped,
        output::{Format, Screen},
        when,
    },
    ShowRequest, page,
};
use crate::client::{Client, Code, limits::ANSWER_POLL};

/// Waits, and says how it was closed. `asked_at` is the position of the event that asked, if it is
/// known: a view that has not read so far yet says nothing of it.
pub(super) async fn wait(
    client: &impl Client,
    screen: &Screen,
    id: Id,
    patience: Option<Duration>,
    asked_at: Option<u64>,
) -> Result<Ending> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        let screen = &Screen { now: when::now(), ..*screen };
        let shown = match client.approval_show(ShowRequest { name: id.clone(), at: None }).await {
            Ok(answer) if asked_at.is_none_or(|asked| answer.as_of_seq >= asked) => Some(answer),
            Ok(_) => None,
            // Asked for a moment ago, and not in the view yet.
            Err(failure) if failure.code == Code::NotFound && asked_at.is_some() => None,
            Err(failure) => return Err(failure.into()),
        };
        let standing =
            shown.as_ref().map_or(Standing::Open, |shown| shown.answer.approval.view.standing());
        let is_over = patience.is_some_and(|patience| begun.elapsed() >= patience);
        if let (Some(shown), true) = (&shown, standing != Standing::Open || is_over) {
            match screen.format {
                Format::Table => screen.print(&page::page(screen, shown))?,
                _ => screen.data(shown, "")?,
            }
        }
        match standing {
            Standing::Granted => return Ok(Ending::Done),
            Standing::Denied => return Ok(Ending::Denied),
            Standing::Withdrawn => return Ok(Ending::Withdrawn),
            Standing::Expired => return Ok(Ending::Expired),
            Standing::Open if is_over => return Ok(Ending::Unknown),
            Standing::Open => {}
        }
        if let (Some(shown), false) = (&shown, told || !std::io::stderr().is_terminal()) {
            told = true;
            let until = shown.answer.approval.view.rounds.last().map(|round| round.expires_at);
            let until = until.map(|at| when::instant_and_age(at, screen.now)).unwrap_or_default();
            eprintln!("waiting for {}, open until {until}", escaped(id.as_str()));
        }
        let rest = patience.map(|patience| patience.saturating_sub(begun.elapsed()));
        tokio::time::sleep(rest.map_or(ANSWER_POLL, |rest| rest.min(ANSWER_POLL))).await;
    }
}
