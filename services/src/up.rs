//! `helmstream up`: a whole plane on this machine in one process, with its own NATS server and
//! Postgres on loopback. It survives the death of any process, not the loss of power.

mod first_token;
mod sample;

use std::{
    fs,
    io::{IsTerminal, Write},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    client::{Code, Failure},
    heartbeat::HeartbeatArgs,
    limits::{UP_AGAIN_AFTER, WAIT_SECONDS},
    listen::Listen,
    local::{
        Durability, free_port, is_free,
        nats::NatsServer,
        nats_server_program,
        plane::{Places, Plane},
        postgres::PostgresServer,
        postgres_folder,
    },
    serve::{Shown, interrupted, run_shown},
    setup::set_up,
    traces::TraceArgs,
};

/// What `helmstream up` is asked.
#[derive(Debug, Clone, clap::Args)]
pub struct UpArgs {
    /// Keep the plane here
    #[arg(long, value_name = "DIR", default_value = crate::local::plane::DIRECTORY)]
    pub dir: PathBuf,
    /// Publish a sample run on a new plane
    #[arg(long)]
    pub sample: bool,
    /// Throw away the plane that is there and begin anew, after asking
    #[arg(long)]
    pub reset: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Tell metrics at http://ADDRESS/metrics from now on
    #[arg(long, value_name = "ADDRESS", env = "HELMSTREAM_METRICS")]
    pub metrics: Option<SocketAddr>,
    #[command(flatten)]
    pub heartbeat: HeartbeatArgs,
    #[command(flatten)]
    pub traces: TraceArgs,
}

/// Runs a plane until Ctrl-C.
pub async fn run(args: UpArgs) -> Result<()> {
    if args.reset {
        reset(&args.dir, args.yes)?;
    }
    let (nats, postgres) = (nats_server_program()?, postgres_folder()?);
    let mut plane = Plane::create(&args.dir)?;
    plane.hold()?;
    if !is_free(plane.places().http.port()) {
        let http = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        plane.move_to(Places { http, ..plane.places().clone() })?;
    }
    let metrics = match (args.metrics, plane.places().metrics) {
        (Some(asked), _) => asked,
        (None, Some(held)) if is_free(held.port()) => held,
        (None, _) => SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)),
    };
    if plane.places().metrics != Some(metrics) {
        plane.move_to(Places { metrics: Some(metrics), ..plane.places().clone() })?;
    }
    let mut postgres = PostgresServer::start(&postgres, &mut plane, Durability::Power).await?;
    let mut nats = NatsServer::start(&nats, &mut plane, Durability::Process).await?;
    let ended = tokio::select! {
        ended = serve(&args, &plane, &mut nats, &mut postgres) => ended,
        () = interrupted() => Ok(()),
    };
    eprintln!("stopping");
    nats.stop().await;
    postgres.stop().await;
    ended
}

async fn serve(
    args: &UpArgs,
    plane: &Plane,
    nats: &mut NatsServer,
    postgres: &mut PostgresServer,
) -> Result<()> {
    let report = set_up(plane, Some(Duration::from_secs(WAIT_SECONDS))).await?;
    let (_stop, stopped) = watch::channel(false);
    let metrics = plane.places().metrics.map(Listen::plainly);
    let traces = args.traces.clone();
    let shown = Shown { metrics, heartbeat: args.heartbeat.clone(), traces };
    let is_new = report.items.iter().any(|item| item.ends_with("created"));
    let after = async {
        if args.sample && is_new {
            sample::publish(plane).await.context("cannot publish the sample run")?;
        }
        let admin = first_token::make(plane).await;
        if let Err(error) = &admin {
            warn!("there is no first token: {error:#}; `helmstream token create` makes one");
        }
        say_where(plane, admin.ok().as_deref());
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        ended = services(plane, shown, stopped) => ended,
        ended = after => ended,
        ended = keep_alive(nats, postgres) => ended,
    }
}

/// Runs the services. If a view does not fit the log, the servers stay: without them nobody could rebuild
/// it.
async fn services(plane: &Plane, shown: Shown, stopped: watch::Receiver<bool>) -> Result<()> {
    loop {
        match run_shown(plane, &[], shown.clone(), stopped.clone()).await {
            Err(error) if Failure::of(&error).code == Code::Diverged => {
                warn!(
                    "the services wait, the servers run: {error:#}; the way out is in docs/runbooks/HS-0011.md"
                );
                tokio::time::sleep(UP_AGAIN_AFTER).await;
            }
            ended => return ended,
        }
    }
}

/// Starts a server again that died by itself; the services wait for it meanwhile.
async fn keep_alive(nats: &mut NatsServer, postgres: &mut PostgresServer) -> Result<()> {
    loop {
        tokio::select! {
            () = nats.died() => {
                warn!("the NATS server died, starting it again");
                nats.restart().await?;
                info!("the NATS server is back");
            }
            () = postgres.died() => {
                warn!("Postgres died, starting it again");
                postgres.restart().await?;
                info!("Postgres is back");
            }
        }
    }
}

fn reset(directory: &Path, yes: bool) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    if !directory.join("plane.json").exists() {
        let what = format!("cannot reset {}", directory.display());
        let detail = "there is no plane in it, and it is left as it is";
        return Err(Failure::new(Code::Setting, what, detail, "name another with --dir").into());
    }
    if !yes {
        if !std::io::stdin().is_terminal() {
            let what = "cannot ask whether to throw the plane away";
            return Err(
                Failure::new(Code::Setting, what, "there is no terminal", "say --yes").into()
            );
        }
        eprint!(
            "Throw away the plane in {} with everything on its log? [y/N] ",
            directory.display()
        );
        std::io::stderr().flush().context("cannot ask")?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).context("cannot read the answer")?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            bail!("nothing was thrown away");
        }
    }
    let mut plane = Plane::open(directory)?;
    plane.hold()?;
    drop(plane);
    fs::remove_dir_all(directory).with_context(|| format!("cannot remove {}", directory.display()))
}

fn say_where(plane: &Plane, admin: Option<&Path>) {
    let program = std::env::current_exe().map_or_else(|_| "helmstream".into(), |path| shown(&path));
    let directory = shown(plane.directory());
    let places = plane.places();
    let postgres = &places.postgres;
    let metrics = places.metrics.map(|at| format!("\n  metrics   http://{at}/metrics"));
    let admin = admin.map(|path| format!("\n  admin     token in {}", shown(path)));
    let run = format!("{program} --plane {directory}");
    println!(
        "\nThe plane is up. It survives the death of any process, not the loss of power.\n\
         \n  NATS      {}\n  Postgres  {}:{}/{}\n  HTTP      http://{}/v1{}\n  kept in   {directory} (logs in log/, credentials in secrets/){}\n\
         \nWorth trying in another terminal:\n\
         \n  {run} run show {}\n  {run} approval list\n  {run} event why {}\n\
         \nCtrl-C stops everything; starting again continues.",
        places.nats_url,
        postgres.host,
        postgres.port,
        postgres.database,
        places.http,
        metrics.unwrap_or_default(),
        admin.unwrap_or_default(),
        sample::RUN,
        sample::bypass_id(),
    );
}

/// A path as short as it can be typed from here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
