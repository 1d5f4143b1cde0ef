//! Contexts and types of events by the words with which people ask for them.

use helmstream_schemas::{Context, catalog};

use super::super::failure::{Code, Failure};

pub(in crate::client) fn context(name: &str) -> Result<Context, Failure> {
    Context::named(name).ok_or_else(|| {
        let known: Vec<&str> = Context::ALL.into_iter().map(Context::name).collect();
        let what = format!("there is no context `{name}`");
        Failure::new(Code::NotFound, what, "", format!("contexts are {}", known.join(", ")))
    })
}

/// A type whole, from a type or from a word of ours such as `step_ended`.
pub(in crate::client) fn kind_of(asked: &str, context: Option<&str>) -> Result<String, Failure> {
    if asked.contains('.') {
        return Ok(asked.to_owned());
    }
    let words = catalog();
    let is_meant = |word: &&helmstream_schemas::catalog::Word| {
        word.role == helmstream_schemas::catalog::Role::Event
            && word.name == asked
            && context.is_none_or(|context| word.context == context)
    };
    let mut kinds = words.iter().filter(is_meant).map(|word| word.kind.clone());
    let known = || {
        let names: Vec<&str> = words
            .iter()
            .filter(|word| word.role == helmstream_schemas::catalog::Role::Event)
            .map(|word| word.name.as_str())
            .collect();
        format!("words are {}", names.join(", "))
    };
    match (kinds.next(), kinds.next()) {
        (Some(kind), None) if !kind.contains('<') => Ok(kind),
        // What every context may hold has a type in each.
        (Some(kind), None) if context.is_some() => {
            Ok(kind.replace("<context>", context.unwrap_or_default()))
        }
        (None, _) => {
            Err(Failure::new(Code::NotFound, format!("there is no event `{asked}`"), "", known()))
        }
        _ => {
            let what = format!("several contexts have an event `{asked}`");
            Err(Failure::new(Code::Ambiguous, what, "", "add --context, or write the whole type"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_its_whole_type() {
        assert_eq!(kind_of("step_ended", None).unwrap(), "helmstream.run.step_ended.v1");
        assert_eq!(kind_of("helmstream.run.noted.v1", None).unwrap(), "helmstream.run.noted.v1");
        assert_eq!(kind_of("step_vanished", None).unwrap_err().code, Code::NotFound);
        assert_eq!(kind_of("step_ended", Some("plane")).unwrap_err().code, Code::NotFound);
    }

    #[test]
    fn a_context_that_is_none_is_told_with_those_that_are() {
        assert!(context("runn").unwrap_err().hint.contains("run"));
    }
}
