//! The words of the plane: every command and event of every context, the subjects they travel on,
//! and the form in which they are hashed. Data only: nothing here decides, and nothing does IO.

pub mod access;
pub mod actor;
pub mod alias;
pub mod approval;
pub mod attributes;
pub mod catalog;
pub mod context;
pub mod dead_letter;
pub mod deployment;
pub mod distrust;
pub mod expected;
pub mod external;
pub mod faber;
pub mod hash;
pub mod journal;
pub mod limits;
pub mod outcome;
pub mod plane;
pub mod record;
pub mod refusal;
pub mod run;
pub mod subject;
pub mod time;
pub mod trace;
pub mod verdict;
pub mod words;

pub use actor::Actor;
pub use attributes::{ActorKind, Attributes};
pub use catalog::catalog;
pub use context::Context;
pub use distrust::Distrust;
pub use expected::Expected;
pub use hash::Hash;
pub use record::Record;
pub use subject::{Id, Subject};
pub use time::Timestamp;
pub use trace::TraceContext;
pub use verdict::Verdict;
