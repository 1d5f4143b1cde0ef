//! Every bound of what is told in traces, with its unit last and its reason beside it.

use std::time::Duration;

/// Spans that wait to be sent: some seconds of a busy plane, at half a kilobyte each. What comes
/// beyond is dropped and counted, because nobody's work waits for its trace.
pub const SPANS_WAITING_MAX: usize = 4_096;

/// Spans of one request: what receivers take in one piece everywhere.
pub const SPANS_SENT_MAX: usize = 512;

/// How long spans are gathered for one request: whoever looks for a trace has only just published.
pub const SPANS_GATHERED_FOR: Duration = Duration::from_millis(500);

/// How long a receiver may take for one request.
pub const SEND_PATIENCE: Duration = Duration::from_secs(10);

/// The first pause after a request that was not taken; it doubles.
pub const SEND_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The longest pause, however long the receiver asks to be left alone: it may be back before.
pub const SEND_AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);

/// How long what waits is still sent once the process is to end: a supervisor waits for it.
pub const SEND_AT_END: Duration = Duration::from_secs(3);

/// Bytes that are read of a receiver's answer; all that counts in it is one number.
pub const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// How old a record may be that is told as folded. A view that was away for longer catches up without
/// a word, and so does one that is made from an old log.
pub const FOLD_TOLD_WITHIN: Duration = Duration::from_mins(10);

/// Bytes of a text in a span; what is longer is cut.
pub const TEXT_BYTES_MAX: usize = 1_024;

/// Largest file of headers: a name and a token or two.
pub const HEADERS_FILE_BYTES_MAX: u64 = 16 * 1_024;
