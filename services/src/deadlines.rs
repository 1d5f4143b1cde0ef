//! The part of a service that keeps deadlines. What fires becomes a command, if it is to be
//! believed; and what the view says is armed is armed, whatever was lost between an append and its
//! schedule.

use std::sync::Arc;

use anyhow::{Context, Result};
use helmstream_core::{Deadline, Decider, due::command_of_due};
use helmstream_projections::questions::deadline::deadlines_armed;
use helmstream_schemas::Id;
use helmstream_stream::{
    StreamError,
    consume::{self, Delivery, Durable},
    deadline,
    headers::to_headers,
    publish::store,
};
use tracing::{info, warn};

use crate::{
    limits::{SWEEP_EVERY, SWEEP_PAGE_ROWS},
    patience::{patiently, pause, steadily},
    service::Surroundings,
};

/// Takes what fired and asks for what it gives.
pub async fn take<D: Decider>(around: Arc<Surroundings>) -> Result<()> {
    let name = format!("{}-due", D::CONTEXT);
    let durable = Durable { stream: deadline::DEADLINES, name, group: None };
    let lane = |delivery: &Delivery| delivery.record.subject.clone();
    let handle = |delivery| ask::<D>(&around, delivery);
    consume::work(&around.connection, &durable, around.stop(), lane, handle)
        .await
        .with_context(|| format!("cannot work off {}", durable.name))
}

async fn ask<D: Decider>(
    around: &Surroundings,
    delivery: Delivery,
) -> Result<Delivery, StreamError> {
    match command_of_due::<D>(&delivery.record, delivery.scheduler.as_deref()) {
        Ok(command) => {
            let subject = command.subject().to_string();
            let headers = to_headers(&command.attributes);
            steadily(&around.stop, "asking for a deadline", || {
                store(&around.connection, &subject, headers.clone(), command.payload.clone().into())
            })
            .await?;
        }
        Err(refused) => {
            warn!(subject = delivery.record.subject, %refused, "a deadline is not believed");
        }
    }
    Ok(delivery)
}

/// Arms what the view of deadlines holds and the server does not, at the start and now and then.
pub async fn sweep<D: Decider>(around: Arc<Surroundings>) -> Result<()> {
    loop {
        let mut armed = 0;
        for purpose in D::deadline_purposes() {
            armed += sweep_purpose::<D>(&around, purpose).await?;
        }
        if armed > 0 {
            info!(context = %D::CONTEXT, armed, "deadlines that were not armed are armed");
        }
        if pause(&around.stop, SWEEP_EVERY).await {
            return Ok(());
        }
    }
}

/// Sweeps one purpose, page by page; how many it armed.
async fn sweep_purpose<D: Decider>(around: &Surroundings, purpose: &'static str) -> Result<u64> {
    let (context, stop) = (D::CONTEXT, &around.stop);
    let (mut armed, mut after): (u64, Option<Id>) = (0, None);
    loop {
        let page = patiently(stop, "sweeping deadlines", || {
            deadlines_armed(&around.database, context, purpose, after.as_ref(), SWEEP_PAGE_ROWS)
        });
        let Some(page) = page.await? else { return Ok(armed) };
        for row in &page.answer {
            let there = patiently(stop, "looking for a schedule", || {
                deadline::is_armed(&around.connection, context, &row.id, purpose)
            });
            if there.await?.unwrap_or(true) {
                continue;
            }
            let missing = Deadline { purpose, at: row.due_at };
            patiently(stop, "arming a deadline", || {
                deadline::arm(&around.connection, context, &row.id, missing)
            })
            .await?;
            armed += 1;
        }
        match page.answer.into_iter().next_back() {
            Some(last) => after = Some(last.id),
            None => return Ok(armed),
        }
    }
}
