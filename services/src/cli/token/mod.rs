//! `helmstream token`: who may come in over HTTP, as what, and until when.

mod create;

use anyhow::Result;
use helmstream_projections::{
    access::Standing,
    questions::{access::HolderShown, cursor::Cursor, order::Order},
};
use helmstream_schemas::{Expected, Timestamp};

use self::create::CreateArgs;
use super::{
    asked::ask,
    at::AtArg,
    ending::Ending,
    output::{Format, Screen},
    page::Tone,
    table::{Head, cell, further, table, toned},
    when,
};
use crate::client::{
    Client, Code, Failure,
    limits::{LIST_ROWS, LIST_ROWS_MAX},
    token::{ListRequest, TokenShown, revoke_if},
};

/// What answers.
const VIEW: &str = "access";

#[derive(Debug, clap::Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and show it, once
    #[command(after_help = "\
The plane keeps a digest of it and never the token: what is lost is lost, and another one is made. Two
tokens of one actor and label can be active at a time, so that one can be changed for another: make
the new one, use it, revoke the old one.

Roles: viewer looks; publisher looks and publishes; operator looks, publishes, and rebuilds, redrives,
retries, registers and retires; approver looks and approves; admin may everything. An agent approves
and administers nothing, whatever its role.

Examples:
  helmstream token create --actor faber --kind service --role publisher --label ci --expires 90d
  helmstream token create --actor dana --kind human --role approver --file dana.token
  helmstream token create --actor claude --kind agent --role viewer --scope run --scope approval")]
    Create(CreateArgs),
    /// List tokens and how each stands; never what could be used in place of one
    #[command(after_help = "\
LAST USED is told hourly at most and kept for two weeks; it is a measurement and no fold of EVENTS, so
that with --at it is not there.

Examples:
  helmstream token list
  helmstream token list --actor faber --standing active
  helmstream token list --sort holder
  helmstream token list -o json")]
    List {
        /// Only those of this actor
        #[arg(long, value_name = "ACTOR")]
        actor: Option<String>,
        /// Only those that stand like this: active, expired, revoked
        #[arg(long, value_name = "STANDING", value_parser = standing)]
        standing: Option<Standing>,
        /// How many holders at most, each with all its tokens
        #[arg(long, value_name = "COUNT", default_value_t = LIST_ROWS, value_parser = clap::value_parser!(u32).range(1..=LIST_ROWS_MAX))]
        limit: u32,
        /// By which field, the smallest first; with `-` before it the greatest first: last_seq (the usual one, downwards), holder, actor
        #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
        sort: Option<Order<HolderShown>>,
        /// What follows on the page before: its list says where it ended
        #[arg(long, value_name = "END")]
        before: Option<Cursor>,
        #[command(flatten)]
        at: AtArg,
    },
    /// Let nobody in by it any more, from now on and for ever
    #[command(
        after_help = "Example:\n  helmstream token revoke 4fJq0ZsT81bk --reason 'laptop lost'"
    )]
    Revoke {
        /// The token's id: what stands between `hst_` and the next `_`
        #[arg(value_name = "ID")]
        id: String,
        /// Why; it stands on the log
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Only if its holder is at this revision, which `list -o json` tells
        #[arg(long, value_name = "REVISION")]
        if_revision: Option<Expected>,
    },
}

pub(super) async fn answer(
    client: &impl Client,
    screen: &Screen,
    command: TokenCommand,
) -> Result<Ending> {
    match command {
        TokenCommand::Create(args) => create::create(client, screen, args).await,
        TokenCommand::List { actor, standing, limit, sort, before, at } => {
            let at = at.asked(client).await?;
            at.ready(client, screen, VIEW).await?;
            let then = at.screen(screen);
            let (id, now, sequence) = (None, then.now, at.sequence());
            let request =
                ListRequest { actor, id, standing, limit, sort, before, at: sequence, now };
            list(client, &then, request).await?;
            at.foot(screen, VIEW)?;
            Ok(Ending::Done)
        }
        TokenCommand::Revoke { id, reason, if_revision } => {
            let token = named(client, screen, &id).await?;
            let asked = revoke_if(&token, reason.as_deref(), if_revision.as_ref());
            let told = ask(client, asked).await?;
            told.finish(screen, |_| format!("revoked: {id} of {}", token.holder))
        }
    }
}

/// The token of that id.
async fn named(client: &impl Client, screen: &Screen, id: &str) -> Result<TokenShown, Failure> {
    let request = ListRequest {
        id: Some(id.to_owned()),
        limit: LIST_ROWS,
        now: screen.now,
        ..ListRequest::default()
    };
    let mut found = client.token_list(request).await?.answer.tokens;
    let hint = "`helmstream token list` shows which there are";
    match (found.pop(), found.is_empty()) {
        (Some(token), true) => Ok(token),
        (None, _) => {
            // Whoever pastes a whole token here has shown it to a terminal; it is not repeated.
            let said = helmstream_core::access::form::is_id(id).then(|| format!(" `{id}`"));
            let what = format!("no token has the id{}", said.unwrap_or_default());
            Err(Failure::not_found(what, hint))
        }
        (Some(one), false) => {
            let holders: Vec<String> =
                found.iter().chain([&one]).map(|token| token.holder.to_string()).collect();
            let what = format!("several holders have a token `{id}`");
            let hint = "ids are made by chance and never meet; whoever made these can tell";
            Err(Failure::new(Code::Ambiguous, what, holders.join(", "), hint))
        }
    }
}

async fn list(client: &impl Client, screen: &Screen, request: ListRequest) -> Result<()> {
    let sort = request.sort;
    let is_all = request.actor.is_none() && request.standing.is_none();
    let answer = client.token_list(request).await?;
    if screen.format != Format::Table {
        return screen.data(&answer, "tokens");
    }
    let tokens = &answer.answer.tokens;
    if tokens.is_empty() {
        screen.print(match is_all {
            true => "No tokens. `helmstream token create` makes one.\n",
            false => "No such tokens.\n",
        })?;
    } else {
        let heads = [
            Head::Whole("ID"),
            Head::Whole("STANDING"),
            Head::Whole("ACTOR"),
            Head::Spare("KIND"),
            Head::Whole("ROLE"),
            Head::Spare("LABEL"),
            Head::Wraps("SCOPES"),
            Head::Spare("EXPIRES"),
            Head::Spare("LAST USED"),
        ];
        let rows = tokens.iter().map(|token| row(token, screen.now)).collect();
        screen.print(&table(screen, &heads, rows))?;
    }
    screen.print(&further(sort, answer.answer.next.as_ref()))?;
    Ok(())
}

fn row(shown: &TokenShown, now: Timestamp) -> Vec<comfy_table::Cell> {
    let token = &shown.token;
    let scopes: Vec<&str> = token.scopes.iter().map(String::as_str).collect();
    let tone = match shown.standing {
        Standing::Active => Tone::Good,
        Standing::Expired => Tone::Warn,
        Standing::Revoked => Tone::Quiet,
    };
    vec![
        cell(&token.id),
        toned(tone, shown.standing.word()),
        cell(&token.actor.id),
        cell(token.actor.kind.to_string()),
        cell(token.role.word()),
        cell(&token.label),
        cell(if scopes.is_empty() { "all".to_owned() } else { scopes.join(", ") }),
        cell(when::age(token.expires_at, now)),
        cell(shown.last_used_at.map(|at| when::age(at, now)).unwrap_or_default()),
    ]
}

fn standing(word: &str) -> Result<Standing, String> {
    let known = || Standing::ALL.map(Standing::word).join(", ");
    Standing::named(word).ok_or_else(|| format!("a token is one of {}", known()))
}
