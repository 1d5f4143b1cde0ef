//! `ops/`: rules and the dashboard name only metrics that there are, and alerts only runbooks that
//! there are; and Prometheus' own checker takes them.

use std::{collections::BTreeSet, fs, path::PathBuf};

use helmstream_services::serve;
use helmstream_tests::tree;
use regex::Regex;
use serde_json::Value;

use super::{documented, promtool, told::file};

const RULES: &str = "ops/prometheus/rules.yaml";
const DASHBOARD: &str = "ops/grafana/helmstream.json";

/// Names of ours in an expression.
fn names(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\b(?:helmstream|process)_[a-z_]+").expect("a pattern");
    name.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// The names under which Prometheus keeps what is documented.
fn kept() -> BTreeSet<String> {
    let each = documented().into_iter().flat_map(|(name, (kind, _))| match kind.as_str() {
        "histogram" => ["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")).to_vec(),
        _ => vec![name],
    });
    each.collect()
}

/// Expressions of every panel.
fn expressions() -> Vec<String> {
    let text = tree::text(DASHBOARD).expect("a text");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().expect("an expression").to_owned()).collect()
}

/// The value of each line of the rules that begins with this key.
fn values(key: &str) -> Vec<String> {
    let rules = tree::text(RULES).expect("a text");
    let begin = format!("{key}: ");
    let lines = rules.lines().map(|line| line.trim().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(&begin)).map(str::to_owned).collect()
}

#[test]
fn rules_and_panels_name_only_metrics_that_there_are() {
    let kept = kept();
    let rules = tree::text(RULES).expect("a text");
    let proofs = tree::text("ops/prometheus/rules_test.yaml").expect("a text");
    for text in [rules, proofs].into_iter().chain(expressions()) {
        let unknown: Vec<_> =
            names(&text).into_iter().filter(|name| !kept.contains(name)).collect();
        assert!(unknown.is_empty(), "{unknown:?} in {text}");
    }
}

#[test]
fn every_metric_stands_in_a_panel_or_a_rule() {
    let rules = tree::text(RULES).expect("a text");
    let used: BTreeSet<String> =
        expressions().iter().chain([&rules]).flat_map(|text| names(text)).collect();
    for (name, _) in documented() {
        let is_used = used.iter().any(|used| {
            used.strip_prefix(&name)
                .is_some_and(|part| ["", "_bucket", "_sum", "_count"].contains(&part))
        });
        assert!(is_used, "{name} is counted, and nobody looks at it");
    }
}

#[test]
fn every_alert_has_a_runbook_that_names_it_and_every_service_has_an_alert() {
    let (alerts, runbooks) = (values("alert"), values("runbook"));
    assert!(alerts.len() > 10 && alerts.len() == runbooks.len(), "{alerts:?} {runbooks:?}");
    let index = tree::text("docs/runbooks/README.md").expect("a text");
    for (alert, runbook) in alerts.iter().zip(&runbooks) {
        let page = tree::text(runbook).unwrap_or_else(|| panic!("{alert}: there is no {runbook}"));
        assert!(page.contains(&format!("`{alert}`")), "{runbook} does not name {alert}");
        assert!(index.contains(&format!("[{alert}]")), "the runbooks do not list {alert}");
        let proofs = tree::text("ops/prometheus/rules_test.yaml").expect("a text");
        assert!(proofs.contains(&format!("alertname: {alert}\n")), "{alert} is not proved");
    }
    let pages = tree::files().into_iter().filter(|path| path.starts_with("docs/runbooks/alerts/"));
    for page in pages {
        assert!(runbooks.contains(&page), "{page} is of no alert");
    }
    let rules = tree::text(RULES).expect("a text");
    for service in serve::services() {
        let absent = format!("absent(helmstream_service_running{{service=\"{}\"}})", service.name);
        assert!(rules.contains(&absent), "nobody is told when {} runs nowhere", service.name);
    }
}

#[test]
fn prometheus_takes_the_rules_and_what_the_dashboard_asks_and_each_alert_fires_when_it_should() {
    let Some(program) = promtool::program() else { return };
    let folder = tree::root().join("ops/prometheus");
    promtool::content(&program, &folder, &["check", "rules", "rules.yaml"]).unwrap();
    promtool::content(&program, &folder, &["test", "rules", "rules_test.yaml"]).unwrap();
    // What Grafana puts in for its variables.
    let asked = expressions().into_iter().enumerate().map(|(at, expression)| {
        let expression = expression.replace("$__rate_interval", "5m").replace("$service", ".*");
        let expression = Value::String(expression);
        format!("      - {{ record: \"panel:{at}\", expr: {expression} }}\n")
    });
    let rules = format!("groups:\n  - name: panels\n    rules:\n{}", asked.collect::<String>());
    let panels: PathBuf = file("panels.yaml", &rules);
    let name = panels.to_string_lossy().into_owned();
    promtool::content(&program, &folder, &["check", "rules", &name]).unwrap();
    fs::remove_file(panels).expect("it was written");
}
