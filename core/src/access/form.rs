//! What a token looks like: `hst_`, an id of 12 characters, `_`, and a secret of 43 characters that
//! are letters and digits, 256 bits of chance. One word to a double click, and one expression to a
//! scanner. Chance comes in as data.

use helmstream_schemas::Hash;

/// The form, for scanners of secrets; the door takes out of any text what looks like this.
pub const FORM: &str = "hst_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}";

/// Random bytes from which a token is made: of a hundred tokens with so many none runs out, since
/// 55 characters are needed and of 256 bytes 248 give one.
pub const RANDOM_BYTES: usize = 128;

const PREFIX: &str = "hst_";
const ID_CHARS: usize = 12;
/// 62 to the power of 43 is more than 2 to the power of 256.
const SECRET_CHARS: usize = 43;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token made of random bytes; `None` if they do not suffice. Every character is as likely as
/// every other: bytes beyond the last whole round of the alphabet give none.
pub fn from_random(bytes: &[u8]) -> Option<String> {
    let fair = bytes.iter().filter(|byte| **byte < 248);
    let mut chars = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    let id: String = chars.by_ref().take(ID_CHARS).collect();
    let secret: String = chars.take(SECRET_CHARS).collect();
    (secret.len() == SECRET_CHARS).then(|| format!("{PREFIX}{id}_{secret}"))
}

/// The id of a token that has the form of one.
pub fn id_of(presented: &str) -> Option<&str> {
    let (id, secret) = presented.strip_prefix(PREFIX)?.split_once('_')?;
    let is_secret = secret.len() == SECRET_CHARS && is_of_alphabet(secret);
    (is_id(id) && is_secret).then_some(id)
}

/// Whether a text can be the id of a token.
pub fn is_id(text: &str) -> bool {
    text.len() == ID_CHARS && is_of_alphabet(text)
}

/// What the log keeps of a token.
pub fn digest(token: &str) -> Hash {
    Hash::of(token.as_bytes())
}

fn is_of_alphabet(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    proptest! {
        #[test]
        fn what_is_made_has_the_form_and_reads_back(bytes in prop::collection::vec(any::<u8>(), RANDOM_BYTES)) {
            if let Some(token) = from_random(&bytes) {
                let form = Regex::new(&format!("^{FORM}$")).unwrap();
                prop_assert!(form.is_match(&token));
                prop_assert_eq!(id_of(&token), token.get(4..16));
            }
        }

        #[test]
        fn nothing_else_is_taken_for_one(text in "\\PC{0,80}|hst_[0-9A-Za-z_é]{10,14}_[0-9A-Za-z_]{40,45}") {
            let form = Regex::new(&format!("^(?:{FORM})$")).unwrap();
            prop_assert_eq!(id_of(&text).is_some(), form.is_match(&text));
        }
    }

    #[test]
    fn too_little_chance_gives_no_token() {
        assert_eq!(from_random(&[7; 54]), None);
        assert_eq!(from_random(&[255; 500]), None, "what would favour some characters is left out");
        assert_eq!(
            from_random(&[0; 55]),
            Some(format!("hst_{}_{}", "0".repeat(12), "0".repeat(43)))
        );
    }
}
