//! The streams of a backup, put back one by one, each compared with what the manifest says of it.

use std::{fs::File, io::Read, path::Path, time::Duration};

use bytes::Bytes;
use helmstream_schemas::Hash;
use helmstream_stream::{
    Connection, append::EVENTS, backup, founding, get, limits, read, setup::KEPT_FOR_EVER,
};
use serde::Serialize;

use super::{
    Step, Told, damaged,
    manifest::{Manifest, StreamPart},
    patiently,
};
use crate::client::Failure;

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

/// Where streams are put back.
pub(super) struct Destination<'a> {
    pub connection: &'a Connection,
    /// Who may read what came back.
    pub reader: &'a Connection,
    /// How many servers hold each.
    pub replicas: usize,
    /// How long who does not answer is waited for.
    pub wait: Option<Duration>,
}

/// Puts every stream back. EVENTS comes first: it says whose log this is, before
/// anything else is there.
pub(super) async fn put_all_back(
    into: &Destination<'_>,
    folder: &Path,
    manifest: &Manifest,
    told: Told<'_>,
) -> Result<Vec<StreamBack>, Failure> {
    let events = manifest.streams.iter().filter(|part| part.stream == EVENTS);
    let others = manifest.streams.iter().filter(|part| part.stream != EVENTS);
    let mut streams = Vec::with_capacity(manifest.streams.len());
    for part in events.chain(others) {
        put_back(into, folder, part, told).await?;
        let back = patiently(into.wait, async || {
            let back = compare(into, part).await?;
            if part.stream == EVENTS {
                is_its_log(into.reader, manifest, &back).await?;
            }
            Ok(back)
        });
        streams.push(back.await?);
    }
    Ok(streams)
}

async fn put_back(
    into: &Destination<'_>,
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
    let StreamPart { stream, config, state, .. } = part;
    let Destination { connection, replicas, .. } = into;
    backup::restore::<Failure>(connection, stream, config, state, *replicas, next).await?;
    Ok(())
}

/// What the server has of a stream now, beside what the manifest says of it. A stream may have come
/// back with what was stored while it was taken, and with no more.
async fn compare(into: &Destination<'_>, part: &StreamPart) -> Result<StreamBack, Failure> {
    let found = read::extent(into.connection, &part.stream).await?;
    let keeps_all = KEPT_FOR_EVER.contains(&part.stream.as_str());
    let head_hash = match part.last_seq {
        0 => None,
        _ if !keeps_all => None,
        at => get::at(into.reader, &part.stream, at).await?.as_ref().map(Hash::of_record),
    };
    // A deadline that came meanwhile fires as soon as its schedule is back.
    let fires = part.stream == "DEADLINES" && found.last > part.last_seq;
    let reaches = fires || (part.last_seq..=part.last_seq_after).contains(&found.last);
    // What a stream keeps for ever has no gap; of the others some may have gone meanwhile.
    let is_whole =
        !keeps_all || (found.last == 0 || found.messages == found.last + 1 - found.first);
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
    if found != Some(manifest.epoch) {
        let found = found.map_or_else(|| "none".to_owned(), |epoch| epoch.to_string());
        let detail = format!("its epoch is {found}, and the manifest says {}", manifest.epoch);
        let what = "EVENTS of the backup is another log";
        return Err(damaged(what, detail));
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
        return Err(damaged(what, detail));
    }
    Ok(())
}
