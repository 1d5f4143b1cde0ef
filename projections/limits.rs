//! Every bound of this crate: its name with the unit last, its value and the reason for it.

/// Records applied in one transaction at most. Past a thousand the database gains nothing, and
/// readers would wait longer for the first of them.
pub const BATCH_RECORDS_MAX: usize = 1_000;

/// The same while a view as of a position is built: nobody reads it yet, and what many records of
/// one aggregate come to is written once.
pub const BUILD_RECORDS_MAX: usize = 10_000;

/// Bytes of COPY that are sent in one piece at least. The client's own pieces of 4 KB cost a journey
/// each; past this nothing is gained, and whatever is being sent is held twice.
pub const COPY_PIECE_BYTES: usize = 128 * 1024;

/// Rows a keyed view remembers between batches, by their weight. A run weighs about 1 KiB, so this
/// holds ten thousand live runs and leaves a process well below 60 MB.
pub const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long one attempt to open a connection and sign in may take.
pub const CONNECT_TIMEOUT_SECONDS: u64 = 3;

/// How long a peer may leave sent bytes unacknowledged before it counts as gone.
pub const SILENCE_SECONDS_MAX: u64 = 10;

/// How long one statement of a projector may take. A batch takes milliseconds; this only frees a
/// checkpoint from a projector that hangs.
pub const PROJECT_TIMEOUT_SECONDS: u64 = 60;

/// How long one statement of the door may take: an asker is waiting behind it.
pub const DOOR_TIMEOUT_SECONDS: u64 = 5;

/// How long one statement of a person's question may take.
pub const QUESTION_TIMEOUT_SECONDS: u64 = 30;

/// How long a transaction may stand open without a word: the connection of a process that is gone
/// but not closed must not hold its checkpoint.
pub const IDLE_TRANSACTION_SECONDS_MAX: u64 = 30;

/// How often setup begins again because another one, of another database of the same server, was
/// changing the same roles. Each attempt waits for that one to end, so as many can be at it.
pub const SETUP_ATTEMPTS_MAX: u32 = 16;

/// Longest reason kept with a parked record. A database's own words can quote a whole document.
pub const REASON_BYTES_MAX: usize = 2_048;

/// Rows one list answers at most; the next page is another question.
pub const LIST_ROWS_MAX: u32 = 1_000;

/// Names in a chain of merges that are followed at most. Upstream has four forms of a name, so a
/// longer chain is a fault in the log and not a run.
pub const MERGE_DEPTH_MAX: usize = 32;

/// Steps between a cause and its furthest effect that `why` follows. A reactor that answers itself
/// would have no end.
pub const WHY_DEPTH_MAX: i32 = 32;

/// Records one `why` shows at most, so that it stays something that can be read.
pub const WHY_RECORDS_MAX: usize = 500;

/// Links that are followed for one answer: an event that is linked to more is a list and not a cause.
pub const LINKS_MAX: usize = 32;

/// Commands before an event that are looked through for what it links to, if that was published
/// elsewhere: a day of a busy plane. What is linked to comes first, mostly.
pub const LINK_COMMANDS_BEFORE: i64 = 100_000;

/// Commands after it: two publishers are not told in the order in which things happened.
pub const LINK_COMMANDS_AFTER: i64 = 10_000;

/// Commands of these that may hold an id; of more it is not told whether one alone has it.
pub const LINK_COMMANDS_MAX: i64 = 1_000;

/// Positions of INBOX without an outcome that are named at once; more of them are the same alarm.
pub const UNACCOUNTED_MAX: i64 = 1_000;

/// Positions or keys in one question about many at most: bounds what one statement carries.
pub const ASKED_MAX: usize = 10_000;

/// Events of the log between two bases. As of any moment this many are folded at most, which takes
/// half a second; a base costs one pass over the rows of a view, about a tenth of folding as many.
pub const BASE_EVERY_EVENTS: u64 = 25_000;

/// How long a swap of editions waits for the new one to be level. It is begun once it nearly is,
/// and the edition that serves stands still meanwhile.
pub const SWAP_SECONDS_MAX: u64 = 10;

/// How often it looks whether it is.
pub const SWAP_LOOK_MS: u64 = 2;

/// How long a swap waits for those who are reading, and so how long it makes others wait behind it.
/// A question takes milliseconds; behind a long one the swap gives way and is tried again.
pub const SWAP_LOCK_MS_MAX: u64 = 1_000;

/// Parked records that are redriven in one transaction: while it runs the view stands still.
pub const REDRIVE_RECORDS_MAX: i64 = 1_000;

/// Views as of some position that are kept for whoever asks for the same. Each is as large as the
/// view was.
pub const PAST_KEPT_MAX: i64 = 8;

/// How long one may take to be built before it counts as left by somebody who died.
pub const PAST_BUILD_SECONDS_MAX: f64 = 3_600.0;

/// How often a list of editions is begun anew because one of them was dropped meanwhile.
pub const LIST_ATTEMPTS_MAX: u32 = 5;

/// External facts that are looked at in one round for what they are about: nearly every one that holds
/// the text is about it, and a list of the longest kind is one round.
pub const ABOUT_ROWS: u32 = 1_000;

/// How long adding up the rows of one table may take: some hundred thousand rows a second.
pub const DIGEST_TIMEOUT_SECONDS: u64 = 1_800;
