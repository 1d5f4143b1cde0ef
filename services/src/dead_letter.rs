//! The service `dead_letter`: decides what is done about publishes that could not be read.

use helmstream_core::dead_letter::DeadLetter;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("dead_letter").decides::<DeadLetter>()
}
