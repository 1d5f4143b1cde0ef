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
