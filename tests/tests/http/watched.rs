//! Watching: each from its own position, without a gap and without a repeat, however often it is
//! cut off.

use std::time::Duration;

use futures_util::StreamExt;
use helmstream_tests::web::Web;
use reqwest::Method;
use serde_json::Value;

use super::{event, head, plane};

/// Watches from behind a position until `wanted` events have come; their positions and bodies.
async fn watched(web: &Web, after: u64, query: &str, wanted: usize) -> Vec<(u64, Value)> {
    let path = format!("/v1/stream{query}");
    let request = web.request(Method::GET, &path).header("last-event-id", after.to_string());
    let response = request.send().await.expect("it answers");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut chunks = response.bytes_stream();
    let (mut text, mut found) = (String::new(), Vec::new());
    while found.len() < wanted {
        let chunk = chunks.next().await.expect("it goes on").expect("it is whole");
        text.push_str(std::str::from_utf8(&chunk).expect("frames are whole texts"));
        while let Some(end) = text.find("\n\n") {
            let frame: String = text.drain(..end + 2).collect();
            let line = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(id), Some("event"), Some(data)) =
                (line("id: "), line("event: "), line("data: "))
            {
                let told = serde_json::from_str(data).expect("an event is JSON");
                found.push((id.parse().expect("a position"), told));
            }
        }
    }
    found
}

#[tokio::test]
async fn whoever_is_cut_off_goes_on_without_a_gap_and_without_a_repeat() {
    let (plane, web) = plane().await;
    let from = head(&plane).await;
    let publishing = {
        let web = web.clone();
        tokio::spawn(async move {
            for n in 0..60 {
                assert_eq!(web.publish(&event(&format!("w{n}"))).await.status, 200);
            }
        })
    };
    let mut seen = Vec::new();
    let mut after = from;
    while seen.len() < 60 {
        let part = watched(&web, after, "", 7.min(60 - seen.len())).await;
        seen.extend(part.iter().map(|(sequence, _)| *sequence));
        after = *seen.last().expect("there are some");
    }
    publishing.await.expect("all were published");
    let wanted: Vec<u64> = (from + 1..=head(&plane).await).collect();
    assert_eq!(seen[..60], wanted[..60]);
}

#[tokio::test]
async fn what_is_watched_is_what_the_log_holds_and_only_what_is_wanted_of_it() {
    let (plane, web) = plane().await;
    web.publish(&event("one")).await;
    let runs = watched(&web, 0, "?context=plane", 1).await;
    assert_eq!(
        (runs[0].0, &runs[0].1["attributes"]["type"]),
        (1, &"helmstream.plane.founded.v1".into())
    );
    let facts = watched(&web, 0, "?context=external&type=recorded", 1).await;
    let (sequence, told) = &facts[0];
    assert_eq!(told["data"]["data"]["celsius"], 21.5, "{told}");
    plane.level().await;
    let shown = web.get(&format!("/v1/events/{sequence}")).await;
    assert_eq!(shown.body["hash"], told["hash"], "as auditors hash it");
}

#[tokio::test]
async fn a_position_that_is_none_is_told_and_the_stream_goes_on_at_the_head() {
    let (plane, web) = plane().await;
    let greeted = async |position: &str| {
        let request = web.request(Method::GET, "/v1/stream").header("last-event-id", position);
        let mut chunks = request.send().await.expect("it answers").bytes_stream();
        let first = chunks.next().await.expect("a greeting").expect("whole");
        let text = String::from_utf8_lossy(&first).into_owned();
        let now = head(&plane).await;
        assert!(text.contains("event: reset") && text.contains(&format!("id: {now}\n")), "{text}");
        chunks
    };
    drop(greeted(&u64::MAX.to_string()).await);
    let mut chunks = greeted("999999").await;
    web.publish(&event("after")).await;
    let next = tokio::time::timeout(Duration::from_secs(30), chunks.next()).await;
    let next = next.expect("it goes on").expect("there is more").expect("whole");
    assert!(String::from_utf8_lossy(&next).contains("event: event"));
}

#[tokio::test]
async fn whoever_is_cut_off_before_the_first_event_knows_where_to_go_on() {
    let (plane, web) = plane().await;
    let request = web.request(Method::GET, "/v1/stream?context=run");
    let mut chunks = request.send().await.expect("it answers").bytes_stream();
    let first = chunks.next().await.expect("a greeting").expect("whole");
    let now = head(&plane).await;
    assert_eq!(String::from_utf8_lossy(&first), format!("retry: 2000\nid: {now}\n\n"));
    drop(chunks);
    web.publish(&event("meanwhile")).await;
    assert_eq!(watched(&web, now, "", 1).await[0].0, now + 1);
}
