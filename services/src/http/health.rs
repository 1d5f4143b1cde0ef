//! Whether the process lives, and whether the plane can do its work: for supervisors and balancers,
//! who need no token. Each reason is named; nothing else of the plane is.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use helmstream_projections::ProjectionError;
use helmstream_stream::read;
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{App, answering::json};
use crate::{
    clock,
    http::limits::{HEALTH_PATIENCE, HEALTH_TOLD_FOR},
    limits::INBOX_AGE_MAX,
};

/// Whether the plane can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Readiness {
    pub(super) is_ready: bool,
    pub(super) checks: Vec<Check>,
}

/// One thing that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReadinessCheck")]
pub(super) struct Check {
    /// Such as `nats`, `postgres`, `tokens`, `inbox`.
    pub(super) name: String,
    pub(super) is_well: bool,
    /// What is the matter; empty if nothing is.
    pub(super) reason: String,
}

/// What was found last, and when.
pub(super) type Found = Mutex<Option<(Instant, Readiness)>>;

/// Answers `GET /livez`.
pub(super) async fn live() -> Response {
    "alive\n".into_response()
}

/// Answers `GET /readyz`. Whoever asks too often is told what was found last.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let mut found = app.readiness.lock().await;
    let readiness = match &*found {
        Some((at, readiness)) if at.elapsed() < HEALTH_TOLD_FOR => readiness.clone(),
        _ => {
            let readiness = look(&app).await;
            *found = Some((Instant::now(), readiness.clone()));
            readiness
        }
    };
    let status = if readiness.is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &readiness)
}

async fn look(app: &App) -> Readiness {
    let (nats, postgres) = tokio::join!(inbox(app), postgres(app));
    let tokens = match app.gate.is_ready() {
        true => Ok(()),
        false => Err("not everything was read of who may come in".to_owned()),
    };
    let (nats, inbox) = match nats {
        Ok(age) if age > INBOX_AGE_MAX => {
            let old = age.as_secs();
            (Ok(()), Err(format!("the oldest publish waits for the door since {old} s")))
        }
        Ok(_) => (Ok(()), Ok(())),
        Err(reason) => (Err(reason), Err("not known while NATS is away".to_owned())),
    };
    let named = [("nats", nats), ("postgres", postgres), ("tokens", tokens), ("inbox", inbox)];
    let checks = named.map(|(name, found)| Check {
        name: name.to_owned(),
        is_well: found.is_ok(),
        reason: found.err().unwrap_or_default(),
    });
    Readiness { is_ready: checks.iter().all(|check| check.is_well), checks: checks.into() }
}

/// How long the oldest publish has waited for its outcome.
async fn inbox(app: &App) -> Result<Duration, String> {
    let connection = &app.around.connection;
    if let Some(reason) = connection.distrusted() {
        return Err(format!("NATS is not trusted: {reason}"));
    }
    let extent = timeout(HEALTH_PATIENCE, read::extent(connection, "INBOX")).await;
    let extent = extent
        .map_err(|_| "NATS does not answer".to_owned())?
        .map_err(|error| error.to_string())?;
    let age = clock::now().since(extent.oldest_at).filter(|_| extent.messages > 0);
    Ok(age.unwrap_or_default())
}

async fn postgres(app: &App) -> Result<(), String> {
    let asked = async {
        // Named apart: whoever asks for the views waits for it like for a server that is away.
        if let Err(ProjectionError::Untrusted { reason, .. }) = app.around.database.ping().await {
            return Err(format!("Postgres is not trusted: {reason}"));
        }
        app.direct.projections().await.map(|_| ()).map_err(|failure| failure.what)
    };
    let asked = timeout(HEALTH_PATIENCE, asked).await;
    asked.unwrap_or_else(|_| Err("Postgres does not answer".to_owned()))
}
