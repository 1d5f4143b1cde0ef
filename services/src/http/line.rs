//! The interface over HTTP as a table: one line for each question and action, with who may and what
//! travels. The server, the client and the document that describes both are made of these lines and
//! of nothing else.

use std::marker::PhantomData;

use helmstream_projections::edition::Edition;
use helmstream_schemas::{Context, access::Right};

use super::wording::{
    AnswerRequest, ApprovalRequest, CommandRequest, MomentRequest, Nothing, OutcomeRequest,
    RegisterRequest, RetireRequest, TokenCreateRequest, TokenRevokeRequest,
};
use crate::client::{
    Answer, approval, dead_letter, deployment, diff, event, outcome, past, projection,
    publish::Settled, replay, run, token, verify,
};

/// How a line is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// The request stands in the path and in the query.
    Get,
    /// The request stands in the path and in a JSON body.
    Post,
}

/// A question or an action, its request and its answer.
pub struct Line<Q, A> {
    /// Its name in the document, which is also what the command line calls it.
    pub name: &'static str,
    pub verb: Verb,
    /// With the names of fields of the request in braces.
    pub path: &'static str,
    pub right: Right,
    /// What it is about; absent if it is about everything, so that whoever is limited to some
    /// contexts may not ask it.
    pub context: Option<Context>,
    /// What it does, in a sentence.
    pub summary: &'static str,
    types: PhantomData<fn(Q) -> A>,
}

impl<Q, A> Line<Q, A> {
    const fn get(
        name: &'static str,
        path: &'static str,
        context: Option<Context>,
        summary: &'static str,
    ) -> Self {
        let types = PhantomData;
        Self { name, verb: Verb::Get, path, right: Right::Look, context, summary, types }
    }

    const fn post(
        name: &'static str,
        path: &'static str,
        right: Right,
        context: Option<Context>,
        summary: &'static str,
    ) -> Self {
        Self { name, verb: Verb::Post, path, right, context, summary, types: PhantomData }
    }
}

const ACCESS: Option<Context> = Some(Context::Access);
const RUN: Option<Context> = Some(Context::Run);
const APPROVAL: Option<Context> = Some(Context::Approval);
const DEPLOYMENT: Option<Context> = Some(Context::Deployment);

pub const RUN_LIST: Line<run::ListRequest, Answer<run::List>> =
    Line::get("run_list", "/v1/runs", RUN, "Which runs there are, those that began last first.");

pub const RUN_SHOW: Line<run::ShowRequest, Answer<run::Shown>> = Line::get(
    "run_show",
    "/v1/runs/{name}",
    RUN,
    "One run whole, by its id, any of its names, or a beginning of its id that no other has.",
);

pub const APPROVAL_LIST: Line<approval::ListRequest, Answer<approval::List>> = Line::get(
    "approval_list",
    "/v1/approvals",
    APPROVAL,
    "Approvals, those that were asked for last first.",
);

pub const APPROVAL_SHOW: Line<approval::ShowRequest, Answer<approval::Shown>> = Line::get(
    "approval_show",
    "/v1/approvals/{name}",
    APPROVAL,
    "One approval with all its rounds.",
);

pub const APPROVAL_REQUEST: Line<ApprovalRequest, Settled> = Line::post(
    "approval_request",
    "/v1/approvals",
    Right::Publish,
    APPROVAL,
    "Asks people for their consent at a gate of a run.",
);

pub const APPROVAL_GRANT: Line<AnswerRequest, Settled> = Line::post(
    "approval_grant",
    "/v1/approvals/{approval}/grant",
    Right::Approve,
    APPROVAL,
    "Consents to what is asked.",
);

pub const APPROVAL_DENY: Line<AnswerRequest, Settled> = Line::post(
    "approval_deny",
    "/v1/approvals/{approval}/deny",
    Right::Approve,
    APPROVAL,
    "Refuses what is asked.",
);

pub const APPROVAL_WITHDRAW: Line<AnswerRequest, Settled> = Line::post(
    "approval_withdraw",
    "/v1/approvals/{approval}/withdraw",
    Right::Publish,
    APPROVAL,
    "Takes back that it was asked for.",
);

pub const DEPLOYMENT_LIST: Line<deployment::ListRequest, Answer<deployment::List>> = Line::get(
    "deployment_list",
    "/v1/deployments",
    DEPLOYMENT,
    "Units, those in which something was deployed last first.",
);

pub const DEPLOYMENT_SHOW: Line<deployment::ShowRequest, Answer<deployment::Shown>> = Line::get(
    "deployment_show",
    "/v1/deployments/{name}",
    DEPLOYMENT,
    "One unit whole, by its id or by the id of a deployment in it.",
);

pub const DEPLOYMENT_REGISTER: Line<RegisterRequest, Settled> = Line::post(
    "deployment_register",
    "/v1/deployments",
    Right::Operate,
    DEPLOYMENT,
    "Says that something was deployed.",
);

pub const DEPLOYMENT_RETIRE: Line<RetireRequest, Settled> = Line::post(
    "deployment_retire",
    "/v1/deployments/{unit}/retire",
    Right::Operate,
    DEPLOYMENT,
    "Says that a unit holds nothing any more.",
);

pub const TOKEN_LIST: Line<token::ListRequest, Answer<token::List>> = Line {
    right: Right::Administer,
    ..Line::get(
        "token_list",
        "/v1/tokens",
        ACCESS,
        "Who may come in by a token, never the token itself.",
    )
};

pub const TOKEN_CREATE: Line<TokenCreateRequest, Settled> = Line::post(
    "token_create",
    "/v1/tokens",
    Right::Administer,
    ACCESS,
    "Lets in whoever shows a token; whoever asks has made it.",
);

pub const TOKEN_REVOKE: Line<TokenRevokeRequest, Settled> = Line::post(
    "token_revoke",
    "/v1/tokens/{id}/revoke",
    Right::Administer,
    ACCESS,
    "Lets nobody in by a token any more.",
);

pub const EVENT_LIST: Line<event::ListRequest, Answer<event::List>> =
    Line::get("event_list", "/v1/events", None, "Events in the order of the log.");

pub const EVENT_SHOW: Line<event::ShowRequest, Answer<event::Shown>> = Line::get(
    "event_show",
    "/v1/events/{event}",
    None,
    "One event or command whole, by its id; an event by its position as well.",
);

pub const EVENT_WHY: Line<event::WhyRequest, Answer<event::Why>> = Line::get(
    "event_why",
    "/v1/events/{event}/why",
    None,
    "From the message at the door through command and decision to every effect.",
);

pub const DEAD_LETTER_LIST: Line<dead_letter::ListRequest, Answer<dead_letter::List>> = Line::get(
    "dead_letter_list",
    "/v1/dead-letters",
    None,
    "What could not be read, the latest first.",
);

pub const DEAD_LETTER_SHOW: Line<dead_letter::ShowRequest, Answer<dead_letter::Shown>> = Line::get(
    "dead_letter_show",
    "/v1/dead-letters/{inbox_sequence}",
    None,
    "One dead letter, with a cleaned form of what was published.",
);

pub const DEAD_LETTER_DECIDE: Line<dead_letter::DecideRequest, dead_letter::Decided> = Line::post(
    "dead_letter_decide",
    "/v1/dead-letters/{inbox_sequence}/decision",
    Right::Operate,
    None,
    "Has a dead letter published again, or has it set aside for good.",
);

pub const OUTCOME_LIST: Line<outcome::Request, Answer<outcome::List>> =
    Line::get("outcome_list", "/v1/outcomes", None, "What became of publishes and commands.");

pub const OUTCOME_SHOW: Line<OutcomeRequest, Settled> = Line::get(
    "outcome_show",
    "/v1/outcomes/{inbox_sequence}",
    None,
    "What became of one publish; waits for it as long as `wait_seconds` says.",
);

pub const COMMAND_SHOW: Line<CommandRequest, Answer<outcome::Found>> =
    Line::get("command_show", "/v1/commands/{command_id}", None, "What became of one command.");

pub const PROJECTION_LIST: Line<Nothing, Answer<projection::List>> = Line::get(
    "projection_list",
    "/v1/projections",
    None,
    "Where every view stands, and how far behind the log.",
);

pub const PROJECTION_REBUILD: Line<projection::ViewRequest, Edition> = Line::post(
    "projection_rebuild",
    "/v1/projections/{view}/rebuild",
    Right::Operate,
    None,
    "Makes an edition of a view, or says which is being built already.",
);

pub const PROJECTION_SWAP: Line<projection::SwapRequest, projection::Swapped> = Line::post(
    "projection_swap",
    "/v1/projections/{view}/swap",
    Right::Operate,
    None,
    "Shows readers another edition, once it is level.",
);

pub const PROJECTION_DROP: Line<projection::ViewRequest, projection::Dropped> = Line::post(
    "projection_drop",
    "/v1/projections/{view}/drop",
    Right::Operate,
    None,
    "Drops the editions of a view that do not serve.",
);

pub const PROJECTION_REDRIVE: Line<projection::ViewRequest, projection::Mended> = Line::post(
    "projection_redrive",
    "/v1/projections/{view}/redrive",
    Right::Operate,
    None,
    "Applies what was parked, as far as it can be now.",
);

pub const PROJECTION_PARKED: Line<projection::ParkedRequest, projection::Parked> =
    Line::get("projection_parked", "/v1/parked", None, "What could not be applied.");

pub const PAST: Line<past::Request, past::Standing> = Line::get(
    "past",
    "/v1/projections/{view}/past",
    None,
    "Whether a view as of a position is ready to be asked; it is built if it is not.",
);

pub const MOMENT: Line<MomentRequest, past::Moment> = Line::get(
    "moment",
    "/v1/moments/{when}",
    None,
    "Which position of the log a moment is, and what time it was.",
);

pub const DIFF: Line<diff::Request, Answer<diff::Diff>> =
    Line::get("diff", "/v1/diff", None, "What changed in a view between two positions.");

pub const REPLAY: Line<replay::Request, Answer<replay::Page>> = Line::get(
    "replay",
    "/v1/replay",
    None,
    "Records of EVENTS in the form in which they are hashed, a page of them.",
);

pub const VERIFY: Line<verify::Request, Answer<verify::Step>> = Line::post(
    "verify",
    "/v1/verify",
    Right::Look,
    None,
    "Compares log, ledger and checkpoints, a step of it.",
);
