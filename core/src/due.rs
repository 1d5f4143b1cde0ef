//! A deadline that has come: when a `due` message is to be believed, and which command it gives.
//! It gives only what the context lists as a deadline's command, never what only a person may ask.

use helmstream_schemas::{ActorKind, Context, Hash, Record, Subject, attributes as ce};

use crate::{Decider, NewCommand, command::derived_id};

/// Header in which the server says which schedule a fired message comes from.
pub const SCHEDULER_HEADER: &str = "Nats-Scheduler";

/// Why a `due` message is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDue {
    #[error("`{0}` is not a subject of a deadline of {1}")]
    Foreign(String, Context),
    #[error("`{due}` was fired by `{by}`, not by its own schedule")]
    Forged { due: String, by: String },
    #[error("{context} has no deadline for `{purpose}`")]
    Unknown { context: Context, purpose: String },
}

/// The command that a fired deadline gives. `scheduler` is the schedule's subject as the server
/// states it: the server lets anybody who may schedule anything aim at any subject of the stream,
/// so only the schedule of the very same aggregate and purpose is believed.
pub fn command_of_due<D: Decider>(
    due: &Record,
    scheduler: Option<&str>,
) -> Result<NewCommand, NotDue> {
    let Ok(Subject::Due { context, id, purpose }) = due.subject.parse() else {
        return Err(NotDue::Foreign(due.subject.clone(), D::CONTEXT));
    };
    if context != D::CONTEXT {
        return Err(NotDue::Foreign(due.subject.clone(), D::CONTEXT));
    }
    let own = Subject::Schedule { context, id: id.clone(), purpose: purpose.clone() }.to_string();
    if scheduler != Some(own.as_str()) {
        let by = scheduler.unwrap_or("nobody").to_owned();
        return Err(NotDue::Forged { due: due.subject.clone(), by });
    }
    let (name, payload) =
        D::on_due(&purpose, due.recorded_at).ok_or(NotDue::Unknown { context, purpose })?;
    let position = due.sequence.to_string();
    let recorded = due.recorded_at.to_string();
    let command_id = derived_id(&["due", &due.subject, &position, &recorded]);
    let actor = format!("service:{context}");
    let mut command = NewCommand::new(
        (context, name, id),
        command_id,
        "/helmstream/deadlines",
        (&actor, ActorKind::Service),
        payload,
    );
    command.attributes.set(ce::TIME, due.recorded_at.to_string());
    command.attributes.set(ce::RECEIVEDTIME, due.recorded_at.to_string());
    command.attributes.set(ce::CONTENTHASH, Hash::of(&command.payload).to_string());
    Ok(command)
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Attributes, Timestamp};

    use super::*;
    use crate::run::Run;

    fn due(subject: &str) -> Record {
        Record {
            stream: "DEADLINES".into(),
            subject: subject.into(),
            sequence: 4,
            recorded_at: Timestamp::from_nanos(1_000),
            attributes: Attributes::default(),
            payload: Vec::new(),
        }
    }

    #[test]
    fn the_own_schedule_gives_the_listed_command() {
        let command =
            command_of_due::<Run>(&due("due.run.a%2Eb.stalled"), Some("sch.run.a%2Eb.stalled"))
                .unwrap();
        assert_eq!(command.subject().to_string(), "cmd.run.stall.a%2Eb");
    }

    /// Undo the comparison with `own` to see this red.
    #[test]
    fn a_message_from_any_other_schedule_is_forged() {
        for by in [None, Some("sch.run.other.stalled"), Some("sch.approval.a.stalled")] {
            let refused = command_of_due::<Run>(&due("due.run.a.stalled"), by);
            assert!(matches!(refused, Err(NotDue::Forged { .. })), "{by:?}");
        }
    }

    #[test]
    fn a_purpose_that_is_not_listed_gives_nothing() {
        let refused = command_of_due::<Run>(&due("due.run.a.merge"), Some("sch.run.a.merge"));
        assert!(matches!(refused, Err(NotDue::Unknown { .. })));
        let foreign = command_of_due::<Run>(&due("due.plane.a.stalled"), None);
        assert!(matches!(foreign, Err(NotDue::Foreign(..))));
    }

    #[test]
    fn the_same_message_delivered_twice_is_one_command() {
        let by = Some("sch.run.a.stalled");
        let first = command_of_due::<Run>(&due("due.run.a.stalled"), by).unwrap();
        assert_eq!(command_of_due::<Run>(&due("due.run.a.stalled"), by), Ok(first));
    }
}
