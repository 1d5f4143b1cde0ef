//! The sign of life: it comes while the plane can do its work, stays out while it cannot, and comes
//! again; and nobody is told where it goes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use helmstream_services::heartbeat::HeartbeatArgs;
use helmstream_tests::{harness::TestPlane, patience::eventually, scrape::Process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Somebody outside who counts signs of life.
pub(crate) struct Receiver {
    heard: Arc<AtomicU64>,
    /// What it answers: 200 or 500.
    is_well: Arc<AtomicU64>,
    file: PathBuf,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its own address");
        let (heard, is_well) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(1)));
        let (counted, well) = (heard.clone(), is_well.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (counted, well) = (counted.clone(), well.clone());
                tokio::spawn(async move {
                    let mut head = vec![0; 4_096];
                    let read = stream.read(&mut head).await.unwrap_or_default();
                    if head[..read].starts_with(b"GET /ping/7f3a HTTP/1.1\r\n") {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                    let status = match well.load(Ordering::SeqCst) {
                        1 => "200 OK",
                        _ => "500 No",
                    };
                    let answer = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        let file = format!("heartbeat-{}", address.port());
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(file);
        fs::write(&file, format!("http://{address}/ping/7f3a\n")).expect("it can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
        Self { heard, is_well, file }
    }

    pub(crate) fn args(&self) -> HeartbeatArgs {
        HeartbeatArgs { heartbeat_file: Some(self.file.clone()), heartbeat_seconds: 1 }
    }

    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::SeqCst)
    }

    /// Waits for more signs of life.
    pub(crate) async fn heard_more_than(&self, before: u64) {
        eventually("a sign of life", async || (self.heard() > before).then_some(())).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

async fn counted(process: &Process, outcome: &str) -> f64 {
    let told = eventually("metrics", async || process.scrape().await).await;
    told.value("helmstream_heartbeats_total", &[("outcome", outcome)]).expect("it begins at nought")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signs_of_life_stop_while_nats_is_away_and_come_again_with_it() {
    let mut plane = TestPlane::start_running(&[]).await;
    let receiver = Receiver::start().await;
    let process = Process::of(&plane, receiver.args());
    receiver.heard_more_than(1).await;

    plane.plane.nats.stop().await;
    let withheld = counted(&process, "withheld").await;
    eventually("signs of life that are withheld", async || {
        (counted(&process, "withheld").await > withheld).then_some(())
    })
    .await;
    let (before, withheld) = (receiver.heard(), counted(&process, "withheld").await);
    eventually("more of them", async || {
        (counted(&process, "withheld").await > withheld + 1.0).then_some(())
    })
    .await;
    assert_eq!(receiver.heard(), before, "nobody outside is told that all is well");
    let told = process.scrape().await.expect("metrics are told without NATS");
    assert_eq!(told.sum("helmstream_service_ready", &[]), 0.0);
    assert_eq!(told.sum("helmstream_service_reaches", &[("server", "nats")]), 0.0);
    assert!(told.sum("helmstream_service_reaches", &[("server", "postgres")]) > 0.0);
    for unknown in ["helmstream_durable_lag_sequences", "helmstream_inbox_age_seconds"] {
        assert_eq!(told.all(unknown, &[]).count(), 0, "{unknown} is not told as it was before");
    }
    assert!(told.sum("helmstream_nats_disconnects_total", &[]) >= 11.0);

    plane.plane.nats.restart().await.expect("it comes back");
    receiver.heard_more_than(before).await;
    process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_of_life_that_is_not_answered_well_counts_as_failed() {
    let plane = TestPlane::start_running(&[]).await;
    let receiver = Receiver::start().await;
    receiver.is_well.store(0, Ordering::SeqCst);
    let process = Process::of(&plane, receiver.args());
    receiver.heard_more_than(0).await;
    eventually("a failure that is counted", async || {
        (counted(&process, "failed").await >= 1.0).then_some(())
    })
    .await;
    assert_eq!(counted(&process, "sent").await, 0.0);
    receiver.is_well.store(1, Ordering::SeqCst);
    eventually("one that was received", async || {
        (counted(&process, "sent").await >= 1.0).then_some(())
    })
    .await;
    process.stop().await.expect("it ends in order");
}
