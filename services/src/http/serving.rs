//! Connections: accepted, bounded in number and in time, and finished when the service is to end.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tracing::{Instrument, debug, info, warn};

use super::{App, answer, framing::Strict};
use crate::{
    http::limits::{
        CONNECTIONS_MAX, DRAIN_SECONDS, HEAD_BYTES_MAX, HEAD_SECONDS, HEADERS_MAX, TLS_SECONDS,
    },
    listen::Listen,
    surroundings::Surroundings,
};

/// Accepts until it is told to stop, and then finishes what it has begun.
pub(super) async fn listen(
    around: &Surroundings,
    listen: &Listen,
    app: Arc<App>,
    router: Router,
) -> Result<()> {
    let (listener, tls) = listen.begin("listen", "tokens would travel in the clear").await?;
    info!(at = %listener.local_addr()?, tls = tls.is_some(), "listening for HTTP");
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut stop = around.stop();
    loop {
        let (stream, from) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(cause = %error, "a connection was not accepted");
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Ok(permit) = room.clone().try_acquire_owned() else {
            warn!(%from, "closed a connection: there are {CONNECTIONS_MAX} already");
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (app, router, tls, stop) = (app.clone(), router.clone(), tls.clone(), around.stop());
        let conversing = async move {
            let _permit = permit;
            match tls {
                None => converse(stream, from, app, router, stop).await,
                Some(tls) => match timeout(TLS_SECONDS, tls.accept(stream)).await {
                    Ok(Ok(stream)) => converse(stream, from, app, router, stop).await,
                    _ => debug!(%from, "TLS was not agreed on"),
                },
            }
        };
        connections.spawn(conversing.in_current_span());
    }
    let draining = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(DRAIN_SECONDS, draining).await;
    Ok(())
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    from: SocketAddr,
    app: Arc<App>,
    router: Router,
    mut stop: tokio::sync::watch::Receiver<bool>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, router) = (app.clone(), router.clone());
        async move {
            let request = request.map(Body::new);
            Ok::<_, std::convert::Infallible>(answer(&app, router, request, from).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_SECONDS)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .half_close(false)
        .serve_connection(TokioIo::new(Strict::new(stream)), service);
    let mut connection = std::pin::pin!(connection);
    let told_to_stop = async move { drop(stop.wait_for(|stop| *stop).await) };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told_to_stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%from, cause = %error, "a connection ended");
    }
}
