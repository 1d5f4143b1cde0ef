//! Every bound of what is taken from identity providers, with its unit last and its reason beside
//! it.

use std::time::Duration;

/// Longest token: what a header of a request holds, and ten times what they are. Nothing of a longer
/// one is read.
pub const OIDC_TOKEN_BYTES_MAX: usize = 16 * 1_024;

/// How far an issuer's clock may be from ours.
pub const OIDC_LEEWAY: Duration = Duration::from_secs(60);

/// Largest document that is read from an issuer: a hundred keys with their certificates.
pub const OIDC_DOCUMENT_BYTES_MAX: usize = 256 * 1_024;

/// Keys of an issuer that are kept: it signs with one or two, and keeps some old ones.
pub const OIDC_KEYS_MAX: usize = 100;

/// Longest name of a key.
pub const OIDC_KEY_ID_BYTES_MAX: usize = 256;

/// How long an issuer may take for one document. Somebody waits behind it.
pub const OIDC_FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// How often an issuer is asked at most: whoever shows tokens with keys that nobody knows cannot
/// make us ask more often.
pub const OIDC_FETCH_EVERY: Duration = Duration::from_secs(60);

/// How old keys may be before they are asked for again: by then a key that the issuer took back is
/// gone here too.
pub const OIDC_KEYS_AGE: Duration = Duration::from_hours(1);

/// How long keys count whose issuer cannot be asked: a day, so that it may be away for a night, and
/// no longer, because it cannot take back a key meanwhile.
pub const OIDC_KEYS_AGE_MAX: Duration = Duration::from_hours(24);

/// Shortest modulus of an RSA key: 2048 bits, below which signatures are not believed any more.
pub const OIDC_RSA_BYTES_MIN: usize = 256;

/// Longest modulus: checking grows with its square, and somebody may send many.
pub const OIDC_RSA_BYTES_MAX: usize = 1_024;

/// Issuers one plane listens to.
pub const OIDC_ISSUERS_MAX: usize = 16;

/// Values of a claim that is asked for roles: groups of one person.
pub const OIDC_VALUES_MAX: usize = 1_000;
