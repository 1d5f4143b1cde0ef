//! What answers each line, and what is described by hand because it is no line: publishing, health,
//! and the description itself.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use serde_json::Value;

use super::{
    App, answering,
    api::Api,
    counting,
    described::{health_described, itself_described, publishing_described, stream_described},
    entity_described::entity_events_described,
    entity_events, health, line,
    problem::Problem,
    publishing::{self, settle_within},
    watching,
    wording::OutcomeRequest,
};
use crate::{
    client::{Answer, Client, Code, Failure, outcome, publish::Receipt},
    http::limits::PREFER_WAIT_SECONDS_MAX,
};

/// The interface's description, as OpenAPI 3.1.
pub fn document() -> Value {
    let mut description = api().description;
    publishing_described(&mut description);
    health_described(&mut description);
    itself_described(&mut description);
    stream_described(&mut description);
    entity_events_described(&mut description);
    description.document()
}

/// The document as it is served: it is made once.
pub(super) static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Everything that can be asked.
pub(super) fn router(app: Arc<App>) -> Router {
    let routes = api().routes;
    routes
        .route("/v1/events", post(publishing::publish))
        .route(entity_events::PATH, post(entity_events::take).fallback(entity_events::not_so))
        .route("/v1/stream", get(watching::watch))
        .route("/v1/openapi.json", get(described))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_so)
        .layer(axum::middleware::from_fn(counting::noted))
        .with_state(app)
}

async fn described() -> Response {
    answering::json(hyper::StatusCode::OK, &*DOCUMENT)
}

async fn nothing_here() -> Problem {
    Problem::no_such_path()
}

async fn not_so() -> Problem {
    Problem::method_not_allowed()
}

/// Each line with what answers it.
fn api() -> Api {
    Api::new()
        .answers(&line::RUN_LIST, |plane, q| async move { plane.run_list(q).await })
        .shows(&line::RUN_SHOW, |plane, q| async move { plane.run_show(q).await })
        .answers(&line::APPROVAL_LIST, |plane, q| async move { plane.approval_list(q).await })
        .shows(&line::APPROVAL_SHOW, |plane, q| async move { plane.approval_show(q).await })
        .asks(&line::APPROVAL_REQUEST, "helmstream.approval.request.v1")
        .asks(&line::APPROVAL_GRANT, "helmstream.approval.grant.v1")
        .asks(&line::APPROVAL_DENY, "helmstream.approval.deny.v1")
        .asks(&line::APPROVAL_WITHDRAW, "helmstream.approval.withdraw.v1")
        .answers(&line::DEPLOYMENT_LIST, |plane, q| async move { plane.deployment_list(q).await })
        .shows(&line::DEPLOYMENT_SHOW, |plane, q| async move { plane.deployment_show(q).await })
        .asks(&line::DEPLOYMENT_REGISTER, "helmstream.deployment.register.v1")
        .asks(&line::DEPLOYMENT_RETIRE, "helmstream.deployment.retire.v1")
        .answers(&line::TOKEN_LIST, |plane, q| async move { plane.token_list(q).await })
        .asks(&line::TOKEN_CREATE, "helmstream.access.create.v1")
        .asks(&line::TOKEN_REVOKE, "helmstream.access.revoke.v1")
        .answers(&line::EVENT_LIST, |plane, q| async move { plane.event_list(q).await })
        .answers(&line::EVENT_SHOW, |plane, q| async move { plane.event_show(q).await })
        .answers(&line::EVENT_WHY, |plane, q| async move { plane.event_why(q).await })
        .answers(&line::DEAD_LETTER_LIST, |plane, q| async move { plane.dead_letter_list(q).await })
        .answers(&line::DEAD_LETTER_SHOW, |plane, q| async move { plane.dead_letter_show(q).await })
        .answers(
            &line::DEAD_LETTER_DECIDE,
            |plane, q| async move { plane.dead_letter_decide(q).await },
        )
        .answers(&line::OUTCOME_LIST, |plane, q| async move { plane.outcome_list(q).await })
        .answers(&line::OUTCOME_SHOW, |plane, q| async move {
            let OutcomeRequest { inbox_sequence, sent_times, wait_seconds } = q;
            let wait = wait_seconds.unwrap_or(0);
            if wait > PREFER_WAIT_SECONDS_MAX {
                let what = format!("nothing is waited for longer than {PREFER_WAIT_SECONDS_MAX} s");
                return Err(Failure::new(Code::Input, what, "", "ask again"));
            }
            plane.was_published(inbox_sequence).await?;
            let wait = Duration::from_secs(wait);
            settle_within(&plane, Receipt { inbox_sequence, sent_times }, wait).await
        })
        .answers(&line::COMMAND_SHOW, |plane, q| async move {
            let request =
                outcome::Request { command_ids: vec![q.command_id], ..Default::default() };
            let Answer { as_of_seq, answer } = plane.outcome_list(request).await?;
            let found = answer.outcomes.into_iter().next();
            let answer = found.ok_or_else(|| {
                Failure::not_found("no command has that id", "it may not have been stored yet")
            })?;
            Ok(Answer { as_of_seq, answer })
        })
        .answers(&line::PROJECTION_LIST, |plane, _| async move { plane.projection_list().await })
        .answers(
            &line::PROJECTION_REBUILD,
            |plane, q| async move { plane.projection_make(q).await },
        )
        .answers(&line::PROJECTION_SWAP, |plane, q| async move { plane.projection_swap(q).await })
        .answers(&line::PROJECTION_DROP, |plane, q| async move { plane.projection_drop(q).await })
        .answers(
            &line::PROJECTION_REDRIVE,
            |plane, q| async move { plane.projection_redrive(q).await },
        )
        .answers(
            &line::PROJECTION_PARKED,
            |plane, q| async move { plane.projection_parked(q).await },
        )
        .answers(&line::PAST, |plane, q| async move { plane.past(q).await })
        .answers(&line::MOMENT, |plane, q| async move { plane.moment(q.when).await })
        .answers(&line::DIFF, |plane, q| async move { plane.diff(q).await })
        .answers(&line::REPLAY, |plane, q| async move { plane.replay(q).await })
        .answers(&line::VERIFY, |plane, q| async move { plane.verify(q).await })
}
