//! Decisions of the context `external`: every fact of a source is kept. The door has told repeats
//! from conflicts already; there is no state to decide on.

use std::{convert::Infallible, fmt};

use helmstream_schemas::{
    Context,
    external::{ExternalCommand, ExternalEvent},
};

use crate::{Decider, Rejection};

/// Keeps facts of a source.
#[derive(Debug, Clone)]
pub struct External;

/// Nothing is refused.
#[derive(Debug)]
pub struct ExternalRejection(Infallible);

impl Decider for External {
    const CONTEXT: Context = Context::External;
    const STATE_VERSION: u32 = 1;
    type State = ();
    type Command = ExternalCommand;
    type Event = ExternalEvent;
    type Rejection = ExternalRejection;

    fn decide((): &(), command: ExternalCommand) -> Result<Vec<ExternalEvent>, ExternalRejection> {
        let ExternalCommand::Record(fact) = command;
        Ok(vec![ExternalEvent::Recorded(fact)])
    }

    fn evolve((): (), _event: &ExternalEvent) {}
}

impl Rejection for ExternalRejection {
    fn reason(&self) -> &'static str {
        match self.0 {}
    }
}

impl fmt::Display for ExternalRejection {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Timestamp, external::ExternalFact};

    use super::*;

    #[test]
    fn every_fact_is_kept_and_nothing_is_ever_due() {
        let fact = ExternalFact {
            id: "1".into(),
            kind: "com.example.built".into(),
            attributes: Default::default(),
            data: None,
            removed: vec![],
        };
        let kept = External::decide(&(), ExternalCommand::Record(fact.clone())).unwrap();
        assert_eq!(kept, [ExternalEvent::Recorded(fact)]);
        assert_eq!(External::on_due("stalled", Timestamp::default()), None);
        assert!(External::deadline_purposes().is_empty());
    }
}
