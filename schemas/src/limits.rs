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

/// Largest payload of a command. Cleaning can make a message longer than it was published; what is
/// over this would not fit the streams with its attributes.
pub const COMMAND_BYTES_MAX: usize = 768 * 1024;

/// Longest detail of a refusal or a dead letter. A parser's error can repeat what it could not
/// read, and the journal's entries are small.
pub const DETAIL_BYTES_MAX: usize = 1_024;

/// Revisions of one aggregate that whoever asks can expect at once: whoever has seen more of them
/// looks again. Written out they are well below an attribute.
pub const REVISIONS_EXPECTED_MAX: usize = 16;
