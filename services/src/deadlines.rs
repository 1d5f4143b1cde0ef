//! The part of a service that keeps deadlines. What fires becomes a command, if it is to be
//! believed; and what the view says is armed is armed, whatever was lost between an append and its
//! schedule.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use helmstream_core::{
    Deadline, Decider,
    due::{NotDue, command_of_due},
};
use helmstream_projections::questions::deadline::deadlines_armed;
use helmstream_schemas::{Context, Id, Timestamp};
use helmstream_stream::{
    StreamError,
    consume::{self, Delivery, Durable},
    deadline,
    headers::to_headers,
    publish::store,
};
use tracing::{info, warn};

use crate::{
    clock,
    limits::{DEADLINE_OVERDUE_AFTER, SWEEP_EVERY, SWEEP_PAGE_ROWS},
    metrics::Deadlines,
    patience::{patiently, pause, steadily},
    surroundings::Surroundings,
};

/// The durable of the deadlines of a context that have come.
pub fn durable(context: Context) -> Durable {
    Durable { stream: deadline::DEADLINES, name: format!("{context}-due"), group: None }
}

/// Takes what fired and asks for what it gives.
pub async fn take<D: Decider>(around: Arc<Surroundings>) -> Result<()> {
    let durable = durable(D::CONTEXT);
    let work = around.metrics.work("taking_deadlines", &durable.name);
    let deadlines = around.metrics.deadlines(D::CONTEXT);
    let lane = |delivery: &Delivery| delivery.record.subject.clone();
    let handle = |delivery| work.on(ask::<D>(&around, &deadlines, delivery));
    consume::work(&around.connection, &durable, around.stop(), lane, handle)
        .await
        .with_context(|| format!("cannot work off {}", durable.name))
}

async fn ask<D: Decider>(
    around: &Surroundings,
    deadlines: &Deadlines,
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
            let after = clock::now().since(delivery.record.recorded_at);
            deadlines.took(after.unwrap_or_default());
        }
        // Its own schedule fired it, for a purpose that a newer version armed.
        Err(unknown @ NotDue::Unknown { .. }) => {
            warn!(subject = delivery.record.subject, %unknown, "a deadline is put back");
            return Ok(delivery.for_newer());
        }
        Err(refused) => {
            deadlines.not_believed.inc();
            warn!(subject = delivery.record.subject, %refused, "a deadline is not believed");
        }
    }
    Ok(delivery)
}

/// Arms what the view of deadlines holds and the server does not, at the start and now and then.
pub async fn sweep<D: Decider>(around: Arc<Surroundings>) -> Result<()> {
    let deadlines = around.metrics.deadlines(D::CONTEXT);
    loop {
        let mut swept = Swept::default();
        for purpose in D::deadline_purposes() {
            if sweep_purpose::<D>(&around, purpose, &mut swept).await?.is_none() {
                return Ok(());
            }
        }
        let Swept { armed, pending, overdue } = swept;
        deadlines.missing.inc_by(armed);
        deadlines.pending.set(pending);
        deadlines.overdue.set(overdue);
        if armed > 0 {
            info!(context = %D::CONTEXT, armed, "deadlines that were not armed are armed");
        }
        if pause(&around.stop, SWEEP_EVERY).await {
            return Ok(());
        }
    }
}

/// What a sweep found.
#[derive(Default)]
struct Swept {
    /// How many were not armed, and are now.
    armed: u64,
    pending: i64,
    overdue: i64,
}

/// Sweeps one purpose, page by page. `None` if it is told to stop meanwhile.
async fn sweep_purpose<D: Decider>(
    around: &Surroundings,
    purpose: &'static str,
    swept: &mut Swept,
) -> Result<Option<()>> {
    let (context, stop) = (D::CONTEXT, &around.stop);
    let mut after: Option<Id> = None;
    let late_by = |at: Timestamp| clock::now().since(at).unwrap_or_default();
    loop {
        let page = patiently(stop, "sweeping deadlines", || {
            deadlines_armed(&around.database, context, purpose, after.as_ref(), SWEEP_PAGE_ROWS)
        });
        let Some(page) = page.await? else { return Ok(None) };
        for row in &page.answer {
            swept.pending += 1;
            swept.overdue += i64::from(late_by(row.due_at) > DEADLINE_OVERDUE_AFTER);
            let there = patiently(stop, "looking for a schedule", || {
                deadline::is_armed(&around.connection, context, &row.id, purpose)
            });
            let Some(is_there) = there.await? else { return Ok(None) };
            if is_there {
                continue;
            }
            let missing = Deadline { purpose, at: row.due_at };
            let armed = patiently(stop, "arming a deadline", || {
                deadline::arm(&around.connection, context, &row.id, missing)
            });
            let Some(()) = armed.await? else { return Ok(None) };
            swept.armed += 1;
        }
        match page.answer.into_iter().next_back() {
            Some(last) => after = Some(last.id),
            None => return Ok(Some(())),
        }
    }
}
