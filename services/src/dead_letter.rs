//! The service `dead_letter`: decides what is done about publishes that could not be read, publishes
//! again what is to be retried, and folds the view of what was decided.

use helmstream_core::dead_letter::DeadLetter;
use helmstream_projections as views;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("dead_letter")
        .decides::<DeadLetter>()
        .retries()
        .projects::<views::DeadLetter>("EVENTS")
}
