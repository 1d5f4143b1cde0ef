//! What the tokens of a subject are called, so that `evt.*.*` can be told as `evt.{context}.{id}`.
//!
//! The grammar itself is `helmstream_schemas::Subject`; a test holds the names here to it.

/// First token, then a name for each that follows.
const SHAPES: [(&str, &[&str]); 11] = [
    ("in", &["publisher"]),
    ("cmd", &["context", "name", "id"]),
    ("cmd", &["partition", "context", "name", "id"]),
    ("evt", &["context", "id"]),
    ("live", &["context", "id"]),
    ("state", &["context", "id"]),
    ("sch", &["context", "id", "purpose"]),
    ("due", &["context", "id", "purpose"]),
    ("jrn", &["origin"]),
    ("dead", &["origin"]),
    ("sig", &["context", "id"]),
];

/// Names the wildcards of a filter; also of a transform's target, where `{{…}}` stands for what the
/// server puts in. `None` for what is no subject of the plane.
pub(crate) fn address(filter: &str) -> Option<String> {
    let tokens: Vec<&str> = filter.split('.').collect();
    let (first, names) = SHAPES
        .iter()
        .find(|(first, names)| tokens[0] == *first && tokens.len() == names.len() + 1)?;
    let named = tokens[1..].iter().zip(*names).map(|(token, name)| match *token {
        "*" => format!("{{{name}}}"),
        written if written.starts_with("{{") => format!("{{{name}}}"),
        literal => literal.to_string(),
    });
    Some(std::iter::once(first.to_string()).chain(named).collect::<Vec<_>>().join("."))
}

/// What a parameter means, for the reader of the document.
pub(crate) fn meaning(parameter: &str) -> &'static str {
    match parameter {
        "publisher" => "whose permission it is published by",
        "context" => "the part of the plane that decides",
        "name" => "what is asked",
        "id" => {
            "the aggregate's identity as one token: everything but letters, digits and -_/:@ percent-encoded"
        }
        "partition" => "which of the deciders' queues it is in; the server computes it from the id",
        "purpose" => "which of the aggregate's deadlines",
        "origin" => "where it came in",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::Subject;

    use super::*;

    #[test]
    fn wildcards_get_their_names_and_literals_stay() {
        assert_eq!(address("evt.*.*").as_deref(), Some("evt.{context}.{id}"));
        assert_eq!(address("evt.run.*").as_deref(), Some("evt.run.{id}"));
        assert_eq!(
            address("cmd.{{partition(4,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}")
                .as_deref(),
            Some("cmd.{partition}.{context}.{name}.{id}")
        );
        assert_eq!(address("evt.>"), None);
        assert_eq!(address("other.*"), None);
    }

    #[test]
    fn every_shape_is_one_the_grammar_reads_and_every_name_has_a_meaning() {
        for (first, names) in SHAPES {
            let tokens = names.iter().map(|name| match *name {
                "context" => "run",
                "partition" => "3",
                other => other,
            });
            let written = std::iter::once(first).chain(tokens).collect::<Vec<_>>().join(".");
            let subject: Subject =
                written.parse().unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(subject.to_string(), written);
            assert!(names.iter().all(|name| !meaning(name).is_empty()), "{first}");
        }
    }
}
