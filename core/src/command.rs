//! A command before it is stored, and how ids are derived so that doing a thing twice gives the
//! same ids twice.

use helmstream_schemas::{
    ActorKind, Attributes, Context, Id, Subject, attributes as ce, attributes::Kind,
};
use uuid::Uuid;

/// Namespace of every derived id of this plane's making (RFC 9562, version 5). Never changes.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d1f_3f0a_52c4_4e6b_9a3d_b1c0_5e77_24d9);

/// An id derived from texts; the same texts give the same id, on any machine, for ever.
pub fn derived_id(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, &helmstream_schemas::Hash::of_parts(parts).0)
}

/// Id of the event that a command's decision has at `index`.
pub fn event_id(command_id: Uuid, index: usize) -> Uuid {
    derived_id(&["event", &command_id.to_string(), &index.to_string()])
}

/// A command that is about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommand {
    pub context: Context,
    pub name: String,
    pub id: Id,
    pub attributes: Attributes,
    pub payload: Vec<u8>,
}

impl NewCommand {
    /// A command with the attributes every command has. `source` says which door made it.
    pub fn new(
        (context, name, id): (Context, &str, Id),
        command_id: Uuid,
        source: &str,
        actor: (&str, ActorKind),
        payload: Vec<u8>,
    ) -> Self {
        let mut attributes = Attributes::default();
        attributes.set("specversion", ce::SPECVERSION);
        attributes.set(ce::ID, command_id.to_string());
        attributes.set(ce::SOURCE, source);
        attributes.set(ce::TYPE, Kind::first(context, name).to_string());
        attributes.set(ce::DATACONTENTTYPE, "application/json");
        attributes.set(ce::ACTOR, actor.0);
        attributes.set(ce::ACTORKIND, actor.1.to_string());
        attributes.set(ce::CORRELATIONID, id.as_str());
        Self { context, name: name.to_owned(), id, attributes, payload }
    }

    /// The subject it is published under.
    pub fn subject(&self) -> Subject {
        Subject::Command { context: self.context, name: self.name.clone(), id: self.id.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids on the log depend on this for ever: the literal is never edited.
    #[test]
    fn derived_ids_never_change() {
        assert_eq!(derived_id(&["a", "b"]).to_string(), "b67993e6-ec23-5b66-9a02-058c6fbc6680");
        assert_ne!(derived_id(&["ab"]), derived_id(&["a", "b"]));
        assert_ne!(event_id(Uuid::nil(), 0), event_id(Uuid::nil(), 1));
    }
}
