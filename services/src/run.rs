//! The service `run`: decides what FABER's runs report, keeps their deadlines, tells them
//! what became of their gates, folds their view.

use helmstream_core::{react, run::Run};
use helmstream_projections as views;
use helmstream_schemas::Context;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("run")
        .decides::<Run>()
        .keeps_deadlines::<Run>()
        .reacts(Context::Approval, react::react_approval_to_run)
        .projects::<views::Run>("EVENTS")
}
