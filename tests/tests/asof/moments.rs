//! Which position a time is, what changed between two moments, and what is said on the command
//! line.

use std::time::Duration;

use helmstream_schemas::Timestamp;
use helmstream_services::client::{
    Client, Code,
    diff::{self, Kind},
    past::When,
};
use serde_json::Value;
use tokio::process::Command;

use crate::log::{KEYED, Log, log};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_is_the_last_event_recorded_by_then() {
    let log = log().await;
    let client = log.client();
    let nanosecond = Duration::from_nanos(1);
    for (n, record) in log.records.iter().enumerate() {
        let at = async |time| client.moment(When::Time(time)).await.expect("it is answered");
        let exact = at(record.recorded_at).await;
        // Several may be recorded at one instant.
        let same = log.records[n..].iter().take_while(|r| r.recorded_at == record.recorded_at);
        let last = same.last().expect("itself").sequence;
        assert_eq!((exact.sequence, exact.now), (last, record.recorded_at));
        let next = log.records.get(n + 1).map(|next| next.recorded_at);
        if next.is_none_or(|next| next > record.recorded_at.plus(nanosecond)) {
            let between = at(record.recorded_at.plus(nanosecond)).await;
            assert_eq!((between.sequence, between.recorded_at), (last, record.recorded_at));
            assert_eq!(between.now, record.recorded_at.plus(nanosecond));
        }
    }
    let before = log.records[0].recorded_at.minus(nanosecond);
    let failure = client.moment(When::Time(before)).await.unwrap_err();
    assert_eq!(failure.code, Code::Input, "{failure:?}");
    let far = Timestamp::parse("2200-01-01T00:00:00Z").expect("a time");
    let moment = client.moment(When::Time(far)).await.expect("it is answered");
    assert_eq!(moment.sequence, log.head());
    for sequence in [0, log.head() + 1] {
        let failure = client.moment(When::Sequence(sequence)).await.unwrap_err();
        assert_eq!(failure.code, Code::Input, "{failure:?}");
        assert!(failure.detail.contains(&format!("ends at {}", log.head())), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_is_told_from_one_moment_to_another_page_by_page() {
    let log = log().await;
    let client = log.client();
    let (from, to) = (log.head() / 3, log.head() - 4);
    for view in KEYED {
        let ask =
            |after, limit| client.diff(diff::Request { view: view.into(), from, to, after, limit });
        let whole = ask(None, 1_000).await.expect("it is answered");
        assert_eq!((whole.as_of_seq, whole.answer.next), (to, None));
        let whole = whole.answer.changes;
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = ask(after, 2).await.expect("it is answered").answer;
            paged.extend(page.changes);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole, "{view}");
        assert!(whole.iter().all(|change| change.last_seq > from && change.last_seq <= to));
        assert!(whole.iter().all(|change| !change.fields.is_empty()), "{whole:?}");
        if view == "run" {
            let merged = whole.iter().find(|change| change.id == "run-9").expect("it was merged");
            assert_eq!(merged.change, Kind::Changed);
            assert_eq!(merged.fields["merged_into"].after, "plan-9");
            assert_eq!(merged.fields["merged_into"].before, Value::Null);
            let new = whole.iter().find(|change| change.id == "guarded").expect("it began");
            assert_eq!(new.change, Kind::Added);
            assert!(new.fields.contains_key("status") && !new.fields.contains_key("id"));
        }
    }
    let request = diff::Request { view: "run".into(), from: to, to: from, after: None, limit: 9 };
    assert_eq!(client.diff(request).await.unwrap_err().code, Code::Input);
}

struct Said {
    out: String,
    err: String,
    code: i32,
}

async fn say(log: &Log, words: &str) -> Said {
    let run = Command::new(env!("CARGO_BIN_EXE_helmstream-tested"))
        .args(words.split_whitespace())
        .env("HELMSTREAM_PLANE", log.plane.plane.plane.directory())
        .output();
    let done = run.await.expect("it runs");
    Said {
        out: String::from_utf8(done.stdout).expect("a text"),
        err: String::from_utf8(done.stderr).expect("a text"),
        code: done.status.code().unwrap_or(-1),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_says_as_of_when_it_answers_and_what_has_no_past() {
    let log = log().await;
    let at = log.head() - 5;
    let recorded = log.records.iter().find(|record| record.sequence == at).expect("it is there");
    let foot =
        |view: &str| format!(": what version 1 of the view `{view}` says of events 1 to {at}");
    for (words, view) in [
        ("run list", "run"),
        ("run show acme/0", "run"),
        ("approval list --all", "approval"),
        ("approval show acme/0@release", "approval"),
        ("deployment list", "deployment"),
        ("deployment show app/prod/shop", "deployment"),
        ("deployment history deploy-1", "deployment"),
    ] {
        let said = say(&log, &format!("{words} --at {at}")).await;
        assert_eq!(said.code, 0, "{words}: {}", said.err);
        let last = said.out.lines().last().unwrap_or_default();
        assert!(last.starts_with(&format!("as of EVENTS {at}, recorded 20")), "{words}: {last}");
        assert!(last.ends_with(&foot(view)), "{words}: {last}");
        assert!(!said.out.contains("building"), "{}", said.out);
        let by_time = say(&log, &format!("{words} --at {}", recorded.recorded_at)).await;
        assert_eq!(by_time.out, said.out, "{words}");
    }
    for words in ["event list", "event show 3", "event why 3"] {
        let said = say(&log, &format!("{words} --at {at}")).await;
        assert_eq!(said.code, 0, "{words}: {}", said.err);
        assert!(said.out.lines().last().unwrap_or_default().starts_with("as of EVENTS"));
    }
    // As data: first how far it is, and then the answer, which says what it is as of.
    let said = say(&log, &format!("run list --at {} -o ndjson", at - 1)).await;
    let lines: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (building, runs): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| line.get("building").is_some());
    assert!(building.iter().all(|line| line["building"]["at"] == at - 1), "{building:?}");
    assert!(!runs.is_empty() && runs.iter().all(|run| run["as_of_seq"] == at - 1), "{runs:?}");
    let registry = say(&log, &format!("deployment list -o registry --at {at}")).await;
    let entries: Value = serde_json::from_str(&registry.out).expect("a registry and no more");
    assert!(entries["deployments"].as_array().is_some_and(|entries| !entries.is_empty()));
    let emitted = say(&log, &format!("emit registry --at {at}")).await;
    assert_eq!(emitted.code, 0, "{}", emitted.err);
    let diff = say(&log, &format!("diff --from 2 --to {at} --limit 100")).await;
    assert_eq!(diff.code, 0, "{}", diff.err);
    assert!(diff.out.contains("run guarded  added"), "{}", diff.out);
    assert!(diff.out.lines().last().unwrap_or_default().starts_with("from EVENTS 2, recorded"));

    for words in ["deadletter list", "outcome 1", "projection list", "publish x.json"] {
        let said = say(&log, &format!("{words} --at {at}")).await;
        assert_eq!(said.code, 2, "{words}");
        assert!(said.err.contains("fold of EVENTS"), "{words}: {}", said.err);
    }
    for moment in ["0", "1000000", "2001-01-01"] {
        let said = say(&log, &format!("run list --at {moment}")).await;
        assert_eq!(said.code, 1, "{moment}");
        assert!(said.err.contains("HS-0008"), "{moment}: {}", said.err);
    }
    assert_eq!(say(&log, "run list --at yesterday").await.code, 2);
}
