//! `helmstream approval`: people's consent, asked for, waited for and given.

mod page;
mod wait;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use helmstream_projections::{
    approval::Standing,
    questions::{approval::ApprovalShown, cursor::Cursor, order::Order},
};
use helmstream_schemas::{Expected, Hash, Id, Timestamp};
use serde_json::{Value, json};

use super::{
    asked::{ask, duration},
    at::AtArg,
    ending::Ending,
    escape::escaped,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, further, table, toned},
    when,
};
use crate::client::{
    Client,
    approval::{ListRequest, ShowRequest},
    ask as asks,
    direct::OPERATOR,
    limits::{LIST_ROWS, LIST_ROWS_MAX},
};

/// What answers.
const VIEW: &str = "approval";

#[derive(Debug, clap::Subcommand)]
pub(super) enum ApprovalCommand {
    /// List what waits for an answer, asked for last first
    #[command(after_help = "\
Examples:
  helmstream approval list
  helmstream approval list --all --run acme/shop-42
  helmstream approval list --mine
  helmstream approval list --sort expires_at
  helmstream approval list -o ndjson | jq -r .id")]
    List {
        /// Only those that stand like this
        #[arg(long, value_name = "STANDING", value_parser = standing, default_value = "open", conflicts_with = "all")]
        standing: Standing,
        /// Those that were answered or ended as well
        #[arg(long)]
        all: bool,
        /// Only those of this run
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// Only those that you asked for: over HTTP whom your token is of, in place the user `operator`
        #[arg(long)]
        mine: bool,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
        limit: u32,
        /// By which field, the smallest first; with `-` before it the greatest first: asked_seq (the usual one, downwards), id, asked_at, expires_at
        #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
        sort: Option<Order<ApprovalShown>>,
        /// What follows on the page before: its list says where it ended
        #[arg(long, value_name = "END")]
        before: Option<Cursor>,
        #[command(flatten)]
        at: AtArg,
    },
    /// Show one, with every round in which it was asked for
    #[command(after_help = "Example:\n  helmstream approval show acme/shop-42@release")]
    Show {
        /// Its id: the run, and the place before which it waits
        #[arg(value_name = "APPROVAL")]
        id: String,
        #[command(flatten)]
        at: AtArg,
    },
    /// Ask for consent, as a pipeline does, and wait for it if told to
    #[command(after_help = "\
Whoever asks cannot answer. The id is made of the run and the place, so that the same question asked
again is the same approval. Gates that a run reports are asked for by themselves.

Exit codes with --wait: 0 granted, 10 denied, 11 expired, 12 withdrawn, 5 still open.

Examples:
  helmstream approval request --run acme/shop-42 --phase release --message 'merge #81' --wait 30m
  helmstream approval request --run acme/shop-42 --phase release --step merge --shown plan.json")]
    Request(RequestArgs),
    /// Wait until it is answered, taken back or over
    #[command(after_help = "\
Exit codes: 0 granted, 10 denied, 11 expired, 12 withdrawn, 5 still open.

Examples:
  helmstream approval wait acme/shop-42@release
  helmstream approval wait acme/shop-42@release --for 30m")]
    Wait {
        /// Its id: the run, and the place before which it waits
        #[arg(value_name = "APPROVAL")]
        id: String,
        /// For how long at most, such as 30m; without it, until it is closed
        #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
        wait: Option<Duration>,
    },
    /// Consent to what is shown by now
    #[command(
        after_help = "Examples:\n  helmstream approval grant acme/shop-42@release --reason 'seen the diff'\n  helmstream approval grant acme/shop-42@release --if-revision 41"
    )]
    Grant(AnswerArgs),
    /// Refuse
    #[command(
        after_help = "Example:\n  helmstream approval deny acme/shop-42@release --reason 'not on a Friday'"
    )]
    Deny(AnswerArgs),
    /// Take the question back; the asker may, and any person
    #[command(
        after_help = "Example:\n  helmstream approval withdraw acme/shop-42@release --as faber"
    )]
    Withdraw(AnswerArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct RequestArgs {
    /// The run that waits
    #[arg(long, value_name = "RUN")]
    run: String,
    /// The phase before which it waits
    #[arg(long, value_name = "PHASE")]
    phase: Option<String>,
    /// The step before which it waits
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// What is asked, in a sentence
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// File with what is to be consented to; only its digest is kept
    #[arg(long, value_name = "FILE")]
    shown: Option<PathBuf>,
    /// For how long the question stands open, such as 30m or 2d [default: 1d]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    open_for: Option<Duration>,
    /// Wait for the answer, for this long at most
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    /// Ask as this user of the plane, with its credentials
    #[arg(long = "as", value_name = "USER", default_value = "faber")]
    publisher: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct AnswerArgs {
    /// Its id: the run, and the place before which it waits
    #[arg(value_name = "APPROVAL")]
    id: String,
    /// Why, in a sentence
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Digest of what was seen; without it, what is shown by now is meant
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    shown: Option<Hash>,
    /// Only if it is at this revision, which `show -o json` tells; `*` if it is there at all
    #[arg(long, value_name = "REVISION")]
    if_revision: Option<Expected>,
    /// Answer as this user of the plane, with its credentials
    #[arg(long = "as", value_name = "USER", default_value = OPERATOR)]
    publisher: String,
}

impl ApprovalCommand {
    /// The user that it publishes as.
    pub(super) fn publisher(&self) -> &str {
        match self {
            Self::Request(args) => &args.publisher,
            Self::Grant(args) | Self::Deny(args) | Self::Withdraw(args) => &args.publisher,
            Self::List { .. } | Self::Show { .. } | Self::Wait { .. } => OPERATOR,
        }
    }
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: ApprovalCommand,
) -> Result<Ending> {
    match command {
        ApprovalCommand::List { standing, all, run, mine, limit, sort, before, at } => {
            let run = run.map(Id::new).transpose()?;
            let standing = (!all).then_some(standing);
            let at = at.asked(client).await?;
            let sequence = at.sequence();
            let request = ListRequest { standing, run, mine, limit, sort, before, at: sequence };
            at.ready(client, screen, VIEW).await?;
            list(client, &at.screen(screen), request).await?;
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
        ApprovalCommand::Show { id, at } => {
            let at = at.asked(client).await?;
            let screen = &at.screen(screen);
            let request = ShowRequest { name: Id::new(id)?, at: at.sequence() };
            let answer = client.approval_show(request).await?;
            match screen.format {
                Format::Table => screen.print(&page::page(screen, &answer))?,
                _ => screen.data(&answer, "")?,
            }
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
        ApprovalCommand::Request(args) => request(client, screen, args).await,
        ApprovalCommand::Wait { id, wait } => {
            wait::wait(client, screen, Id::new(id)?, wait, None).await
        }
        ApprovalCommand::Grant(args) => answered(client, screen, "grant", "granted", args).await,
        ApprovalCommand::Deny(args) => answered(client, screen, "deny", "denied", args).await,
        ApprovalCommand::Withdraw(args) => {
            answered(client, screen, "withdraw", "taken back", args).await
        }
    }
}

async fn request(client: &impl Client, screen: &Screen, args: RequestArgs) -> Result<Ending> {
    let shown = args.shown.as_ref().map(|file| {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Ok::<Value, anyhow::Error>(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    });
    let asked = json!({
        "run": args.run,
        "phase": args.phase,
        "step": args.step,
        "message": args.message,
        "shown": shown.transpose()?,
        "open_for_ms": args.open_for.map(|open| open.as_millis() as u64),
    });
    let told = ask(client, asks::anew("helmstream.approval.request.v1", &asked)).await?;
    let (Some(id), Some(wait)) = (told.aggregate(), args.wait) else {
        let ending = told.finish(screen, |told| {
            told.aggregate().map(|id| format!("asked: {id}")).unwrap_or_default()
        })?;
        if let (Some(id), Format::Table) = (told.aggregate(), screen.format) {
            screen.print(&format!(
                "wait for the answer: helmstream approval wait {}\n",
                escaped(id.as_str())
            ))?;
        }
        return Ok(ending);
    };
    wait::wait(client, screen, id, Some(wait), told.sequence()).await
}

async fn answered(
    client: &impl Client,
    screen: &Screen,
    word: &str,
    done: &str,
    args: AnswerArgs,
) -> Result<Ending> {
    let id = Id::new(args.id)?;
    // What is answered is what can be seen at this moment, and never what takes its place.
    let shown = match args.shown {
        Some(shown) => Some(shown),
        None => {
            let answer = client.approval_show(ShowRequest { name: id.clone(), at: None }).await?;
            answer.answer.approval.view.rounds.last().map(|round| round.asked.shown)
        }
    };
    let data = json!({ "approval": id, "reason": args.reason, "shown": shown });
    let kind = format!("helmstream.approval.{word}.v1");
    let told = ask(client, asks::anew_if(&kind, &data, args.if_revision.as_ref())).await?;
    told.finish(screen, |_| format!("{done}: {id}"))
}

async fn list(client: &impl Client, screen: &Screen, request: ListRequest) -> Result<()> {
    let sort = request.sort;
    let is_open_only = request.standing == Some(Standing::Open) && !request.mine;
    let answer = client.approval_list(request).await?;
    if screen.format != Format::Table {
        return screen.data(&answer, "approvals");
    }
    let approvals = &answer.answer.approvals;
    if approvals.is_empty() {
        return screen.print(match is_open_only {
            true => {
                "Nothing waits for an answer. `helmstream approval list --all` shows what did.\n"
            }
            false => "No such approvals.\n",
        });
    }
    let heads = [
        Head::Whole("APPROVAL"),
        Head::Whole("STANDING"),
        Head::Spare("ASKED"),
        Head::Spare("UNTIL"),
        Head::Spare("BY"),
        Head::Wraps("MESSAGE"),
    ];
    let rows = approvals.iter().map(|shown| row(shown, screen.now)).collect();
    screen.print(&table(screen, &heads, rows))?;
    screen.print(&further(sort, answer.answer.next.as_ref()))?;
    Ok(())
}

fn row(shown: &ApprovalShown, now: Timestamp) -> Vec<comfy_table::Cell> {
    let standing = shown.view.standing();
    let last = shown.view.rounds.last();
    let until = last.filter(|_| standing == Standing::Open).map(|round| round.expires_at);
    let asked = last.map(|round| &round.asked);
    vec![
        cell(shown.id.as_str()),
        toned(tone_of(standing), standing.word()),
        cell(asked.map(|asked| when::age(asked.at, now)).unwrap_or_default()),
        cell(until.map(|at| when::age(at, now)).unwrap_or_default()),
        cell(asked.map(|asked| asked.by.id.as_str()).unwrap_or_default()),
        cell(asked.and_then(|asked| asked.message.as_deref()).unwrap_or_default()),
    ]
}

fn tone_of(standing: Standing) -> Tone {
    match standing {
        Standing::Open => Tone::Strong,
        Standing::Granted => Tone::Good,
        Standing::Denied => Tone::Bad,
        Standing::Expired => Tone::Warn,
        Standing::Withdrawn => Tone::Quiet,
    }
}

fn standing(word: &str) -> Result<Standing, String> {
    let known = || Standing::ALL.map(Standing::word).join(", ");
    Standing::named(word).ok_or_else(|| format!("an approval is one of {}", known()))
}

fn digest(text: &str) -> Result<Hash, String> {
    text.parse().map_err(|_| "a digest is 64 hexadecimal digits".to_owned())
}
