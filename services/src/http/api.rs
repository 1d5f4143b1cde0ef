//! The interface as a whole: each line with what answers it. From here the routes come and the
//! description of them, so that neither can hold what the other does not.

use std::{collections::BTreeSet, future::Future, sync::Arc};

use axum::{
    Extension, Router,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use helmstream_core::command::derived_id;
use helmstream_schemas::{Timestamp, time::TimeError};
use hyper::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    App,
    answering::{self, json},
    caller::Caller,
    conditions, conditions_described,
    line::{Line, Verb},
    openapi::{Description, Known},
    problem::Problem,
    publishing::{Published, publish_one, with_first},
    reading::{self, Pairs},
    speaking_for,
    traced::Received,
};
use crate::{
    client::{Client, Direct, Failure, Revised, ask, past::When, publish::Settled},
    http::limits::{IDEMPOTENCY_KEY_BYTES_MAX, REQUEST_BYTES_MAX},
};

/// The source of what is asked in the words of the interface.
const SOURCE: &str = "/helmstream/http";

/// What a path says of itself, if it can be read.
type Path = Result<RawPathParams, RawPathParamsRejection>;

/// Routes, and what describes them.
pub(super) struct Api {
    pub(super) routes: Router<Arc<App>>,
    pub(super) description: Description,
}

impl Api {
    pub(super) fn new() -> Self {
        Self { routes: Router::new(), description: Description::new() }
    }

    /// A question, or an action that is done at once.
    pub(super) fn answers<Q, A, F, Fut>(self, line: &'static Line<Q, A>, answer: F) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        A: Serialize + JsonSchema + 'static,
        F: Fn(Direct, Q) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send,
    {
        self.answers_as(line, answer, |_, found| answering::found(found))
    }

    /// A question whose answer shows one aggregate whole: it has a tag, and need not be sent again.
    pub(super) fn shows<Q, A, F, Fut>(self, line: &'static Line<Q, A>, answer: F) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        A: Serialize + Revised + JsonSchema + 'static,
        F: Fn(Direct, Q) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send,
    {
        let mut api = self.answers_as(line, answer, answering::shown);
        api.description.amend(line.path, "get", conditions_described::of_shown);
        api
    }

    fn answers_as<Q, A, F, Fut>(
        mut self,
        line: &'static Line<Q, A>,
        answer: F,
        write: fn(&HeaderMap, &A) -> Result<Response, Problem>,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        A: Serialize + JsonSchema + 'static,
        F: Fn(Direct, Q) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send,
    {
        let known = Arc::new(self.description.question(line));
        let handler = move |State(app): State<Arc<App>>,
                            Extension(caller): Extension<Caller>,
                            path: Path,
                            request: Request| async move {
            let answered = async {
                caller.must(line.right, line.context)?;
                if line.verb == Verb::Post {
                    conditions::none(request.headers(), "this has no tag")?;
                }
                let direct = speaking_for(&app, &caller);
                let headers = request.headers().clone();
                let asked = read(&direct, line.verb, &known, path, request).await?;
                write(&headers, &answer(direct, asked).await?)
            };
            answered.await.unwrap_or_else(Problem::into_response)
        };
        self.routes = self.routes.route(line.path, on(method(line.verb), handler));
        self
    }

    /// An action that is asked by publishing an event of the plane's own. What its path names is one
    /// aggregate, of which something can be expected.
    pub(super) fn asks<Q>(mut self, line: &'static Line<Q, Settled>, kind: &'static str) -> Self
    where
        Q: DeserializeOwned + Serialize + JsonSchema + Send + 'static,
    {
        let known = Arc::new(self.description.action(line));
        let is_of_one = line.path.contains('{');
        if is_of_one {
            self.description.amend(line.path, "post", conditions_described::of_action);
        }
        let handler = move |State(app): State<Arc<App>>,
                            Extension(caller): Extension<Caller>,
                            path: Path,
                            request: Request| async move {
            let answered = async {
                caller.must(line.right, line.context)?;
                let direct = speaking_for(&app, &caller);
                let headers = request.headers().clone();
                let asked: Q = read(&direct, line.verb, &known, path, request).await?;
                let expected = match is_of_one {
                    true => conditions::expected(&headers)?,
                    false => {
                        let hint = "it is not about one thing that is there already";
                        conditions::none(&headers, hint).map(|()| None)?
                    }
                };
                let id = event_id(&headers, &caller, line.name)?;
                let event = ask::event(kind, id, SOURCE, &asked, expected.as_ref()).event;
                let wait = reading::wait(&headers);
                let received = Received::of(&app, &headers, line.path);
                let published = publish_one(&direct, &caller, &received, event, wait).await?;
                Ok::<_, Problem>(with_first(&direct, published, wait).await?.into_response())
            };
            answered.await.unwrap_or_else(Problem::into_response)
        };
        self.routes = self.routes.route(line.path, on(method(line.verb), handler));
        self
    }
}

fn method(verb: Verb) -> MethodFilter {
    match verb {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
    }
}

async fn read<Q: DeserializeOwned>(
    direct: &Direct,
    verb: Verb,
    known: &Known,
    path: Path,
    request: Request,
) -> Result<Q, Problem> {
    let path = path.map_err(|_| Problem::bad_request("the path is not UTF-8 once decoded"))?;
    let (head, body) = request.into_parts();
    let in_path = reading::in_path(&path);
    let mut in_query = reading::in_query(head.uri.query());
    let min_seq = taken(&mut in_query, "min_seq")
        .map(|text| text.parse().map_err(|_| Problem::bad_request("`min_seq` is not a position")));
    if let Some(min_seq) = min_seq.transpose()? {
        direct.has_read(min_seq).await?;
    }
    match verb {
        Verb::Get => {
            at_position(direct, &mut in_query).await?;
            let pairs: Pairs = in_path.into_iter().chain(in_query).collect();
            reading::of_pairs(&pairs, known.as_ref().unwrap_or(&BTreeSet::new()))
        }
        Verb::Post => {
            if let Some((name, _)) = in_query.first() {
                let detail = format!("`{name}` stands in the query; it belongs into the body");
                return Err(Problem::bad_request(detail));
            }
            let kind = reading::media_type(&head.headers)?;
            let body = reading::body(&head.headers, body, REQUEST_BYTES_MAX).await?;
            if !body.is_empty() && kind.as_deref() != Some("application/json") {
                return Err(Problem::unsupported_type("application/json"));
            }
            reading::of_body(&in_path, &body, known.as_ref())
        }
    }
}

/// A time that is asked about is the last position that was recorded by then.
async fn at_position(direct: &Direct, query: &mut Pairs) -> Result<(), Problem> {
    for (_, text) in query.iter_mut().filter(|(name, _)| name == "at") {
        match Timestamp::parse(text) {
            Ok(time) => *text = direct.moment(When::Time(time)).await?.sequence.to_string(),
            Err(TimeError::OutOfRange(_)) => return Err(reading::out_of_time("`at`")),
            // A position, or nothing.
            Err(TimeError::NotRfc3339(_)) => {}
        }
    }
    Ok(())
}

fn taken(pairs: &mut Pairs, name: &str) -> Option<String> {
    let at = pairs.iter().position(|(each, _)| each == name)?;
    Some(pairs.remove(at).1)
}

/// Asked again under the same key it is the same event, and so has one outcome.
fn event_id(headers: &HeaderMap, caller: &Caller, name: &str) -> Result<Uuid, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(Uuid::new_v4()) };
    match key.to_str() {
        Ok(key) if is_key(key) => Ok(derived_id(&["http", &caller.principal.actor, name, key])),
        _ => Err(Problem::bad_request(format!(
            "`Idempotency-Key` is no text of 1 to {IDEMPOTENCY_KEY_BYTES_MAX} letters, digits and signs"
        ))),
    }
}

fn is_key(key: &str) -> bool {
    let is_shown = key.bytes().all(|byte| byte.is_ascii_graphic());
    is_shown && (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len())
}

impl IntoResponse for Published {
    fn into_response(self) -> Response {
        let mut response = match self.status() {
            StatusCode::PRECONDITION_FAILED => self.unmet(),
            status => json(status, &self),
        };
        if let Some(location) = self.location() {
            response.headers_mut().insert(hyper::header::LOCATION, location);
        }
        response
    }
}
