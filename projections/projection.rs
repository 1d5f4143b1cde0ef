//! What a projection has to say: which records it reads, what it takes them for, and how a batch
//! of them becomes rows. A projection is a pure fold; a record that it cannot read is an error of
//! that record and never folds as nothing. When and from where is the projector's affair.

use std::future::Future;

use helmstream_schemas::{
    Context, Id, Record, Subject,
    attributes::{AttributeError, Kind},
    refusal::{COMMAND_REFUSED, CommandRefused},
    words::{self, WordError},
};
use serde::de::DeserializeOwned;

use crate::{error::ProjectionError, session::Session};

/// A view of the log.
pub trait Projection: Send + Sync + Sized + 'static {
    /// The name of the view, of the schema that readers use, and of the folder that holds it.
    const NAME: &'static str;
    /// Counts up whenever the rows that the same records give change.
    const VERSION: u32;
    const READS: Reads;
    /// Whether a commit waits for the disk. Rows and position go back together if one that did
    /// not is lost, so only a view that others rely upon as a second medium needs it.
    const WAITS_FOR_DISK: bool;
    /// Whether a record builds on the earlier ones of its subject. Then those that come after one
    /// that is parked park behind it; a view of single records has no such order.
    const BUILDS_ON_EARLIER: bool;
    /// What tells the rows of its table apart, if each aggregate has its own.
    const KEY: Option<&'static str>;

    /// What a record is taken for.
    type Event: Send;
    /// What is remembered between batches; dropped on any error.
    type Kept: Default + Send + Sync;

    /// Takes a record for what it is.
    fn read(record: &Record) -> Result<Self::Event, Unfit>;

    /// Writes what a batch comes to, inside the transaction that moves the checkpoint.
    fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Self::Event>>,
    ) -> impl Future<Output = Result<(), ProjectionError>> + Send;
}

/// Which records of a stream a projection reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// All of them: a gap in their positions is an error.
    Whole,
    /// Those under these subjects, wildcards included.
    Subjects(&'static [&'static str]),
}

impl Reads {
    /// The subjects, wildcards included; none where all are read.
    pub const fn subjects(self) -> &'static [&'static str] {
        match self {
            Self::Whole => &[],
            Self::Subjects(subjects) => subjects,
        }
    }
}

/// A record that can be applied, and what it was taken for.
#[derive(Debug)]
pub struct Fit<'a, E> {
    pub record: &'a Record,
    pub event: E,
}

/// Why a record cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("its subject is none that this view reads")]
    Subject,
    #[error("{0}")]
    Attribute(#[from] AttributeError),
    #[error("its type is `{found}`, which this version does not know")]
    Kind { found: String },
    #[error("{0}")]
    Word(#[from] WordError),
}

/// An event of a context: the aggregate, and the word; `None` for the refusal of a command, which
/// every context may hold and which changes no view.
pub(crate) fn told<W: DeserializeOwned>(
    record: &Record,
    context: Context,
) -> Result<(Id, Option<W>), Unfit> {
    let id = match record.subject.parse() {
        Ok(Subject::Event { context: found, id }) if found == context => id,
        _ => return Err(Unfit::Subject),
    };
    let kind: Kind = record.attributes.kind()?;
    if kind.context != context || kind.version != 1 {
        return Err(Unfit::Kind { found: kind.to_string() });
    }
    if kind.name == COMMAND_REFUSED {
        serde_json::from_slice::<CommandRefused>(&record.payload)
            .map_err(|source| WordError { name: kind.name, source })?;
        return Ok((id, None));
    }
    Ok((id, Some(words::decode(&kind.name, &record.payload)?)))
}
