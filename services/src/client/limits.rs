//! Every bound of the command line and its client, with its unit last and its reason beside it.

use std::time::Duration;

/// Largest event that is published: what INBOX stores of one message, less room for the header
/// that says where the outcome is awaited. The door takes half of it and keeps the rest whole as a
/// dead letter; beyond this there is no place to keep it.
pub const PUBLISH_BYTES_MAX: usize = 1_048_576 - 512;

/// Events on their way to INBOX without its word yet. The server acknowledges some ten thousand a
/// second one by one; this many hide the journey and no more.
pub const IN_FLIGHT_EVENTS_MAX: usize = 256;

/// Bytes of events on their way at once: bounds what a file of large events costs in memory.
pub const IN_FLIGHT_BYTES_MAX: usize = 16 * 1_048_576;

/// Events that lie in INBOX and whose outcome is awaited. The door reads them in order, so more
/// would not be faster; each costs some hundred bytes here.
pub const AWAITED_EVENTS_MAX: usize = 4_096;

/// Outcomes that were heard before anybody asked for them; the oldest is forgotten first, and is
/// then found in the ledger.
pub const HEARD_OUTCOMES_MAX: usize = 16_384;

/// How long an answer on the reply inbox is waited for before the ledger is asked. The door and
/// the deciders answer in milliseconds; a reply can only be lost, not late.
pub const REPLY_AFTER: Duration = Duration::from_secs(3);

/// How often the ledger is asked for what is missing.
pub const LEDGER_EVERY: Duration = Duration::from_secs(1);

/// Outcomes asked of the ledger in one question.
pub const LEDGER_ASKED_MAX: usize = 1_000;

/// Outcomes that a person asks for at once; what one statement of the views takes.
pub const OUTCOMES_ASKED_MAX: usize = 10_000;

/// How long nothing at all may be heard before outcomes count as unknown yet.
pub const OUTCOME_SECONDS: u64 = 30;

/// How long a question waits for a world that is away. A person is waiting behind it.
pub const WAIT_SECONDS: u64 = 5;

/// Pause between two attempts while the world is away.
pub const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// Runs looked through for one whose id begins in some way: ten questions, well under a second.
pub const PREFIX_RUNS_MAX: usize = 10_000;

/// Rows a list shows unless told otherwise: about what a person reads.
pub const LIST_ROWS: u32 = 50;

/// Rows a list shows at most; what one question of the views answers.
pub const LIST_ROWS_MAX: i64 = 1_000;

/// Bytes of a dead letter that a terminal shows; the whole is in the other formats.
pub const SHOWN_BYTES_MAX: usize = 8 * 1_024;
