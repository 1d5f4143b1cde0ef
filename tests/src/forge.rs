//! Changes what a stopped nats-server has on its disk of a stream, with everything else as it was:
//! positions, recorded times, and the server's own checksums. What somebody with the disk in his
//! hands could do, and nobody through the server.

use std::{fs, path::Path};

use helmstream_schemas::Hash;
use highway::{HighwayHash, HighwayHasher, Key};

use crate::harness::TestPlane;

/// One record as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub sequence: u64,
    pub nanos: u64,
    pub subject: Vec<u8>,
    pub headers: Option<Vec<u8>>,
    pub payload: Vec<u8>,
}

/// Set in the length of a record that has headers.
const HAS_HEADERS: u32 = 1 << 31;

/// Length, sequence, time, length of the subject.
const HEAD_BYTES: usize = 22;

const CHECKSUM_BYTES: usize = 8;

impl TestPlane {
    /// Stops the server, changes the records of a stream, and starts it again.
    pub async fn forge(&mut self, stream: &str, change: impl FnOnce(&mut Vec<Stored>)) {
        self.nats.stop().await;
        let folder = self.plane.directory().join("nats/data/jetstream/PLANE/streams").join(stream);
        forge(&folder.join("msgs"), stream, change);
        self.nats.restart().await.expect("the server starts again");
    }
}

fn forge(folder: &Path, stream: &str, change: impl FnOnce(&mut Vec<Stored>)) {
    let block = folder.join("1.blk");
    assert!(!folder.join("2.blk").exists(), "a test's stream fits into one block");
    let bytes = fs::read(&block).expect("the stream's first block");
    let key = Hash::of(format!("{stream}-1").as_bytes()).0;
    let mut records = parse(&bytes);
    assert!(write(&records, &key) == bytes, "the form of a block is not the one known here");
    change(&mut records);
    fs::write(block, write(&records, &key)).expect("the block can be written");
    // What the server remembers of its blocks; without it, it looks into them.
    let _ = fs::remove_file(folder.join("index.db"));
}

fn parse(mut bytes: &[u8]) -> Vec<Stored> {
    let mut records = Vec::new();
    while bytes.len() >= HEAD_BYTES {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight"));
        let marked = u32::from_le_bytes(bytes[..4].try_into().expect("four"));
        let length = (marked & !HAS_HEADERS) as usize;
        let subject = usize::from(u16::from_le_bytes(bytes[20..22].try_into().expect("two")));
        let (record, rest) = bytes.split_at(length);
        let body = &record[HEAD_BYTES..length - CHECKSUM_BYTES];
        let (subject, body) = body.split_at(subject);
        let (headers, payload) = if marked & HAS_HEADERS == 0 {
            (None, body)
        } else {
            let (size, body) = body.split_at(4);
            let size = u32::from_le_bytes(size.try_into().expect("four")) as usize;
            let (headers, payload) = body.split_at(size);
            (Some(headers.to_vec()), payload)
        };
        records.push(Stored {
            sequence: number(4),
            nanos: number(12),
            subject: subject.to_vec(),
            headers,
            payload: payload.to_vec(),
        });
        bytes = rest;
    }
    records
}

fn write(records: &[Stored], key: &[u8; 32]) -> Vec<u8> {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(key.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().expect("eight"));
    }
    let mut all = Vec::new();
    for record in records {
        let place = [record.sequence.to_le_bytes(), record.nanos.to_le_bytes()].concat();
        let headers = record.headers.as_deref();
        let said = [headers.unwrap_or_default(), &record.payload].concat();
        let size = headers.map(|headers| (headers.len() as u32).to_le_bytes());
        let size = size.as_ref().map_or(&[][..], |size| &size[..]);
        let length = HEAD_BYTES + record.subject.len() + size.len() + said.len() + CHECKSUM_BYTES;
        let mark = headers.map_or(0, |_| HAS_HEADERS);
        all.extend((length as u32 | mark).to_le_bytes());
        all.extend(&place);
        all.extend((record.subject.len() as u16).to_le_bytes());
        all.extend(&record.subject);
        all.extend(size);
        all.extend(&said);
        let mut hasher = HighwayHasher::new(Key(words));
        hasher.append(&[&place[..], &record.subject, &said].concat());
        all.extend(hasher.finalize64().to_le_bytes());
    }
    all
}
