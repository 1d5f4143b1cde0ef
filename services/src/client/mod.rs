//! Every question and action of the command line, as one trait with requests and answers that can
//! travel: today `Direct` answers from the plane's own NATS and Postgres; HTTP can stand behind
//! the same trait. What is printed, and how, is not decided here.

pub mod approval;
pub mod ask;
pub mod dead_letter;
pub mod deployment;
pub mod diff;
pub mod direct;
pub mod event;
pub mod failure;
pub mod flow;
pub mod frames;
pub mod http;
pub use crate::limits;
pub mod outcome;
pub mod past;
pub mod projection;
pub mod publish;
pub mod replay;
pub mod run;
pub mod token;
pub mod verify;

use std::future::Future;

use futures_util::Stream;
use helmstream_projections::edition::Edition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use direct::Direct;
pub use failure::{Code, Failure};
pub use http::Http;

/// An answer, and the position on EVENTS that it is as of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Answer")]
pub struct Answer<T> {
    pub as_of_seq: u64,
    #[serde(flatten)]
    pub answer: T,
}

/// Something that shows one aggregate whole.
pub trait Revised {
    /// The position of the last record on its subject: what `If-Match` names.
    fn revision(&self) -> u64;

    /// The position of the last record behind anything that is shown: later than the revision where
    /// other aggregates are shown with it.
    fn changed_seq(&self) -> u64 {
        self.revision()
    }
}

impl<T: Revised> Revised for Answer<T> {
    fn revision(&self) -> u64 {
        self.answer.revision()
    }

    fn changed_seq(&self) -> u64 {
        self.answer.changed_seq()
    }
}

impl Revised for run::Shown {
    fn revision(&self) -> u64 {
        self.run.revision
    }

    fn changed_seq(&self) -> u64 {
        self.run.changed_seq
    }
}

impl Revised for approval::Shown {
    fn revision(&self) -> u64 {
        self.revision
    }
}

impl Revised for deployment::Shown {
    fn revision(&self) -> u64 {
        self.unit.revision
    }
}

/// Rows of a list unless it is said how many.
fn list_rows() -> u32 {
    limits::LIST_ROWS
}

/// What comes of a question.
pub type Answered<T> = Result<Answer<T>, Failure>;

/// Asks a plane, and publishes to it.
pub trait Client: Sync {
    /// Which runs there are, those that began last first unless it is said otherwise.
    fn run_list(
        &self,
        request: run::ListRequest,
    ) -> impl Future<Output = Answered<run::List>> + Send;

    /// One run whole, by its id, any of its names, or a beginning of its id that no other has.
    fn run_show(
        &self,
        request: run::ShowRequest,
    ) -> impl Future<Output = Answered<run::Shown>> + Send;

    /// Approvals, those that were asked for last first.
    fn approval_list(
        &self,
        request: approval::ListRequest,
    ) -> impl Future<Output = Answered<approval::List>> + Send;

    /// One approval with all its rounds.
    fn approval_show(
        &self,
        request: approval::ShowRequest,
    ) -> impl Future<Output = Answered<approval::Shown>> + Send;

    /// Tokens, how each stands and when it was last used.
    fn token_list(
        &self,
        request: token::ListRequest,
    ) -> impl Future<Output = Answered<token::List>> + Send;

    /// Units, those in which something was deployed last first.
    fn deployment_list(
        &self,
        request: deployment::ListRequest,
    ) -> impl Future<Output = Answered<deployment::List>> + Send;

    /// One unit whole, by its id or by the id of a deployment.
    fn deployment_show(
        &self,
        request: deployment::ShowRequest,
    ) -> impl Future<Output = Answered<deployment::Shown>> + Send;

    /// Events in the order of the log.
    fn event_list(
        &self,
        request: event::ListRequest,
    ) -> impl Future<Output = Answered<event::List>> + Send;

    /// One event whole.
    fn event_show(
        &self,
        request: event::ShowRequest,
    ) -> impl Future<Output = Answered<event::Shown>> + Send;

    /// From the message at the door through command and decision to every effect.
    fn event_why(
        &self,
        request: event::WhyRequest,
    ) -> impl Future<Output = Answered<event::Why>> + Send;

    /// Events as they are recorded, without a gap and without a repeat, until something that waiting
    /// does not mend.
    fn tail(
        &self,
        request: event::TailRequest,
    ) -> impl Stream<Item = Result<event::Told, Failure>> + Send;

    /// What could not be read, the latest first.
    fn dead_letter_list(
        &self,
        request: dead_letter::ListRequest,
    ) -> impl Future<Output = Answered<dead_letter::List>> + Send;

    /// One dead letter, with a cleaned form of what was published.
    fn dead_letter_show(
        &self,
        request: dead_letter::ShowRequest,
    ) -> impl Future<Output = Answered<dead_letter::Shown>> + Send;

    /// Has a dead letter published again, or has it set aside for good.
    fn dead_letter_decide(
        &self,
        request: dead_letter::DecideRequest,
    ) -> impl Future<Output = Result<dead_letter::Decided, Failure>> + Send;

    /// Where every view stands, and how far behind the log.
    fn projection_list(&self) -> impl Future<Output = Answered<projection::List>> + Send;

    /// Makes an edition of a view, or says which is being built already. Its service folds it.
    fn projection_make(
        &self,
        request: projection::ViewRequest,
    ) -> impl Future<Output = Result<Edition, Failure>> + Send;

    /// Shows readers another edition, once it is level.
    fn projection_swap(
        &self,
        request: projection::SwapRequest,
    ) -> impl Future<Output = Result<projection::Swapped, Failure>> + Send;

    /// Drops the editions of a view that do not serve.
    fn projection_drop(
        &self,
        request: projection::ViewRequest,
    ) -> impl Future<Output = Result<projection::Dropped, Failure>> + Send;

    /// What could not be applied.
    fn projection_parked(
        &self,
        request: projection::ParkedRequest,
    ) -> impl Future<Output = Result<projection::Parked, Failure>> + Send;

    /// Applies what was parked, as far as it can be now.
    fn projection_redrive(
        &self,
        request: projection::ViewRequest,
    ) -> impl Future<Output = Result<projection::Mended, Failure>> + Send;

    /// Records of EVENTS as the log holds them, a page of them.
    fn replay(
        &self,
        request: replay::Request,
    ) -> impl Future<Output = Answered<replay::Page>> + Send;

    /// Compares log, ledger and checkpoints, a step of it.
    fn verify(
        &self,
        request: verify::Request,
    ) -> impl Future<Output = Answered<verify::Step>> + Send;
    /// Which position of the log a moment is, and what time it was.
    fn moment(
        &self,
        when: past::When,
    ) -> impl Future<Output = Result<past::Moment, Failure>> + Send;

    /// Whether a view as of a position is ready to be asked. It is built if it is not: then this
    /// answers now and then how far that is, and is to be called again. What is asked as of a
    /// position without this waits until it is built.
    fn past(
        &self,
        request: past::Request,
    ) -> impl Future<Output = Result<past::Standing, Failure>> + Send;

    /// What changed in a view between two positions.
    fn diff(&self, request: diff::Request) -> impl Future<Output = Answered<diff::Diff>> + Send;

    /// What became of publishes and commands.
    fn outcome_list(
        &self,
        request: outcome::Request,
    ) -> impl Future<Output = Answered<outcome::List>> + Send;

    /// Puts one event into INBOX and returns when it is stored there.
    fn publish(
        &self,
        request: publish::Request,
    ) -> impl Future<Output = Result<publish::Receipt, Failure>> + Send;

    /// Waits for what becomes of a publish, with bounded patience.
    fn settle(
        &self,
        receipt: publish::Receipt,
    ) -> impl Future<Output = Result<publish::Settled, Failure>> + Send;
}
