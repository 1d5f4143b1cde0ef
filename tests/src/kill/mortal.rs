//! `helmstream serve SERVICE --accept-power-loss`, built with the points at which it can be told to
//! die (`HELMSTREAM_CRASH_AT`). Everything else about it is the program's own.

use std::path::PathBuf;

use anyhow::{Context, Result};
use helmstream_services::serve::{HttpArgs, ServeArgs, run};

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let plane = PathBuf::from(words.next().context("usage: helmstream-mortal PLANE SERVICE")?);
    let service = words.next().context("usage: helmstream-mortal PLANE SERVICE")?;
    run(ServeArgs {
        services: vec![service],
        accept_power_loss: true,
        http: HttpArgs::default(),
        metrics: None,
        heartbeat: Default::default(),
        traces: Default::default(),
        plane,
    })
    .await
}
