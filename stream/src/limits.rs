//! Every bound of this crate: its name with the unit last, and why it has that value.
//! It holds no bounds that the server keeps itself; those stand in `nats/streams` and `nats/consumers`.

use std::time::Duration;

/// How long an append waits for the server's word. After that its fate is unknown and must be read back,
/// so it is long enough for a slow disk and short enough that an asker is not left wondering.
pub const ACK_TIMEOUT_SECONDS: u64 = 5;

/// How long any other request to the server may take. Creating a stream syncs several files; five seconds
/// is two orders above what a laptop's disk needs.
pub const REQUEST_TIMEOUT_SECONDS: u64 = 5;

/// How long one attempt to open the TCP connection and sign in may take: a packet may be lost once. A server
/// that stands still takes connections and says nothing, and the next one is tried only after this.
pub const CONNECT_TIMEOUT_SECONDS: u64 = 2;

/// The longest pause between two attempts to reach the server: a plane that comes back is noticed within it.
pub const RECONNECT_DELAY_MS_MAX: u64 = 1_000;

/// The first pause; it doubles from here. A server that merely restarts is back within a few of these.
pub const RECONNECT_DELAY_MS_MIN: u64 = 10;

/// How often a connection is tried. A server that stands still, or is gone without a word, is left for another
/// one at the third try, so that writing goes on within five seconds.
pub const PING_INTERVAL_SECONDS: u64 = 1;

/// The oldest server whose schedules, atomic batches and pinned consumers are the ones relied upon here.
pub const SERVER_VERSION_MIN: (u64, u64) = (2, 14);

/// How often one command is loaded and decided again because somebody else appended first. Each round
/// somebody wins, so this many in a row says that something is wrong with the aggregate, not that it is busy.
pub const DECIDE_ATTEMPTS_MAX: u32 = 100;

/// The longest pause between two rounds; shorter ones are spread by the command's own position.
pub const CONFLICT_PAUSE_MAX: Duration = Duration::from_millis(20);

/// Events between two snapshots of an aggregate. Loading that many costs a few milliseconds; a snapshot costs
/// one append.
pub const SNAPSHOT_EVERY_EVENTS: u64 = 100;

/// Largest snapshot that is written: below what STATES takes. An aggregate past it loads from its log.
pub const SNAPSHOT_BYTES_MAX: usize = 1_048_576;

/// Events since the last snapshot from which an aggregate that leaves the memory gets one: it comes
/// back by two looks, where without one every event is a search of the log. Writing it costs as much
/// as two of those.
pub const SNAPSHOT_LEAVING_EVENTS: u64 = 4;

/// Aggregates that wait for their snapshot, having left the memory; beyond that they go without. Holds
/// a second's worth of a busy partition, and one megabyte of runs.
pub const LEAVING_MAX: usize = 256;

/// Snapshots of those under way at once: each is a look and a publish, and waits longest when there are
/// most of them.
pub const LEAVING_AT_ONCE: usize = 64;

/// What the context `run` keeps folded in memory, all partitions together: ten thousand live runs of
/// eleven events.
pub const RUNS_CACHED_BYTES_MAX: usize = 40 * 1_048_576;

/// The same for every other context: those are asked rarely, and a load costs a millisecond.
pub const AGGREGATES_CACHED_BYTES_MAX: usize = 2 * 1_048_576;

/// What a folded aggregate weighs before its first record, with its places in the memory.
pub const AGGREGATE_BYTES: usize = 1_200;

/// What a record adds to it, counted of runs, whose records add most: a cause of 90 bytes, a claim and
/// every other time a move in a tree, with the room that these keep beside them.
pub const RECORD_FOLDED_BYTES: usize = 256;

/// Records fetched in one round when an aggregate is loaded.
pub const LOAD_BATCH_RECORDS: u64 = 1_000;

/// Bytes of records fetched in one round: eight of the largest, or what a thousand of 8 KB are. Bounds what
/// a reader of a whole stream holds in memory.
pub const LOAD_BATCH_BYTES: u64 = 8 * 1_048_576;

/// Records a reader hands on at once at most: half of what one transaction of a projector takes, so
/// that what it gathers fits one.
pub const READ_BATCH_RECORDS_MAX: usize = 500;

/// Records a reader asks for ahead of their use: what two transactions of a projector take, so that the
/// server sends while it writes. With half of it a rebuild was slower and held hardly less.
pub const READ_AHEAD_RECORDS: usize = 4 * READ_BATCH_RECORDS_MAX;

/// The same in bytes, where records are large: what they have twice over at 1 KB.
pub const READ_AHEAD_BYTES: usize = 4 * 1_048_576;

/// How long a reader's consumer may lie at the server without being asked. Whoever reads asks at least
/// as often; who was kept from it by a database that was away reads anew.
pub const READ_IDLE_SECONDS_MAX: u64 = 30;

/// How often the server says that it has nothing more for a reader; two missed ones cut it, and it reads on
/// from another consumer. Its consumer lies on one server of several, and may be gone with that.
pub const READ_HEARTBEAT_SECONDS: u64 = 2;

/// Messages asked for ahead of their use. Hides the round trip and bounds what is held in memory.
pub const PULL_AHEAD_MESSAGES: usize = 500;

/// How long one pull stays open at the server. Shorter than `priority_timeout` of the pinned consumers, five
/// seconds: the server unpins a client that has no pull open for so long, and a quiet stream must not look like that.
pub const PULL_EXPIRES_SECONDS: u64 = 3;

/// When a message that only a newer version can handle is delivered again: at first soon, because an
/// instance of that may stand beside this one; twice as late each time, because it may be long in coming.
pub const NEWER_AGAIN_AFTER_MIN: Duration = Duration::from_secs(1);
pub const NEWER_AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);

/// How long an instance leaves a partition to others that met what only a newer version can handle: longer
/// than the server takes to pin another one, which is `priority_timeout` of the consumers.
pub const ASIDE_FOR: Duration = Duration::from_secs(8);

/// How often it does so at most: of two that both cannot, each has it for a while.
pub const ASIDE_EVERY: Duration = Duration::from_secs(30);

/// How long whoever is told to stop lets what it has begun come to its end, and then tells the server of it:
/// both together are shorter than `ack_wait` of the consumers, ten seconds, so that nobody else begins it meanwhile,
/// and than a supervisor waits. What is decided takes milliseconds; more it takes only while the log is away.
pub const STOPPING_MAX: Duration = Duration::from_secs(4);

/// How long whoever stops waits for what the server has sent him already, and how long for one message of it
/// before he asks again how many there are: many times the journey of a message, and nothing beside the rest.
pub const ARRIVING_MAX: Duration = Duration::from_millis(250);
pub const ARRIVAL_PAUSE: Duration = Duration::from_millis(5);

/// How often the server says that an open pull is alive; two missed ones cut it.
pub const PULL_HEARTBEAT_SECONDS: u64 = 1;

/// Last uses asked for at once: hides the journey of each without being a load.
pub const LAST_USES_ASKED_MAX: usize = 16;

/// Bytes of a piece of a backup: what the server sends unasked. Each is acknowledged once it is written.
pub const BACKUP_CHUNK_BYTES: usize = 128 * 1_024;

/// How long the server may look a stream over before it begins to send it, and how long it may take to
/// put one in place that it was sent whole: it reads every message, of a large stream for minutes.
pub const BACKUP_LOOK_SECONDS_MAX: u64 = 600;

/// How long nothing may be heard in the middle of a backup.
pub const BACKUP_SILENCE_SECONDS_MAX: u64 = 30;

/// How soon it is looked again for a server that is to take a stream on: servers of one cluster know of each
/// other's within a fraction of a second.
pub const BACKUP_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Positions of INBOX that are passed over at once: hides the journey of each.
pub const PASSED_OVER_AT_ONCE: u64 = 500;

/// For how long after it a refusal to store is told. Whoever has to store something tries again within the
/// patience of an answer and a pause, so one that is older is of somebody who gave up.
pub const REFUSAL_TOLD_SECONDS: u64 = 15;

/// The pause before what was delivered `deliveries` times, and only a newer version can handle, comes again.
pub fn newer_again_after(deliveries: u64) -> Duration {
    let doublings = u32::try_from(deliveries.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    (NEWER_AGAIN_AFTER_MIN * (1 << doublings)).min(NEWER_AGAIN_AFTER_MAX)
}

/// The pause before connection attempt `attempt`, counted from one: doubling, and bounded.
pub fn reconnect_delay(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    Duration::from_millis((RECONNECT_DELAY_MS_MIN << doublings).min(RECONNECT_DELAY_MS_MAX))
}

/// Schedules that are looked through when a plane is looked over: each costs some hundred bytes here
/// and there.
pub const SCHEDULES_LISTED_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_and_stops_growing_at_its_bound() {
        let pauses: Vec<u128> =
            (1..=9).map(|attempt| reconnect_delay(attempt).as_millis()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!(reconnect_delay(usize::MAX).as_millis(), 1000);
        let again: Vec<u64> = (0..=7).map(|n| newer_again_after(n).as_secs()).collect();
        assert_eq!(again, [1, 1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(newer_again_after(u64::MAX), NEWER_AGAIN_AFTER_MAX);
    }
}
