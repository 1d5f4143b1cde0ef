//! What must not be seen: personal values and secrets, on no stream and in no table but those made
//! for them; and answers, which go to nobody but the asker.

use helmstream_schemas::outcome::Outcome;
use helmstream_services::local::credentials::OWNER;
use helmstream_stream::{Connection, read::extent};
use helmstream_tests::{
    faber::{external, said},
    harness::TestPlane,
    running::ALL,
    sql,
};
use serde_json::{Value, json};

const STREAMS: [&str; 6] = ["COMMANDS", "EVENTS", "STATES", "DEADLINES", "JOURNAL", "DEADLETTERS"];

/// Values that nobody may find again, put together so that no scanner takes this file for a leak.
fn secrets() -> Vec<String> {
    vec![
        format!("gh{}_{}", "p", "Zq9".repeat(12)),
        format!("AK{}{}", "IA", "Q7".repeat(8)),
        format!("hunter{}", "2hunter2"),
        format!("s3cr3t-{}", "value-of-a-key"),
    ]
}

fn people() -> Vec<String> {
    ["Wilhelmina Zwetschge", "wilhelmina.zwetschge@example.com", "w.zwetschge+ci@example.org"]
        .map(str::to_owned)
        .to_vec()
}

fn revealing(run: &str) -> Vec<Value> {
    let (secret, person) = (secrets(), people());
    vec![
        said(
            run,
            1,
            "workflow_start",
            json!({
                "user": person[0],
                "message": format!("pushed with {} by {}", secret[0], person[1]),
                "metadata": {"author": person[0], "deep": [{"to": person[2], "password": secret[3]}], secret[0].clone(): "key"}
            }),
        ),
        said(
            run,
            2,
            "step_error",
            json!({
                "phase": "build", "step": person[1],
                "error": {"message": format!("postgres://app:{}@db/x refused", secret[2])},
                "artifacts": [{"type": "file", "path": format!("/home/{}/x", person[1]), "url": format!("https://x/?key={}", secret[1])}]
            }),
        ),
        external(
            "/mail",
            "m1",
            json!({"approver": person[0], "text": person[1], "token": secret[3]}),
        ),
        {
            let mut event = external("/mail", &format!("from {}", person[1]), json!(null));
            event["subject"] = person[2].as_str().into();
            event["authorization"] = secret[3].as_str().into();
            event
        },
        // Refused at the door after it was read, and before.
        said(&"x".repeat(600), 3, "checkpoint", json!({"user": person[0], "message": secret[0]})),
        json!({"specversion": "1.0", "id": person[1], "source": secret[1], "type": 7}),
    ]
}

/// Everything a stream holds, headers included, as text.
async fn stored(admin: &Connection, stream: &str) -> Vec<String> {
    let extent = extent(admin, stream).await.expect("the log answers");
    let mut all = Vec::new();
    for sequence in extent.first..=extent.last {
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        let body = json!({"seq": sequence}).to_string();
        let answer = admin.client.request(subject, body.into()).await.expect("the server answers");
        if answer.status.is_none() {
            let headers = answer.headers.map(|headers| format!("{headers:?}")).unwrap_or_default();
            all.push(format!("{headers}\n{}", String::from_utf8_lossy(&answer.payload)));
        }
    }
    all
}

/// Undo the cleaning in the core's `read` to see this red, or that of the type beside it.
#[tokio::test]
async fn personal_values_and_secrets_are_nowhere_but_where_they_can_be_erased() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    let plane = plane.into_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut dead = 0;
    for event in revealing("acme/private") {
        let sequence = faber.publish(&event).await;
        let told = faber.hear(sequence).await;
        dead += u64::from(matches!(told, Outcome::DeadLetter { .. }));
        assert_hidden("the reply", &format!("{told:?}"));
    }
    assert_eq!(dead, 2);
    plane.level().await;
    assert_eq!(
        extent(&admin, "INBOX").await.expect("the log answers").messages,
        0,
        "INBOX keeps nothing"
    );
    for stream in STREAMS {
        for message in stored(&admin, stream).await {
            let seen = match stream {
                "DEADLETTERS" => {
                    message.split_once('\n').map_or("", |(headers, _)| headers).to_owned()
                }
                _ => message,
            };
            assert_hidden(stream, &seen);
        }
    }
    let login = plane.plane.login(OWNER);
    let client = sql::connect(&login, &login.database).await;
    let tables = sql::tables(&client).await;
    assert!(tables.iter().any(|table| table == "people.person"), "{tables:?}");
    for table in tables.iter().filter(|table| *table != "people.person") {
        for row in sql::dump(&client, table).await {
            assert_hidden(table, &row);
        }
    }
    let kept = sql::dump(&client, "people.person").await.join("\n");
    for person in people() {
        assert!(kept.contains(&person), "{person} can be put back for those who may see it");
    }
    for secret in secrets() {
        assert!(!kept.contains(&secret), "a secret is kept nowhere");
    }
    for log in ["nats.log", "postgres.log"] {
        let text =
            std::fs::read(plane.plane.plane.directory().join("log").join(log)).unwrap_or_default();
        assert_hidden(log, &String::from_utf8_lossy(&text));
    }
}

/// Panics if a text holds a value that it must not, as it is or as the hexadecimal of bytes.
fn assert_hidden(place: &str, text: &str) {
    let lower = text.to_lowercase();
    for value in secrets().into_iter().chain(people()) {
        let value = value.to_lowercase();
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!lower.contains(&value) && !lower.contains(&hex), "{value} in {place}: {text}");
    }
    // Bytes keep their capitals in hexadecimal.
    for value in secrets().into_iter().chain(people()) {
        let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!lower.contains(&hex), "{value} in {place}, as bytes: {text}");
    }
}

#[tokio::test]
async fn what_was_removed_is_recorded_and_one_person_is_one_id_everywhere() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    for event in revealing("acme/removed").iter().take(1) {
        let sequence = faber.publish(event).await;
        faber.hear(sequence).await;
    }
    let events = plane.events("evt.run.acme/removed").await;
    let event: Value = serde_json::from_slice(&events[0].payload).expect("JSON");
    let id = event["claim"]["person"].as_str().expect("an opaque id").to_owned();
    assert!(id.starts_with("person:"), "{id}");
    assert_eq!(event["claim"]["rest"]["metadata"]["author"], id.as_str());
    let removed = event["claim"]["removed"].as_array().expect("a list");
    let at = |place: &str| {
        removed.iter().find(|removal| removal["at"] == place).map(|r| r["what"].clone())
    };
    assert_eq!(at("/data/user"), Some("personal_name".into()), "{removed:?}");
    assert!(removed.iter().any(|removal| removal["what"] == "github_token"), "{removed:?}");
    let names = helmstream_projections::people::names(&plane.database, &[id])
        .await
        .expect("the views answer");
    assert_eq!(names.values().map(String::as_str).collect::<Vec<_>>(), [people()[0].as_str()]);
}

/// A reply goes where the publisher itself may listen, or nowhere. Take the test of the address out
/// of the door's `asker` to see this red: the door would publish a command for whoever asks.
#[tokio::test]
async fn an_answer_is_never_sent_where_the_publisher_may_not_listen() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    let mut everything = admin.client.subscribe(">").await.expect("an admin may listen");
    admin.client.flush().await.expect("the connection is open");
    let plane = plane.into_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let forged = [
        "cmd.run.merge.victim",
        "cmd.run.report.victim",
        "evt.alias.victim",
        "jrn.door",
        "dead.x",
        "in.faber",
        "_INBOX_operator.x",
        "_INBOX_door.x",
        "_INBOX_fabery.x",
        "_INBOX_faber",
        "_INBOX_faber.",
        "_INBOX_faber.>",
        "_INBOX_faber.*",
        "_INBOX_faber..x",
        "$JS.API.STREAM.DELETE.EVENTS",
        "",
    ];
    let mut sequences = Vec::new();
    for (n, place) in forged.iter().enumerate() {
        let n = n as u64;
        let event = said("acme/forged", n + 1, "checkpoint", json!({})).to_string().into_bytes();
        sequences.push(faber.publish_for(event, place).await);
        sequences.push(faber.publish_for(b"nonsense".to_vec(), place).await);
    }
    for sequence in &sequences {
        plane.outcome(*sequence).await;
    }
    // Told to the right one once everything before it is settled.
    let last = faber.publish(&said("acme/forged", 999, "checkpoint", json!({}))).await;
    assert!(matches!(faber.hear(last).await, Outcome::Event { .. }));
    for (stream, wanted) in
        [("COMMANDS", forged.len() as u64 + 1), ("EVENTS", forged.len() as u64 + 2)]
    {
        let found = extent(&admin, stream).await.expect("the log answers");
        assert_eq!(found.messages, wanted, "{stream} holds nothing that a reply put there");
    }
    assert!(plane.events("evt.run.victim").await.is_empty());
    let mut replies = 0;
    while let Ok(Some(message)) = tokio::time::timeout(
        std::time::Duration::from_millis(1),
        futures_util::StreamExt::next(&mut everything),
    )
    .await
    {
        let is_reply = message.payload.starts_with(b"{\"inbox_sequence\"")
            && !message.subject.starts_with("jrn.");
        replies += u64::from(is_reply && !message.subject.starts_with("$JS"));
        assert!(
            !is_reply || message.subject.starts_with("_INBOX_faber."),
            "a reply went to {}",
            message.subject
        );
    }
    assert_eq!(replies, 1);
}
