//! `helmstream-audit PLANE`: whether every event of a plane is what its command's decision comes to,
//! every publish has one outcome, and every row is what a fold from scratch gives, as the version says
//! that this was built of.

use std::path::PathBuf;

use anyhow::{Context, Result};
use helmstream_services::local::plane::Plane;
use helmstream_tests::audit;

#[tokio::main]
async fn main() -> Result<()> {
    let plane =
        std::env::args().nth(1).map(PathBuf::from).context("usage: helmstream-audit PLANE")?;
    let plane = Plane::open(&plane)?;
    audit::outcomes_of(&plane).await;
    audit::decisions_of(&plane).await;
    audit::rows_of(&plane).await;
    Ok(())
}
