//! The service `run`: decides what FABER's runs report, keeps their deadlines, folds their view.

use helmstream_projections as views;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("run")
        .decides::<helmstream_core::run::Run>()
        .keeps_deadlines::<helmstream_core::run::Run>()
        .projects::<views::Run>("EVENTS")
}
