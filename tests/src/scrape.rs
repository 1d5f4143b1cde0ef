//! A whole plane in one process that shows itself, and what it shows, read as Prometheus reads it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use helmstream_services::{
    heartbeat::HeartbeatArgs,
    listen::Listen,
    local::{free_port, plane::Plane},
    serve::{Shown, run_shown},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::{patience::PATIENCE, running::Running};

/// Services in one process.
pub struct Process {
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<()>>,
}

/// What was told.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    pub text: String,
    /// The type of each metric, by the name under which it is described.
    pub types: BTreeMap<String, String>,
    pub series: Vec<Series>,
}

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Process {
    /// All services on a plane that is set up, told at an address of their own.
    pub fn of(plane: &Running, heartbeat: HeartbeatArgs) -> Self {
        Self::showing(plane, Shown { heartbeat, ..Shown::default() })
    }

    /// The same, which shows itself in further ways.
    pub fn showing(plane: &Running, shown: Shown) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port().expect("a free port")));
        let shown = Shown { metrics: Some(Listen::plainly(address)), ..shown };
        let directory = plane.plane.plane.directory().to_owned();
        let (stop, stopped) = watch::channel(false);
        let task =
            tokio::spawn(
                async move { run_shown(&Plane::open(&directory)?, &[], shown, stopped).await },
            );
        Self { address, stop, task }
    }

    /// Ends all services in order.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        self.task.await.expect("no service panics")
    }

    /// What is told now; nothing while nobody listens yet.
    pub async fn scrape(&self) -> Option<Scrape> {
        Some(Scrape::read(&self.get("/metrics", "*/*").await?.1))
    }

    /// Status and text of an answer.
    pub async fn get(&self, path: &str, accept: &str) -> Option<(u16, String)> {
        helmstream_services::tls::install();
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().ok()?;
        let request = client.get(format!("http://{}{path}", self.address)).header("accept", accept);
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }
}

impl Scrape {
    /// Reads the older text form.
    pub fn read(text: &str) -> Self {
        let mut scrape = Self { text: text.to_owned(), ..Self::default() };
        for line in text.lines() {
            if let Some(described) = line.strip_prefix("# TYPE ") {
                let (name, kind) = described.split_once(' ').expect("a name and a type");
                let before = scrape.types.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{name} is described once");
            } else if !line.starts_with('#') {
                scrape.series.push(series(line));
            }
        }
        scrape
    }

    /// The number of the one series of this name with these labels among its own.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.all(name, labels);
        let value = found.next()?.value;
        assert!(found.next().is_none(), "{name} {labels:?} names several series");
        Some(value)
    }

    /// All such numbers together.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.all(name, labels).map(|series| series.value).sum()
    }

    pub fn all<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Series> {
        self.series.iter().filter(move |series| {
            let has = |(key, value): &(&str, &str)| {
                series.labels.get(*key).is_some_and(|held| held == value)
            };
            series.name == name && labels.iter().all(has)
        })
    }

    /// Each metric as it is described, with its type and the labels that its series have.
    pub fn described(&self) -> BTreeMap<String, (String, BTreeSet<String>)> {
        let mut described: BTreeMap<String, (String, BTreeSet<String>)> = self
            .types
            .iter()
            .map(|(name, kind)| (name.clone(), (kind.clone(), BTreeSet::new())))
            .collect();
        for series in &self.series {
            let parts = ["_bucket", "_sum", "_count"];
            let family = parts.iter().find_map(|part| series.name.strip_suffix(part));
            let family = family.filter(|name| described.contains_key(*name));
            let held = described.get_mut(family.unwrap_or(&series.name));
            let (_, labels) = held.unwrap_or_else(|| panic!("{} is not described", series.name));
            labels.extend(series.labels.keys().filter(|name| *name != "le").cloned());
        }
        described
    }
}

/// `name{key="value",…} number`
fn series(line: &str) -> Series {
    let (named, value) = line.rsplit_once(' ').expect("a number at the end");
    let (name, labels) = named.split_once('{').unwrap_or((named, "}"));
    let labels = labels.strip_suffix('}').expect("labels end");
    let labels = labels.split("\",").filter(|label| !label.is_empty()).map(|label| {
        let (key, value) = label.split_once("=\"").expect("a label");
        (key.to_owned(), value.trim_end_matches('"').to_owned())
    });
    let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
    Series { name: name.to_owned(), labels: labels.collect(), value }
}
