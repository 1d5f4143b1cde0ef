//! Every bound of the services, with its unit last and its reason beside it.

use std::time::Duration;

/// Partitions of COMMANDS, as `nats/streams/COMMANDS.json` has them.
pub const PARTITIONS: u32 = 4;

/// Messages the door reads at once: enough to share one look-up in the ledger, few enough that
/// the last of them does not wait long.
pub const DOOR_BATCH_MESSAGES_MAX: usize = 256;

/// Publishes the door remembers by itself, in each of two generations. What is older it asks the
/// ledger for, which by then has to have it.
pub const DOOR_RECENT_MAX: usize = 32_768;

/// Names of aggregates the door remembers, in each of two generations.
pub const DOOR_NAMES_MAX: usize = 16_384;

/// How far back INBOX is searched for messages that vanished, when the door starts.
pub const LOST_LOOK_BACK_MAX: u64 = 100_000;

/// How often INBOX is searched for messages that vanished.
pub const LOST_EVERY: Duration = Duration::from_secs(30);

/// How often the door looks whether the ledger has caught up, while it has to wait for it.
pub const LEDGER_POLL: Duration = Duration::from_millis(20);

/// How often a view is compared with the log it is folded from.
pub const VERIFY_EVERY: Duration = Duration::from_secs(60);

/// How long a view has to stand still, with more to read, before an instance that was fenced takes
/// it over again.
pub const STANDBY_AFTER: Duration = Duration::from_secs(15);

/// How often what is armed is compared with what should be.
pub const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Deadlines that a sweep looks at in one go.
pub const SWEEP_PAGE_ROWS: u32 = 500;
