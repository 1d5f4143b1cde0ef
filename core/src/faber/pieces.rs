//! The CloudEvents that are published of a file. An id is the digest of everything an event says,
//! after where it says it: the same file read again gives the same events, and a file that says
//! something else gives others, never the same id with other content.

use helmstream_schemas::{
    Hash, Timestamp,
    limits::{ID_BYTES_MAX, PUBLISH_BYTES_MAX},
};
use serde_json::{Map, Value, json};

use super::{File, Piece, Shape, unreadable};
use crate::door::{FILE, QUARANTINE};

/// A file, and the project it lies in.
pub(super) struct Source<'a> {
    pub(super) project: &'a str,
    pub(super) file: &'a File<'a>,
}

impl Source<'_> {
    /// An event of a run, as it is; wherever it was read, it is the same.
    pub(super) fn event(&self, place: Option<String>, envelope: Value) -> Piece {
        let said = |key: &str| match envelope.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let kind = format!("org.fractary.faber.{}", cut(&said("type")));
        let id =
            format!("{}#{}#{}", cut(&said("run_id")), cut(&said("event_id")), digest(&envelope));
        let time = Timestamp::parse(&said("timestamp")).ok();
        self.fitting(self.piece(place, None, (id, &kind, time), envelope))
    }

    /// Something else that a file says.
    pub(super) fn file(&self, shape: Shape, place: Option<String>, content: Value) -> Piece {
        let File { path, written_at, commit, .. } = self.file;
        let mut data = Map::new();
        data.insert("shape".into(), shape.name().into());
        data.insert("path".into(), (*path).into());
        match (&place, commit) {
            // A line stands in every later version of its file: which one held it says nothing.
            (Some(place), _) => drop(data.insert("place".into(), place.as_str().into())),
            (None, Some(commit)) => drop(data.insert("commit".into(), json!(commit))),
            (None, None) if shape.is_written_over() => {
                let written = written_at.map(|at| data.insert("written_at".into(), json!(at)));
                drop(written);
            }
            (None, None) => {}
        }
        data.insert("content".into(), content);
        let data = Value::Object(data);
        let id = self.id(&place, &data);
        self.fitting(self.piece(place, None, (id, FILE, None), data))
    }

    /// A piece, or what is kept of one that is too large to be published.
    fn fitting(&self, piece: Piece) -> Piece {
        let whole = piece.event.to_string();
        if whole.len() <= PUBLISH_BYTES_MAX {
            return piece;
        }
        let reason = format!(
            "{} bytes are over the limit of {PUBLISH_BYTES_MAX} of one publish",
            whole.len()
        );
        let content = match piece.place {
            None => self.file.bytes.to_vec(),
            Some(_) => piece.event["data"].to_string().into_bytes(),
        };
        self.quarantine(piece.place, reason, &content)
    }

    /// Something that could not be read.
    pub(super) fn quarantine(&self, place: Option<String>, reason: String, bytes: &[u8]) -> Piece {
        let mut data = Map::new();
        data.insert("path".into(), self.file.path.into());
        if let Some(place) = &place {
            data.insert("place".into(), place.as_str().into());
        }
        data.insert("reason".into(), reason.as_str().into());
        data.insert("bytes".into(), bytes.len().into());
        data.insert("sha256".into(), Hash::of(bytes).to_string().into());
        data.insert("text".into(), unreadable::text(bytes).into());
        let data = Value::Object(data);
        let id = self.id(&place, &data);
        self.piece(place, Some(reason), (id, QUARANTINE, None), data)
    }

    fn id(&self, place: &Option<String>, data: &Value) -> String {
        let place = place.as_deref().unwrap_or_default();
        format!("{}#{}#{}", cut(self.file.path), cut(place), digest(data))
    }

    fn piece(
        &self,
        place: Option<String>,
        quarantined: Option<String>,
        (id, kind, time): (String, &str, Option<Timestamp>),
        data: Value,
    ) -> Piece {
        let mut event = json!({
            "specversion": "1.0", "id": id, "source": format!("/faber/{}", self.project), "type": kind,
            "datacontenttype": "application/json", "data": data
        });
        if let Some(time) = time {
            event["time"] = json!(time);
        }
        Piece { place, quarantined, event }
    }
}

/// The last part of a text that is too long for an id: of a path it is the one that names.
fn cut(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(ID_BYTES_MAX))..]
}

/// The first 48 bits of the digest of a value's one form: enough to tell the versions of one place.
fn digest(value: &Value) -> String {
    Hash::of_json(value).to_string()[..12].to_owned()
}
