//! The service `deployment`: decides what is deployed where, registers what a run deployed, and shows
//! both.

use helmstream_core::{deployment::Deployment, react};
use helmstream_projections as views;
use helmstream_schemas::Context;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("deployment")
        .decides::<Deployment>()
        .projects::<views::Deployment>("EVENTS")
        .reacts(Context::Run, react::react_run_to_deployment)
}
