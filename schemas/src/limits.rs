//! Every bound of the words, with its unit last and its reason beside it.

/// Longest identity of an aggregate, in bytes before encoding. Long enough for an ARN or a path,
/// and three times this (every byte escaped) still fits a subject with room to spare.
pub const ID_BYTES_MAX: usize = 512;

/// Largest event taken at the door. INBOX stores up to twice this, so that one which is too large
/// can still be kept whole as a dead letter.
pub const PUBLISH_BYTES_MAX: usize = 512 * 1024;

/// Longest single CloudEvents attribute. Attributes travel as headers, and the server bounds the
/// headers of a message; an attribute is a name, not a document.
pub const ATTRIBUTE_BYTES_MAX: usize = 2_048;
