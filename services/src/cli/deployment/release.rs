//! What a project's `.faber.config.toml` wants of a release: whether its deployment is registered,
//! and what is done about its health.

use std::{fs, path::Path, time::Duration};

use helmstream_schemas::time;
use serde::Deserialize;
use toml::Spanned;

use crate::client::{Code, Failure};

/// What is wanted of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) register: bool,
    pub(super) health_check: bool,
    pub(super) timeout: Option<Duration>,
    /// Whether a health that is not known to be good fails the release.
    pub(super) fails: bool,
}

/// Without a word on it: register, and do not look.
impl Default for Release {
    fn default() -> Self {
        Self { register: true, health_check: false, timeout: None, fails: false }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default)]
    workflow: Workflow,
}

#[derive(Debug, Default, Deserialize)]
struct Workflow {
    #[serde(default)]
    release: Settings,
}

#[derive(Debug, Default, Deserialize)]
struct Settings {
    register_deployment: Option<bool>,
    initial_health_check: Option<bool>,
    health_check_timeout: Option<Spanned<String>>,
    on_health_check_failure: Option<String>,
}

/// Reads the settings of a project.
pub(super) fn read(file: &Path) -> Result<Release, Failure> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| {
        let hint = "check the path, and that it may be read; without --config nothing is read";
        Failure::new(Code::Input, format!("cannot read {name}"), error.to_string(), hint)
    })?;
    of_text(&name, &text)
}

fn of_text(name: &str, text: &str) -> Result<Release, Failure> {
    let refuse = |at: usize, what: &str| {
        let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let hint = "correct that line; the settings of a release stand under [workflow.release]";
        let detail = format!("line {line}: {what}");
        Failure::new(Code::Input, format!("{name} cannot be read"), detail, hint)
    };
    let config: Config = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        refuse(at, error.message().lines().next().unwrap_or_default())
    })?;
    let settings = config.workflow.release;
    let timeout = settings.health_check_timeout.map(|written| {
        time::duration(written.get_ref()).ok_or_else(|| {
            refuse(written.span().start, "health_check_timeout is a duration such as 90s or 5m")
        })
    });
    Ok(Release {
        register: settings.register_deployment.unwrap_or(true),
        health_check: settings.initial_health_check.unwrap_or(false),
        timeout: timeout.transpose()?,
        fails: settings.on_health_check_failure.is_some_and(|word| is_fail(&word)),
    })
}

/// Anything but `fail` means to warn.
pub(super) fn is_fail(word: &str) -> bool {
    word.trim().eq_ignore_ascii_case("fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_says_what_it_wants() {
        let text = "[project]\nname = \"shop\"\n\n[workflow.release]\nregister_deployment = false\n\
            initial_health_check = true\nhealth_check_timeout = \"90s\"\non_health_check_failure = \"Fail\"\n";
        let wanted = Release {
            register: false,
            health_check: true,
            timeout: Some(Duration::from_secs(90)),
            fails: true,
        };
        assert_eq!(of_text("x", text).unwrap(), wanted);
        for silent in ["", "[workflow]\n", "[other]\nx = 1\n"] {
            assert_eq!(of_text("x", silent).unwrap(), Release::default());
        }
        let warns = "[workflow.release]\non_health_check_failure = \"tell\"\n";
        assert!(!of_text("x", warns).unwrap().fails);
    }

    #[test]
    fn what_toml_refuses_is_refused_with_its_line() {
        for (text, line) in [
            ("[a]\nb = \n", "line 2"),
            ("[workflow.release]\n\nregister_deployment = \"no\"\n", "line 3"),
            ("[workflow.release]\nx = 1\nx = 2\n", "line 3"),
            ("[workflow.release]\nhealth_check_timeout = \"soon\"\n", "line 2"),
            ("a = {\n  b = 1\n", "line"),
        ] {
            let failure = of_text("x", text).unwrap_err();
            assert!(failure.detail.starts_with(line), "{text}: {failure:?}");
        }
    }
}
