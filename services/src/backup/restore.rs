//! `helmstream backup restore`: a backup put back into a plane that has nothing yet. It says on the log
//! that it did, and it compares what came back with what was taken.

use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

use helmstream_projections::{people, setup as views_setup};
use helmstream_schemas::{Hash, Timestamp, plane::Restored as Fact};
use helmstream_stream::{Connection, append::EVENTS, backup, founding, get, health, read};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Step, Told,
    create::key_digest,
    damaged,
    manifest::{Manifest, PEOPLE},
    patiently,
    rebuild::{Rebuilt, rebuild},
    streams::{self, Destination, StreamBack},
    verify::{Verified, verify},
};
use crate::{
    client::{
        Code, Failure,
        direct::{connected, database},
    },
    limits::PEOPLE_PAGE_ROWS,
    local::{credentials::OWNER, plane::Plane},
    setup::set_up,
};

/// What came back, and whether it is what was taken.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    pub epoch: Uuid,
    pub manifest_sha256: Hash,
    /// When the backup was whole.
    pub taken_at: Timestamp,
    /// The programs that put it back.
    pub helmstream: String,
    pub nats_server: String,
    /// The last event that came back.
    pub head_sequence: u64,
    pub head_hash: Hash,
    /// Where the log says that it was restored.
    pub fact_sequence: u64,
    pub streams: Vec<StreamBack>,
    /// Positions of INBOX that were given out after it was taken, and are not given out again.
    pub inbox_passed_over: u64,
    pub durables: usize,
    pub people: u64,
    pub views: Vec<Rebuilt>,
    /// Everything that was compared is what it was.
    pub is_same: bool,
    pub parts: Vec<Took>,
    pub notes: Vec<String>,
}

/// How long a part took.
#[derive(Debug, Clone, Serialize)]
pub struct Took {
    pub part: &'static str,
    pub ms: u64,
}

/// Puts a backup back into a plane whose servers run and have nothing.
pub async fn restore(
    plane: &Plane,
    folder: &Path,
    wait: Option<Duration>,
    told: Told<'_>,
) -> Result<Restored, Failure> {
    attempt(plane, folder, wait, told).await.map_err(Stopped::left)
}

/// The same for whoever may throw the plane away if it comes to nothing.
pub(super) async fn attempt(
    plane: &Plane,
    folder: &Path,
    wait: Option<Duration>,
    told: Told<'_>,
) -> Result<Restored, Stopped> {
    let ready = ready(plane, folder, wait, told).await.map_err(Stopped::Before)?;
    put_back(plane, folder, wait, ready, told).await.map_err(Stopped::Within)
}

/// A restore that came to no end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Nothing was changed.
    Before(Failure),
    /// A part of the backup may be in the plane.
    Within(Failure),
}

impl Stopped {
    /// What is told where the plane stays as it is now: it is refused for another try.
    pub(super) fn left(self) -> Failure {
        let hint = "a part of the backup may be in the plane: throw away what its NATS and its database hold, and put this backup or another one back where nothing is";
        match self {
            Self::Before(failure) => failure,
            Self::Within(failure) => Failure { hint: hint.to_owned(), ..failure },
        }
    }

    /// What is told where the plane is thrown away.
    pub(super) fn thrown_away(self) -> Failure {
        let (Self::Before(failure) | Self::Within(failure)) = self;
        failure
    }
}

/// A backup that is whole, and a plane that has nothing.
struct Ready {
    verified: Verified,
    connection: Connection,
    reader: Connection,
    setup: Connection,
    clock: Clock,
}

async fn ready(
    plane: &Plane,
    folder: &Path,
    wait: Option<Duration>,
    told: Told<'_>,
) -> Result<Ready, Failure> {
    let mut clock = Clock { parts: Vec::new(), since: Instant::now() };
    let verified = verify(folder, told)?;
    clock.part("verify");
    let connection = connected(plane, "restore", wait).await?;
    patiently(wait, async || refuse_what_is_there(plane, &connection).await).await?;
    let reader = connected(plane, "ledger", wait).await?;
    let setup = connected(plane, "setup", wait).await?;
    Ok(Ready { verified, connection, reader, setup, clock })
}

async fn put_back(
    plane: &Plane,
    folder: &Path,
    wait: Option<Duration>,
    ready: Ready,
    told: Told<'_>,
) -> Result<Restored, Failure> {
    let Ready { verified, connection, reader, setup, mut clock } = ready;
    let Verified { manifest, manifest_sha256, .. } = verified;
    let replicas = plane.places().replicas;
    let into = Destination { connection: &connection, reader: &reader, replicas, wait };
    let streams = streams::put_all_back(&into, folder, &manifest, told).await?;
    clock.part("streams");
    patiently(
        wait,
        async || Ok(backup::put_back(&connection, &manifest.durables, replicas).await?),
    )
    .await?;
    let inbox_passed_over = backup::pass_over(&connection, manifest.inbox_last_seq).await?;
    clock.part("durables");
    set_up(plane, wait).await?;
    clock.part("setup");
    let admin = database(plane, OWNER)?;
    let people = people_back(&admin, folder, told).await?;
    clock.part("people");
    let head_sequence = read::extent(&reader, EVENTS).await?.last;
    let head = get::at(&reader, EVENTS, head_sequence).await?;
    let head_hash = head.as_ref().map(Hash::of_record).unwrap_or_default();
    let fact = Fact { epoch: manifest.epoch, head_sequence, head_hash };
    let fact_sequence = founding::restored(&setup, fact).await?;
    let views = rebuild(&manifest, &admin, &reader, wait, told).await?;
    clock.part("views");
    let is_same = streams.iter().all(|back| back.is_same)
        && people == manifest.people.rows
        && views.iter().all(|view| view.is_same != Some(false));
    Ok(Restored {
        epoch: manifest.epoch,
        manifest_sha256,
        taken_at: manifest.ended_at,
        helmstream: env!("CARGO_PKG_VERSION").to_owned(),
        nats_server: connection.client.server_info().version,
        head_sequence,
        head_hash,
        fact_sequence,
        streams,
        inbox_passed_over,
        durables: manifest.durables.len(),
        people,
        views,
        is_same,
        parts: clock.parts,
        notes: notes(plane, &manifest)?,
    })
}

/// What somebody has to know who goes on with the plane.
fn notes(plane: &Plane, manifest: &Manifest) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    if key_digest(plane)? != manifest.people.key_digest {
        notes.push(
            "secrets/people.key is another one: the same person gets another id from now on; put the old key back before services run"
                .to_owned(),
        );
    }
    if manifest.people.rows > 0 {
        notes.push(format!(
            "personal values are as of {}: this version keeps no list of erasures, so whoever was erased since has to be erased again",
            manifest.ended_at
        ));
    }
    Ok(notes)
}

/// A restore adds to nothing: what is there already would be mixed with another past.
async fn refuse_what_is_there(plane: &Plane, connection: &Connection) -> Result<(), Failure> {
    let streams = health::streams(connection).await?;
    let schemas = views_setup::present(&database(plane, OWNER)?).await?;
    if streams.is_empty() && schemas.is_empty() {
        return Ok(());
    }
    let held = streams.iter().map(|at| format!("stream {} with {}", at.name, at.messages));
    let found: Vec<String> =
        held.chain(schemas.iter().map(|schema| format!("schema {schema}"))).collect();
    Err(Failure::new(
        Code::NotEmpty,
        "the plane is not empty",
        found.join(", "),
        "nothing was changed; name a plane that is not there yet: --plane DIR, and it is made with servers of its own",
    ))
}

async fn people_back(
    admin: &helmstream_projections::Database,
    folder: &Path,
    told: Told<'_>,
) -> Result<u64, Failure> {
    use std::io::BufRead;
    let unread = |error: std::io::Error| damaged("people.ndjson cannot be read", error.to_string());
    let file = File::open(folder.join(PEOPLE)).map_err(unread)?;
    let (mut back, mut page) = (0, Vec::new());
    let mut lines = std::io::BufReader::new(file).lines();
    loop {
        let line = lines.next().transpose().map_err(unread)?;
        let is_end = line.is_none();
        if let Some(line) = line {
            let person: people::Person = serde_json::from_str(&line)
                .map_err(|error| damaged("people.ndjson cannot be read", error.to_string()))?;
            page.push(person);
        }
        if page.len() >= PEOPLE_PAGE_ROWS as usize || is_end {
            back += people::put_back(admin, &page).await?;
            page.clear();
            told(Step { doing: "putting back people", done: back, of: None });
        }
        if is_end {
            return Ok(back);
        }
    }
}

struct Clock {
    parts: Vec<Took>,
    since: Instant,
}

impl Clock {
    fn part(&mut self, part: &'static str) {
        let ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.parts.push(Took { part, ms });
        self.since = Instant::now();
    }
}
