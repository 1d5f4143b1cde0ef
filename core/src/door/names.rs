//! Names of a run. FABER's state, events and plan name the same run differently: some forms say
//! the same in other words and become one here; others are only known to be one when a message
//! says so.

use helmstream_schemas::Id;
use serde_json::{Map, Value};

use super::Dead;
use crate::limits::NAMES_MAX;

/// Keys of an event's metadata that hold further names of the run.
const NAME_KEYS: [&str; 2] = ["state_run_id", "plan_run_id"];
/// Key of an event's metadata that holds a list of further names.
const NAMES_KEY: &str = "aliases";

/// The names of a run, its own first, each once.
pub(super) fn names(run_id: &str, metadata: &Map<String, Value>) -> Result<Vec<Id>, Dead> {
    let listed = metadata.get(NAMES_KEY).and_then(Value::as_array);
    let texts = std::iter::once(run_id)
        .chain(NAME_KEYS.iter().filter_map(|key| metadata.get(*key)?.as_str()))
        .chain(listed.into_iter().flatten().filter_map(Value::as_str));
    let mut names: Vec<Id> = Vec::new();
    for text in texts {
        let name = Id::new(canonical(text)).map_err(|error| {
            Dead::new("bad_run_id", format!("`run_id`: {error}"), "name the run in `run_id`")
        })?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > NAMES_MAX {
        return Err(Dead::new(
            "too_many_names",
            format!("{} names for one run are over the limit of {NAMES_MAX}", names.len()),
            "name a run's other names in the event that first knows them",
        ));
    }
    Ok(names)
}

/// One form for the two that differ only in writing: the run id in a state file,
/// `<plan>-run-<suffix>`, is the `<plan>/<suffix>` of that run's events.
fn canonical(text: &str) -> String {
    let text = text.trim();
    match text.rsplit_once("-run-") {
        Some((plan, suffix)) if !plan.is_empty() && !plan.contains('/') && is_suffix(suffix) => {
            format!("{plan}/{suffix}")
        }
        _ => text.to_owned(),
    }
}

/// A run's suffix is the time at which it began: `2026-03-01T10-00-00Z`. Some leave the zone out.
fn is_suffix(text: &str) -> bool {
    let shape = "dddd-dd-ddTdd-dd-ddZ";
    (text.len() == shape.len() || text.len() == shape.len() - 1)
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte.eq_ignore_ascii_case(&wanted),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(run_id: &str, metadata: Value) -> Vec<String> {
        let metadata = metadata.as_object().unwrap();
        names(run_id, metadata).unwrap().into_iter().map(String::from).collect()
    }

    #[test]
    fn two_forms_of_one_name_are_one() {
        let name = "acme-shop-77/2026-03-01T10-00-00Z";
        assert_eq!(read("acme-shop-77-run-2026-03-01T10-00-00Z", json!({})), [name]);
        assert_eq!(
            read("acme-shop-77-run-2026-03-01T10-00-00", json!({})),
            ["acme-shop-77/2026-03-01T10-00-00"]
        );
        assert_eq!(
            read(name, json!({"state_run_id": "acme-shop-77-run-2026-03-01T10-00-00Z"})),
            [name]
        );
    }

    #[test]
    fn a_name_that_only_looks_alike_stays() {
        for name in
            ["dry-run-now", "-run-2026-03-01T10-00-00Z", "a-run-2026-03-01", "acme/shop/3f0c"]
        {
            assert_eq!(read(name, json!({})), [name]);
        }
    }

    #[test]
    fn further_names_come_from_where_they_are_known_to_stand() {
        let metadata = json!({"aliases": ["b", "c", "b"], "plan_run_id": "d", "work_id": "77"});
        assert_eq!(read("a", metadata), ["a", "d", "b", "c"]);
    }

    #[test]
    fn names_have_bounds() {
        assert_eq!(names("", &Map::new()).unwrap_err().reason, "bad_run_id");
        let as_many_as_allowed: Vec<String> = (1..NAMES_MAX).map(|n| n.to_string()).collect();
        assert_eq!(read("a", json!({ "aliases": as_many_as_allowed })).len(), NAMES_MAX);
        let many: Vec<String> = (0..=NAMES_MAX).map(|n| n.to_string()).collect();
        let metadata = json!({ "aliases": many });
        let refused = names("a", metadata.as_object().unwrap()).unwrap_err();
        assert_eq!(refused.reason, "too_many_names");
    }
}
