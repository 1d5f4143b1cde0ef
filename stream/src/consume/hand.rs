//! What of a durable is in hand: of each lane one message under way, and the others behind it. Told to stop,
//! what is under way comes to its end, and everything else goes back to the server at once.

use std::collections::{HashMap, VecDeque};

use async_nats::{
    Subject,
    jetstream::{AckKind, consumer::pull},
};
use futures_util::{
    StreamExt,
    future::{Join, Ready, join, ready},
    stream::FuturesUnordered,
};
use helmstream_schemas::Verdict;
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::{Delivery, Durable, cut, delivery, found, in_hand, next};
use crate::{Connection, StreamError, api::ask, limits};

pub(super) struct Hand<'a, L, H, F: Future> {
    lane: &'a L,
    handle: &'a H,
    running: FuturesUnordered<Join<Ready<String>, F>>,
    lanes: HashMap<String, Lane>,
}

#[derive(Default)]
struct Lane {
    /// What is under way.
    begun: Option<Place>,
    waiting: VecDeque<Delivery>,
}

/// Which message it is, and where it is given back.
struct Place {
    sequence: u64,
    reply: Option<Subject>,
}

impl<'a, L, H, F> Hand<'a, L, H, F>
where
    L: Fn(&Delivery) -> String,
    H: Fn(Delivery) -> F,
    F: Future<Output = Result<Delivery, StreamError>>,
{
    pub(super) fn new(lane: &'a L, handle: &'a H) -> Self {
        Self { lane, handle, running: FuturesUnordered::new(), lanes: HashMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Begins it, unless something of its lane is under way.
    pub(super) fn take(&mut self, delivery: Delivery) {
        let name = (self.lane)(&delivery);
        match self.lanes.get_mut(&name) {
            Some(lane) => lane.waiting.push_back(delivery),
            None => self.begin(name, delivery, VecDeque::new()),
        }
    }

    /// What comes to its end next, and of which lane. Waits for ever if nothing is under way.
    pub(super) async fn handled(&mut self) -> (String, Result<Delivery, StreamError>) {
        match self.running.next().await {
            Some(handled) => handled,
            None => std::future::pending().await,
        }
    }

    /// Begins what comes next of a lane, of which nothing is under way any more.
    pub(super) fn go_on(&mut self, name: String) {
        let waiting = self.lanes.remove(&name).map(|lane| lane.waiting);
        let mut waiting = waiting.unwrap_or_default();
        if let Some(delivery) = waiting.pop_front() {
            self.begin(name, delivery, waiting);
        }
    }

    fn begin(&mut self, name: String, delivery: Delivery, waiting: VecDeque<Delivery>) {
        self.lanes.insert(name.clone(), Lane { begun: Some(Place::of(&delivery)), waiting });
        self.running.push(join(ready(name), (self.handle)(delivery)));
    }

    /// Lets what is under way come to its end, for a while, and begins nothing more; what it has not got to
    /// goes back. Whatever is acknowledged makes the server send more, so nothing is before the pull is
    /// closed; until then what is still on its way is taken, to go back too.
    pub(super) async fn end(
        mut self,
        connection: &Connection,
        durable: &Durable,
        mut messages: Option<pull::Stream>,
    ) -> Result<(), StreamError> {
        let until = Instant::now() + limits::STOPPING_MAX;
        let (mut finished, mut ended) = (Vec::new(), Ok(()));
        while !self.is_empty() {
            tokio::select! {
                biased;
                () = sleep_until(until) => break,
                (name, handled) = self.handled() => match handled {
                    Ok(delivery) => {
                        self.lanes.entry(name).or_default().begun = None;
                        finished.push(delivery);
                    }
                    Err(error) if error.verdict() == Verdict::Retry => {}
                    Err(error) => ended = Err(error),
                },
                Some(Ok(message)) = next(&mut messages), if messages.is_some() => {
                    self.keep(delivery(durable, message, &connection.tally)?);
                }
            }
        }
        if let Some(messages) = &mut messages {
            let arriving = self.wait_for_the_rest(connection, durable, messages, finished.len());
            // Without it, what is still on its way comes again later.
            let _ = timeout(limits::ARRIVING_MAX, arriving).await;
        }
        if let Some(left) = messages {
            let left = in_hand(left, durable, &connection.tally)?;
            left.into_iter().for_each(|delivery| self.keep(delivery));
        }
        drop(self.running);
        let left: Vec<Place> = self.lanes.into_values().flat_map(Lane::left).collect();
        let (name, done, given_back) = (&durable.name, finished.len(), left.len());
        if done + given_back > 0 {
            match timeout(limits::STOPPING_MAX, tell(connection, durable, finished, left)).await {
                Ok(Ok(())) => info!(durable = name, done, given_back, "stopped"),
                _ => {
                    warn!(durable = name, done, given_back, "stopped, and the server was not told")
                }
            }
        }
        ended
    }

    /// Takes what the server has sent and is still on its way, because something was acknowledged just before:
    /// lost with the pull, it would come again only after `ack_wait`. Only of a pinned durable is everything
    /// that is out in one hand, and known by its number.
    async fn wait_for_the_rest(
        &mut self,
        connection: &Connection,
        durable: &Durable,
        messages: &mut pull::Stream,
        finished: usize,
    ) -> Result<(), StreamError> {
        let kept = |lane: &Lane| usize::from(lane.begun.is_some()) + lane.waiting.len();
        while durable.group.is_some() {
            let consumer = found(connection, durable).await?;
            let (info, most) =
                (consumer.cached_info(), consumer.cached_info().config.max_ack_pending);
            let in_hand = finished + self.lanes.values().map(kept).sum::<usize>();
            let is_no_more_sent = info.num_pending == 0 || info.num_ack_pending as i64 >= most;
            if in_hand == 0 || (is_no_more_sent && info.num_ack_pending <= in_hand) {
                break;
            }
            if let Ok(Some(Ok(message))) = timeout(limits::ARRIVAL_PAUSE, messages.next()).await {
                self.keep(delivery(durable, message, &connection.tally)?);
            }
        }
        Ok(())
    }

    /// Takes it, and does not begin it any more.
    fn keep(&mut self, delivery: Delivery) {
        let name = (self.lane)(&delivery);
        self.lanes.entry(name).or_default().waiting.push_back(delivery);
    }
}

impl Lane {
    /// What has not come to its end.
    fn left(self) -> impl Iterator<Item = Place> {
        self.begun.into_iter().chain(self.waiting.into_iter().map(|delivery| Place::of(&delivery)))
    }
}

impl Place {
    fn of(delivery: &Delivery) -> Self {
        Self { sequence: delivery.record.sequence, reply: delivery.message.reply.clone() }
    }
}

/// Gives back what is left, in the order of the log, in which the server hands it out again to whoever waits,
/// and acknowledges what is finished: after that, because it makes room for what comes later. (While nobody
/// waits, the server turns over what it is to bring again, and its order is lost.) Returns when all of it is
/// on its way, because the connection may end with the process.
async fn tell(
    connection: &Connection,
    durable: &Durable,
    finished: Vec<Delivery>,
    mut left: Vec<Place>,
) -> Result<(), StreamError> {
    if let Some(group) = durable.group {
        leave(connection, durable, group).await;
    }
    left.sort_unstable_by_key(|place| place.sequence);
    for reply in left.into_iter().filter_map(|place| place.reply) {
        let told = connection.client.publish(reply, AckKind::Nak(None).into()).await;
        told.map_err(|error| cut(durable, &error.to_string()))?;
    }
    for delivery in finished {
        delivery.acknowledge().await?;
    }
    connection.client.flush().await.map_err(|error| cut(durable, &error.to_string()))
}

/// Has the server pin somebody else at once, if anybody waits, and not only after `priority_timeout`: until
/// then nobody that it may bring anything to would wait. Whoever has something in hand is the one pinned.
async fn leave(connection: &Connection, durable: &Durable, group: &str) {
    let api = format!("$JS.API.CONSUMER.UNPIN.{}.{}", durable.stream, durable.name);
    if let Err(error) = ask(connection, &api, json!({ "group": group }).to_string()).await {
        warn!(durable = durable.name, %error, "the partition goes over to another instance only later");
    }
}
