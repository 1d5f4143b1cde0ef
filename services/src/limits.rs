//! Every bound of the services, with its unit last and its reason beside it.

use std::time::Duration;

/// Replicas of EVENTS below which a power cut can lose what was acknowledged.
pub const REPLICAS_MIN: u64 = 3;

/// Partitions of COMMANDS, as `nats/streams/COMMANDS.json` has them.
pub const PARTITIONS: u32 = 4;

/// Messages the door reads at once: enough to share one look-up in the ledger, few enough that
/// the last of them does not wait long.
pub const DOOR_BATCH_MESSAGES_MAX: usize = 256;

/// How often the door looks whether a message was delivered and never came. A second look finds it,
/// so it waits no longer than one that was delivered and not acknowledged.
pub const DOOR_LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long after a cut what was on its way is sent again: longer than a batch takes that another
/// door may have in hand, shorter than anybody minds.
pub const DOOR_AGAIN_AFTER: Duration = Duration::from_secs(1);

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

/// How long `up` waits before it runs the services again that a view stopped which does not fit the log:
/// nothing is to be done meanwhile but by a person.
pub const UP_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How often a view is compared with the log it is folded from.
pub const VERIFY_EVERY: Duration = Duration::from_secs(60);

/// How often, and how far apart, a log of several copies has to be found to be another one than the view's:
/// longer than a server leads that has been away and has not heard yet that it does not.
pub const VERIFY_LOOKS: u32 = 5;
pub const VERIFY_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// How often the service looks for editions of its views that were made or dropped.
pub const EDITIONS_LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long a view that waits for the disk gathers records between two batches: each commit costs as
/// much as a hundred of its rows, and whoever asks the ledger asks it after the fact.
pub const GATHERED_FOR_DISK: Duration = Duration::from_millis(10);

/// How long any view gathers at most: after a database that was slow for once, nobody is to wait
/// as long again.
pub const GATHERED_FOR_MAX: Duration = Duration::from_millis(20);

/// How long a view keeps to itself that it read on and found nothing of its own: telling it costs a
/// transaction, and the database has others to do.
pub const QUIET_TOLD_AFTER: Duration = Duration::from_millis(50);

/// How long a view has to stand still, with more to read, before an instance that was fenced takes
/// it over again.
pub const STANDBY_AFTER: Duration = Duration::from_secs(15);

/// How often what is armed is compared with what should be.
pub const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Deadlines that a sweep looks at in one go.
pub const SWEEP_PAGE_ROWS: u32 = 500;

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

/// Looks for a record that the stream's leader says is there: a replica that answers may be a little
/// behind it, and half a second each time is long for one that works.
pub const REPLICA_LOOKS_MAX: u32 = 6;

/// Rows of the ledger that are looked through at once for one that stands beyond its end: a scan of
/// an index, well under a second.
pub const BEYOND_ROWS_MAX: u64 = 1_000_000;

/// Runs looked through for one whose id begins in some way: ten questions, well under a second.
pub const PREFIX_RUNS_MAX: usize = 10_000;

/// Days for which the first token of a plane lets somebody in: about as long as a plane on a laptop
/// is kept, and less than any token may last.
pub const FIRST_TOKEN_DAYS: u64 = 365;

/// How often a door looks for tokens that were made or revoked: by then one that was revoked lets
/// nobody in any more, and a look costs a fraction of a millisecond.
pub const TOKENS_LOOK_EVERY: Duration = Duration::from_millis(250);

/// Rows a list shows unless told otherwise: about what a person reads.
pub const LIST_ROWS: u32 = 50;

/// Rows a list shows at most; what one question of the views answers.
pub const LIST_ROWS_MAX: i64 = 1_000;

/// Bytes of a dead letter that a terminal shows; the whole is in the other formats.
pub const SHOWN_BYTES_MAX: usize = 8 * 1_024;

/// Files looked at in one project's folder: a hundred files a day for five years.
pub const FABER_FILES_MAX: usize = 200_000;

/// Folders within folders that are looked into: the deepest layout of FABER has eight.
pub const FABER_DEPTH_MAX: usize = 24;

/// Largest file that is read: the longest log of a run that was seen has some hundred kilobytes,
/// and a file is held in memory while it is read.
pub const FABER_FILE_BYTES_MAX: usize = 16 * 1_048_576;

/// Largest file of which a repository's versions are read: a state is a document of some kilobytes.
pub const FABER_VERSION_BYTES_MAX: u64 = 1_048_576;

/// Committed versions of one file that are read, the latest ones: a state changes some hundred
/// times in a run.
pub const FABER_VERSIONS_MAX: usize = 2_000;

/// Pause between two looks at a folder that is watched: what is told of a run may be a second late,
/// and a look costs some milliseconds a thousand files.
pub const FABER_WATCH_EVERY: Duration = Duration::from_secs(1);

/// How long a file that cannot be read may be one that is being written. FABER writes files of some
/// kilobytes in one go; a slow disk takes a second.
pub const FABER_SETTLE_FOR: Duration = Duration::from_secs(3);

/// Reasons that are told of one file: more of them say the same.
pub const FABER_REASONS_MAX: usize = 20;

/// Files that a table shows; the other formats have all.
pub const FABER_ROWS_MAX: usize = 200;

/// How often an approval that is waited for is looked at: a person does not notice half a second.
pub const ANSWER_POLL: Duration = Duration::from_millis(500);

/// Bytes of a registry of deployments that is read at once: some ten thousand entries, and little
/// enough to be held whole.
pub const REGISTRY_BYTES_MAX: u64 = 16 * 1_048_576;

/// How often a file that FABER reads is tried to be written, while others write there too.
pub const WRITES_TRIED_MAX: u32 = 64;

/// Columns for the names of phases and steps at least: runs with short names look alike.
pub const STAGE_COLUMNS_MIN: usize = 28;

/// Columns for the names of phases and steps at most: a name that is longer moves only its own line.
pub const STAGE_COLUMNS_MAX: usize = 60;

/// How often a swap of editions is tried: each time it waits for readers and for the new edition.
pub const SWAP_ATTEMPTS_MAX: u32 = 10;

/// How often a rebuild looks how far it has come.
pub const REBUILD_LOOK_EVERY: Duration = Duration::from_millis(200);

/// How far behind an edition may be when it is swapped in: the swap itself waits for the rest while
/// the edition that serves stands still.
pub const SWAP_LAG_MAX: u64 = 2_000;

/// Records of a view as it was that are applied at once while it is built: each transaction costs
/// some milliseconds, and what is told of the progress is no coarser than half a second.
pub const BUILD_BATCH_RECORDS: usize = 10_000;

/// Batches of the reader that lie ready for whoever applies them: some ten thousand records.
pub const BUILD_BATCHES_AHEAD: usize = 16;

/// How often it is told how far a build is: about as often as a reader takes it in.
pub const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// How often a question is begun again because what was built for it made room for others. More
/// than twice says that more is asked for at once than is kept.
pub const PAST_TRIES_MAX: u32 = 3;

/// How often it is looked whether views have come to the position that is asked about.
pub const REACHED_POLL: Duration = Duration::from_millis(50);

/// How long a publish may wait for the door before the plane counts as not ready.
pub const INBOX_AGE_MAX: Duration = Duration::from_secs(30);

/// How old a decision may be that is still told to others: what OUT keeps, which is also how long OUT
/// knows what it holds. A service that was away longer begins with what is young enough.
pub const OUT_AGE_MAX: Duration = Duration::from_hours(7 * 24);

/// Connections of those who scrape at once: a pair of Prometheus servers, and a person or two.
pub const METRICS_CONNECTIONS_MAX: usize = 16;

/// How long one connection is kept for who scrapes; then it connects anew. Scrapes are seconds apart.
pub const METRICS_LASTS_MAX: Duration = Duration::from_secs(600);

/// How far past its time an armed deadline may be before it counts as overdue: a service that was
/// restarted has taken what fired meanwhile by then.
pub const DEADLINE_OVERDUE_AFTER: Duration = Duration::from_secs(60);

/// Seconds between two signs of life unless told otherwise: watchers of such signs expect minutes.
pub const HEARTBEAT_SECONDS: u64 = 60;

/// How often it is looked whether a sign of life can be given again: nobody is to be told for longer
/// than it is true that the plane does not watch.
pub const HEARTBEAT_LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long the receiver of a sign of life may take to answer.
pub const HEARTBEAT_PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of the file that names the receiver: an address and the end of its line.
pub const HEARTBEAT_FILE_BYTES_MAX: u64 = 4_096;

/// Bytes of one field of a line of the log: a message of an error and its causes. What is longer is
/// cut, so that a line can be taken whole by whoever collects lines.
pub const LOG_FIELD_BYTES_MAX: usize = 8 * 1_024;

/// Personal values that are read or put back at once.
pub const PEOPLE_PAGE_ROWS: i64 = 1_000;

/// Bytes of the manifest of a backup: nine streams, some forty durables, eight views.
pub const MANIFEST_BYTES_MAX: u64 = 1_048_576;

/// Bytes of a file of a backup that are held at once while it is hashed.
pub const BACKUP_READ_BYTES: usize = 1_048_576;
