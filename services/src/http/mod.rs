//! The door for HTTP: every question and action of the command line, and publishing, for whoever has
//! a token. What it takes goes into INBOX like every publish; what it answers the views say. Which
//! questions there are stands in `line`.

pub mod answering;
mod api;
mod caller;
mod conditions;
mod conditions_described;
mod counting;
mod described;
mod entity_described;
mod entity_events;
mod exact;
mod framing;
mod gate;
mod health;
pub mod limits;
pub mod line;
mod openapi;
mod operations;
pub mod problem;
mod publishing;
mod reading;
mod serving;
pub mod settings;
mod tail;
mod traced;
mod watching;
pub mod wording;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use self::{caller::Caller, gate::Gate, problem::Problem, tail::Tail};
pub use self::{
    openapi::Description, operations::document, publishing::Published, settings::Settings,
};
use crate::{
    client::{Direct, direct::Manner},
    http::limits::{HTTP_OUTCOME_WAIT, HTTP_PATIENCE},
    local::plane::Plane,
    metrics::HttpMetrics,
    surroundings::Surroundings,
};

/// Its NATS user, its Postgres role, and the token of the subject that it publishes under.
pub const NAME: &str = helmstream_core::door::HTTP;

/// What every request has around it.
pub struct App {
    around: Arc<Surroundings>,
    direct: Direct,
    gate: Gate,
    tail: Tail,
    room: entity_events::Room,
    readiness: health::Found,
    metrics: HttpMetrics,
}

/// Serves until it is told to stop.
pub async fn serve(around: Arc<Surroundings>) -> Result<()> {
    let settings = around.http.clone().context("it is not said where to listen")?;
    let manner = Manner {
        publisher: NAME.to_owned(),
        wait: Some(HTTP_PATIENCE),
        outcome_wait: HTTP_OUTCOME_WAIT,
    };
    let direct = Direct::new_as(NAME, Plane::open(&settings.plane)?, manner)?;
    let app = Arc::new(App {
        around: around.clone(),
        direct,
        gate: Gate::open(&settings.plane)?,
        tail: Tail::default(),
        room: entity_events::Room::new(),
        readiness: health::Found::default(),
        metrics: around.metrics.http(),
    });
    let router = operations::router(app.clone());
    tokio::select! {
        ended = serving::listen(&around, &settings.listen, app.clone(), router) => ended,
        ended = app.gate.follow(&around) => ended,
        ended = app.tail.follow(&around) => ended,
    }
}

/// Answers one request.
async fn answer(app: &App, mut router: Router, mut request: Request, from: SocketAddr) -> Response {
    let begun = tokio::time::Instant::now();
    let is_entity_event = request.uri().path() == entity_events::PATH;
    let answered = match let_in(app, &mut request, from).await {
        Ok(()) => match tower_service::Service::call(&mut router, request).await {
            Ok(response) => response,
        },
        Err(problem) if is_entity_event => entity_events::Refused::As(problem).into_response(),
        Err(problem) => problem.into_response(),
    };
    counting::answered(&app.metrics, &answered, begun.elapsed());
    finished(answered)
}

async fn let_in(app: &App, request: &mut Request, from: SocketAddr) -> Result<(), Problem> {
    framing::check(request)?;
    if matches!(request.uri().path(), "/livez" | "/readyz") {
        return Ok(());
    }
    let caller = app.gate.let_in(&app.around, request.headers(), from.ip()).await?;
    request.extensions_mut().insert(caller);
    Ok(())
}

/// The plane, asked on behalf of whoever asks.
fn speaking_for(app: &App, caller: &Caller) -> Direct {
    app.direct.speaking_for(caller.actor(), caller.sees_people())
}

/// What holds for every answer: nobody keeps it, nobody guesses what it is.
fn finished(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
