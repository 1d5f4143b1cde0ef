//! Secrets that went into the wrong place: no answer, no line of the log of a service that tells all
//! it knows, and no stream holds any of them, but INBOX and what dead letters keep as it came.

use std::{
    fs::{self, File},
    process::{Output, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use helmstream_schemas::{ActorKind, access::Role};
use helmstream_tests::{
    admin::api,
    harness::TestPlane,
    running::Running,
    web::{Answered, Web},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use uuid::Uuid;

/// Streams that hold what was published as it came: for a short time, and for whoever repairs.
const AS_IT_CAME: [&str; 2] = ["INBOX", "DEADLETTERS"];

/// What the services are told to log: all of their own.
const ALL_OF_IT: &str = "info,helmstream_services=trace,helmstream_core=trace,helmstream_stream=trace,helmstream_projections=trace,hyper=debug";

/// Secrets that were planted, and everything that was answered.
struct Plot {
    web: Web,
    planted: Vec<(String, String)>,
    answers: Vec<(String, String)>,
}

/// Where a secret stands in a request.
enum Spot {
    /// An event in structured mode.
    Event(Value),
    /// A question or an action: method, path, headers, body.
    Asked(Method, String, Vec<(&'static str, String)>, String),
    /// Bytes.
    Raw(String),
}

#[tokio::test]
async fn a_secret_in_the_wrong_place_is_in_no_answer_no_log_and_no_stream_that_stays() {
    let mut plane = TestPlane::start_empty().await.into_running(&[]).await;
    let log = plane.plane.plane.directory().join("said.log");
    let mut services = serving(&plane, &log);
    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    let mut plot = Plot { web, planted: Vec::new(), answers: Vec::new() };
    plant(&mut plot).await;
    assert!(plot.planted.len() >= 20, "{}", plot.planted.len());
    let own = plot.web.token.rsplit('_').next().expect("a secret").to_owned();
    plot.planted.push(("the token itself".to_owned(), own));
    ask_of(&plane, &mut plot).await;
    watch(&mut plot).await;
    services.start_kill().expect("it runs");
    services.wait().await.expect("it ends");

    let mut found = Vec::new();
    let said = fs::read_to_string(&log).expect("a log");
    assert!(said.contains("listening for HTTP") && said.contains("a token was refused"), "{said}");
    for (spot, secret) in &plot.planted {
        for (what, answer) in plot.answers.iter().filter(|(_, answer)| answer.contains(secret)) {
            found.push(format!("{spot}: answered to {what}: {answer}"));
        }
        for line in said.lines().filter(|line| line.contains(secret)) {
            found.push(format!("{spot}: logged: {line}"));
        }
    }
    let kept = stored(&mut plane).await;
    for (stream, message) in kept.iter().filter(|(stream, _)| !AS_IT_CAME.contains(&&**stream)) {
        for (spot, _) in plot.planted.iter().filter(|(_, secret)| message.contains(secret)) {
            found.push(format!("{spot}: in {stream}: {message}"));
        }
    }
    assert!(found.is_empty(), "{} of them:\n{}", found.len(), found.join("\n"));
    let inbox = kept.iter().any(|(stream, message)| {
        AS_IT_CAME.contains(&&**stream) && plot.planted.iter().any(|(_, s)| message.contains(s))
    });
    assert!(inbox, "what is looked for can be found");
}

/// All services in a process of their own, whose words go into a file.
fn serving(plane: &Running, log: &std::path::Path) -> Child {
    let log = File::create(log).expect("a file");
    // If this process dies, it does.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", env!("CARGO_BIN_EXE_helmstream-tested")])
        .args(["serve", "--accept-power-loss"])
        .env("HELMSTREAM_PLANE", plane.plane.plane.directory())
        .env("HELMSTREAM_LOG", ALL_OF_IT)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts")
}

impl Plot {
    /// Plants a new secret where it is put, and keeps what was answered.
    async fn plant(&mut self, spot: &str, put: impl FnOnce(&str) -> Spot) {
        let secret = Uuid::new_v4().simple().to_string();
        let answer = match put(&secret) {
            Spot::Event(event) => format!("{:?}", self.web.publish(&event).await),
            Spot::Raw(text) => self.web.raw(text.as_bytes()).await,
            Spot::Asked(method, path, headers, body) => {
                let own = headers.iter().any(|(name, _)| *name == "authorization");
                let mut nobody = self.web.clone();
                nobody.token.clear();
                let asks = if own { &nobody } else { &self.web };
                let mut request = asks.request(method, &path).body(body);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                let response = request.send().await.expect("it answers");
                format!("{:?}", Answered::of(response).await.expect("it answers whole"))
            }
        };
        self.planted.push((spot.to_owned(), secret));
        self.answers.push((spot.to_owned(), answer));
    }
}

fn event(changes: Value) -> Spot {
    let id = Uuid::new_v4();
    let mut event = json!({
        "specversion": "1.0", "id": id, "source": "/tests/http", "type": "com.example.measured",
    });
    for (name, value) in changes.as_object().expect("an object") {
        event[name] = value.clone();
    }
    Spot::Event(event)
}

fn get(path: String, headers: Vec<(&'static str, String)>) -> Spot {
    Spot::Asked(Method::GET, path, headers, String::new())
}

fn post(path: &str, body: &Value) -> Spot {
    let kind = vec![("content-type", "application/json".to_owned())];
    Spot::Asked(Method::POST, path.to_owned(), kind, body.to_string())
}

fn binary(more: Vec<(&'static str, String)>, body: String) -> Spot {
    let mut headers = vec![
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", Uuid::new_v4().to_string()),
        ("ce-source", "/tests/http".to_owned()),
        ("ce-type", "com.example.measured".to_owned()),
    ];
    headers.extend(more);
    Spot::Asked(Method::POST, "/v1/events".to_owned(), headers, body)
}

async fn plant(plot: &mut Plot) {
    let sealed = |s: &str| BASE64_STANDARD.encode(format!("{{\"password\":\"{s}\"}}"));
    plot.plant("a known form in data", |s| event(json!({"data": format!("gh{}_{s}", "p")}))).await;
    plot.plant("password in data", |s| event(json!({"data": {"db": {"password": s}}}))).await;
    plot.plant("bearer in data", |s| event(json!({"data": [format!("Bearer {s}")]}))).await;
    plot.plant("address with a user in data", |s| {
        event(json!({"data": format!("pg://a:{s}@db/x")}))
    })
    .await;
    plot.plant("base64 of data", |s| event(json!({"data_base64": sealed(s)}))).await;
    plot.plant("attribute", |s| event(json!({"apikey": s}))).await;
    plot.plant("source", |s| event(json!({"source": format!("https://a:{s}@ci.example.com/")})))
        .await;
    plot.plant("time", |s| event(json!({"time": s}))).await;
    plot.plant("attribute of a wrong type", |s| event(json!({"subject": {"password": s}}))).await;
    plot.plant("dead letter", |s| {
        let data = json!({"password": s, "domain": ""});
        event(json!({"type": "helmstream.deployment.register.v1", "data": data}))
    })
    .await;
    plot.plant("ce- header", |s| binary(vec![("ce-token", s.into())], "1".into())).await;
    plot.plant("text", |s| {
        binary(vec![("content-type", "text/plain".into())], format!("password={s}"))
    })
    .await;
    plot.plant("header that does not count", |s| {
        binary(vec![("x-api-key", s.into()), ("cookie", format!("id={s}"))], "1".into())
    })
    .await;
    plot.plant("half an event", |s| {
        let kind = vec![("content-type", "application/cloudevents+json".to_owned())];
        let body = format!("{{\"data\":{{\"password\":\"{s}");
        Spot::Asked(Method::POST, "/v1/events".into(), kind, body)
    })
    .await;
    plot.plant("batch that is none", |s| {
        let kind = vec![("content-type", "application/cloudevents-batch+json".to_owned())];
        Spot::Asked(Method::POST, "/v1/events".into(), kind, format!("\"{s}\""))
    })
    .await;
    plot.plant("parameter of the type", |s| {
        let kind = vec![("content-type", format!("text/plain; key={s}"))];
        Spot::Asked(Method::POST, "/v1/events".into(), kind, s.to_owned())
    })
    .await;
    in_questions(plot).await;
}

async fn in_questions(plot: &mut Plot) {
    plot.plant("Basic", |s| get("/v1/runs".into(), vec![("authorization", format!("Basic {s}"))]))
        .await;
    plot.plant("Bearer", |s| {
        get("/v1/runs".into(), vec![("authorization", format!("Bearer {s}"))])
    })
    .await;
    plot.plant("token of the plane's form", |s| {
        let token = format!("hst_AAAAAAAAAAAA_{s}AAAAAAAAAAA");
        get("/v1/runs".into(), vec![("authorization", format!("Bearer {token}"))])
    })
    .await;
    plot.plant("token in the query", |s| get(format!("/v1/runs?token={s}"), vec![])).await;
    plot.plant("token in the query of nobody", |s| {
        get(format!("/v1/stream?token={s}"), vec![("authorization", "x".into())])
    })
    .await;
    plot.plant("limit", |s| get(format!("/v1/runs?limit={s}"), vec![])).await;
    plot.plant("status", |s| get(format!("/v1/runs?statuses={s}"), vec![])).await;
    plot.plant("position", |s| get(format!("/v1/runs?min_seq={s}"), vec![])).await;
    plot.plant("context of a stream", |s| get(format!("/v1/stream?context={s}"), vec![])).await;
    plot.plant("path", |s| get(format!("/v1/{s}"), vec![])).await;
    plot.plant("Last-Event-ID", |s| get("/v1/stream".into(), vec![("last-event-id", s.into())]))
        .await;
    plot.plant("Prefer", |s| get("/v1/runs".into(), vec![("prefer", format!("wait={s}"))])).await;
    plot.plant("user of the target", |s| {
        Spot::Raw(format!(
            "GET http://a:{s}@plane/v1/runs HTTP/1.1\r\nHost: plane\r\nConnection: close\r\n\r\n"
        ))
    })
    .await;
    plot.plant("header that is none", |s| {
        Spot::Raw(format!("GET /v1/runs HTTP/1.1\r\nAuthorization Bearer {s}\r\n\r\n"))
    })
    .await;
    plot.plant("value of a wrong type", |s| {
        post("/v1/approvals", &json!({"run": "r", "open_for_ms": s}))
    })
    .await;
    plot.plant("role that is none", |s| post("/v1/tokens", &json!({"role": s}))).await;
    plot.plant("instant that is none", |s| post("/v1/tokens", &json!({"expires_at": s}))).await;
    plot.plant("digest that is none", |s| post("/v1/approvals/a%40b/grant", &json!({"shown": s})))
        .await;
    plot.plant("password of a deployment", |s| {
        let body = json!({
            "domain": "application", "environment": "prod", "name": "shop", "password": s,
            "endpoint": format!("https://a:{s}@shop.example.com/"),
        });
        post("/v1/deployments", &body)
    })
    .await;
}

/// Asks for everything there is now, and by the program with an address that has a user in it.
async fn ask_of(plane: &Running, plot: &mut Plot) {
    plane.level().await;
    let mut paths = vec!["/v1/dead-letters".to_owned(), "/v1/deployments".to_owned()];
    paths.extend(["/v1/outcomes", "/v1/replay?from_seq=1", "/v1/tokens"].map(str::to_owned));
    let head = super::head(plane).await;
    for sequence in 1..=head {
        paths.extend(["", "/why"].map(|more| format!("/v1/events/{sequence}{more}")));
    }
    let listed = plot.web.get("/v1/dead-letters").await;
    for letter in listed.body["dead_letters"].as_array().expect("a list") {
        paths.push(format!("/v1/dead-letters/{}", letter["inbox_sequence"]));
    }
    for path in paths {
        let answered = plot.web.get(&path).await;
        assert!(answered.status < 500, "{path}: {answered:?}");
        plot.answers.push((path, format!("{answered:?}")));
    }
    let secret = Uuid::new_v4().simple().to_string();
    let address = plot.web.address;
    let config = plane.plane.plane.directory().join("helmstream");
    fs::create_dir_all(&config).expect("a folder");
    let profile = format!("[profiles.there]\nserver = \"http://a:{secret}@{address}\"\n");
    fs::write(config.join("profiles.toml"), profile).expect("a file");
    let server = format!("http://a:{secret}@{address}");
    let typed: [&[&str]; 2] =
        [&["run", "list", "--profile", "there"], &["run", "list", "--server", &server]];
    for typed in typed {
        let Output { stdout, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_helmstream-tested"))
            .args(typed)
            .env("XDG_CONFIG_HOME", plane.plane.plane.directory())
            .env("HELMSTREAM_TOKEN", &plot.web.token)
            .env("HELMSTREAM_LOG", ALL_OF_IT)
            .env("NO_COLOR", "1")
            .output()
            .await
            .expect("the program starts");
        let told = [stdout, stderr].concat();
        plot.answers.push((typed[2].to_owned(), String::from_utf8_lossy(&told).into_owned()));
    }
    plot.planted.push(("address of a profile".to_owned(), secret));
}

/// Everything that is watched from the beginning on.
async fn watch(plot: &mut Plot) {
    let head = plot.web.get("/v1/moments/999999999").await;
    plot.answers.push(("moment".to_owned(), format!("{head:?}")));
    let mut response =
        plot.web.request(Method::GET, "/v1/stream?from_seq=1").send().await.expect("it answers");
    let mut text = String::new();
    let last = super::event("the last").to_string();
    let told = plot.web.publish(&serde_json::from_str(&last).expect("JSON")).await;
    let until = format!("id: {}\n", told.body["sequence"]);
    while !text.contains(&until) {
        let chunk = response.chunk().await.expect("it goes on").expect("it is whole");
        text += &String::from_utf8_lossy(&chunk);
    }
    plot.answers.push(("a stream".to_owned(), text));
}

/// Every message of every stream, with its subject and headers, as text.
async fn stored(plane: &mut Running) -> Vec<(String, String)> {
    let admin = plane.plane.admin().await;
    let names = api(&admin, "$JS.API.STREAM.NAMES", json!({})).await;
    let mut kept = Vec::new();
    for stream in names["streams"].as_array().expect("a list") {
        let stream = stream.as_str().expect("a name");
        let info = api(&admin, &format!("$JS.API.STREAM.INFO.{stream}"), json!({})).await;
        let mut next = info["state"]["first_seq"].as_u64().expect("a position");
        let last = info["state"]["last_seq"].as_u64().expect("a position");
        while next <= last && info["state"]["messages"] != 0 {
            let asked = json!({"seq": next, "next_by_subj": ">"});
            let told = api(&admin, &format!("$JS.API.STREAM.MSG.GET.{stream}"), asked).await;
            let message = &told["message"];
            let text = |name: &str| {
                let encoded = message[name].as_str().unwrap_or_default();
                let bytes = BASE64_STANDARD.decode(encoded).expect("base64");
                String::from_utf8_lossy(&bytes).into_owned()
            };
            kept.push((
                stream.to_owned(),
                format!("{} {} {}", message["subject"], text("hdrs"), text("data")),
            ));
            next = message["seq"].as_u64().expect("a position") + 1;
        }
    }
    kept
}
