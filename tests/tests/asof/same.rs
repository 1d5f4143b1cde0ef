//! At positions all over a log, everything that can be asked, compared with somebody who saw no
//! more of it.

use std::collections::BTreeSet;

use helmstream_projections::{
    approval::Standing,
    questions::{
        access::{AccessFilter, access_list},
        approval::{ApprovalFilter, approval_list, approval_show},
        deployment::{UnitFilter, deployment_list, deployment_show, deployment_units},
        event::{EventFilter, event_list},
        run::{RunFilter, run_list, run_show},
    },
    run::RunStatus,
};
use helmstream_services::client::{
    Answer, Client, Code, Direct, Failure, approval, deployment, event, run, token,
};
use helmstream_tests::{kill::chance::Chance, sql};

use crate::log::{BASE_EVERY, Fresh, KEYED, Log, RUNS, UNITS, id, log};

/// Positions looked at besides those that are looked at in any case.
const POSITIONS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_as_of_a_position_is_what_a_plane_answers_that_saw_no_more() {
    let log = log().await;
    let client = log.client();
    let seed = std::env::var("HELMSTREAM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(std::process::id().into());
    println!("HELMSTREAM_SEED={seed}");
    let mut chance = Chance::new(seed);
    let head = log.head();
    let mut positions = BTreeSet::from([1, BASE_EVERY - 1, BASE_EVERY, BASE_EVERY + 1, head]);
    positions.extend((0..POSITIONS).map(|_| 1 + chance.below(head)));
    let mut fresh = log.fresh().await;
    for at in positions {
        fresh.read_on(&log, at).await;
        rows(&log, &fresh, &client, at).await;
        runs(&fresh, &client, at).await;
        approvals(&fresh, &client, at).await;
        units(&fresh, &client, at).await;
        tokens(&fresh, &client, at).await;
        events(&fresh, &client, at).await;
    }
    fresh.drop(&log).await;
    for at in 1..=head {
        causes(&client, at).await;
    }
}

/// Every row of every view, what no list shows included.
async fn rows(log: &Log, fresh: &Fresh, client: &Direct, at: u64) {
    for view in KEYED {
        let schema = log.built(client, view, at).await;
        let found = sql::dump(&log.owner().await, &format!("{schema}.{view}")).await;
        let wanted = sql::dump(&fresh.owner, &format!("{view}_v1.{view}")).await;
        assert_eq!(found, wanted, "{view} as of {at}");
    }
}

async fn runs(fresh: &Fresh, client: &Direct, at: u64) {
    for status in [None].into_iter().chain(RunStatus::ALL.map(Some)) {
        let statuses: Vec<RunStatus> = status.into_iter().collect();
        let filter = RunFilter { statuses: statuses.clone(), limit: 3, ..RunFilter::default() };
        let wanted = run_list(&fresh.database, &filter).await.expect("the views answer");
        let request = run::ListRequest { statuses, limit: 3, at: Some(at), ..Default::default() };
        let found = client.run_list(request).await.expect("it is answered");
        assert_eq!(found.as_of_seq, at);
        assert_eq!(found.answer.runs, wanted.answer.runs, "{status:?} as of {at}");
        assert_eq!(found.answer.next, wanted.answer.next, "{status:?} as of {at}");
    }
    for name in RUNS {
        let wanted = run_show(&fresh.database, &id(name), None).await.expect("the views answer");
        let request = run::ShowRequest { name: id(name), at: Some(at) };
        let found = there(client.run_show(request).await, at);
        assert_eq!(found.map(|shown| shown.run), wanted.answer, "{name} as of {at}");
    }
    // By the beginning of its id, although it is merged into another one by now.
    let beginning = run::ShowRequest { name: id("run-"), at: Some(at) };
    let found = there(client.run_show(beginning).await, at).map(|shown| shown.run.run.id);
    let wanted = run_show(&fresh.database, &id("run-9"), None).await.expect("the views answer");
    let wanted = wanted.answer.map(|shown| shown.run.id).filter(|root| *root == id("run-9"));
    assert_eq!(found, wanted, "as of {at}");
}

async fn approvals(fresh: &Fresh, client: &Direct, at: u64) {
    for standing in [None].into_iter().chain(Standing::ALL.map(Some)) {
        let filter = ApprovalFilter { standing, limit: 50, ..ApprovalFilter::default() };
        let wanted = approval_list(&fresh.database, &filter).await.expect("the views answer");
        let request =
            approval::ListRequest { standing, limit: 50, at: Some(at), ..Default::default() };
        let found = client.approval_list(request).await.expect("it is answered");
        assert_eq!(found.as_of_seq, at);
        assert_eq!(found.answer.approvals, wanted.answer.rows, "{standing:?} as of {at}");
        for shown in &wanted.answer.rows {
            let wanted = approval_show(&fresh.database, &shown.id, None).await.expect("answers");
            let request = approval::ShowRequest { name: shown.id.clone(), at: Some(at) };
            assert_eq!(there(client.approval_show(request).await, at), wanted.answer);
        }
    }
    let request = approval::ShowRequest { name: id("acme/0@release"), at: Some(at) };
    let wanted =
        approval_show(&fresh.database, &id("acme/0@release"), None).await.expect("answers");
    assert_eq!(there(client.approval_show(request).await, at), wanted.answer);
}

async fn units(fresh: &Fresh, client: &Direct, at: u64) {
    let filter = UnitFilter { limit: 2, ..UnitFilter::default() };
    let wanted = deployment_list(&fresh.database, &filter).await.expect("the views answer");
    let request = deployment::ListRequest { limit: 2, at: Some(at), ..Default::default() };
    let found = client.deployment_list(request).await.expect("it is answered");
    assert_eq!(found.as_of_seq, at);
    assert_eq!(found.answer.units, wanted.answer.units, "as of {at}");
    for name in UNITS {
        let units = deployment_units(&fresh.database, name, None).await.expect("answers").answer;
        let unit = units.first().cloned().unwrap_or_else(|| id(name));
        let wanted = deployment_show(&fresh.database, &unit, None).await.expect("answers").answer;
        let request = deployment::ShowRequest { name: name.into(), at: Some(at) };
        let found = there(client.deployment_show(request).await, at);
        assert_eq!(found.map(|shown| shown.unit), wanted, "{name} as of {at}");
    }
}

async fn tokens(fresh: &Fresh, client: &Direct, at: u64) {
    for actor in [None, Some("dana"), Some("pipe"), Some("nobody")] {
        let actor = actor.map(str::to_owned);
        let filter = AccessFilter { actor: actor.clone(), limit: 50, ..AccessFilter::default() };
        let wanted =
            access_list(&fresh.database, &filter).await.expect("the views answer").answer.rows;
        let request = token::ListRequest { actor, limit: 50, at: Some(at), ..Default::default() };
        let found = client.token_list(request).await.expect("it is answered");
        assert_eq!(found.as_of_seq, at);
        let found: Vec<_> = found.answer.tokens.into_iter().map(|shown| shown.token).collect();
        let wanted: Vec<_> =
            wanted.into_iter().flat_map(|holder| holder.view.tokens.into_iter().rev()).collect();
        assert_eq!(found, wanted, "as of {at}");
    }
}

async fn events(fresh: &Fresh, client: &Direct, at: u64) {
    let filter = EventFilter { limit: 1_000, ..EventFilter::default() };
    let wanted = event_list(&fresh.database, &filter).await.expect("the views answer");
    let request = event::ListRequest { limit: 1_000, at: Some(at), ..Default::default() };
    let found = client.event_list(request.clone()).await.expect("it is answered");
    assert_eq!((found.as_of_seq, &found.answer.events), (at, &wanted.answer));
    let aggregate = Some(id("acme/0"));
    let of_one = EventFilter { aggregate: aggregate.clone(), ..filter };
    let wanted = event_list(&fresh.database, &of_one).await.expect("the views answer").answer;
    let found = client.event_list(event::ListRequest { aggregate, ..request }).await;
    assert_eq!(found.expect("it is answered").answer.events, wanted);
    let show = |sequence| {
        let event = event::Name::Sequence(sequence);
        client.event_show(event::ShowRequest { event, at: Some(at) })
    };
    assert!(there(show(at).await, at).is_some());
    assert!(there(show(at + 1).await, at).is_none());
}

/// Each event has its cause as of itself, and effects are told up to then.
async fn causes(client: &Direct, at: u64) {
    let event = event::Name::Sequence(at);
    let why = client.event_why(event::WhyRequest { event, at: Some(at) }).await;
    let mut links = vec![why.expect("it is answered").answer.why.chain];
    while let Some(link) = links.pop() {
        assert!(link.stream != "EVENTS" || link.sequence <= at, "{link:?} as of {at}");
        links.extend(link.effects);
    }
}

/// What is there; nothing if it has no such name.
fn there<T>(answered: Result<Answer<T>, Failure>, at: u64) -> Option<T> {
    match answered {
        Ok(answer) => {
            assert_eq!(answer.as_of_seq, at);
            Some(answer.answer)
        }
        Err(failure) => {
            assert_eq!(failure.code, Code::NotFound, "{failure:?}");
            None
        }
    }
}
