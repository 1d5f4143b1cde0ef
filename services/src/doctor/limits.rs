//! What is told and what is wrong when a plane is looked over: each bound with its reason.

use std::time::Duration;

/// How far two clocks may be apart before it is told: deadlines fire that much early or late.
pub const CLOCK_APART_TOLD: Duration = Duration::from_secs(1);

/// How far two clocks may be apart before somebody has to see to it: tokens and deadlines are judged
/// wrongly by half a minute.
pub const CLOCK_APART_MAX: Duration = Duration::from_secs(30);

/// How far back growth is measured: a day has its night.
pub const GROWTH_WINDOW: Duration = Duration::from_hours(24);

/// What a database takes in which nothing was folded yet; that part of it does not grow.
pub const DATABASE_EMPTY_BYTES: u64 = 10 * 1_048_576;

/// Of how much of a log at least a forecast is made; of less it would be chance.
pub const GROWTH_WINDOW_MIN: Duration = Duration::from_mins(10);

/// Days until the disk is full below which it is told: time to get a disk.
pub const DISK_DAYS_TOLD: f64 = 30.0;

/// Days until the disk is full below which somebody has to see to it: a weekend.
pub const DISK_DAYS_MIN: f64 = 3.0;

/// Of the disk, how much has to be free; the alert `HelmstreamDiskFills` has the same bound.
pub const DISK_FREE_PERCENT_MIN: f64 = 10.0;

/// Of a bounded stream, how much may be full: INBOX refuses publishers at a hundred.
pub const STREAM_FULL_PERCENT_MAX: f64 = 80.0;

/// How long what is next to be done may wait before it is told; services do it in milliseconds.
pub const LAG_AGE_TOLD: Duration = Duration::from_secs(60);

/// How long it may wait before somebody has to see to it.
pub const LAG_AGE_MAX: Duration = Duration::from_mins(15);

/// Since when a dead letter is a new one.
pub const DEAD_LETTER_YOUNG: Duration = Duration::from_hours(24);

/// Armed deadlines that are compared with the schedules; a thousand of them is a large plane.
pub const DOCTOR_DEADLINES_MAX: u32 = 100_000;

/// Names that one finding lists; the count says how many there are.
pub const DOCTOR_NAMES_MAX: usize = 5;

/// The oldest PostgreSQL that the plane stands on, as it numbers itself: 15.
pub const POSTGRES_VERSION_NUMBER_MIN: i32 = 150_000;

/// How long a server that was reached may take to answer all that is asked when a plane is looked over.
pub const DOCTOR_ASKING_MAX: Duration = Duration::from_secs(60);

/// How long what looks missing is given to appear: between an event and its schedule are milliseconds.
pub const DOCTOR_SECOND_LOOK: Duration = Duration::from_millis(500);
