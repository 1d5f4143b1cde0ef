//! The metrics that are found out when they are asked for: how each service stands, what its
//! connection has been through, the process and the disk. What is not known is left out, so that a
//! number that is there is never an old one.

use std::{borrow::Cow, fmt, path::PathBuf, sync::Arc};

use helmstream_stream::tally::Tally;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::{families::Labels, looking::Looked, process};

/// What was found.
pub(super) struct Collected {
    pub(super) looked: Arc<Vec<Looked>>,
    pub(super) directory: PathBuf,
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collected({} services)", self.looked.len())
    }
}

/// A number and what tells it from others of its name.
type Numbers = Vec<(Labels, f64)>;

impl Collector for Collected {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut telling = Telling(encoder);
        telling.gauge(
            "helmstream_build_info",
            "The version of the program; always 1.",
            vec![(vec![("version", env!("CARGO_PKG_VERSION").into())], 1.0)],
        )?;
        self.services(&mut telling)?;
        self.connections(&mut telling)?;
        self.stands(&mut telling)?;
        self.disk(&mut telling)?;
        process(&mut telling)
    }
}

impl Collected {
    fn services(&self, telling: &mut Telling<'_>) -> fmt::Result {
        let each = |number: &dyn Fn(&Looked) -> bool| -> Numbers {
            self.looked.iter().map(|at| (of(at.service, []), truth(number(at)))).collect()
        };
        telling.gauge(
            "helmstream_service_running",
            "Whether a service that this process is to run does run.",
            each(&|at| at.is_running),
        )?;
        telling.gauge(
            "helmstream_service_ready",
            "Whether a service can do its work: its servers answer, its views are folded, INBOX is young.",
            each(&|at| at.not_ready().is_none()),
        )?;
        let reachable = self.looked.iter().filter(|at| at.is_running).flat_map(|at| {
            let nats = Some((of(at.service, [("server", "nats".into())]), truth(at.nats.is_ok())));
            let postgres = at.postgres.as_ref().map(|found| {
                (of(at.service, [("server", "postgres".into())]), truth(found.is_ok()))
            });
            nats.into_iter().chain(postgres)
        });
        telling.gauge(
            "helmstream_service_reaches",
            "Whether a server answers a service that needs it.",
            reachable.collect(),
        )
    }

    fn connections(&self, telling: &mut Telling<'_>) -> fmt::Result {
        type Read = fn(&Tally) -> u64;
        let counts: [(&str, &str, Read); 5] = [
            (
                "helmstream_append_conflicts",
                "Appends that found that somebody else was first; they are decided again.",
                |tally| tally.conflicts.get(),
            ),
            (
                "helmstream_appends_unanswered",
                "Appends that got no answer, so that the log had to be read.",
                |tally| tally.unanswered.get(),
            ),
            (
                "helmstream_deadlines_armed",
                "Deadlines handed to the server as schedules, those armed again included.",
                |tally| tally.armed.get(),
            ),
            (
                "helmstream_messages_redelivered",
                "Messages that came again because it was not known what had become of them.",
                |tally| tally.redelivered.get(),
            ),
            ("helmstream_nats_disconnects", "Times a service was cut off from NATS.", |tally| {
                *tally.cuts.borrow()
            }),
        ];
        for (name, help, read) in counts {
            let told = self
                .looked
                .iter()
                .filter_map(|at| Some((of(at.service, []), read(at.tally.as_deref()?) as f64)));
            telling.counter(name, help, told.collect())?;
        }
        Ok(())
    }

    fn stands(&self, telling: &mut Telling<'_>) -> fmt::Result {
        let durables = self.looked.iter().flat_map(|at| {
            let each = at.durables.iter();
            each.map(|(name, lag)| {
                (of(at.service, [("durable", name.clone().into())]), *lag as f64)
            })
        });
        telling.gauge(
            "helmstream_durable_lag_sequences",
            "Messages that a durable has still to bring to their end.",
            durables.collect(),
        )?;
        let views = || {
            self.looked.iter().flat_map(|at| {
                at.views.iter().map(move |held| {
                    let position = &held.position;
                    let labels = of(
                        at.service,
                        [
                            ("view", position.view.into()),
                            ("stream", position.stream.into()),
                            ("edition", position.edition.clone().into()),
                        ],
                    );
                    (labels, held)
                })
            })
        };
        telling.gauge(
            "helmstream_view_lag_sequences",
            "How much of a stream an edition of a view has still to read.",
            views().filter_map(|(labels, held)| Some((labels, held.lag? as f64))).collect(),
        )?;
        telling.gauge(
            "helmstream_view_position_sequences",
            "Up to where an edition of a view has read a stream.",
            views().map(|(labels, held)| (labels, held.position.at() as f64)).collect(),
        )?;
        telling.gauge(
            "helmstream_view_halted",
            "Whether an edition of a view is folded no more, because it does not fit the log.",
            views().map(|(labels, held)| (labels, truth(held.position.is_halted()))).collect(),
        )?;
        let inboxes = || self.looked.iter().filter_map(|at| at.inbox);
        telling.gauge(
            "helmstream_inbox_messages",
            "Publishes that wait for the door.",
            inboxes().map(|inbox| (vec![], inbox.messages as f64)).collect(),
        )?;
        telling.gauge(
            "helmstream_inbox_age_seconds",
            "How long the oldest publish waits for the door; 0 if none does.",
            inboxes().map(|inbox| (vec![], inbox.age.as_secs_f64())).collect(),
        )
    }

    fn disk(&self, telling: &mut Telling<'_>) -> fmt::Result {
        let disk = process::disk(&self.directory);
        for (name, help, bytes) in [
            (
                "helmstream_disk_size_bytes",
                "Size of the disk that holds the plane's directory.",
                disk.map(|disk| disk.size_bytes),
            ),
            (
                "helmstream_disk_free_bytes",
                "What is free on it for the plane.",
                disk.map(|disk| disk.free_bytes),
            ),
        ] {
            telling.gauge(
                name,
                help,
                bytes.map(|bytes| (vec![], bytes as f64)).into_iter().collect(),
            )?;
        }
        Ok(())
    }
}

/// Under the names that Prometheus' own libraries use.
fn process(telling: &mut Telling<'_>) -> fmt::Result {
    let Some(found) = process::usage() else { return Ok(()) };
    let one = |number: f64| vec![(vec![], number)];
    telling.gauge(
        "process_resident_memory_bytes",
        "Memory that the process holds.",
        one(found.resident_bytes as f64),
    )?;
    telling.gauge(
        "process_open_fds",
        "Files and connections that are open.",
        one(found.open_files),
    )?;
    telling.gauge(
        "process_start_time_seconds",
        "When the process began, in seconds since 1970.",
        one(found.began_at_seconds),
    )?;
    telling.counter(
        "process_cpu_seconds",
        "Time that the process has spent computing.",
        one(found.cpu_seconds),
    )
}

fn of<const N: usize>(
    service: &'static str,
    further: [(&'static str, Cow<'static, str>); N],
) -> Labels {
    [("service", service.into())].into_iter().chain(further).collect()
}

const fn truth(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

struct Telling<'a>(DescriptorEncoder<'a>);

impl Telling<'_> {
    fn gauge(&mut self, name: &str, help: &str, numbers: Numbers) -> fmt::Result {
        self.tell(name, help, MetricType::Gauge, numbers)
    }

    fn counter(&mut self, name: &str, help: &str, numbers: Numbers) -> fmt::Result {
        self.tell(name, help, MetricType::Counter, numbers)
    }

    /// A name without a number is not told.
    fn tell(&mut self, name: &str, help: &str, kind: MetricType, numbers: Numbers) -> fmt::Result {
        if numbers.is_empty() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, number) in numbers {
            let series = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => ConstCounter::new(number).encode(series)?,
                _ => ConstGauge::new(number).encode(series)?,
            }
        }
        Ok(())
    }
}
