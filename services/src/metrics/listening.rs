//! The address at which metrics are told: one answer, on an address of its own, for whoever may reach
//! it. It is not the address of the interface: nobody there asks without a token, and who scrapes has
//! none.

use std::{convert::Infallible, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tracing::{debug, info, warn};

use super::{Form, Metrics};
use crate::{
    http::limits::{HEAD_BYTES_MAX, HEAD_SECONDS, TLS_SECONDS},
    limits::{METRICS_CONNECTIONS_MAX, METRICS_LASTS_MAX},
    listen::Listen,
};

/// Tells metrics until it is told to stop.
pub async fn listen(
    metrics: Arc<Metrics>,
    listen: Listen,
    mut stop: watch::Receiver<bool>,
) -> Result<()> {
    let risk = "anybody on the way could read and change them";
    let (listener, tls) = listen.begin("tell metrics", risk).await?;
    info!(at = %listener.local_addr()?, tls = tls.is_some(), "telling metrics");
    let room = Arc::new(Semaphore::new(METRICS_CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let (stream, from) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(cause = %error, "a connection for metrics was not accepted");
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let Ok(permit) = room.clone().try_acquire_owned() else {
            debug!(%from, "closed a connection: {METRICS_CONNECTIONS_MAX} ask for metrics already");
            continue;
        };
        let (metrics, tls) = (metrics.clone(), tls.clone());
        connections.spawn(async move {
            let _permit = permit;
            let conversing = async {
                match tls {
                    None => converse(stream, metrics).await,
                    Some(tls) => match timeout(TLS_SECONDS, tls.accept(stream)).await {
                        Ok(Ok(stream)) => converse(stream, metrics).await,
                        _ => debug!(%from, "TLS was not agreed on"),
                    },
                }
            };
            let _ = timeout(METRICS_LASTS_MAX, conversing).await;
        });
    }
}

async fn converse<S>(stream: S, metrics: Arc<Metrics>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| {
        let metrics = metrics.clone();
        async move { Ok::<_, Infallible>(answer(&metrics, &request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_SECONDS)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        debug!(cause = %error, "a connection for metrics ended");
    }
}

async fn answer(metrics: &Metrics, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, form, text) = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => {
            let accept = request.headers().get(ACCEPT);
            let accept = accept.and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            let form = Form::wanted(accept);
            (StatusCode::OK, form, metrics.told(form).await)
        }
        ("/metrics", _) => (StatusCode::METHOD_NOT_ALLOWED, Form::Text, "only GET\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, Form::Text, "only /metrics is here\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
