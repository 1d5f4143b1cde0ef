//! The service `ledger`: every event, command and entry of the journal as stored, and which names
//! an aggregate has. The door reads it to tell a repeat, and `why` to tell causes.

use helmstream_projections as views;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("ledger")
        .projects::<views::Ledger>("EVENTS")
        .projects::<views::Ledger>("COMMANDS")
        .projects::<views::Ledger>("JOURNAL")
        .projects::<views::Alias>("EVENTS")
}
