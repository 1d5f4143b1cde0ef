//! What setup changes of a stream or consumer that is there, and what it does not: nothing by which
//! something is lost, and no stream that is kept for ever. Of those its user may change none.

use serde_json::{Value, json};

use super::{Part, loss};
use crate::{Connection, StreamError, api::ask, error::Difference};

/// Streams that are kept for ever: the truth, what was asked, and what became of it.
pub const KEPT_FOR_EVER: [&str; 3] = ["EVENTS", "COMMANDS", "JOURNAL"];

/// Whether setup does not do away with a difference.
pub fn is_refused(difference: &Difference) -> bool {
    let stream = difference.item.strip_prefix("stream ");
    stream.is_some_and(|name| KEPT_FOR_EVER.contains(&name)) || loss(difference).is_some()
}

/// Makes what is there as its file says, as far as the file says anything; the rest stays as it is.
pub(super) async fn change(connection: &Connection, part: &Part) -> Result<(), StreamError> {
    let Some(found) = ask(connection, &part.info_subject, "").await? else { return Ok(()) };
    let mut config = found["config"].clone();
    let wanted = super::wherever_begun(&part.config, &config);
    lay_over(&mut config, &wanted);
    let (subject, request) = match &part.of {
        None => (part.create_subject.replace("STREAM.CREATE", "STREAM.UPDATE"), config),
        // The server takes it for a change where the durable is there.
        Some(stream) => {
            (part.create_subject.clone(), json!({ "stream_name": stream, "config": config }))
        }
    };
    ask(connection, &subject, request.to_string()).await.map(drop)
}

/// What has more copies than the file asks for keeps them.
fn lay_over(config: &mut Value, wanted: &Value) {
    match (config, wanted) {
        (Value::Object(held), Value::Object(wanted)) => {
            for (name, wanted) in wanted {
                let stands = held.entry(name.clone()).or_insert(Value::Null);
                if !super::has_more_copies(name, wanted, stands) {
                    lay_over(stands, wanted);
                }
            }
        }
        (config, wanted) => *config = wanted.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::{STREAMS, parse, text};

    #[test]
    fn what_a_file_says_is_laid_over_what_is_there_and_the_rest_stays() {
        let mut config = json!({"a": 1, "num_replicas": 3, "held": {"x": 1, "y": 2}});
        lay_over(&mut config, &json!({"a": 2, "num_replicas": 1, "held": {"y": 3}, "new": true}));
        let wanted = json!({"a": 2, "num_replicas": 3, "held": {"x": 1, "y": 3}, "new": true});
        assert_eq!(config, wanted);
    }

    #[test]
    fn what_is_kept_for_ever_is_what_the_files_let_nobody_delete() {
        let mut closed = Vec::new();
        for file in &STREAMS {
            let stream = parse(file).expect("a file of ours");
            let never = |what: &str| stream[what] == true;
            if never("deny_delete") && never("deny_purge") && stream["max_age"] == 0 {
                closed.push(text(&stream["name"]));
            }
        }
        closed.sort();
        let mut kept = KEPT_FOR_EVER;
        kept.sort();
        assert_eq!(closed, kept);
    }

    #[test]
    fn what_is_kept_for_ever_is_not_changed_even_where_nothing_is_lost() {
        let difference = |item: &str, field: &str, wanted: &str, found: &str| Difference {
            item: item.into(),
            field: field.into(),
            wanted: wanted.into(),
            found: found.into(),
        };
        assert!(is_refused(&difference("stream EVENTS", "description", "\"a\"", "\"b\"")));
        assert!(!is_refused(&difference("stream OUT", "description", "\"a\"", "\"b\"")));
        assert!(is_refused(&difference("stream OUT", "max_age", "1", "2")));
    }
}
