//! What is around every part of a service while it runs.

use helmstream_core::door::Cleaner;
use helmstream_projections::Database;
use helmstream_stream::Connection;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{http::settings::Settings, metrics::ServiceMetrics, traces::Traces};

/// What a running service has around it.
pub struct Surroundings {
    pub connection: Connection,
    pub database: Database,
    /// Which log this is.
    pub epoch: Uuid,
    /// Tells this process from any other that runs the same service.
    pub instance: Uuid,
    /// Takes out secrets and personal values; only the doors have it.
    pub cleaner: Option<Cleaner>,
    /// Where to listen for HTTP; only that door has it.
    pub http: Option<Settings>,
    /// Where what is done is counted.
    pub metrics: ServiceMetrics,
    /// Where what is done for a trace is told.
    pub traces: Traces,
    /// Turns true when the service is to end.
    pub stop: watch::Receiver<bool>,
}

impl Surroundings {
    /// A receiver of one's own for the signal to stop.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }
}
