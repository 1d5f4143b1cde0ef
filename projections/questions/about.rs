//! External facts by what they are about: the `subject` of a CloudEvent, or the subject's id of a
//! CDEvent. Where one stands is told by the fact itself; the ledger only finds where it may stand.

use helmstream_schemas::{Context, Subject, external::ExternalFact};

use super::event::{EventFilter, EventLine, line_back};
use crate::{
    error::ProjectionError,
    limits::ABOUT_ROWS,
    session::{Session, Value},
};

/// Lists external facts about something, from one position to another, in the order that is asked.
pub(super) async fn list_about(
    session: &mut Session,
    filter: &EventFilter,
    about: &str,
    (mut from, mut to): (i64, Option<i64>),
) -> Result<Vec<EventLine>, ProjectionError> {
    let mut found = Vec::new();
    if filter.context.is_some_and(|context| context != Context::External) {
        return Ok(found);
    }
    let subject = filter.aggregate.clone();
    let subject = subject.map(|id| Subject::Event { context: Context::External, id }.to_string());
    let needle = serde_json::to_vec(about).expect("a text is JSON");
    let rows_max = i64::from(ABOUT_ROWS);
    let sql = filter.in_order(include_str!("event_list_about.sql"));
    loop {
        let values: &[Value<'_>] = &[&subject, &filter.kind, &from, &rows_max, &to, &needle];
        let rows = session.query(&sql, values).await?;
        for row in &rows {
            let at: i64 = row.get("seq");
            match filter.descends {
                true => to = Some(at - 1),
                false => from = at + 1,
            }
            if is_about(row.get("payload"), about) {
                found.push(line_back(row)?);
                if found.len() >= filter.limit as usize {
                    return Ok(found);
                }
            }
        }
        if rows.len() < ABOUT_ROWS as usize {
            return Ok(found);
        }
    }
}

/// Whether a fact, as it is stored, is about something of this id.
fn is_about(payload: &[u8], about: &str) -> bool {
    let Ok(fact) = serde_json::from_slice::<ExternalFact>(payload) else { return false };
    let subject = fact.attributes.get("subject").and_then(|subject| subject.as_str());
    let of_cdevent = || fact.data.as_ref()?.pointer("/subject/id")?.as_str();
    subject == Some(about) || of_cdevent() == Some(about)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fact_is_about_its_subject_in_either_vocabulary_and_about_nothing_else_that_it_holds() {
        let fact = |attributes: serde_json::Value, data: serde_json::Value| {
            let fact = json!({ "id": "a", "type": "t", "attributes": attributes, "data": data });
            fact.to_string().into_bytes()
        };
        let cdevent = json!({ "context": { "id": "c" }, "subject": { "id": "a", "content": {} } });
        assert!(is_about(&fact(json!({ "subject": "a" }), json!(1)), "a"));
        assert!(is_about(&fact(json!({ "subject": "b" }), cdevent.clone()), "a"));
        assert!(is_about(&fact(json!({ "subject": "\"\u{0}ü" }), json!(null)), "\"\u{0}ü"));
        for other in [
            fact(json!({}), json!({ "id": "a" })),
            fact(json!({ "subject": 7 }), json!("a")),
            fact(json!({ "other": "a" }), json!({ "subject": "a" })),
            fact(json!({ "subject": "ab" }), json!({ "subject": { "source": "a" } })),
            b"no json \"a\"".to_vec(),
        ] {
            assert!(!is_about(&other, "a"), "{}", String::from_utf8_lossy(&other));
        }
    }
}
