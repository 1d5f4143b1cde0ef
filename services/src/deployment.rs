//! The service `deployment`: decides what is deployed where, registers what a run deployed.

use helmstream_core::{deployment::Deployment, react};
use helmstream_schemas::Context;

use crate::service::Service;

pub fn service() -> Service {
    Service::new("deployment")
        .decides::<Deployment>()
        .reacts(Context::Run, react::react_run_to_deployment)
}
