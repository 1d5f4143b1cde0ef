//! What can be done with records before the database is asked: each is taken for what it is.

use helmstream_schemas::Record;

use crate::projection::{Projection, Unfit};

/// What a record was taken for, or why it cannot be applied.
pub(super) type Taken<P> = Result<<P as Projection>::Event, Unfit>;

/// Records that were read and taken for what they are, which needs no database: it can be done while
/// the records before them are written.
pub struct Ready<P: Projection> {
    pub(super) records: Vec<Record>,
    pub(super) taken: Vec<Taken<P>>,
    pub(super) read_to: u64,
}

impl<P: Projection> Ready<P> {
    /// Records in the order of their stream; everything up to `read_to` was read.
    pub fn of(records: Vec<Record>, read_to: u64) -> Self {
        Self { taken: read_all::<P>(&records), records, read_to }
    }

    /// Adds what was read behind it.
    pub fn append(&mut self, mut more: Self) {
        self.records.append(&mut more.records);
        self.taken.append(&mut more.taken);
        self.read_to = self.read_to.max(more.read_to);
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is nothing in it for the view.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

pub(super) fn read_all<P: Projection>(records: &[Record]) -> Vec<Taken<P>> {
    records.iter().map(P::read).collect()
}
