//! Watching with a client and on the command line, from the log itself and over HTTP: the same
//! events, without a gap and without a repeat, whatever goes away meanwhile.

use std::{pin::pin, process::Stdio};

use futures_util::{Stream, StreamExt};
use helmstream_schemas::{ActorKind, access::Role};
use helmstream_services::{
    client::{
        Client, Code, Direct, Failure, Http,
        direct::{Manner, OPERATOR},
        event::{TailRequest, Told},
        http::Reach,
    },
    local::plane::Plane,
};
use helmstream_tests::{
    harness::TestPlane,
    patience::{PATIENCE, eventually},
    running::{ALL, Running},
    web::Web,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

use super::{event, head, plane};

pub(crate) fn direct(plane: &Running) -> Direct {
    let manner =
        Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    Direct::new(place, manner).expect("the operator may ask")
}

pub(crate) fn http(web: &Web) -> Http {
    let server = format!("http://{}", web.address).parse().expect("an address");
    let token = format!("Bearer {}", web.token).parse().expect("a token");
    let reach =
        Reach { server, token, trusted: None, wait: Some(PATIENCE), outcome_wait: PATIENCE };
    Http::new(reach).expect("a client")
}

fn from(from_seq: u64) -> TailRequest {
    TailRequest { from_seq: Some(from_seq), ..TailRequest::default() }
}

type Next = Result<Told, Failure>;

async fn next(events: &mut (impl Stream<Item = Next> + Unpin)) -> Next {
    timeout(PATIENCE, events.next()).await.expect("there is more").expect("it goes on")
}

async fn some(events: &mut (impl Stream<Item = Next> + Unpin), wanted: usize) -> Vec<Told> {
    let mut found = Vec::new();
    while found.len() < wanted {
        found.push(next(events).await.expect("an event"));
    }
    found
}

async fn publish(web: &Web, id: &str) {
    assert_eq!(web.publish(&event(id)).await.status, 200);
}

#[tokio::test]
async fn both_clients_tell_the_same_of_the_log_and_only_what_is_wanted_of_it() {
    let (plane, web) = plane().await;
    for n in 0..3 {
        publish(&web, &format!("t{n}")).await;
    }
    let all = head(&plane).await;
    let (direct, http) = (direct(&plane), http(&web));
    let (mut of_log, mut of_server) = (pin!(direct.tail(from(1))), pin!(http.tail(from(1))));
    let told = some(&mut of_log, all as usize).await;
    assert_eq!(told, some(&mut of_server, all as usize).await);
    assert_eq!(told.iter().map(|told| told.sequence).collect::<Vec<_>>(), Vec::from_iter(1..=all));
    let wanted =
        TailRequest { context: Some("external".into()), kind: Some("recorded".into()), ..from(1) };
    let of_log = some(&mut pin!(direct.tail(wanted.clone())), 3).await;
    assert_eq!(of_log, some(&mut pin!(http.tail(wanted)), 3).await);
    assert!(of_log.iter().all(|told| told.subject.starts_with("evt.external.")), "{of_log:?}");
    assert_eq!(of_log[0].data["data"]["celsius"], 21.5);
}

#[tokio::test]
async fn a_server_that_comes_back_goes_on_where_it_was() {
    let (mut plane, web) = plane().await;
    let mut publisher = plane.publisher("operator").await;
    let client = http(&web);
    let begun = head(&plane).await;
    publish(&web, "before").await;
    let mut events = pin!(client.tail(from(begun + 1)));
    let mut told = some(&mut events, 1).await;
    for round in 0..2 {
        plane.stop("http").await.expect("it ends in order");
        for n in 0..3 {
            let sent = publisher.publish(&event(&format!("away-{round}-{n}"))).await;
            publisher.hear(sent).await;
        }
        plane.serve(&["http"]);
        told.extend(some(&mut events, 3).await);
    }
    let told: Vec<u64> = told.iter().map(|told| told.sequence).collect();
    assert_eq!(told, Vec::from_iter(begun + 1..=head(&plane).await));
}

#[tokio::test]
async fn a_log_that_comes_back_goes_on_where_it_was() {
    let plane = TestPlane::start_alone().await;
    let mut plane = plane.into_running(&ALL).await;
    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    publish(&web, "before").await;
    let before = head(&plane).await;
    let client = direct(&plane);
    let mut events = pin!(client.tail(from(1)));
    assert_eq!(some(&mut events, before as usize).await.last().unwrap().sequence, before);
    plane.plane.nats.stop().await;
    plane.plane.nats.restart().await.expect("it comes back");
    eventually("a publish after it came back", async || {
        (web.publish(&event("after")).await.status == 200).then_some(())
    })
    .await;
    let after = some(&mut events, 1).await;
    assert_eq!(after[0].sequence, before + 1);
}

#[tokio::test]
async fn whoever_wants_what_there_is_not_is_told_and_does_not_wait_for_ever() {
    let (plane, web) = plane().await;
    let (direct, http) = (direct(&plane), http(&web));
    let beyond = head(&plane).await + 2;
    let of_log = next(&mut pin!(direct.tail(from(beyond)))).await.unwrap_err();
    let of_server = next(&mut pin!(http.tail(from(beyond)))).await.unwrap_err();
    assert_eq!(of_log, of_server);
    assert_eq!(
        (of_log.code, &*of_log.what),
        (Code::NotFound, &*format!("there is no event {beyond} yet"))
    );
    let unknown = || TailRequest { kind: Some("step_vanished".into()), ..TailRequest::default() };
    let of_log = next(&mut pin!(direct.tail(unknown()))).await.unwrap_err();
    let of_server = next(&mut pin!(http.tail(unknown()))).await.unwrap_err();
    assert_eq!((of_log.code, of_server.code), (Code::NotFound, Code::Input));
    assert_eq!(of_log.hint, of_server.hint, "both name what there is");
    let nobody = Http::new(Reach {
        server: format!("http://{}", web.address).parse().expect("an address"),
        token: "Bearer nobody".parse().expect("a token"),
        trusted: None,
        wait: None,
        outcome_wait: PATIENCE,
    });
    let refused = next(&mut pin!(nobody.expect("a client").tail(from(1)))).await.unwrap_err();
    assert_eq!(refused.code, Code::NotLetIn, "it is not waited for");
}

pub(crate) fn program(plane: &Running, over_http: Option<&Web>, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_helmstream-tested"));
    command.args(words.split_whitespace()).env("NO_COLOR", "1").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    match over_http {
        None => command.env("HELMSTREAM_PLANE", plane.plane.plane.directory()),
        Some(web) => command
            .env("HELMSTREAM_SERVER", format!("http://{}", web.address))
            .env("HELMSTREAM_TOKEN", &web.token),
    };
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_shows_a_line_an_event_and_ends_after_as_many_as_were_asked_for() {
    let (plane, web) = plane().await;
    publish(&web, "shown").await;
    let last = head(&plane).await;
    for over_http in [None, Some(&web)] {
        let words = format!("event tail --from {last} --context external --count 1");
        let done = program(&plane, over_http, &words).output().await.expect("it runs");
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{out}{}", String::from_utf8_lossy(&done.stderr));
        let words: Vec<&str> = out.split_whitespace().collect();
        assert_eq!(
            (words[0], words[3], words[5]),
            (&*last.to_string(), "external", "recorded"),
            "{out}"
        );
        assert_eq!(out.lines().count(), 1, "{out}");
        let words = format!("event tail --from 1 --count {last} -o json");
        let done = program(&plane, over_http, &words).output().await.expect("it runs");
        let told: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(told["events"].as_array().map(Vec::len), Some(last as usize));
        let words = format!("event tail --from {}", last + 2);
        let done = program(&plane, over_http, &words).output().await.expect("it runs");
        assert_eq!(done.status.code(), Some(3), "there is no such event");
        assert!(String::from_utf8_lossy(&done.stderr).contains("there is no event"), "{done:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_it_as_it_should_be_unless_it_was_to_wait_for_more() {
    let (plane, web) = plane().await;
    let last = head(&plane).await;
    for (words, over_http, code) in [
        (format!("event tail --from {last} -o ndjson"), None, 0),
        (format!("event tail --from {last} -o ndjson --count 5"), Some(&web), 130),
    ] {
        let mut child = program(&plane, over_http, &words).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("a line").expect("a text");
        let told: Value = serde_json::from_str(&line.expect("a line")).expect("one object a line");
        assert_eq!(told["sequence"], last, "{told}");
        let id = child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-INT", &id]).status().await.expect("it runs");
        assert!(killed.success());
        let ended = timeout(PATIENCE, child.wait()).await.expect("it ends").expect("it ran");
        assert_eq!(ended.code(), Some(code), "{words}");
    }
}
