//! Every bound of the interface over HTTP and of its client, with its unit last and its reason beside it.

use std::{num::NonZeroU32, time::Duration};

/// Bytes of the head of a request over HTTP, with its request line: no header of ours is long.
pub const HEAD_BYTES_MAX: usize = 32 * 1_024;

/// Headers of a request: an event in binary mode has up to 64 of its own.
pub const HEADERS_MAX: usize = 96;

/// How long a connection may take for the head of a request; a person who types one is slower.
pub const HEAD_SECONDS: Duration = Duration::from_secs(10);

/// How long a body may take: a batch of `BATCH_BYTES_MAX` over a bad line.
pub const BODY_SECONDS: Duration = Duration::from_secs(30);

/// How long agreeing on TLS may take.
pub const TLS_SECONDS: Duration = Duration::from_secs(10);

/// Connections that are open at once, those of streams that stay open included; each costs some
/// ten kilobytes.
pub const CONNECTIONS_MAX: usize = 4_096;

/// How long what was begun may take when the service is to end.
pub const DRAIN_SECONDS: Duration = Duration::from_secs(5);

/// Bytes of a request that is no publish: a question in JSON.
pub const REQUEST_BYTES_MAX: usize = 256 * 1_024;

/// Bytes of a publish over HTTP, batches included: eight of the largest events.
pub const BATCH_BYTES_MAX: usize = 4 * 1_048_576;

/// Bytes of one entity's event: thirty times what one with every field is.
pub const ENTITY_EVENT_BYTES_MAX: usize = 64 * 1_024;

/// Bytes of a name in one: with another of them and with every byte escaped they still fit the
/// identity of a source.
pub const ENTITY_NAME_BYTES_MAX: usize = 80;

/// Events of entities that each actor may send a minute in the long run, and as many more in one
/// minute: what Helm's cloud promises the sender.
pub const ENTITY_EVENTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(1_000).expect("not zero");

/// Events that are published in one request.
pub const BATCH_EVENTS_MAX: usize = 1_000;

/// Bytes of an attribute of an event in a header: the largest attribute there can be, with every byte of
/// it percent-encoded.
pub const CE_HEADER_BYTES_MAX: usize = 3 * helmstream_schemas::limits::ATTRIBUTE_BYTES_MAX;

/// Bytes of a key under which an action is done once.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;

/// Characters of a text of a problem: what is told may hold what was asked for, and nobody reads more.
pub const PROBLEM_TEXT_CHARS_MAX: usize = 1_024;

/// Characters of a value in a path or a query that is neither a number nor a name of ours. No name
/// that the plane gives comes near.
pub const VALUE_CHARS_MAX: usize = 1_024;

/// Values under one name in a query: two lists of them, whatever they hold, fit the head of a request.
pub const VALUES_MAX: usize = 300;

/// Bytes of a token; one of an identity provider is some kilobytes.
pub const TOKEN_BYTES_MAX: usize = 16 * 1_024;

/// Bytes of the preferences of a request: one of them is read.
pub const PREFER_BYTES_MAX: usize = 256;

/// Seconds that an outcome is waited for unless the request says otherwise: it is there in
/// milliseconds as long as the plane keeps up.
pub const PREFER_WAIT_SECONDS: u64 = 2;

/// Seconds that an outcome is waited for at most; a connection is held as long.
pub const PREFER_WAIT_SECONDS_MAX: u64 = 30;

/// How long an outcome can be waited for by any request; more than any request does.
pub const HTTP_OUTCOME_WAIT: Duration = Duration::from_secs(PREFER_WAIT_SECONDS_MAX + 5);

/// How long a request waits for NATS or Postgres before it is told that they are away.
pub const HTTP_PATIENCE: Duration = Duration::from_secs(2);

/// How long NATS or Postgres may take to answer before it counts as away.
pub const HEALTH_PATIENCE: Duration = Duration::from_secs(2);

/// For how long it is told again what was found last of the plane's health: nobody needs a token to
/// ask, so asking must not cost much.
pub const HEALTH_TOLD_FOR: Duration = Duration::from_millis(500);

/// Requests a second of one token, in the long run; a batch is one request.
pub const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(500).expect("not zero");

/// Requests of one token at once.
pub const REQUESTS_BURST: NonZeroU32 = NonZeroU32::new(2_000).expect("not zero");

/// Requests a second without a valid token, from one address.
pub const REFUSED_PER_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("not zero");

/// Requests without a valid token at once, from one address.
pub const REFUSED_BURST: NonZeroU32 = NonZeroU32::new(50).expect("not zero");

/// Events that are kept ready for whoever watches: some ten seconds at a thousand a second.
pub const RING_EVENTS_MAX: usize = 8_192;

/// Bytes of events that are kept ready for whoever watches.
pub const RING_BYTES_MAX: usize = 16 * 1_048_576;

/// Events that one who watches is sent at once.
pub const STREAM_CHUNK_EVENTS: usize = 512;

/// Chunks that wait for one who watches, the last word included: more would only hide that it is
/// slow.
pub const STREAM_CHUNKS: usize = 3;

/// How long what comes together is gathered before it is sent together. It is what a thousand who
/// watch cost in waking up.
pub const STREAM_GATHER: Duration = Duration::from_millis(10);

/// How long nothing may be sent to one who watches: proxies close what is silent for a minute.
pub const STREAM_HEARTBEAT: Duration = Duration::from_secs(15);

/// How long one who watches may take nothing before it is cut.
pub const STREAM_STALL: Duration = Duration::from_secs(10);

/// How long a connection may take no byte of an answer before it is closed.
pub const WRITE_STALL: Duration = Duration::from_secs(30);

/// How long one who watches waits for any byte before the connection counts as lost: three signs of
/// life in a row that did not come.
pub const STREAM_SILENCE_MAX: Duration = Duration::from_secs(45);

/// How long one connection is watched on; then another goes on where it ended. Something ends at last
/// what a proxy on the way keeps open for nobody.
pub const STREAM_LASTS_MAX: Duration = Duration::from_hours(24);

/// Bytes of one frame that is told: the largest event of a mebibyte, written as JSON with every byte
/// of it escaped, and its attributes.
pub const STREAM_FRAME_BYTES_MAX: usize = 8 * 1_048_576;

/// How far behind one may begin to watch; further back is read with `replay`, page by page.
pub const STREAM_BEHIND_MAX: u64 = 1_000_000;

/// How long reaching a server over HTTP may take.
pub const HTTP_CONNECT_SECONDS: Duration = Duration::from_secs(5);

/// How long an answer over HTTP may take: an outcome is waited for up to
/// `PREFER_WAIT_SECONDS_MAX`, and a question of the views for its own bound.
pub const HTTP_ANSWER_SECONDS: Duration = Duration::from_secs(120);

/// Bytes of an answer over HTTP: a page of `replay` with the largest events.
pub const HTTP_ANSWER_BYTES_MAX: usize = 512 * 1_048_576;
