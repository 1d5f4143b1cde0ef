//! Requests, read: what stands in path, query and body becomes the request of a line. A name that
//! nobody knows is refused, because whoever wrote it meant something.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::{body::Body, extract::RawPathParams};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;
use crate::client::{Code, Failure};
use crate::http::limits::{
    BODY_SECONDS, PREFER_WAIT_SECONDS, PREFER_WAIT_SECONDS_MAX, VALUE_CHARS_MAX, VALUES_MAX,
};
use crate::limits::LIST_ROWS_MAX;

/// Pairs of a name and a value, as they stand in a path or a query.
pub(super) type Pairs = Vec<(String, String)>;

/// What a path says of itself.
pub(super) fn in_path(params: &RawPathParams) -> Pairs {
    params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a query says.
pub(super) fn in_query(query: Option<&str>) -> Pairs {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// The request that pairs are.
pub(super) fn of_pairs<Q: DeserializeOwned>(
    pairs: &Pairs,
    known: &BTreeSet<String>,
) -> Result<Q, Problem> {
    if let Some((unknown, _)) = pairs.iter().find(|(name, _)| !known.contains(name)) {
        return Err(unknown_name(unknown, known));
    }
    within_bounds(pairs)?;
    let limit = pairs.iter().find(|(name, _)| name == "limit");
    if limit.is_some_and(|(_, text)| {
        !text.parse().is_ok_and(|rows| (1..=LIST_ROWS_MAX).contains(&rows))
    }) {
        return Err(Problem::bad_request(format!("`limit` is not from 1 to {LIST_ROWS_MAX}")));
    }
    let read = |left_out: Option<&str>| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs.iter().filter(|(name, _)| Some(name.as_str()) != left_out));
        serde_html_form::from_str(&form.finish()).map_err(|error| error.to_string())
    };
    let names = pairs.iter().map(|(name, _)| name.as_str());
    read(None).map_err(|why| wrong(&why, names, |name| read(Some(name)).err()))
}

/// The request that a body is, with what the path says.
pub(super) fn of_body<Q: DeserializeOwned>(
    path: &Pairs,
    body: &[u8],
    known: Option<&BTreeSet<String>>,
) -> Result<Q, Problem> {
    within_bounds(path)?;
    let mut value = match body {
        [] => Value::Object(Default::default()),
        bytes => {
            helmstream_core::door::json(bytes).map_err(|dead| Problem::bad_request(dead.detail))?
        }
    };
    whole_numbers(&mut value);
    let Value::Object(entries) = &mut value else {
        return Err(Problem::bad_request("the body is JSON, and no object"));
    };
    if let Some(unknown) = known.and_then(|known| entries.keys().find(|key| !known.contains(*key)))
    {
        return Err(unknown_name(unknown, known.unwrap_or(&BTreeSet::new())));
    }
    for (name, text) in path {
        if entries.contains_key(name) {
            return Err(Problem::bad_request(format!("`{name}` stands in the path")));
        }
        let number = text.parse::<u64>().ok().map(Value::from);
        // A number in a path is a number only where one is wanted, which the type knows.
        entries.insert(name.clone(), Value::String(text.clone()));
        if let Some(number) = number
            && serde_json::from_value::<Q>(Value::Object(entries.clone())).is_err()
        {
            entries.insert(name.clone(), number);
        }
    }
    let without = |name: &str| {
        let mut others = value.clone();
        others.as_object_mut().map(|entries| entries.remove(name));
        Q::deserialize(&others).err().map(|error| error.to_string())
    };
    let names = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    Q::deserialize(&value).map_err(|why| wrong(&why.to_string(), names, without))
}

/// A number without a fraction is a whole one, however it is written: `7.0` is `7` to JSON Schema, and
/// in the form in which we hash.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|_| number.is_f64());
            let whole = whole.filter(|found| found.fract() == 0.0 && found.abs() <= WHOLE_MAX);
            if let Some(whole) = whole {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(members) => members.iter_mut().for_each(whole_numbers),
        Value::Object(entries) => entries.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Up to here a number with a fraction holds every whole one.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// A body, whole, as long as it is not too large and comes in time.
pub(super) async fn body(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<axum::body::Bytes, Problem> {
    let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let told: Option<usize> = told.and_then(|length| length.parse().ok());
    if told.is_some_and(|told| told > bytes_max) {
        return Err(Problem::too_large(bytes_max));
    }
    let whole = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(BODY_SECONDS, whole).await {
        Err(_) => Err(Problem::too_slow(BODY_SECONDS.as_secs())),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(bytes_max)),
        Ok(Err(_)) => Err(Problem::bad_request("the body broke off, or is not framed as it says")),
    }
}

/// The type of a body, without parameters and in lower case; nothing if there is none.
pub(super) fn media_type(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let text = value
        .to_str()
        .map_err(|_| Problem::bad_request("the header `Content-Type` is not ASCII"))?;
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim_matches('"');
        if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return Err(Problem::bad_request(
                "the charset is not UTF-8, which is all that is read",
            ));
        }
    }
    Ok(Some(kind))
}

/// For how long whoever asks would wait for an outcome: `Prefer: wait=SECONDS`, RFC 7240.
pub(super) fn wait(headers: &HeaderMap) -> Duration {
    let all = headers.get_all("prefer");
    let preferences = all.iter().filter_map(|value| value.to_str().ok());
    let wait = preferences.flat_map(|text| text.split(',')).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        is_wait.then(|| value.trim().parse::<u64>().ok()).flatten()
    });
    Duration::from_secs(wait.unwrap_or(PREFER_WAIT_SECONDS).min(PREFER_WAIT_SECONDS_MAX))
}

/// What no value of a path or a query may be, whatever it is for.
fn within_bounds(pairs: &Pairs) -> Result<(), Problem> {
    for (name, value) in pairs {
        if value.contains('\0') {
            let detail = format!("`{name}` holds a NUL, which no text here does");
            return Err(Problem::bad_request(detail));
        }
        if value.is_empty() {
            return Err(Problem::bad_request(format!("`{name}` has no value")));
        }
        if value.chars().count() > VALUE_CHARS_MAX {
            let detail = format!("`{name}` is longer than {VALUE_CHARS_MAX} characters");
            return Err(Problem::bad_request(detail));
        }
    }
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in pairs {
        let count = counted.entry(name).or_default();
        *count += 1;
        if *count > VALUES_MAX {
            let detail = format!("`{name}` stands more than {VALUES_MAX} times");
            return Err(Problem::bad_request(detail));
        }
    }
    Ok(())
}

/// Says which name has a wrong value and what is wanted of it, and never the value: it may be a
/// secret that went into the wrong place. It is the name without which another reason is given.
fn wrong<'a>(
    why: &str,
    mut names: impl Iterator<Item = &'a str>,
    without: impl Fn(&str) -> Option<String>,
) -> Problem {
    if why.starts_with("missing field `") {
        return Problem::bad_request(why);
    }
    // A field to sort by is told with those that there are, and shows no value.
    if why.contains(" is not known here; known is ") {
        return Problem::bad_request(format!("`sort`: {why}"));
    }
    let name = names.find(|name| without(name).as_deref() != Some(why));
    let name = name.map_or_else(|| "something".to_owned(), |name| format!("`{name}`"));
    if why.ends_with(NO_YEAR_OF_OURS) {
        return out_of_time(&name);
    }
    // What stands before is the value; what comes last is of the type that was wanted.
    let is_serde = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `"];
    let wanted = match is_serde.iter().any(|begin| why.starts_with(begin)) {
        true => why.rsplit_once(", expected ").map(|(_, wanted)| wanted),
        false => None,
    };
    let wanted = wanted.map(|wanted| format!(": wanted is {wanted}")).unwrap_or_default();
    Problem::bad_request(format!("{name} is not what it has to be{wanted}"))
}

/// What a time is that can be read, and that no log reaches.
const NO_YEAR_OF_OURS: &str = "is outside the years 1678 to 2261";

/// A time, by the name of its value, that is before or after all that can be recorded.
pub(super) fn out_of_time(name: &str) -> Problem {
    let what = format!("{name} {NO_YEAR_OF_OURS}");
    Failure::new(Code::Input, what, "", "no log reaches there").into()
}

fn unknown_name(unknown: &str, known: &BTreeSet<String>) -> Problem {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    let shown: String = unknown.chars().take(64).collect();
    Problem::bad_request(format!("`{shown}` is not known here; known is {known}"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        Green,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Asked {
        name: String,
        #[serde(default)]
        rows: Option<u32>,
        #[serde(default)]
        colour: Option<Colour>,
    }

    fn said(body: &str) -> String {
        of_body::<Asked>(&Vec::new(), body.as_bytes(), None).unwrap_err().detail
    }

    #[test]
    fn a_number_without_a_fraction_is_whole_however_it_is_written() {
        let read = |body: &str| of_body::<Asked>(&Vec::new(), body.as_bytes(), None);
        for rows in ["7", "7.0", "0.7e1", "70e-1"] {
            let read = read(&format!("{{\"name\":\"n\",\"rows\":{rows}}}"));
            assert_eq!(read.map(|asked| asked.rows).ok(), Some(Some(7)), "{rows}");
        }
        for rows in ["7.5", "-7.0", "1e300"] {
            assert!(read(&format!("{{\"name\":\"n\",\"rows\":{rows}}}")).is_err(), "{rows}");
        }
    }

    #[test]
    fn a_value_that_is_wrong_is_named_and_never_shown() {
        for (body, wanted) in [
            (
                r#"{"name":"n","rows":"hunter2, expected x"}"#,
                "`rows` is not what it has to be: wanted is u32",
            ),
            (r#"{"rows":-7,"name":"n"}"#, "`rows` is not what it has to be: wanted is u32"),
            (
                r#"{"name":"n","colour":"hunter2"}"#,
                "`colour` is not what it has to be: wanted is `red` or `green`",
            ),
            (
                r#"{"name":["hunter2"],"rows":1}"#,
                "`name` is not what it has to be: wanted is a string",
            ),
            (r#"{"rows":1}"#, "missing field `name`"),
        ] {
            assert_eq!(said(body), wanted);
        }
        let known = ["name", "rows", "colour"].map(str::to_owned).into();
        for (name, value) in [("rows", "hunter2"), ("colour", "hunter2")] {
            let pairs = vec![("name".into(), "n".into()), (name.into(), value.into())];
            let said = of_pairs::<Asked>(&pairs, &known).unwrap_err().detail;
            assert!(said.starts_with(&format!("`{name}` is not")), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
