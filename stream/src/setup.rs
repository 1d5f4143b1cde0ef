//! Puts the streams and consumers of `nats/` on the server, byte for byte as the files say: creates
//! what is absent, changes what differs where nothing is lost by it, refuses the rest, and looks at
//! everything before it does anything. It never deletes; what is kept for ever it never changes, which
//! is a person's decision.

mod change;
mod loss;

use serde_json::Value;

pub use self::{
    change::{KEPT_FOR_EVER, is_refused},
    loss::loss,
};
use crate::{
    api::ask,
    connect::Connection,
    error::{Difference, StreamError},
    limits,
};

/// One line for each stream: the file, as `$JS.API.STREAM.CREATE` takes it.
const STREAMS: [&str; 9] = [
    include_str!("../../nats/streams/INBOX.json"),
    include_str!("../../nats/streams/COMMANDS.json"),
    include_str!("../../nats/streams/EVENTS.json"),
    include_str!("../../nats/streams/STATES.json"),
    include_str!("../../nats/streams/DEADLINES.json"),
    include_str!("../../nats/streams/JOURNAL.json"),
    include_str!("../../nats/streams/DEADLETTERS.json"),
    include_str!("../../nats/streams/SIGNALS.json"),
    include_str!("../../nats/streams/OUT.json"),
];

/// One line for each consumer: the file, as `$JS.API.CONSUMER.DURABLE.CREATE` takes it.
const CONSUMERS: [&str; 32] = [
    include_str!("../../nats/consumers/door.json"),
    include_str!("../../nats/consumers/run-0.json"),
    include_str!("../../nats/consumers/run-1.json"),
    include_str!("../../nats/consumers/run-2.json"),
    include_str!("../../nats/consumers/run-3.json"),
    include_str!("../../nats/consumers/run-due.json"),
    include_str!("../../nats/consumers/run-approval.json"),
    include_str!("../../nats/consumers/approval-0.json"),
    include_str!("../../nats/consumers/approval-1.json"),
    include_str!("../../nats/consumers/approval-2.json"),
    include_str!("../../nats/consumers/approval-3.json"),
    include_str!("../../nats/consumers/approval-due.json"),
    include_str!("../../nats/consumers/approval-run.json"),
    include_str!("../../nats/consumers/deployment-0.json"),
    include_str!("../../nats/consumers/deployment-1.json"),
    include_str!("../../nats/consumers/deployment-2.json"),
    include_str!("../../nats/consumers/deployment-3.json"),
    include_str!("../../nats/consumers/deployment-run.json"),
    include_str!("../../nats/consumers/dead_letter-0.json"),
    include_str!("../../nats/consumers/dead_letter-1.json"),
    include_str!("../../nats/consumers/dead_letter-2.json"),
    include_str!("../../nats/consumers/dead_letter-3.json"),
    include_str!("../../nats/consumers/dead_letter-dead_letter.json"),
    include_str!("../../nats/consumers/access-0.json"),
    include_str!("../../nats/consumers/access-1.json"),
    include_str!("../../nats/consumers/access-2.json"),
    include_str!("../../nats/consumers/access-3.json"),
    include_str!("../../nats/consumers/external-0.json"),
    include_str!("../../nats/consumers/external-1.json"),
    include_str!("../../nats/consumers/external-2.json"),
    include_str!("../../nats/consumers/external-3.json"),
    include_str!("../../nats/consumers/cdevents.json"),
];

/// What `setup` found and did, one entry for each file, in the order of the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupReport {
    pub items: Vec<SetupItem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupItem {
    /// `stream EVENTS`, `consumer door of INBOX`.
    pub item: String,
    /// Whether this call created it; otherwise it was there already.
    pub created: bool,
    /// Whether this call changed it; otherwise it was as its file says.
    pub changed: bool,
}

/// Brings the server to what the files say, or does nothing and says what stands in the way.
/// Doing it twice is the same as doing it once. `replicas` servers hold each of them, which is the one
/// thing that the files leave to the plane. Needs a connection as NATS user `setup`.
pub async fn setup(connection: &Connection, replicas: usize) -> Result<SetupReport, StreamError> {
    check_version(connection.client.server_info().version)?;
    let parts = parts(replicas)?;
    let found = compared(connection, &parts).await?;
    let differences = found.iter().flat_map(|found| &found.differences);
    let refused: Vec<Difference> =
        differences.filter(|difference| is_refused(difference)).cloned().collect();
    if !refused.is_empty() {
        return Err(StreamError::Differs(refused));
    }
    for (part, found) in parts.iter().zip(&found) {
        if found.is_absent {
            ask(connection, &part.create_subject, part.request.clone()).await?;
        } else if !found.differences.is_empty() {
            change::change(connection, part).await?;
        }
    }
    let items = found.into_iter().map(|found| SetupItem {
        created: found.is_absent,
        changed: !found.differences.is_empty(),
        item: found.item,
    });
    Ok(SetupReport { items: items.collect() })
}

/// How each stream and consumer stands beside its file. Changes nothing; whoever may look at all of
/// them may ask.
pub async fn look(connection: &Connection, replicas: usize) -> Result<Vec<Found>, StreamError> {
    compared(connection, &parts(replicas)?).await
}

/// A stream or consumer beside its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `stream EVENTS`, `consumer door of INBOX`.
    pub item: String,
    pub is_absent: bool,
    pub differences: Vec<Difference>,
}

async fn compared(connection: &Connection, parts: &[Part]) -> Result<Vec<Found>, StreamError> {
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        let found = ask(connection, &part.info_subject, "").await?;
        let mut differences = Vec::new();
        if let Some(found) = &found {
            let wanted = wherever_begun(&part.config, &found["config"]);
            compare(&part.item, "", &wanted, &found["config"], &mut differences);
        }
        all.push(Found { item: part.item.clone(), is_absent: found.is_none(), differences });
    }
    Ok(all)
}

/// A stream or consumer as its file wants it.
struct Part {
    item: String,
    /// Of a consumer the stream that it is of.
    of: Option<String>,
    info_subject: String,
    create_subject: String,
    /// As the server takes it.
    request: String,
    config: Value,
}

fn parts(replicas: usize) -> Result<Vec<Part>, StreamError> {
    // On one server the file is handed on as it is, byte for byte.
    let request = |file: &str, whole: &Value| match replicas {
        1 => file.to_owned(),
        _ => whole.to_string(),
    };
    let streams = STREAMS.iter().map(|file| {
        let mut config = parse(file)?;
        config["num_replicas"] = replicas.into();
        let name = text(&config["name"]);
        Ok(Part {
            item: format!("stream {name}"),
            of: None,
            info_subject: format!("$JS.API.STREAM.INFO.{name}"),
            create_subject: format!("$JS.API.STREAM.CREATE.{name}"),
            request: request(file, &config),
            config,
        })
    });
    let consumers = CONSUMERS.iter().map(|file| {
        let mut whole = parse(file)?;
        whole["config"]["num_replicas"] = replicas.into();
        let (stream, name) = names_of(&whole);
        Ok(Part {
            item: format!("consumer {name} of {stream}"),
            of: Some(stream.clone()),
            info_subject: format!("$JS.API.CONSUMER.INFO.{stream}.{name}"),
            create_subject: format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{name}"),
            request: request(file, &whole),
            config: whole["config"].clone(),
        })
    });
    streams.chain(consumers).collect()
}

/// The names of the streams, as the files have them.
pub(crate) fn stream_names() -> Result<Vec<String>, StreamError> {
    STREAMS.iter().map(|file| Ok(text(&parse(file)?["name"]))).collect()
}

/// What each file of a consumer asks for.
pub(crate) fn consumer_requests() -> Result<Vec<Value>, StreamError> {
    CONSUMERS.iter().map(|file| parse(file)).collect()
}

/// The stream and the name of the durable that is asked for.
pub(crate) fn names_of(request: &Value) -> (String, String) {
    (text(&request["stream_name"]), text(&request["config"]["durable_name"]))
}

/// Where a durable began is its past and not what it does: a restore puts it back at a position, and
/// the server lets nobody change that afterwards.
fn wherever_begun(wanted: &Value, found: &Value) -> Value {
    let mut wanted = wanted.clone();
    if found["deliver_policy"] == "by_start_sequence"
        && let Some(fields) = wanted.as_object_mut()
    {
        fields.remove("deliver_policy");
    }
    wanted
}

fn parse(file: &str) -> Result<Value, StreamError> {
    serde_json::from_str(file)
        .map_err(|source| StreamError::Malformed { what: "a file of nats/".to_owned(), source })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Notes each field that the file states and the server has otherwise. What the file leaves out is
/// the server's affair, and a field that the server leaves out has its zero value.
fn compare(
    item: &str,
    path: &str,
    wanted: &Value,
    found: &Value,
    differences: &mut Vec<Difference>,
) {
    if let (Value::Object(fields), Value::Object(_)) = (wanted, found) {
        for (name, wanted) in fields {
            let field = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            compare(item, &field, wanted, &found[name], differences);
        }
    } else if wanted != found
        && !(found.is_null() && is_zero(wanted))
        && !has_more_copies(path, wanted, found)
    {
        differences.push(Difference {
            item: item.to_owned(),
            field: path.to_owned(),
            wanted: wanted.to_string(),
            found: if found.is_null() { "absent".to_owned() } else { found.to_string() },
        });
    }
}

/// More copies than the file asks for are nobody's loss: the file says what one server can hold.
fn has_more_copies(path: &str, wanted: &Value, found: &Value) -> bool {
    path == "num_replicas" && found.as_u64() > wanted.as_u64()
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(value) => value.is_empty(),
        Value::Array(value) => value.is_empty(),
        Value::Object(value) => value.values().all(is_zero),
    }
}

fn check_version(found: String) -> Result<(), StreamError> {
    let (major, minor) = limits::SERVER_VERSION_MIN;
    match is_new_enough(&found) {
        true => Ok(()),
        false => Err(StreamError::ServerTooOld { found, wanted: format!("{major}.{minor}") }),
    }
}

/// Whether a server of this version can hold the log.
pub fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|part| part.parse::<u64>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => (major, minor) >= limits::SERVER_VERSION_MIN,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use serde_json::json;

    use super::*;

    fn differing(wanted: Value, found: Value) -> Vec<String> {
        let mut differences = Vec::new();
        compare("stream X", "", &wanted, &found, &mut differences);
        differences.iter().map(Difference::to_string).collect()
    }

    #[test]
    fn what_the_server_adds_is_no_difference() {
        assert!(differing(json!({"name": "X"}), json!({"name": "X", "max_msgs": -1})).is_empty());
    }

    #[test]
    fn a_zero_value_that_the_server_leaves_out_is_no_difference() {
        assert!(differing(json!({"allow_msg_ttl": false, "max_age": 0}), json!({})).is_empty());
    }

    #[test]
    fn more_copies_than_the_file_asks_for_are_no_difference_and_fewer_are() {
        assert!(differing(json!({"num_replicas": 1}), json!({"num_replicas": 3})).is_empty());
        assert_eq!(
            differing(json!({"num_replicas": 3}), json!({"num_replicas": 1})),
            ["stream X: num_replicas should be 3, is 1"]
        );
    }

    #[test]
    fn a_lifted_protection_is_named_with_both_values() {
        assert_eq!(
            differing(
                json!({"deny_delete": true, "republish": {"dest": "a"}}),
                json!({"republish": {"dest": "b"}})
            ),
            [
                "stream X: deny_delete should be true, is absent",
                "stream X: republish.dest should be \"a\", is \"b\""
            ]
        );
    }

    #[test]
    fn a_durable_that_a_restore_put_at_a_position_is_no_difference() {
        let wanted = json!({"deliver_policy": "new", "max_deliver": -1});
        let begun = json!({"deliver_policy": "by_start_sequence", "max_deliver": -1});
        assert!(differing(wherever_begun(&wanted, &begun), begun).is_empty());
        let last = json!({"deliver_policy": "last", "max_deliver": -1});
        assert_eq!(differing(wherever_begun(&wanted, &last), last).len(), 1);
    }

    #[test]
    fn a_server_older_than_the_oldest_or_without_a_version_is_refused() {
        for version in ["2.14.0", "2.15.1", "2.14.0-RC.1", "3.0.0"] {
            assert!(check_version(version.to_owned()).is_ok(), "{version}");
        }
        for version in ["2.12.8", "2.9.10", "1.99.0", "", "2"] {
            assert!(check_version(version.to_owned()).is_err(), "{version}");
        }
    }

    #[test]
    fn the_lists_name_every_file_of_the_two_folders() {
        for (folder, list) in [("streams", &STREAMS[..]), ("consumers", &CONSUMERS[..])] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nats").join(folder);
            let files: BTreeSet<String> = fs::read_dir(&folder)
                .expect("the folder is there")
                .map(|entry| fs::read_to_string(entry.expect("a file").path()).expect("text"))
                .collect();
            let listed: BTreeSet<String> = list.iter().map(|file| (*file).to_owned()).collect();
            assert_eq!(files, listed, "{}", folder.display());
        }
    }
}
