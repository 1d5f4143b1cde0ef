//! The service `deadline`: folds the view of what is armed, for every context that arms anything.

use helmstream_projections as views;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("deadline").projects::<views::Deadline>("EVENTS")
}
