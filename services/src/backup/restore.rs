//! `helmstream backup restore`: a backup put back into a plane that has nothing yet. It says on the log
//! that it did, and it compares what came back with what was taken.

use std::{
    fs::File,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use helmstream_projections::{people, setup as views_setup};
use helmstream_schemas::{Hash, Timestamp, plane::Restored as Fact};
use helmstream_stream::{Connection, append::EVENTS, backup, founding, get, health, limits, read};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Step, Told,
    create::key_digest,
    damaged,
    manifest::{HASHED, Manifest, PEOPLE, StreamPart},
    rebuild::{Rebuilt, rebuild},
    verify::verify,
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

/// A stream that came back.
#[derive(Debug, Clone, Serialize)]
pub struct StreamBack {
    pub stream: String,
    pub messages: u64,
    pub first_seq: u64,
    pub last_seq: u64,
    /// Messages and positions are those of the backup, and so is the hash of its head, if it has one.
    pub is_same: bool,
    pub head_hash: Option<Hash>,
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
    let mut clock = Clock { parts: Vec::new(), since: Instant::now() };
    let verified = verify(folder, told)?;
    let manifest = verified.manifest;
    clock.part("verify");
    let connection = connected(plane, "restore", wait).await?;
    refuse_what_is_there(plane, &connection).await?;
    // EVENTS first: it says whose log this is, before anything else is there.
    let reader = connected(plane, "ledger", wait).await?;
    let events = manifest.streams.iter().filter(|part| part.stream == EVENTS);
    let others = manifest.streams.iter().filter(|part| part.stream != EVENTS);
    let mut streams = Vec::with_capacity(manifest.streams.len());
    for part in events.chain(others) {
        put_back(&connection, folder, part, told).await?;
        let back = compare(&connection, &reader, part).await?;
        if part.stream == EVENTS {
            is_its_log(&reader, &manifest, &back).await?;
        }
        streams.push(back);
    }
    clock.part("streams");
    backup::put_back(&connection, &manifest.durables).await?;
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
    let setup = connected(plane, "setup", wait).await?;
    let fact = Fact { epoch: manifest.epoch, head_sequence, head_hash };
    let fact_sequence = founding::restored(&setup, fact).await?;
    let views = rebuild(&manifest, &admin, &reader, told).await?;
    clock.part("views");
    let is_same = streams.iter().all(|back| back.is_same)
        && people == manifest.people.rows
        && views.iter().all(|view| view.is_same != Some(false));
    Ok(Restored {
        epoch: manifest.epoch,
        manifest_sha256: verified.manifest_sha256,
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

async fn put_back(
    connection: &Connection,
    folder: &Path,
    part: &StreamPart,
    told: Told<'_>,
) -> Result<(), Failure> {
    let name = &part.file.name;
    let unread =
        |error: std::io::Error| damaged(format!("{name} cannot be read"), error.to_string());
    let mut file = File::open(folder.join(name)).map_err(unread)?;
    let (mut sent, doing) = (0, format!("putting back {}", part.stream));
    let next = async || {
        let mut piece = vec![0; limits::BACKUP_CHUNK_BYTES];
        let count = file.read(&mut piece).map_err(unread)?;
        piece.truncate(count);
        sent += count as u64;
        told(Step { doing: &doing, done: sent, of: Some(part.file.bytes) });
        Ok((count > 0).then(|| Bytes::from(piece)))
    };
    backup::restore::<Failure>(connection, &part.stream, &part.config, &part.state, next).await?;
    Ok(())
}

/// What the server has of a stream now, beside what the manifest says of it. A stream may have come
/// back with what was stored while it was taken, and with no more.
async fn compare(
    connection: &Connection,
    reader: &Connection,
    part: &StreamPart,
) -> Result<StreamBack, Failure> {
    let found = read::extent(connection, &part.stream).await?;
    let head_hash = match part.last_seq {
        0 => None,
        _ if !HASHED.contains(&part.stream.as_str()) => None,
        at => get::at(reader, &part.stream, at).await?.as_ref().map(Hash::of_record),
    };
    // A deadline that came meanwhile fires as soon as its schedule is back.
    let fires = part.stream == "DEADLINES" && found.last > part.last_seq;
    let reaches = fires || (part.last_seq..=part.last_seq_after).contains(&found.last);
    // What a stream keeps for ever has no gap; of the others some may have gone meanwhile.
    let is_whole = !HASHED.contains(&part.stream.as_str())
        || (found.last == 0 || found.messages == found.last + 1 - found.first);
    Ok(StreamBack {
        stream: part.stream.clone(),
        messages: found.messages,
        first_seq: found.first,
        last_seq: found.last,
        is_same: reaches && is_whole && head_hash == part.head_hash,
        head_hash,
    })
}

async fn is_its_log(
    reader: &Connection,
    manifest: &Manifest,
    back: &StreamBack,
) -> Result<(), Failure> {
    let found = founding::epoch(reader).await?;
    let half = "the plane holds EVENTS of this backup now and nothing else: throw it away, and use another backup";
    if found != Some(manifest.epoch) {
        let found = found.map_or_else(|| "none".to_owned(), |epoch| epoch.to_string());
        let detail = format!("its epoch is {found}, and the manifest says {}", manifest.epoch);
        let what = "EVENTS of the backup is another log";
        return Err(Failure::new(Code::Backup, what, detail, half));
    }
    if !back.is_same {
        let part = manifest.stream(EVENTS);
        let detail = format!(
            "it came back up to {} with {:?}, and the manifest says {:?} with {:?}",
            back.last_seq,
            back.head_hash,
            part.map(|part| part.last_seq),
            part.and_then(|part| part.head_hash),
        );
        let what = "EVENTS of the backup is not what was taken";
        return Err(Failure::new(Code::Backup, what, detail, half));
    }
    Ok(())
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
