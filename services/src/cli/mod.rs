//! The command line: what can be said on it, and which part of the program answers. Asking goes
//! through `client::Client` and nowhere else; how an answer looks is decided in the file of its
//! noun.

mod approval;
mod asked;
mod at;
mod backup;
mod bar;
mod dead_letter;
mod deployment;
mod diff;
mod doctor;
mod emit;
mod ending;
mod escape;
mod event;
mod faber;
mod failed;
mod help;
mod ids;
mod init;
mod log;
mod outcome;
mod output;
mod page;
mod place;
mod projection;
mod publish;
mod replay;
mod run;
mod server;
mod service;
mod setup;
mod shell;
mod table;
mod token;
mod verify;
mod when;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{CommandFactory, Parser, Subcommand};
use tokio::sync::watch;

use self::{
    ending::Ending,
    help::AFTER_HELP,
    log::{LogFormat, Purpose},
    output::{Format, Screen},
};
use crate::client::{
    Client, Direct, Http,
    direct::{Manner, OPERATOR},
    http::Reach,
    limits::{OUTCOME_SECONDS, WAIT_SECONDS},
};

/// An operations plane under FABER and Helm: what happened, why, and what became of it
#[derive(Debug, Parser)]
#[command(name = "helmstream", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
#[command(arg_required_else_help = true, subcommand_required = true)]
struct Cli {
    /// The plane's directory, looked for here and in the folders above
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "HELMSTREAM_PLANE",
        hide_env_values = true
    )]
    #[arg(help_heading = GLOBAL)]
    plane: Option<PathBuf>,

    #[command(flatten)]
    server: server::ServerArgs,

    /// How answers are written: for people, whole, or one object a line
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    #[arg(help_heading = GLOBAL)]
    output: Format,

    /// Seconds to wait for NATS or Postgres while they are away [default: 5; publish, sync and tail: without end]
    #[arg(long, global = true, value_name = "SECONDS", help_heading = GLOBAL)]
    patience: Option<u64>,

    /// How the log on stderr is written: for people, or one object a line
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    #[arg(help_heading = GLOBAL, env = "HELMSTREAM_LOG_FORMAT", hide_env_values = true)]
    log_format: LogFormat,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish CloudEvents and tell what became of each
    Publish(publish::PublishArgs),
    /// FABER projects: publish what lies in their folders
    #[command(subcommand)]
    Faber(faber::FaberCommand),
    /// FABER pipeline runs: list them, show one
    #[command(subcommand)]
    Run(run::RunCommand),
    /// People's consent: list what waits, ask for it, wait for it, give it
    #[command(subcommand)]
    Approval(approval::ApprovalCommand),
    /// Who may come in: make tokens, list them, revoke them
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// What is deployed where: list it, show it, register and retire it
    #[command(subcommand)]
    Deployment(deployment::DeploymentCommand),
    /// Write what FABER reads: an answer at a gate, the registry of deployments
    #[command(subcommand)]
    Emit(emit::EmitCommand),
    /// Events: list them, watch them, show one, tell why it is there
    #[command(subcommand)]
    Event(event::EventCommand),
    /// What changed in the views between two moments
    Diff(diff::DiffArgs),
    /// What was published and could not be read
    #[command(subcommand, name = "deadletter")]
    DeadLetter(dead_letter::DeadLetterCommand),
    /// What became of publishes and commands, asked later
    Outcome(outcome::OutcomeArgs),
    /// The views: where each stands, and how far behind the log
    #[command(subcommand)]
    Projection(projection::ProjectionCommand),
    /// Print every event of the log in the form in which it is hashed
    Replay(replay::ReplayArgs),
    /// Compare the log, the ledger and the checkpoints of the views; name the first difference
    Verify(verify::VerifyArgs),
    /// Backups of a plane: take one, look it over, put it back, try it
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// The services there are, and what each does
    #[command(subcommand)]
    Service(service::ServiceCommand),
    /// Run a whole plane on this machine, with servers of its own
    #[command(after_help = "Example:\n  helmstream up --sample")]
    Up(crate::up::UpArgs),
    /// Make a plane's directory, with its secrets, for servers that are there
    #[command(
        after_help = "Example:\n  helmstream init --plane /srv/plane --nats nats://nats.internal:4222 --postgres db.internal:5432/plane"
    )]
    Init(crate::init::InitArgs),
    /// Create what a plane needs on its servers; tell what differs, and refuse it
    Setup(setup::SetupArgs),
    /// Look a plane over: what is wrong with it, or will be, and what to do
    Doctor(doctor::DoctorArgs),
    /// Run services of a plane that is set up
    #[command(
        after_help = "Examples:\n  helmstream serve --accept-power-loss\n  helmstream serve door run\n  helmstream serve --metrics 127.0.0.1:7421 --log-format json"
    )]
    Serve(crate::serve::ServeArgs),
    /// Print what a shell needs to complete commands
    Completions(shell::CompletionsArgs),
    /// Print the manual page, or write those of all commands
    Man(shell::ManArgs),
}

impl Command {
    /// Its name, if it looks at a plane's own directory and servers.
    fn in_place(&self) -> Option<&'static str> {
        match self {
            Self::Up(_) => Some("up"),
            Self::Init(_) => Some("init"),
            Self::Setup(_) => Some("setup"),
            Self::Serve(_) => Some("serve"),
            Self::Doctor(_) => Some("doctor"),
            Self::Backup(_) => Some("backup"),
            _ => None,
        }
    }
}

/// What can be said with every command stands below what is a command's own.
const GLOBAL: &str = "With every command";

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse().map_err(at::explained).and_then(in_a_form_it_has) {
        Ok(cli) => cli,
        Err(said) => {
            // Help and version go to stdout and are no error; nobody to read them is none either.
            let _ = said.print();
            return if said.use_stderr() { Ending::Usage.into() } else { Ending::Done.into() };
        }
    };
    let purpose = match cli.command {
        Command::Up(_) | Command::Serve(_) => Purpose::Serving,
        Command::Doctor(_) => Purpose::LookingOver,
        _ => Purpose::Asking,
    };
    log::begin(purpose, cli.log_format);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return failed::tell(&anyhow::Error::new(error).context("cannot start")).into();
        }
    };
    let ended = runtime.block_on(answer(cli));
    // What still reads a terminal or waits for a server must not hold the program back.
    runtime.shutdown_background();
    match ended {
        Ok(ending) => ending.into(),
        Err(error) if output::is_broken_pipe(&error) => Ending::Done.into(),
        Err(error) => failed::tell(&error).into(),
    }
}

/// Not every answer has every form.
fn in_a_form_it_has(cli: Cli) -> Result<Cli, clap::Error> {
    let has_registry =
        matches!(&cli.command, Command::Deployment(command) if command.has_registry());
    if cli.output != Format::Registry || has_registry {
        return Ok(cli);
    }
    let said = "`-o registry` is a form of `deployment list` and `deployment show` only; others are table, json, yaml, ndjson";
    Err(Cli::command().error(clap::error::ErrorKind::InvalidValue, said))
}

async fn answer(cli: Cli) -> anyhow::Result<Ending> {
    let Cli { plane, server, output, patience, command, log_format: _ } = cli;
    if let Some(name) = command.in_place() {
        server.none_for(name)?;
    }
    match command {
        Command::Up(mut args) => {
            if let Some(plane) = plane {
                args.dir = plane;
            }
            crate::up::run(args).await.map(|()| Ending::Done)
        }
        Command::Setup(args) => {
            let patience = patience.or(Some(WAIT_SECONDS));
            setup::answer(&Screen::of_stdout(output), plane.as_deref(), &args, patience).await
        }
        Command::Doctor(args) => {
            let patience = Duration::from_secs(patience.unwrap_or(WAIT_SECONDS));
            doctor::answer(&Screen::of_stdout(output), plane.as_deref(), &args, patience).await
        }
        Command::Serve(mut args) => {
            args.plane = place::directory(plane.as_deref())?;
            crate::serve::run(args).await.map(|()| Ending::Done)
        }
        Command::Init(mut args) => {
            args.plane = plane;
            init::answer(&Screen::of_stdout(output), args)
        }
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&Screen::of_stdout(output), args),
        Command::Backup(command) => {
            backup::answer(&Screen::of_stdout(output), plane.as_deref(), patience, command).await
        }
        Command::Service(command) => service::answer(&Screen::of_stdout(output), &command),
        command => {
            let screen = Screen::of_stdout(output);
            let manner = manner(&command, patience);
            let (stop, stopped) = watch::channel(false);
            let is_watching = match &command {
                Command::Faber(faber::FaberCommand::Sync(args)) => args.watch,
                command => is_tail(command),
            };
            // Nothing that is asked or published is lost by going: at once is right. Only what has
            // no other end is told to end, and may then finish; unless it is told twice.
            let asked = async {
                match server.server()? {
                    Some(server) => {
                        let client = Http::new(reach(server, manner))?;
                        ask(&client, &screen, command, stopped).await
                    }
                    None => {
                        let client = Direct::new(place::open(plane.as_deref())?, manner)?;
                        ask(&client, &screen, command, stopped).await
                    }
                }
            };
            tokio::select! {
                ended = asked => ended,
                _ = interrupted(is_watching.then_some(stop)) => Ok(Ending::Interrupted),
            }
        }
    }
}

/// Waits for Ctrl-C; if somebody can be told to stop, for the second one.
async fn interrupted(stop: Option<watch::Sender<bool>>) {
    let _ = tokio::signal::ctrl_c().await;
    if let Some(stop) = stop {
        stop.send_replace(true);
        let _ = tokio::signal::ctrl_c().await;
    }
}

async fn ask(
    client: &impl Client,
    screen: &Screen,
    command: Command,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Ending> {
    match command {
        Command::Publish(args) => publish::publish(client, screen, args).await,
        Command::Faber(command) => faber::answer(client, screen, command, stop).await,
        Command::Run(command) => run::answer(client, screen, command).await,
        Command::Approval(command) => approval::answer(client, screen, command).await,
        Command::Token(command) => token::answer(client, screen, command).await,
        Command::Deployment(command) => deployment::answer(client, screen, command).await,
        Command::Emit(command) => emit::answer(client, screen, command).await,
        Command::Event(command) => event::answer(client, screen, command, stop).await,
        Command::Diff(args) => diff::answer(client, screen, args).await,
        Command::DeadLetter(command) => dead_letter::answer(client, screen, command).await,
        Command::Outcome(args) => outcome::answer(client, screen, args).await,
        Command::Projection(command) => projection::answer(client, screen, command).await,
        Command::Replay(args) => replay::answer(client, screen, args).await,
        Command::Verify(args) => verify::answer(client, screen, args).await,
        Command::Up(_) | Command::Init(_) | Command::Setup(_) | Command::Serve(_) => {
            Ok(Ending::Done)
        }
        Command::Doctor(_) | Command::Backup(_) => Ok(Ending::Done),
        Command::Completions(_) | Command::Man(_) | Command::Service(_) => Ok(Ending::Done),
    }
}

const fn is_tail(command: &Command) -> bool {
    matches!(command, Command::Event(event::EventCommand::Tail(_)))
}

fn reach(server: server::Server, manner: Manner) -> Reach {
    let server::Server { url, token, trusted } = server;
    let Manner { wait, outcome_wait, .. } = manner;
    Reach { server: url, token, trusted, wait, outcome_wait }
}

fn manner(command: &Command, patience: Option<u64>) -> Manner {
    let (publisher, waits_for_ever, outcome_wait) = match command {
        Command::Publish(args) => (args.publisher.as_str(), true, args.outcome_wait),
        Command::Faber(faber::FaberCommand::Sync(args)) => {
            (args.publisher.as_str(), true, args.outcome_wait)
        }
        Command::Approval(command) => (command.publisher(), false, OUTCOME_SECONDS),
        Command::Deployment(command) => (command.publisher(), false, OUTCOME_SECONDS),
        command => (OPERATOR, is_tail(command), OUTCOME_SECONDS),
    };
    let wait = patience.or((!waits_for_ever).then_some(WAIT_SECONDS));
    Manner {
        publisher: publisher.to_owned(),
        wait: wait.map(Duration::from_secs),
        outcome_wait: Duration::from_secs(outcome_wait),
    }
}

#[cfg(test)]
mod tests;
