//! The service `approval`: decides about people's consent, keeps its deadlines, asks for it where a
//! run waits at a gate, and folds its view.

use helmstream_core::{approval::Approval, react};
use helmstream_projections as views;
use helmstream_schemas::Context;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("approval")
        .decides::<Approval>()
        .keeps_deadlines::<Approval>()
        .reacts(Context::Run, react::react_run_to_approval)
        .projects::<views::Approval>("EVENTS")
}
