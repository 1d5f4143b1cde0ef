//! Conditions of a request, as in RFC 9110: `If-Match` and `If-None-Match`. The tag of what is shown
//! is its revision; where it shows other aggregates too and one of them changed later, that position
//! stands behind it. What is asked of one aggregate carries what was expected of it to the decision,
//! which alone can tell; what is only shown is compared here.

use helmstream_schemas::Expected;
use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH},
};

use super::problem::Problem;
use crate::client::Revised;

/// What a condition names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<Tag>),
}

/// An entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    /// What stands between the quotes.
    opaque: Vec<u8>,
}

/// What comes of the conditions of a request for something that is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    Yes,
    /// Whoever asks has it already.
    NotModified,
}

/// The tag of what is shown.
pub(super) fn tag(shown: &impl Revised) -> HeaderValue {
    let (revision, changed) = (shown.revision(), shown.changed_seq());
    let text = match changed > revision {
        true => format!("\"{revision}-{changed}\""),
        false => format!("\"{revision}\""),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Whether what is shown under `tag` is what was asked for.
pub(super) fn met(headers: &HeaderMap, tag: &HeaderValue) -> Result<Met, Problem> {
    let own = tag.as_bytes();
    let is_own = |opaque: &[u8]| own.get(1..own.len() - 1) == Some(opaque);
    let matched = match tags(headers, &IF_MATCH)? {
        None | Some(Tags::Any) => true,
        Some(Tags::These(tags)) => tags.iter().any(|tag| !tag.is_weak && is_own(&tag.opaque)),
    };
    if !matched {
        return Err(Problem::changed(format!("its tag is {}", String::from_utf8_lossy(own))));
    }
    Ok(match tags(headers, &IF_NONE_MATCH)? {
        Some(Tags::Any) => Met::NotModified,
        // Here a weak tag will do: nothing is done by it.
        Some(Tags::These(tags)) if tags.iter().any(|tag| is_own(&tag.opaque)) => Met::NotModified,
        _ => Met::Yes,
    })
}

/// What an action expects of the one aggregate that it is about.
pub(super) fn expected(headers: &HeaderMap) -> Result<Option<Expected>, Problem> {
    none_of(headers, &IF_NONE_MATCH, "an action is guarded by `If-Match`")?;
    let tags = match tags(headers, &IF_MATCH)? {
        None => return Ok(None),
        Some(Tags::Any) => return Ok(Some(Expected::Any)),
        Some(Tags::These(tags)) => tags,
    };
    let strong = tags.iter().filter(|tag| !tag.is_weak);
    let revisions: Vec<u64> = strong.filter_map(|tag| revision_of(&tag.opaque)).collect();
    if revisions.is_empty() {
        // Weak tags match nothing here, and neither do tags that were never given.
        return Err(Problem::changed("no tag of `If-Match` is a strong one of this plane"));
    }
    let expected = Expected::one_of(revisions);
    expected.map(Some).map_err(|error| Problem::bad_request(format!("`If-Match`: {error}")))
}

/// That a condition is not set aside in silence where none can be told.
pub(super) fn none(headers: &HeaderMap, hint: &str) -> Result<(), Problem> {
    none_of(headers, &IF_MATCH, hint)?;
    none_of(headers, &IF_NONE_MATCH, hint)
}

fn none_of(headers: &HeaderMap, name: &HeaderName, hint: &str) -> Result<(), Problem> {
    match headers.contains_key(name) {
        true => Err(Problem::bad_request(format!("`{name}` is not taken here; {hint}"))),
        false => Ok(()),
    }
}

/// The revision that a tag of ours names.
fn revision_of(opaque: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(opaque).ok()?;
    let (revision, changed) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
    let number = |text: &str| text.parse::<u64>().ok().filter(|n| n.to_string() == text);
    if let Some(changed) = changed {
        number(changed)?;
    }
    number(revision)
}

/// The tags of all headers of a name.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    let mut found: Option<Vec<Tag>> = None;
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if let [only] = lines[..]
        && only.trim_ascii() == b"*"
    {
        return Ok(Some(Tags::Any));
    }
    for line in lines {
        let read = read(line).ok_or_else(|| {
            let wanted = "wanted is `*`, or tags in quotes with commas in between";
            Problem::bad_request(format!("`{name}` is not what it has to be: {wanted}"))
        })?;
        found.get_or_insert_default().extend(read);
    }
    Ok(found.map(Tags::These))
}

/// One line of tags: `W/"a", "b"`. A comma can stand in a tag, and a list can be empty (RFC 9110, 5.6.1):
/// then nothing matches.
fn read(line: &[u8]) -> Option<Vec<Tag>> {
    let (mut rest, mut tags, mut is_apart) = (line.trim_ascii(), Vec::new(), true);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(b",") {
            (rest, is_apart) = (after.trim_ascii_start(), true);
            continue;
        }
        let (is_weak, quoted) = match rest.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let inner = quoted.strip_prefix(b"\"").filter(|_| is_apart)?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        let opaque = inner[..end].to_vec();
        let of_tag = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
        if !opaque.iter().all(of_tag) {
            return None;
        }
        tags.push(Tag { is_weak, opaque });
        (rest, is_apart) = (inner[end + 1..].trim_ascii_start(), false);
    }
    Some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let line = |text: &&str| (name.clone(), HeaderValue::from_str(text).unwrap());
        lines.iter().map(line).collect()
    }

    fn wanted(lines: &[&str]) -> Result<Option<Expected>, u16> {
        expected(&headers(IF_MATCH, lines)).map_err(|problem| problem.status.as_u16())
    }

    #[test]
    fn an_action_expects_what_strong_tags_name() {
        assert_eq!(wanted(&[]), Ok(None));
        assert_eq!(wanted(&["*"]), Ok(Some(Expected::Any)));
        assert_eq!(wanted(&["\"41\""]), Ok(Some(Expected::from(41))));
        assert_eq!(wanted(&["\"41-57\""]), Ok(Some(Expected::from(41))));
        let several = Ok(Some(Expected::one_of([41, 43]).unwrap()));
        assert_eq!(wanted(&["\"41\" , \"43\""]), several);
        assert_eq!(wanted(&["\"41\"", ",W/\"42\",, \"43\",\"x,y\""]), several);
    }

    #[test]
    fn what_can_match_nothing_fails_and_what_is_no_tag_is_refused() {
        let nothing =
            ["W/\"41\"", "\"x\"", "\"041\"", "\"+41\"", "\"\"", "\"41-\"", "\"-41\"", "", " , "];
        for nothing in nothing {
            assert_eq!(wanted(&[nothing]), Err(412), "{nothing}");
        }
        for wrong in ["41", "\"41", "w/\"41\"", "\"41\"\"42\"", "*, \"41\"", "\"a b\""] {
            assert_eq!(wanted(&[wrong]), Err(400), "{wrong}");
        }
        assert_eq!(wanted(&["*", "*"]), Err(400));
        let many: Vec<String> = (0..17).map(|n| format!("\"{n}\"")).collect();
        assert_eq!(wanted(&[&many.join(",")]), Err(400));
    }

    #[test]
    fn what_is_shown_is_not_sent_again_to_whoever_has_it() {
        let tag = HeaderValue::from_static("\"41\"");
        let asked = |name, line: &str| met(&headers(name, &[line]), &tag).map_err(|p| p.status);
        for same in ["\"41\"", "W/\"41\"", "*", "\"1\", \"41\""] {
            assert_eq!(asked(IF_NONE_MATCH, same), Ok(Met::NotModified), "{same}");
        }
        for other in ["\"4\"", "\"41-57\""] {
            assert_eq!(asked(IF_NONE_MATCH, other), Ok(Met::Yes), "{other}");
        }
        assert_eq!(asked(IF_MATCH, "\"41\""), Ok(Met::Yes));
        assert!(asked(IF_MATCH, "W/\"41\"").is_err());
        assert!(asked(IF_MATCH, "\"40\"").is_err());
        assert_eq!(asked(IF_MATCH, "*"), Ok(Met::Yes));
    }
}
