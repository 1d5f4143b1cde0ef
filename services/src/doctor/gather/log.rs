//! What NATS says when a plane is looked over.

use std::time::Duration;

use futures_util::future::join_all;
use helmstream_projections::{questions::projection::ProjectionLine, views::VIEWS};
use helmstream_schemas::Timestamp;
use helmstream_stream::{Connection, StreamError, connect, get, health, setup};
use tokio::time::timeout;

use super::{Manner, apart};
use crate::{
    clock,
    doctor::{
        facts::{Nats, Treated, Unread},
        limits::GROWTH_WINDOW,
    },
    local::{credentials, plane::Plane},
};

pub(super) async fn look(
    connection: &Connection,
    plane: &Plane,
    manner: Manner,
    positions: Option<&[ProjectionLine]>,
    now: Timestamp,
) -> Result<Nats, StreamError> {
    let streams = health::streams(connection).await?;
    let asked_at = clock::now();
    let told_at = health::server_time(connection).await?;
    let answered_at = clock::now();
    let mut lately = Vec::new();
    for stream in &streams {
        let found = health::lately(connection, stream, now.minus(GROWTH_WINDOW)).await?;
        lately.extend(found.map(|messages| (stream.name.clone(), messages)));
    }
    let head =
        |stream: &str| streams.iter().find(|one| one.name == stream).map_or(0, |one| one.last);
    let mut unread = Vec::new();
    for (edition, stream, read_to) in positions.map(stands).unwrap_or_default() {
        if head(&stream) > read_to
            && let Some(next) = get::next(connection, &stream, ">", read_to + 1).await?
        {
            unread.push(Unread { edition, stream, since: next.recorded_at });
        }
    }
    Ok(Nats {
        version: connection.client.server_info().version,
        clock: told_at.map(|told_at| apart(asked_at, told_at, answered_at)),
        durables: health::durables(connection).await?,
        files: setup::look(connection, plane.places().replicas).await?,
        users: if manner.tries_users { users(plane, manner.patience).await } else { Vec::new() },
        streams,
        lately,
        unread,
    })
}

/// How far each edition has read each of its streams; one that was never begun has read nothing.
fn stands(positions: &[ProjectionLine]) -> Vec<(String, String, u64)> {
    let begun =
        positions.iter().map(|line| (line.edition.clone(), line.stream.clone(), line.read_to_seq));
    let never = VIEWS.into_iter().flat_map(|view| {
        let streams = view.streams.iter().filter(move |stream| {
            let is_begun =
                |line: &ProjectionLine| line.projection == view.name && line.stream == **stream;
            !positions.iter().any(is_begun)
        });
        streams.map(move |stream| (view.schema(1), (*stream).to_owned(), 0))
    });
    begun.chain(never).collect()
}

/// Comes in as each user of `nats/permissions`, and asks what no file allows to ask.
async fn users(plane: &Plane, patience: Duration) -> Vec<(String, Treated)> {
    let users = credentials::users().unwrap_or_default();
    let tried = users.into_iter().map(async |user| {
        let address = plane.address(&user.user);
        let treated = match timeout(patience, connect(&address)).await {
            Err(_) => Treated::Unknown,
            Ok(Err(error)) => Treated::NotLetIn(error.to_string()),
            Ok(Ok(connection)) => match health::is_confined(&connection, patience).await {
                None => Treated::Unknown,
                Some(true) => Treated::Confined,
                Some(false) => Treated::Wide,
            },
        };
        (user.user, treated)
    });
    join_all(tried).await
}
