//! `helmstream setup`: tells what differs between the servers and what a plane needs, and then makes
//! what is missing; with `--check` it only tells.

use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;
use uuid::Uuid;

use super::{
    ending::Ending,
    escape::escaped,
    output::{Format, Screen},
    page::{Page, Tone},
    place,
};
use crate::{
    client::{Code, Failure},
    local::plane::Plane,
    setup::{self, Item, Plan, Step},
};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
It tells first what differs: streams and consumers of NATS, schemas, roles and rights of Postgres, and
the file of accounts if there is one in the plane's directory. Then it makes what is missing, takes
back rights that are too wide, and changes what differs where nothing is lost by it. What would lose
something it refuses, and any change of what is kept for ever (EVENTS, COMMANDS, JOURNAL), and then it
does nothing: each is named, with what would be lost and the way out. It can be run at any time: what does
not answer yet, such as a cluster that elects a leader, it waits for, --patience seconds for each part.

Exit codes of --check: 0 nothing to do, 8 there is something to do, 9 setup would refuse.

Examples:
  helmstream setup --plane /srv/plane
  helmstream setup --check
  helmstream setup --check -o json | jq '.items[] | select(.step == \"refuse\")'")]
pub(super) struct SetupArgs {
    /// Tell what would be done, and do nothing
    #[arg(long)]
    check: bool,
}

/// What was found, and what came of it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    /// Of the log, once it is set up.
    epoch: Option<Uuid>,
}

pub(super) async fn answer(
    screen: &Screen,
    plane: Option<&std::path::Path>,
    args: &SetupArgs,
    patience: Option<u64>,
) -> Result<Ending> {
    let plane: Plane = place::open(plane)?;
    let wait = patience.map(Duration::from_secs);
    let looking = setup::plan(&plane, wait);
    let plan = match wait.filter(|_| args.check) {
        None => looking.await?,
        Some(wait) => {
            let away = || {
                let what = format!("cannot look: NATS is away at {}", plane.places().nats_url);
                Failure::new(Code::Away, what, "", "start it; --patience SECONDS waits longer")
            };
            tokio::time::timeout(wait, looking).await.map_err(|_| away())??
        }
    };
    if screen.format == Format::Table {
        screen.print(&page(screen, &plan))?;
    }
    let is_refused = plan.is_refused();
    let epoch = match args.check || is_refused {
        true => None,
        false => Some(setup::set_up(&plane, wait).await?.epoch),
    };
    match (screen.format, epoch) {
        (Format::Table, None) => {}
        (Format::Table, Some(epoch)) => screen.print(&format!("set up, epoch {epoch}\n"))?,
        _ => screen.data(&Told { plan: &plan, epoch }, "items")?,
    }
    if !args.check && is_refused {
        bail!(Failure::new(
            Code::Differs,
            "the servers are not as the files say, and nothing was changed",
            "",
            "each difference has its way out above; `setup --check` tells them again",
        ));
    }
    Ok(match () {
        () if !args.check => Ending::Done,
        () if is_refused => Ending::Wrong,
        () if plan.items.is_empty() => Ending::Done,
        () => Ending::ToDo,
    })
}

fn page(screen: &Screen, plan: &Plan) -> String {
    let mut page = Page::new(screen.ink);
    for item in &plan.items {
        let (word, tone) = match item.step {
            Step::Create => ("create", Tone::Good),
            Step::Change => ("change", Tone::Warn),
            Step::Refuse => ("refuse", Tone::Bad),
            Step::Elsewhere => ("differs", Tone::Warn),
        };
        let word = screen.ink.paint(tone, &format!("{word:<9}"));
        page.line(format!("{word}{}", escaped(&item.item)));
        details(&mut page, item);
    }
    page.line(match plan.items.len() {
        0 => format!("nothing to do: {} things are as they should be", plan.present),
        some => format!("{some} to look at, {} as they should be", plan.present),
    });
    page.finish()
}

/// Each difference and what would be lost, and each way out once.
fn details(page: &mut Page, item: &Item) {
    for (at, what) in item.what.iter().enumerate() {
        page.line(format!("         {}", escaped(&what.difference)));
        if let Some(loss) = &what.loss {
            page.line(format!("           would lose: {loss}"));
        }
        let next = item.what.get(at + 1).and_then(|next| next.way_out.as_deref());
        if let Some(way_out) = what.way_out.as_deref().filter(|way| next != Some(way)) {
            page.line(format!("           way out: {way_out}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::Timestamp;

    use super::*;
    use crate::{cli::page::Ink, setup::What};

    #[test]
    fn what_is_refused_is_told_with_what_would_be_lost_and_the_way_out() {
        let screen = Screen {
            format: Format::Table,
            ink: Ink::none(),
            width: None,
            now: Timestamp::default(),
        };
        let what = What {
            difference: "max_age should be 1, is 2".into(),
            loss: Some("old ones".into()),
            way_out: Some("keep them".into()),
        };
        let items = vec![
            Item { item: "role door".into(), step: Step::Create, what: vec![] },
            Item { item: "stream OUT".into(), step: Step::Refuse, what: vec![what.clone(), what] },
        ];
        assert_eq!(
            page(&screen, &Plan { items, present: 7 }),
            "create   role door\n\
             refuse   stream OUT\n\
             \x20        max_age should be 1, is 2\n\
             \x20          would lose: old ones\n\
             \x20        max_age should be 1, is 2\n\
             \x20          would lose: old ones\n\
             \x20          way out: keep them\n\
             2 to look at, 7 as they should be\n"
        );
    }
}
