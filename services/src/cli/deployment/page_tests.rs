//! What an operator sees of a unit and of the chain of its deployments.

use helmstream_projections::{
    deployment::{Entry, UnitState, chain},
    questions::deployment::{UnitLine, UnitShown},
};
use helmstream_schemas::{
    Actor, ActorKind, Hash, Id, Timestamp,
    deployment::{Deployment, DeploymentEvent, Listed, Registered, Retired, Unit},
};
use serde_json::json;

use super::*;
use crate::cli::{output::Format, page::Ink};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn by() -> Actor {
    Actor { id: "operator".into(), kind: ActorKind::Human }
}

fn unit() -> Unit {
    Unit::read("infra", "Production", "shop\u{1b}[2J")
}

/// An entry as the log holds it; `more` is laid over the deployment.
fn registered(id: &str, deployed_at: &str, more: Value) -> DeploymentEvent {
    let mut told = json!({ "id": id, "deployed_at": deployed_at });
    for (key, value) in more.as_object().unwrap() {
        told[key] = value.clone();
    }
    let deployment: Deployment = serde_json::from_value(told).unwrap();
    DeploymentEvent::Registered(Box::new(Registered {
        unit: unit(),
        deployment,
        source: Source::Asked,
        by: by(),
        at: at("2026-05-04T10:00:00Z"),
        content: Hash::default(),
        supersedes: None,
        superseded_by: None,
    }))
}

fn shown(events: Vec<DeploymentEvent>, asked: Option<&str>) -> Answer<Shown> {
    let mut state = UnitState::default();
    let mut entries = Vec::new();
    for (event, sequence) in events.into_iter().zip(1..) {
        state.fold(sequence, &event);
        entries.push(Entry { sequence, event });
    }
    let id = Id::new(unit().id_text()).unwrap();
    let line = UnitLine { id, standing: state.standing(), state };
    let unit = UnitShown { line, chain: chain(entries), revision: 9 };
    let people = [("person:1".to_owned(), "Dana".to_owned())].into();
    Answer { as_of_seq: 9, answer: Shown { unit, asked: asked.map(Into::into), people } }
}

fn screen() -> Screen {
    let now = at("2026-05-04T12:00:00Z");
    Screen { format: Format::Table, ink: Ink::none(), width: None, now }
}

#[test]
fn a_unit_shows_what_is_deployed_by_whom_and_of_what_it_consists() {
    let more = json!({
        "deployed_by": "person:1",
        "resources": [{"type": "queue", "name": "orders"}],
        "monitoring": {"enabled": true, "interval_text": "5m", "alert_channels": ["duty"]},
        "rest": {"cost": "low"},
    });
    let events = vec![
        registered("one", "2026-05-01T10:00:00Z", json!({})),
        registered("two", "2026-05-03T12:00:00Z", more),
    ];
    let text = page(&screen(), &shown(events, None));
    for line in [
        "infrastructure/prod/shop\\u{1b}[2J  active",
        "  written     infra, Production",
        "  deployment  two",
        "  deployed    2026-05-03 12:00:00Z (1d ago)",
        "  by          Dana (person:1)",
        "  told        by hand, operator [2]",
        "  supersedes  one",
        "  monitoring  wanted every 5m, alerts to duty",
        "  cost        low",
        "1 resource",
        "  queue       orders",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn an_older_deployment_that_is_asked_for_is_shown_and_not_the_current_one() {
    let old = json!({"resources": [{"type": "queue", "name": "old"}]});
    let events = vec![
        registered("one", "2026-05-01T10:00:00Z", old),
        registered("two", "2026-05-03T12:00:00Z", json!({})),
    ];
    let text = page(&screen(), &shown(events, Some("one")));
    assert!(text.contains("  deployment  one\n") && text.contains("  superseded  two\n"), "{text}");
    assert!(text.contains("  queue       old\n"), "{text}");
}

#[test]
fn a_time_that_cannot_be_read_and_one_that_lies_ahead_are_told_as_such() {
    let odd = json!({"deployed_at": null, "deployed_text": "monday"});
    let text = page(&screen(), &shown(vec![registered("one", "", odd)], None));
    assert!(text.contains("`monday` as written, which is no instant"), "{text}");
    let ahead = registered("one", "2026-05-09T10:00:00Z", json!({}));
    let text = page(&screen(), &shown(vec![ahead], None));
    assert!(text.contains("2026-05-04 10:00:00Z (2h ago)"), "{text}");
    assert!(text.contains("it says 2026-05-09 10:00:00Z, after it was told"), "{text}");
}

#[test]
fn a_history_says_of_each_deployment_how_it_ended() {
    let retired = Retired {
        id: "two".into(),
        by: by(),
        at: at("2026-05-04T11:00:00Z"),
        reason: Some("moved".into()),
    };
    let events = vec![
        registered("two", "2026-05-03T12:00:00Z", json!({})),
        registered("one", "2026-05-01T10:00:00Z", json!({"deployed_by": "person:1"})),
        DeploymentEvent::Retired(retired),
    ];
    let answer = shown(events, None);
    let text = history(&screen(), &answer.answer);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("two") && lines[1].contains("retired 1h ago"), "{text}");
    assert!(lines[2].contains("until two") && lines[2].contains("Dana"), "{text}");
    let page = page(&screen(), &answer);
    assert!(
        page.contains("retired     2026-05-04 11:00:00Z (1h ago), by operator: moved"),
        "{page}"
    );
}

#[test]
fn a_unit_that_is_only_listed_says_so() {
    let listed = Listed {
        unit: unit(),
        resources: vec![],
        by: by(),
        at: at("2026-05-04T10:00:00Z"),
        content: Hash::default(),
        rest: Default::default(),
    };
    let answer = shown(vec![DeploymentEvent::Listed(listed)], None);
    let text = page(&screen(), &answer);
    assert!(text.contains("never") && text.contains("only listed"), "{text}");
    assert!(history(&screen(), &answer.answer).contains("only listed"));
}
