//! The two forms in which metrics are told: OpenMetrics, which Prometheus asks for, and the older text
//! form, in which a person and older programs read them. Both say the same numbers.

use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    registry::Registry,
};

/// A form in which metrics are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    OpenMetrics,
    Text,
}

impl Form {
    /// What whoever asks takes: OpenMetrics only if it says so.
    pub fn wanted(accept: &str) -> Self {
        match accept.contains("application/openmetrics-text") {
            true => Self::OpenMetrics,
            false => Self::Text,
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

pub(super) fn written(registries: &[&Registry], form: Form) -> String {
    let mut text = String::new();
    // Writing to a text fails only if what is written does, and numbers and names do not.
    let _ = registries.iter().try_for_each(|registry| encode_registry(&mut text, registry));
    match form {
        Form::OpenMetrics => {
            let _ = encode_eof(&mut text);
            text
        }
        Form::Text => as_text(&text),
    }
}

/// In the older form a counter is described under the name that its number has, and units are not.
fn as_text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut lines = open_metrics.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let counter = |described: &str| {
            let name = described.strip_prefix("# TYPE ")?.strip_suffix(" counter")?;
            Some(name.to_owned())
        };
        if line.starts_with("# UNIT ") || line == "# EOF" {
            continue;
        }
        let line = match (counter(line), counter(next)) {
            (Some(name), _) => format!("# TYPE {name}_total counter"),
            (None, Some(name)) if line.starts_with(&format!("# HELP {name} ")) => {
                line.replacen(&name, &format!("{name}_total"), 1)
            }
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_form_names_a_counter_as_its_number_is_named() {
        let open = "# HELP a_b What.\n# TYPE a_b counter\na_b_total{c=\"d\"} 3\n\
                    # HELP e_seconds How long.\n# TYPE e_seconds gauge\n# UNIT e_seconds seconds\ne_seconds 1.5\n# EOF\n";
        assert_eq!(
            as_text(open),
            "# HELP a_b_total What.\n# TYPE a_b_total counter\na_b_total{c=\"d\"} 3\n\
             # HELP e_seconds How long.\n# TYPE e_seconds gauge\ne_seconds 1.5\n"
        );
    }

    #[test]
    fn a_form_is_given_to_whoever_asks_for_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2";
        assert_eq!(Form::wanted(prometheus), Form::OpenMetrics);
        assert_eq!(Form::wanted("*/*"), Form::Text);
        assert_eq!(Form::wanted(""), Form::Text);
    }
}
