//! Every bound of the decisions, with its unit last and its reason beside it.

use std::time::Duration;

/// How long an aggregate remembers which commands it has decided: a week. Far longer than any redelivery
/// and any retry of a publisher; older commands are refused as stale.
pub const COMMAND_AGE_MAX: Duration = Duration::from_hours(168);

/// How many commands an aggregate remembers at most: keeps a snapshot well below a message's size.
/// Many times what can be in flight for one aggregate (`max_ack_pending` of its consumers).
pub const CAUSES_MAX: usize = 4_096;

/// Claims one run may hold. Real runs have tens, the largest seen some hundreds; a run that passes
/// this is a loop, and its log would be slow to load for ever.
pub const RUN_CLAIMS_MAX: usize = 10_000;

/// Silence after which a run counts as stalled: longer than the longest step FABER was seen to
/// report nothing in.
pub const STALL_AFTER: Duration = Duration::from_mins(30);

/// A claim older than this when the door received it is an import: nothing is expected after it.
pub const CLAIM_YOUNG_MAX: Duration = Duration::from_hours(1);

/// Second names one publish may give a run. Upstream has four forms of a run's name.
pub const NAMES_MAX: usize = 8;

/// How long a question stands open unless the asker says otherwise: a day, so that it outlives a
/// night.
pub const APPROVAL_OPEN_FOR: Duration = Duration::from_hours(24);

/// Shortest time a question can stand open: less than this nobody can answer.
pub const APPROVAL_OPEN_MIN: Duration = Duration::from_secs(1);

/// Longest time a question can stand open: what nobody answered in a month has to be asked anew.
pub const APPROVAL_OPEN_MAX: Duration = Duration::from_hours(30 * 24);

/// A reminder comes when this share of the time is left: a quarter.
pub const APPROVAL_REMIND_SHARE: u32 = 4;

/// How often one dead letter can be retried: whoever needs more mends the cause first.
pub const RETRIES_MAX: u32 = 100;

/// Largest dead letter that is published again: what INBOX stores of one message, less room for
/// the headers that say on whose behalf.
pub const RETRY_BYTES_MAX: usize = 1_048_576 - 512;

/// Deployments one unit may hold: ten years of three a day.
pub const DEPLOYMENTS_MAX: usize = 10_000;

/// Sightings of files one run may hold. A state that is watched changes some hundred times in a
/// run; one that passes this is written in a loop.
pub const RUN_SIGHTINGS_MAX: usize = 2_000;

/// Longest domain and longest environment in the identity of a unit that a run deployed. Every byte
/// may be escaped, and two of them and a name have to fit an identity.
pub const UNIT_WORD_BYTES_MAX: usize = 40;

/// Longest name of a unit that a run deployed: what the two words leave of an identity.
pub const UNIT_NAME_BYTES_MAX: usize = 200;

/// How much of a file that could not be read is kept with its reason. Enough to see what it was;
/// written out byte by byte it still fits one publish.
pub const QUARANTINE_BYTES_MAX: usize = 64 * 1024;

/// Days that a token lasts at most: whoever needs it longer shows once a year that it does.
pub const TOKEN_DAYS_MAX: u64 = 366;

/// Tokens of one holder that are active at a time: the old one and the new one, while whoever uses
/// it changes from one to the other.
pub const TOKENS_ACTIVE_MAX: usize = 2;

/// Tokens one holder can have had: a change every week for twenty years.
pub const TOKENS_HELD_MAX: usize = 1_000;

/// Longest name of an actor that comes in by a token: with a label it fits an identity, also where
/// every byte is escaped.
pub const ACTOR_BYTES_MAX: usize = 128;

/// Longest label of a holder: a name, not a sentence.
pub const LABEL_BYTES_MAX: usize = 64;

/// How often the use of one token is told: enough to see which nobody uses any more.
pub const LAST_USE_EVERY: Duration = Duration::from_hours(1);
