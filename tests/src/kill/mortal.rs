//! `helmstream serve SERVICE`, with `--accept-power-loss` on a plane of one server alone, built with the points at which it can be told to
//! die (`HELMSTREAM_CRASH_AT`). Everything else about it is the program's own.

use std::path::PathBuf;

use anyhow::{Context, Result};
use helmstream_services::{
    local::plane::Plane,
    serve::{HttpArgs, ServeArgs, run},
};

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let plane = PathBuf::from(words.next().context("usage: helmstream-mortal PLANE SERVICE")?);
    let service = words.next().context("usage: helmstream-mortal PLANE SERVICE")?;
    run(ServeArgs {
        services: vec![service],
        accept_power_loss: Plane::open(&plane)?.places().replicas == 1,
        http: HttpArgs::default(),
        metrics: None,
        heartbeat: Default::default(),
        traces: Default::default(),
        plane,
    })
    .await
}
