//! `helmstream serve`: runs services of a plane that is set up, each under its own NATS user and
//! its own Postgres role, until it is told to stop.

use std::{net::SocketAddr, path::PathBuf, process, sync::Arc};

use anyhow::{Context, Result};
use helmstream_core::door::Cleaner;
use helmstream_projections::{Database, ProjectionError};
use helmstream_stream::{Address, append::EVENTS, connect, founding, health};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use tracing::{Instrument, error_span, info, warn};
use uuid::Uuid;

use crate::{
    access, approval, cdevents,
    client::{Code, Failure},
    dead_letter, deadline, deployment, external,
    heartbeat::{self, HeartbeatArgs},
    http, ledger,
    limits::REPLICAS_MIN,
    listen::Listen,
    local::{nats, plane::Plane},
    metrics::{self, Duties, Metrics},
    patience::patiently,
    run,
    service::Service,
    surroundings::Surroundings,
    traces::{SPAN, TraceArgs, Traces},
};

/// What `helmstream serve` is asked.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// Services to run in this process; all of them if none is named
    #[arg(value_name = "SERVICE", value_parser = names())]
    pub services: Vec<String>,
    /// Run although an acknowledged event can be lost with the power of one machine
    #[arg(long)]
    pub accept_power_loss: bool,
    #[command(flatten)]
    pub http: HttpArgs,
    /// Tell metrics at http://ADDRESS/metrics
    #[arg(long, value_name = "ADDRESS", env = "HELMSTREAM_METRICS")]
    pub metrics: Option<SocketAddr>,
    #[command(flatten)]
    pub heartbeat: HeartbeatArgs,
    #[command(flatten)]
    pub traces: TraceArgs,
    /// The plane's directory.
    #[arg(skip)]
    pub plane: PathBuf,
}

/// How the service `http` is reached, where it is not as `plane.json` says.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct HttpArgs {
    /// Answer over HTTP here instead of where plane.json says
    #[arg(long, value_name = "ADDRESS", env = "HELMSTREAM_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// The certificate and those above it, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Whoever connects is a proxy that has seen to TLS
    #[arg(long)]
    pub behind_tls_proxy: bool,
}

impl HttpArgs {
    fn settings(&self, plane: &Plane) -> http::Settings {
        let listen = self.at(self.listen.unwrap_or(plane.places().http));
        http::Settings { listen, plane: plane.directory().to_owned() }
    }

    fn at(&self, at: SocketAddr) -> Listen {
        Listen {
            at,
            tls: self.tls_certificate.clone().zip(self.tls_key.clone()),
            is_behind_tls_proxy: self.behind_tls_proxy,
        }
    }
}

/// What a process shows of itself to others.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Where it tells its metrics, if it does.
    pub metrics: Option<Listen>,
    pub heartbeat: HeartbeatArgs,
    pub traces: TraceArgs,
}

/// Every service, in the order in which one reads them.
pub fn services() -> Vec<Service> {
    vec![
        Service::new("door").admits(),
        run::service(),
        approval::service(),
        deployment::service(),
        dead_letter::service(),
        access::service(),
        external::service(),
        deadline::service(),
        ledger::service(),
        cdevents::service(),
        Service::new(http::NAME).serves(),
    ]
}

/// Runs services until Ctrl-C, or until one of them cannot go on.
pub async fn run(args: ServeArgs) -> Result<()> {
    let plane = Plane::open(&args.plane)?;
    let (stop, stopped) = watch::channel(false);
    let stopping = tokio::spawn(async move {
        let mut signals = Signals::listen();
        signals.next().await;
        info!("stopping; told once more it ends at once");
        stop.send_replace(true);
        let signal = signals.next().await;
        warn!("told once more, ending at once");
        // What is under way is as after a kill: nothing that was acknowledged is lost.
        process::exit(128 + signal.as_raw_value());
    });
    if !args.accept_power_loss {
        let service = args.services.first().map_or("ledger", String::as_str);
        refuse_power_loss(&plane, service, &stopped).await?;
    }
    let settings = args.http.settings(&plane);
    let metrics = args.metrics.map(|at| args.http.at(at));
    let shown = Shown { metrics, heartbeat: args.heartbeat, traces: args.traces };
    let ended = run_with(&plane, &args.services, settings, shown, stopped).await;
    stopping.abort();
    ended
}

/// Runs the named services, or all, until `stop` turns true or one of them cannot go on.
pub async fn run_until(
    plane: &Plane,
    wanted: &[String],
    stop: watch::Receiver<bool>,
) -> Result<()> {
    run_shown(plane, wanted, Shown::default(), stop).await
}

/// The same, and shows itself to others.
pub async fn run_shown(
    plane: &Plane,
    wanted: &[String],
    shown: Shown,
    stop: watch::Receiver<bool>,
) -> Result<()> {
    run_with(plane, wanted, HttpArgs::default().settings(plane), shown, stop).await
}

async fn run_with(
    plane: &Plane,
    wanted: &[String],
    http: http::Settings,
    shown: Shown,
    stop: watch::Receiver<bool>,
) -> Result<()> {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let chosen: Vec<Service> =
        services().into_iter().filter(|service| is_wanted(service.name)).collect();
    let names = chosen.iter().map(|service| service.name).collect();
    let metrics = Arc::new(Metrics::new(names, plane.directory().to_owned()));
    let (traces, exporter) =
        Traces::begin(&shown.traces, metrics.spans()).map_err(Failure::of_setting)?;
    let mut running = JoinSet::new();
    if let Some(exporter) = exporter {
        running.spawn(exporter.run(stop.clone()));
    }
    if let Some(place) = shown.metrics {
        running.spawn(metrics::listen(metrics.clone(), place, stop.clone()));
    }
    running.spawn(heartbeat::beat(shown.heartbeat, metrics.clone(), stop.clone()));
    for service in chosen {
        let name = service.name;
        let start = Start {
            address: plane.address(name),
            database: plane.database(name)?,
            cleaner: matches!(name, "door" | http::NAME).then(|| cleaner(plane)).transpose()?,
            http: (name == http::NAME).then(|| http.clone()),
            metrics: metrics.clone(),
            traces: traces.of(name),
            stop: stop.clone(),
        };
        // Of the highest level, so that whoever logs only errors knows whose they are.
        let span = error_span!(target: SPAN, SPAN, service = name);
        running.spawn(serve_one(service, start).instrument(span));
    }
    // Its end is seen once all services have ended.
    drop(traces);
    while let Some(ended) = running.join_next().await {
        ended.context("a service panicked")??;
    }
    Ok(())
}

/// What a service is given before it has found its servers.
struct Start {
    address: Address,
    database: Database,
    cleaner: Option<Cleaner>,
    http: Option<http::Settings>,
    metrics: Arc<Metrics>,
    traces: Traces,
    stop: watch::Receiver<bool>,
}

/// The life of one service.
async fn serve_one(service: Service, start: Start) -> Result<()> {
    let name = service.name;
    let begun =
        begin(service.duties(), start).await.with_context(|| format!("cannot start {name}"))?;
    let Some(around) = begun else { return Ok(()) };
    service.run(around).await.with_context(|| format!("service {name} stopped"))
}

/// What is around a service, once its servers are found to be those that are meant; nothing if it is told
/// to stop before.
async fn begin(duties: Duties, start: Start) -> Result<Option<Surroundings>> {
    let Start { address, database, cleaner, http, metrics, traces, stop } = start;
    let mut stopped = stop.clone();
    let connection = tokio::select! {
        connection = connect(&address) => connection?,
        _ = stopped.wait_for(|stop| *stop) => return Ok(None),
    };
    let found =
        patiently(&stop, "looking for the plane's founding", || founding::epoch(&connection));
    let Some(epoch) = found.await? else { return Ok(None) };
    let epoch = epoch.ok_or_else(not_set_up)?;
    refuse_untrusted(&database).await?;
    let instance = Uuid::new_v4();
    let metrics = metrics.begin(duties, &connection, &database);
    Ok(Some(Surroundings {
        connection,
        database,
        epoch,
        instance,
        cleaner,
        http,
        metrics,
        traces,
        stop,
    }))
}

/// Stops before the beginning where the database's server is not the one that was meant. One that is
/// away, or is another only later, is waited for.
async fn refuse_untrusted(database: &Database) -> Result<(), ProjectionError> {
    match database.ping().await {
        Err(error @ ProjectionError::Untrusted { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// Waits for Ctrl-C or the wish of a supervisor.
pub async fn interrupted() {
    Signals::listen().next().await;
}

/// Ctrl-C and the wish of a supervisor, one after the other; none is missed between two.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Self {
        let of = |kind| signal(kind).expect("signals can be received");
        Self { interrupt: of(SignalKind::interrupt()), terminate: of(SignalKind::terminate()) }
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        }
    }
}

fn cleaner(plane: &Plane) -> Result<Cleaner> {
    Ok(Cleaner::new(plane.people_key()?.as_bytes()))
}

fn names() -> Vec<&'static str> {
    services().iter().map(|service| service.name).collect()
}

/// Asks as a service that is to run anyway, which may have no other's secrets. A cluster that has no
/// leader yet is waited for. When servers elsewhere sync they tell nobody of the plane; where their
/// configuration lies here it counts.
async fn refuse_power_loss(
    plane: &Plane,
    service: &str,
    stop: &watch::Receiver<bool>,
) -> Result<()> {
    let address = plane.address(service);
    let mut stopped = stop.clone();
    let connection = tokio::select! {
        connection = connect(&address) => connection?,
        _ = stopped.wait_for(|stop| *stop) => return Ok(()),
    };
    let looked = patiently(stop, "looking how many servers hold EVENTS", || {
        health::replicas(&connection, EVENTS)
    });
    let Some(replicas) = looked.await.context("cannot look at EVENTS")? else { return Ok(()) };
    let replicas = replicas.ok_or_else(not_set_up).context("cannot serve")?;
    let lost = match nats::sync_interval(plane) {
        _ if replicas < REPLICAS_MIN => {
            format!("EVENTS has fewer than {REPLICAS_MIN} copies ({replicas})")
        }
        Some(interval) if interval != nats::SYNCS_ALWAYS => {
            format!("a NATS server of the plane syncs every {interval}")
        }
        _ => return Ok(()),
    };
    let power = match replicas {
        REPLICAS_MIN.. => "where all machines lose it at once",
        _ => "of one machine",
    };
    let detail = format!("{lost}, so an acknowledged event can be lost with the power {power}");
    let hint = format!(
        "use a cluster of {REPLICAS_MIN} servers with sync_interval: always, or say --accept-power-loss; docs/runbooks/doctor/durability.md says what outlives what"
    );
    Err(Failure::new(Code::Setting, "cannot serve", detail, hint).into())
}

fn not_set_up() -> Failure {
    let hint = "run `helmstream setup`, which makes what is missing";
    Failure::new(Code::Differs, "the plane was not set up", "it has no founding on EVENTS", hint)
}
