//! What would be lost if a server were brought to what a file says: data from data. It changes nothing.

use serde_json::Value;

use crate::error::Difference;

/// What is lost by making this field what its file says; nothing if nothing is.
pub fn loss(difference: &Difference) -> Option<String> {
    let wanted = read(&difference.wanted);
    let found = read(&difference.found);
    match difference.field.as_str() {
        "subjects" => {
            let (kept, had) = (texts(&wanted), texts(&found));
            let gone: Vec<&str> = had.into_iter().filter(|had| !kept.contains(had)).collect();
            (!gone.is_empty())
                .then(|| format!("what is published to {} is stored no more", gone.join(", ")))
        }
        "max_age" | "max_bytes" | "max_msgs" | "max_msgs_per_subject" => {
            (bound(&wanted) < bound(&found))
                .then(|| "what lies beyond the smaller bound is deleted at once".to_owned())
        }
        "max_msg_size" => (bound(&wanted) < bound(&found))
            .then(|| "what is larger is stored no more".to_owned()),
        "num_replicas" if wanted.as_u64() < found.as_u64() => {
            Some("a copy of what it holds".to_owned())
        }
        "retention" | "storage" | "name" => Some(
            "the server does not change this: the stream has to be made anew, without what it holds"
                .to_owned(),
        ),
        "deliver_policy" | "ack_policy" | "filter_subject" | "filter_subjects" => Some(
            "the durable has to be made anew, and forgets what it was done with".to_owned(),
        ),
        field if field.starts_with("allow_") || field.starts_with("deny_") => {
            (found == true && wanted != true).then(|| "what relies on it fails".to_owned())
        }
        _ => None,
    }
}

/// The server leaves out what has its zero value.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// None and less mean: without bound.
fn bound(value: &Value) -> i64 {
    match value.as_i64() {
        Some(bound) if bound > 0 => bound,
        _ => i64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_lost_is_told_and_what_only_grows_loses_nothing() {
        let table = [
            ("subjects", r#"["a"]"#, r#"["a","b"]"#, Some("what is published to b")),
            ("subjects", r#"["a","b"]"#, r#"["a"]"#, None),
            ("max_age", "0", "1000", None),
            ("max_age", "1000", "absent", Some("deleted at once")),
            ("max_bytes", "10", "20", Some("deleted at once")),
            ("max_bytes", "-1", "20", None),
            ("max_msg_size", "10", "20", Some("larger is stored no more")),
            ("retention", "\"limits\"", "\"workqueue\"", Some("without what it holds")),
            ("filter_subject", "\"a\"", "\"b\"", Some("forgets")),
            ("deny_delete", "true", "absent", None),
            ("allow_atomic", "false", "true", Some("fails")),
            ("num_replicas", "1", "3", Some("a copy")),
            ("num_replicas", "3", "1", None),
            ("description", "\"a\"", "\"b\"", None),
        ];
        for (field, wanted, found, expected) in table {
            let difference = Difference {
                item: "stream X".into(),
                field: field.into(),
                wanted: wanted.into(),
                found: found.into(),
            };
            match (loss(&difference), expected) {
                (None, None) => {}
                (Some(told), Some(part)) => assert!(told.contains(part), "{field}: {told}"),
                (told, _) => panic!("{field} from {found} to {wanted}: {told:?}"),
            }
        }
    }
}
