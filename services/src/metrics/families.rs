//! The metrics that are counted while work is done: their names, what they mean, and their buckets.
//! docs/guides/metrics.md has the same list for operators; a test compares the two.

use std::borrow::Cow;

use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Metric, Registry, Unit},
};

/// What tells one series of a metric from another; the values come from lists of ours.
pub(super) type Labels = Vec<(&'static str, Cow<'static, str>)>;

pub(super) type Counters = Family<Labels, Counter>;
pub(super) type Gauges = Family<Labels, Gauge>;
pub(super) type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// Every metric that somebody holds a handle of.
pub(super) struct Families {
    pub(super) messages_handled: Counters,
    pub(super) message_duration: Histograms,
    pub(super) publishes: Counters,
    pub(super) door_batch_messages: Histograms,
    pub(super) door_batch_duration: Histograms,
    pub(super) commands: Counters,
    pub(super) view_records: Counters,
    pub(super) view_batch_records: Histograms,
    pub(super) view_batch_duration: Histograms,
    pub(super) deadlines_fired: Counters,
    pub(super) deadline_delay: Histograms,
    pub(super) deadlines_missing: Counters,
    pub(super) deadlines_pending: Gauges,
    pub(super) deadlines_overdue: Gauges,
    pub(super) http_requests: Counters,
    pub(super) http_request_duration: Histograms,
    pub(super) stream_readers: Gauges,
    pub(super) heartbeats: Counters,
    pub(super) heartbeat_last: Gauges,
    pub(super) trace_spans: Counters,
}

impl Families {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let mut all = Enlisting(registry.sub_registry_with_prefix("helmstream"));
        Self {
            messages_handled: all.counters(
                "messages_handled",
                "Messages of a durable that were handled to their end",
            ),
            message_duration: all.durations(
                "message_duration",
                "How long a message was worked on, from its delivery to its end",
            ),
            publishes: all.counters("publishes", "Messages of INBOX by what the door made of them"),
            door_batch_messages: all
                .sizes("door_batch_messages", "Messages that the door read at once"),
            door_batch_duration: all.durations(
                "door_batch_duration",
                "How long the door took for a batch, all of it stored and acknowledged",
            ),
            commands: all.counters("commands", "Commands by their outcome"),
            view_records: all.counters("view_records", "Records that a view folded or parked"),
            view_batch_records: all
                .sizes("view_batch_records", "Records that a view applied at once"),
            view_batch_duration: all.durations(
                "view_batch_duration",
                "How long a view took to apply a batch and to commit it",
            ),
            deadlines_fired: all
                .counters("deadlines_fired", "Deadlines that came, by what was made of them"),
            deadline_delay: all.durations(
                "deadline_delay",
                "From the moment at which a deadline fired to its command being stored",
            ),
            deadlines_missing: all.counters(
                "deadlines_missing",
                "Deadlines that should have been armed and were not; they are armed since",
            ),
            deadlines_pending: all
                .gauges("deadlines_pending", "Deadlines that are armed, as of the last sweep"),
            deadlines_overdue: all.gauges(
                "deadlines_overdue",
                "Armed deadlines whose time is well past, as of the last sweep",
            ),
            http_requests: all.counters("http_requests", "Requests by their line and status"),
            http_request_duration: all.durations(
                "http_request_duration",
                "How long a request took until its answer began",
            ),
            stream_readers: all.gauges("stream_readers", "Connections that watch events now"),
            heartbeats: all.counters(
                "heartbeats",
                "Signs of life to the outside: sent, failed, or withheld because something is not well",
            ),
            heartbeat_last: all.moments(
                "heartbeat_last_timestamp",
                "When the last sign of life was received, in seconds since 1970",
            ),
            trace_spans: all.counters(
                "trace_spans",
                "Spans of traces: sent, dropped because there was no room, or refused by the receiver",
            ),
        }
    }
}

struct Enlisting<'a>(&'a mut Registry);

impl Enlisting<'_> {
    fn counters(&mut self, name: &str, help: &str) -> Counters {
        self.enlisted(name, help, Counters::default())
    }

    fn gauges(&mut self, name: &str, help: &str) -> Gauges {
        self.enlisted(name, help, Gauges::default())
    }

    fn moments(&mut self, name: &str, help: &str) -> Gauges {
        let family = Gauges::default();
        self.0.register_with_unit(name, help, Unit::Seconds, family.clone());
        family
    }

    fn durations(&mut self, name: &str, help: &str) -> Histograms {
        let family = Histograms::new_with_constructor(durations);
        self.0.register_with_unit(name, help, Unit::Seconds, family.clone());
        family
    }

    fn sizes(&mut self, name: &str, help: &str) -> Histograms {
        self.enlisted(name, help, Histograms::new_with_constructor(sizes))
    }

    fn enlisted<F: Metric + Clone>(&mut self, name: &str, help: &str, family: F) -> F {
        self.0.register(name, help, family.clone());
        family
    }
}

/// From half a millisecond, which an append takes, to sixteen seconds, which is longer than anybody
/// waits for an acknowledgement.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.000_5, 2.0, 16))
}

/// From one to the largest batch there is.
fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 4.0, 8))
}
