//! Project folders, damaged in every way, synced onto a running plane: every file ends with exactly
//! one outcome, what is intact tells its facts, and a second sync adds nothing.
//!
//! Short in `cargo test`; long by hand:
//! `HELMSTREAM_FOLDERS=10000 HELMSTREAM_SEED=7 cargo test -p helmstream-tests --test faber_sync folders -- --nocapture`

mod folders;
mod history;
mod watched;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::StreamExt;
use helmstream_services::{
    client::{Direct, direct::Manner},
    faber::{
        Project,
        sync::{Wanted, sync},
        told::Told,
    },
    local::plane::Plane,
};
use helmstream_stream::read::extent;
use helmstream_tests::running::Running;
use tokio::sync::watch;

/// The services that have a part in it.
pub const WITH: [&str; 8] =
    ["door", "run", "external", "deadline", "ledger", "approval", "deployment", "dead_letter"];

/// A folder that is gone with the value.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn make() -> Self {
        let dir = std::env::temp_dir().join(format!("helmstream-faber-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&dir).expect("a folder can be made");
        Self(dir.canonicalize().expect("it is there"))
    }

    pub fn put(&self, path: &str, text: &str) {
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().expect("a path in a folder")).expect("a folder");
        fs::write(file, text).expect("a file can be written");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A client that publishes as faber does.
pub fn client(plane: &Running) -> Direct {
    let directory = plane.plane.plane.directory();
    let manner = Manner {
        publisher: "faber".into(),
        wait: Some(Duration::from_secs(60)),
        outcome_wait: Duration::from_secs(60),
    };
    Direct::new(Plane::open(directory).expect("a plane"), manner).expect("a client")
}

/// Syncs a folder to its end.
pub async fn synced(client: &Direct, dir: &Path, history: bool) -> Vec<Told> {
    let project = Project::open(dir, None).expect("a project");
    let (_stop, stop) = watch::channel(false);
    let synced = sync(client, project, Wanted { watch: false, history, stop });
    let told = synced.map(|synced| synced.unwrap_or_else(|error| panic!("{error:?}")).told);
    told.collect().await
}

/// How far the facts and the dead letters reach.
pub async fn heads(plane: &Running) -> [u64; 2] {
    let mut heads = [0; 2];
    for (head, stream) in heads.iter_mut().zip(["EVENTS", "DEADLETTERS"]) {
        *head = extent(&plane.operator, stream).await.expect("the log answers").last;
    }
    heads
}
