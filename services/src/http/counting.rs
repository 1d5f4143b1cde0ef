//! Which line a request was of, for the metrics: what routed it knows, and the name is the one that
//! the description has. A request that came to no line is of `none`, whatever its path says.

use std::{collections::BTreeMap, sync::LazyLock, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

use super::operations::DOCUMENT;
use crate::metrics::HttpMetrics;

/// The name of the line that answered, on its way to be counted.
#[derive(Clone, Copy)]
struct Answering(&'static str);

/// Names by method and path as they stand in the description.
static NAMES: LazyLock<BTreeMap<(String, String), &'static str>> = LazyLock::new(|| {
    let paths = DOCUMENT["paths"].as_object().into_iter().flatten();
    let each = paths.flat_map(|(path, verbs)| {
        let verbs = verbs.as_object().into_iter().flatten();
        verbs.filter_map(move |(verb, described)| {
            let name = described["operationId"].as_str()?;
            Some(((verb.to_uppercase(), path.clone()), name))
        })
    });
    each.collect()
});

/// Notes on an answer which line it is of.
pub(super) async fn noted(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let asked = path.map(|path| (request.method().to_string(), path));
    let name = asked.and_then(|asked| NAMES.get(&asked).copied());
    let mut response = next.run(request).await;
    if let Some(name) = name {
        response.extensions_mut().insert(Answering(name));
    }
    response
}

/// Counts an answer.
pub(super) fn answered(metrics: &HttpMetrics, response: &Response, took: Duration) {
    let line = response.extensions().get::<Answering>().map_or("none", |answering| answering.0);
    metrics.answered(line, response.status().as_u16(), took);
}
