//! Golden transcripts: what somebody types, and everything that is printed. Each file of
//! `tests/scenarios` is a story on a plane of its own; its lines that begin with `$ ` are typed, the
//! others were printed. What differs from run to run (times, ages, random ids) is written as a word
//! for it. `HELMSTREAM_SCENARIOS=write` writes the transcripts anew; read the difference before you
//! keep it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::LazyLock,
};

use futures_util::{StreamExt, stream};
use helmstream_schemas::Timestamp;
use helmstream_tests::{
    admin::api,
    harness::TestPlane,
    kill::chance::Chance,
    patience::eventually,
    race::now,
    running::{ALL, Running},
    tree,
};
use regex::Regex;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

/// A story whose first line says so tells of things that are decided side by side: where on EVENTS
/// each of them stands differs from run to run.
const IN_ANY_ORDER: &str = "in any order";

/// Planes at a time; they share one Postgres.
const PLANES: usize = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Each story is told twice: as it is, and with all services crashing after one of its steps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_is_told_as_it_is_written_down_and_no_crash_changes_it() {
    let writes = std::env::var("HELMSTREAM_SCENARIOS").is_ok_and(|value| value == "write");
    let seed = std::env::var("HELMSTREAM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(std::process::id().into());
    println!("HELMSTREAM_SEED={seed}");
    let mut chance = Chance::new(seed);
    let mut telling = Vec::new();
    for path in stories() {
        let written = fs::read_to_string(&path).expect("a text");
        let steps = written.lines().filter(|line| line.starts_with("$ ")).count() as u64;
        let crash = chance.below(steps) as usize;
        for crash_after in if writes { vec![None] } else { vec![None, Some(crash)] } {
            let (path, written) = (path.clone(), written.clone());
            telling.push(async move {
                let (told, plane) = told(&written, crash_after).await;
                (path, written, crash_after, told, plane)
            });
        }
    }
    // A plane that goes away waits for its database, and must not wait beside one that is set up.
    let told = stream::iter(telling).buffer_unordered(PLANES).collect::<Vec<_>>().await;
    for (path, written, crash_after, told, _plane) in told {
        if writes {
            fs::write(&path, &told).expect("it can be written");
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        similar(&format!("{name}, crashed after {crash_after:?}"), &written, &told);
    }
}

fn stories() -> Vec<PathBuf> {
    let mut stories: Vec<PathBuf> = fs::read_dir(folder())
        .expect("there are scenarios")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    stories.sort();
    assert!(!stories.is_empty());
    stories
}

fn similar(name: &str, written: &str, told: &str) {
    let same = written.lines().zip(told.lines()).take_while(|(a, b)| a == b).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("(nothing)").to_owned();
    assert!(
        written == told,
        "{name}: told otherwise from line {} on\nwritten: {}\ntold:    {}\n\nwhole:\n{told}",
        same + 1,
        line(written),
        line(told),
    );
}

/// The story as it goes this time.
async fn told(written: &str, crash_after: Option<usize>) -> (String, Running) {
    let mut plane = TestPlane::start_running(&ALL).await;
    let begun = now();
    let mut told = String::new();
    let mut step = 0;
    let in_any_order = written.lines().next().is_some_and(|line| line.contains(IN_ANY_ORDER));
    for line in written.lines() {
        if line.starts_with('#') {
            told.push_str(&format!("{line}\n"));
        } else if let Some(typed) = line.strip_prefix("$ ") {
            told.push_str(&format!("\n{line}\n"));
            let printed = plain(&run(&plane, typed, begun).await);
            told.push_str(&if in_any_order { without_positions(&printed) } else { printed });
            if crash_after == Some(step) {
                plane.crash().await;
            }
            quiet(&plane).await;
            step += 1;
        }
    }
    for service in ALL {
        plane.stop(service).await.expect("it ends in order");
    }
    (told, plane)
}

/// Waits until everything that was asked for is decided, and seen by every view.
async fn quiet(plane: &Running) {
    let durables: Vec<String> = tree::files()
        .into_iter()
        .filter_map(|path| {
            Some(path.strip_prefix("nats/consumers/")?.strip_suffix(".json")?.to_owned())
        })
        .collect();
    eventually("a plane that has nothing to do", async || {
        for durable in &durables {
            let file = tree::text(&format!("nats/consumers/{durable}.json")).expect("a text");
            let file: Value = serde_json::from_str(&file).expect("JSON");
            let stream = file["stream_name"].as_str().expect("a stream");
            let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{durable}");
            let info = api(&plane.operator, &subject, json!({})).await;
            if info["num_pending"] != 0 || info["num_ack_pending"] != 0 {
                return None;
            }
        }
        Some(())
    })
    .await;
    plane.level().await;
}

/// Types a command, and gives everything that it prints.
async fn run(plane: &Running, typed: &str, begun: Timestamp) -> String {
    let (typed, input) = match typed.split_once(" < ") {
        Some((typed, file)) => (typed, Some(filled(file, begun))),
        None => (typed, None),
    };
    let mut words = words(typed).into_iter();
    assert_eq!(words.next().as_deref(), Some("helmstream"), "{typed}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_helmstream-tested"))
        .current_dir(folder())
        .args(words)
        .env("HELMSTREAM_PLANE", plane.plane.plane.directory())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.unwrap_or_default().as_bytes()).await.expect("it reads its input");
    drop(stdin);
    let output = child.wait_with_output().await.expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = match output.status.code() {
        Some(0) => String::new(),
        code => format!("[exit {}]\n", code.unwrap_or(-1)),
    };
    text(&output.stdout) + &text(&output.stderr) + &code
}

/// A file beside the story, `{now}` being the instant at which the story began.
fn filled(file: &str, begun: Timestamp) -> String {
    let text = fs::read_to_string(folder().join(file)).expect("a file beside the story");
    text.replace("{now}", &begun.to_string())
}

fn words(typed: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in typed.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words
}

/// What is printed, without what differs from run to run.
fn plain(text: &str) -> String {
    static FORMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let forms = [
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
            (r"\d{4}-\d\d-\d\d", "DAY"),
            (r"\b\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "CLOCK"),
            (r"\bin \d+[smhd]\b|\b\d+[smhd] ago\b", "AGE"),
            (r"(\(|, |since |  )now\b", "${1}AGE"),
            (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
            (r"\b[0-9a-f]{64}\b", "DIGEST"),
            (r"person:[0-9a-f]{32}", "PERSON"),
            (r"(\S)  +", "$1  "),
        ];
        forms.map(|(form, word)| (Regex::new(form).expect("well formed"), word)).into()
    });
    FORMS
        .iter()
        .fold(text.to_owned(), |text, (form, word)| form.replace_all(&text, *word).into_owned())
}

fn without_positions(text: &str) -> String {
    static POSITION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\[\d+\]|\bevent \d+").expect("well formed"));
    let word = |found: &regex::Captures| match found[0].starts_with('[') {
        true => "[N]",
        false => "event N",
    };
    POSITION.replace_all(text, word).into_owned()
}
