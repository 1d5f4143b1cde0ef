//! Every list by every field, both ways, as it is and as it was: pages put together are the whole,
//! without a gap and without a repeat, and the whole is in order.

use std::fmt::Debug;

use helmstream_projections::questions::{
    access::HolderShown, approval::ApprovalShown, cursor::Cursor, dead_letter::DeadLetterShown,
    deployment::UnitLine, event::EventLine, order::Order, run::RunLine,
};
use helmstream_schemas::Timestamp;
use helmstream_services::client::{
    Client, Code, Direct, approval, dead_letter, deployment, event, run, token,
};

use crate::log::log;

/// A page: its rows, each with what it is sorted by and its id, and where it ended.
type Page = (Vec<(Key, String)>, Option<Cursor>);

/// What is absent is less than everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(Option<i128>),
    Text(String),
}

fn number(n: u64) -> Key {
    Key::Number(Some(n.into()))
}

fn instant(at: Option<Timestamp>) -> Key {
    Key::Number(at.map(|at| at.nanos().into()))
}

/// Pages of this length, one after the other, put together; how many there were.
async fn joined(
    limit: u32,
    page: impl AsyncFn(u32, Option<Cursor>) -> Page,
) -> (Vec<(Key, String)>, usize) {
    let (mut all, mut ended, mut pages) = (Vec::new(), None, 0);
    loop {
        let (rows, next) = page(limit, ended).await;
        assert!(rows.len() <= limit as usize);
        all.extend(rows);
        pages += 1;
        let Some(next) = next else { return (all, pages) };
        // As it travels.
        ended = Some(next.to_string().parse().expect("it reads back"));
    }
}

async fn whole_and_in_pages(
    what: &str,
    sort: &str,
    page: impl AsyncFn(u32, Option<Cursor>) -> Page,
) -> usize {
    let (whole, next) = page(1_000, None).await;
    assert_eq!(next, None, "{what} by {sort}");
    let mut sorted = whole.clone();
    sorted.sort();
    if sort.starts_with('-') {
        sorted.reverse();
    }
    assert_eq!(whole, sorted, "{what} by {sort}");
    for limit in [1, 2, 3] {
        let (joined, _) = joined(limit, &page).await;
        assert_eq!(joined, whole, "{what} by {sort}, {limit} a page");
    }
    whole.len()
}

fn order<L: helmstream_projections::questions::order::Sorted>(sort: &str) -> Option<Order<L>> {
    Some(sort.parse().expect("a field of the list"))
}

fn answered<T>(answer: Result<T, impl Debug>) -> T {
    answer.expect("it is answered")
}

async fn runs(client: &Direct, at: Option<u64>) -> usize {
    let mut rows = 0;
    for sort in Order::<RunLine>::all() {
        let page = async |limit: u32, before: Option<Cursor>| -> Page {
            let sort = order(&sort);
            let request = run::ListRequest { sort, limit, before, at, ..Default::default() };
            let run::List { runs, next } = answered(client.run_list(request).await).answer;
            let key = |line: &RunLine| match sort.expect("one").to_string().trim_start_matches('-')
            {
                "first_seq" => number(line.summary.first_seq),
                "id" => Key::Text(line.id.token()),
                "started_at" => instant(line.summary.started_at),
                "heard_at" => instant(line.summary.heard_at),
                "ended_at" => instant(line.summary.ended_at),
                other => panic!("{other} is not known to this test"),
            };
            (runs.iter().map(|line| (key(line), line.id.token())).collect(), next)
        };
        rows = whole_and_in_pages("runs", &sort, page).await;
    }
    rows
}

async fn approvals(client: &Direct, at: Option<u64>) -> usize {
    let mut rows = 0;
    for sort in Order::<ApprovalShown>::all() {
        let page = async |limit: u32, before: Option<Cursor>| -> Page {
            let sort = order(&sort);
            let request = approval::ListRequest { sort, limit, before, at, ..Default::default() };
            let answer = answered(client.approval_list(request).await).answer;
            let approval::List { approvals, next } = answer;
            let key = |shown: &ApprovalShown| {
                let last = shown.view.rounds.last();
                match sort.expect("one").to_string().trim_start_matches('-') {
                    "asked_seq" => number(shown.view.asked_seq),
                    "id" => Key::Text(shown.id.token()),
                    "asked_at" => instant(last.map(|round| round.asked.at)),
                    "expires_at" => instant(last.map(|round| round.expires_at)),
                    other => panic!("{other} is not known to this test"),
                }
            };
            (approvals.iter().map(|shown| (key(shown), shown.id.token())).collect(), next)
        };
        rows = whole_and_in_pages("approvals", &sort, page).await;
    }
    rows
}

async fn units(client: &Direct, at: Option<u64>) -> usize {
    let mut rows = 0;
    for sort in Order::<UnitLine>::all() {
        let page = async |limit: u32, before: Option<Cursor>| -> Page {
            let sort = order(&sort);
            let request = deployment::ListRequest { sort, limit, before, at, ..Default::default() };
            let answer = answered(client.deployment_list(request).await).answer;
            let deployment::List { units, next } = answer;
            let key = |line: &UnitLine| {
                let unit = line.state.unit.as_ref().expect("it is told");
                let [domain, environment] = unit.key_words();
                match sort.expect("one").to_string().trim_start_matches('-') {
                    "deployed_seq" => number(line.state.deployed_seq),
                    "id" => Key::Text(line.id.token()),
                    "domain" => Key::Text(domain),
                    "environment" => Key::Text(environment),
                    other => panic!("{other} is not known to this test"),
                }
            };
            (units.iter().map(|line| (key(line), line.id.token())).collect(), next)
        };
        rows = whole_and_in_pages("units", &sort, page).await;
    }
    rows
}

/// Holder by holder: of each the first token stands for all.
async fn tokens(client: &Direct, at: Option<u64>) -> usize {
    let mut rows = 0;
    for sort in Order::<HolderShown>::all() {
        let page = async |limit: u32, before: Option<Cursor>| -> Page {
            let sort = order(&sort);
            let request = token::ListRequest { sort, limit, before, at, ..Default::default() };
            let token::List { mut tokens, next } =
                answered(client.token_list(request).await).answer;
            tokens.dedup_by(|a, b| a.holder == b.holder);
            let key = |shown: &token::TokenShown| {
                match sort.expect("one").to_string().trim_start_matches('-') {
                    // Nothing that was asked of a holder here was refused.
                    "last_seq" => number(shown.revision),
                    "holder" => Key::Text(shown.holder.token()),
                    "actor" => Key::Text(shown.token.actor.id.clone()),
                    other => panic!("{other} is not known to this test"),
                }
            };
            (tokens.iter().map(|shown| (key(shown), shown.holder.token())).collect(), next)
        };
        rows = whole_and_in_pages("tokens", &sort, page).await;
    }
    rows
}

async fn dead_letters(client: &Direct) -> usize {
    let mut rows = 0;
    for sort in Order::<DeadLetterShown>::all() {
        let page = async |limit: u32, before: Option<Cursor>| -> Page {
            let sort = order(&sort);
            let request = dead_letter::ListRequest { all: true, sort, limit, before };
            let answer = answered(client.dead_letter_list(request).await).answer;
            let dead_letter::List { dead_letters, next } = answer;
            let key = |shown: &DeadLetterShown| match sort
                .expect("one")
                .to_string()
                .trim_start_matches('-')
            {
                "sequence" => number(shown.sequence),
                "inbox_sequence" => number(shown.letter.inbox_sequence),
                other => panic!("{other} is not known to this test"),
            };
            let id = |shown: &DeadLetterShown| format!("{:020}", shown.sequence);
            (dead_letters.iter().map(|shown| (key(shown), id(shown))).collect(), next)
        };
        rows = whole_and_in_pages("dead letters", &sort, page).await;
    }
    rows
}

/// Forwards a page begins at a position, backwards it ends before one.
async fn events(client: &Direct, at: Option<u64>) -> usize {
    let mut rows = 0;
    for sort in ["sequence", "-sequence"] {
        for aggregate in [None, Some(crate::log::id("acme/0"))] {
            let page = async |limit: u32, ended: Option<Cursor>| -> Page {
                let position = ended.map(|ended| ended.to_string().parse().expect("a position"));
                let backwards = sort.starts_with('-');
                let request = event::ListRequest {
                    sort: order(sort),
                    aggregate: aggregate.clone(),
                    from_seq: position.filter(|_| !backwards).unwrap_or_default(),
                    before: position.filter(|_| backwards),
                    limit,
                    at,
                    ..Default::default()
                };
                let answer = answered(client.event_list(request).await);
                assert!(at.is_none_or(|at| answer.as_of_seq == at), "whatever page it is");
                let event::List { events, next } = answer.answer;
                let row =
                    |line: &EventLine| (number(line.sequence), format!("{:020}", line.sequence));
                (events.iter().map(row).collect(), next.map(Cursor::from))
            };
            rows = whole_and_in_pages("events", sort, page).await;
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_every_order_put_together_are_the_whole_in_that_order_as_it_is_and_as_it_was() {
    let log = log().await;
    let client = log.client();
    let head = log.head();
    let mut most = 0;
    for at in [None, Some(head / 4), Some(head / 2), Some(head - 3), Some(head)] {
        let rows = [
            runs(&client, at).await,
            approvals(&client, at).await,
            units(&client, at).await,
            tokens(&client, at).await,
            events(&client, at).await,
        ];
        most = most.max(rows.into_iter().min().unwrap_or_default());
    }
    assert!(most > 1, "there is something to sort in every list");
    assert!(dead_letters(&client).await > 1, "and in that of dead letters");
}

#[tokio::test]
async fn a_page_of_one_order_is_not_gone_on_with_in_another() {
    let log = log().await;
    let client = log.client();
    let by = |sort: &str, before| run::ListRequest {
        sort: order(sort),
        limit: 1,
        before,
        ..Default::default()
    };
    let next = answered(client.run_list(by("id", None)).await).answer.next;
    assert!(next.is_some());
    for (sort, before) in [("-id", next), ("id", Some(Cursor::Position(7)))] {
        let refused = client.run_list(by(sort, before)).await.expect_err("another order");
        assert_eq!(refused.code, Code::Input, "{refused:?}");
    }
}
