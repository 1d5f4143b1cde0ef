//! `helmstream backup create`: every stream, then the personal values, then the manifest. The plane goes
//! on meanwhile; the order is what makes the parts fit each other, and `stream::backup` says why.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use helmstream_projections::{digest, people, views::VIEWS};
use helmstream_schemas::{Hash, hash::canonical_json};
use helmstream_stream::{
    Connection,
    backup::{self, ORDER},
    founding, get, read,
    setup::KEPT_FOR_EVER,
};

use super::{
    Step, Told,
    folder::Draft,
    manifest::{FORMAT, MANIFEST, Manifest, NOT_IN_IT, PEOPLE, PeoplePart, StreamPart},
};
use crate::{
    client::{
        Code, Failure,
        direct::{connected, database},
    },
    clock,
    limits::PEOPLE_PAGE_ROWS,
    local::plane::Plane,
};

/// The user of the log, and the role of the database, that takes it.
const BACKUP: &str = "backup";

/// What became of it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Created {
    pub folder: PathBuf,
    /// To be kept elsewhere.
    pub manifest_sha256: Hash,
    pub bytes: u64,
    pub manifest: Manifest,
}

/// Takes a backup of a plane into a folder that is not there yet.
pub async fn create(
    plane: &Plane,
    folder: &Path,
    wait: Option<Duration>,
    told: Told<'_>,
) -> Result<Created, Failure> {
    let draft = Draft::begin(folder)?;
    let connection = connected(plane, BACKUP, wait).await?;
    let views_of = database(plane, BACKUP)?;
    let begun_at = clock::now();
    let Some(epoch) = founding::epoch(&connection).await? else {
        let hint = "`helmstream setup` founds it; then there is something to take";
        return Err(Failure::new(Code::Differs, "the plane was not founded yet", "", hint));
    };
    // First of all: what durables have done by now is in whatever is taken from here on.
    let durables = backup::floors(&connection).await?;
    let mut views = Vec::with_capacity(VIEWS.len());
    for view in &VIEWS {
        told(Step { doing: &format!("adding up view {}", view.name), done: 0, of: None });
        views.push(digest::digest(&views_of, view).await?);
    }
    let mut streams = Vec::with_capacity(ORDER.len());
    for stream in ORDER {
        streams.push(take(&connection, &draft, stream, told).await?);
    }
    // After COMMANDS: the door keeps a value before it stores a command with its id.
    let people = take_people(plane, &views_of, &draft, told).await?;
    let inbox_last_seq = read::extent(&connection, "INBOX").await?.last;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        helmstream: env!("CARGO_PKG_VERSION").to_owned(),
        nats_server: connection.client.server_info().version,
        epoch,
        begun_at,
        ended_at: clock::now(),
        streams,
        durables,
        inbox_last_seq,
        people,
        views,
        not_in_it: NOT_IN_IT.map(str::to_owned).to_vec(),
    };
    let mut file = draft.file(MANIFEST)?;
    file.write(&manifest.bytes())?;
    file.finish()?;
    draft.keep()?;
    Ok(Created {
        folder: folder.to_owned(),
        manifest_sha256: manifest.digest(),
        bytes: manifest.bytes_all(),
        manifest,
    })
}

async fn take(
    connection: &Connection,
    draft: &Draft,
    stream: &str,
    told: Told<'_>,
) -> Result<StreamPart, Failure> {
    let begun_at = clock::now();
    let mut file = draft.file(&format!("{stream}.tar.s2"))?;
    told(Step { doing: stream, done: 0, of: None });
    let taken = backup::snapshot::<Failure>(connection, stream, async |piece| {
        file.write(&piece)?;
        told(Step { doing: stream, done: file.bytes(), of: None });
        Ok(())
    })
    .await?;
    let ended_at = clock::now();
    let last_seq = taken.count("last_seq");
    let head_hash = match last_seq {
        0 => None,
        _ if !KEPT_FOR_EVER.contains(&stream) => None,
        last_seq => get::at(connection, stream, last_seq).await?,
    };
    let last_seq_after = read::extent(connection, stream).await?.last;
    Ok(StreamPart {
        stream: stream.to_owned(),
        file: file.finish()?,
        begun_at,
        ended_at,
        messages: taken.count("messages"),
        first_seq: taken.count("first_seq"),
        last_seq,
        last_seq_after,
        head_hash: head_hash.as_ref().map(Hash::of_record),
        config: taken.config,
        state: taken.state,
    })
}

/// Personal values lie apart, a line each: they can be erased there, and on the log they are not.
async fn take_people(
    plane: &Plane,
    database: &helmstream_projections::Database,
    draft: &Draft,
    told: Told<'_>,
) -> Result<PeoplePart, Failure> {
    let mut file = draft.file(PEOPLE)?;
    let (mut rows, mut after) = (0, String::new());
    loop {
        let page = people::page(database, &after, PEOPLE_PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        after = last.id.clone();
        for person in &page {
            let mut line = canonical_json(person);
            line.push(b'\n');
            file.write(&line)?;
            rows += 1;
        }
        told(Step { doing: "people", done: file.bytes(), of: None });
    }
    Ok(PeoplePart { file: file.finish()?, rows, key_digest: key_digest(plane)? })
}

/// The key has 32 random bytes: its digest gives nothing away.
pub(super) fn key_digest(plane: &Plane) -> Result<Hash, Failure> {
    let key = plane.people_key().map_err(|error| Failure::of(&error))?;
    Ok(Hash::of_parts(&["helmstream people key", &key]))
}
