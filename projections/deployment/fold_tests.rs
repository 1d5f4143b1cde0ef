//! What is deployed in a unit, event by event, and the chain of its deployments; both are the same
//! in whatever order the deployments were told.

use helmstream_schemas::{ActorKind, Hash};
use proptest::prelude::*;

use super::*;
use crate::deployment::{Entry, Link, chain};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_nanos(1_760_000_000_000_000_000 + minute * 60_000_000_000)
}

fn by() -> Actor {
    Actor { id: "pipeline".into(), kind: ActorKind::Service }
}

fn unit() -> Unit {
    Unit::read("infrastructure", "production", "shop")
}

fn resource(name: &str) -> Resource {
    Resource { kind: "lambda".into(), name: Some(name.into()), arn: None, url: None }
}

fn registered(id: &str, minute: i64, resources: &[&str]) -> DeploymentEvent {
    let deployment = Deployment {
        id: id.into(),
        deployed_at: Some(at(minute)),
        deployed_text: None,
        deployed_by: None,
        run: None,
        work_item: None,
        faber_plugin: None,
        helm_plugin: None,
        resources: resources.iter().map(|name| resource(name)).collect(),
        monitoring: None,
        rest: Default::default(),
    };
    DeploymentEvent::Registered(Box::new(Registered {
        unit: unit(),
        deployment,
        source: Source::Registry,
        by: by(),
        at: at(100),
        content: Hash::of(id.as_bytes()),
        supersedes: None,
        superseded_by: None,
    }))
}

fn retired(minute: i64) -> DeploymentEvent {
    let reason = Some("moved away".into());
    DeploymentEvent::Retired(Retired { id: "a".into(), by: by(), at: at(minute), reason })
}

fn listed(names: &[&str]) -> DeploymentEvent {
    DeploymentEvent::Listed(Listed {
        unit: unit(),
        resources: names.iter().map(|name| resource(name)).collect(),
        by: by(),
        at: at(1),
        content: Hash::of_parts(names),
        rest: Default::default(),
    })
}

fn folded(events: &[DeploymentEvent]) -> UnitState {
    let mut state = UnitState::default();
    for (event, sequence) in events.iter().zip(1..) {
        assert!(state.fold(sequence, event));
        assert!(!state.fold(sequence, event), "the same event again changes nothing");
    }
    state
}

fn links(events: &[DeploymentEvent]) -> Vec<Link> {
    let entry =
        |(event, sequence): (&DeploymentEvent, u64)| Entry { sequence, event: event.clone() };
    chain(events.iter().zip(1..).map(entry).collect())
}

/// The chain in words, the oldest first.
fn said(events: &[DeploymentEvent]) -> Vec<String> {
    let say = |link: &Link| {
        let end = match (&link.superseded_by, &link.retired) {
            (Some(by), None) => format!("until {by}"),
            (None, Some(_)) => "retired".to_owned(),
            (None, None) => "active".to_owned(),
            both => panic!("{both:?}"),
        };
        let after = link.supersedes.as_ref().map(|id| format!(" after {id}")).unwrap_or_default();
        format!("{}{after} {end}", link.told.deployment.id)
    };
    links(events).iter().rev().map(say).collect()
}

fn current(state: &UnitState) -> Option<&str> {
    state.current.as_ref().map(|current| current.deployment.id.as_str())
}

#[test]
fn a_unit_is_active_from_its_first_deployment_until_it_is_retired_and_from_the_next_on() {
    let mut events = vec![listed(&["x"])];
    assert_eq!(folded(&events).standing(), Standing::Never);
    for (event, standing) in [
        (registered("a", 1, &[]), Standing::Active),
        (registered("b", 2, &[]), Standing::Active),
        (retired(3), Standing::Retired),
        (registered("c", 4, &[]), Standing::Active),
    ] {
        events.push(event);
        assert_eq!(folded(&events).standing(), standing);
    }
    assert_eq!(current(&folded(&events)), Some("c"));
    assert_eq!(said(&events), ["a until b", "b after a retired", "c active"]);
}

#[test]
fn what_was_told_late_is_put_where_it_belongs() {
    let events = [
        registered("c", 6, &[]),
        registered("a", 1, &[]),
        retired(7),
        registered("d", 8, &[]),
        registered("b", 3, &[]),
    ];
    assert_eq!(current(&folded(&events)), Some("d"));
    assert_eq!(said(&events), ["a until b", "b after a until c", "c after b retired", "d active"]);
}

#[test]
fn a_deployment_from_before_the_retirement_is_retired_by_it() {
    let events = [registered("a", 1, &[]), retired(5), registered("b", 3, &[])];
    let state = folded(&events);
    assert_eq!((current(&state), state.standing()), (Some("b"), Standing::Retired));
    assert_eq!(said(&events), ["a until b", "b after a retired"]);
}

#[test]
fn a_unit_consists_of_what_its_deployment_tells_or_else_of_what_its_registry_lists() {
    let names = |events: &[DeploymentEvent]| -> Vec<String> {
        folded(events).resources().iter().filter_map(|held| held.name.clone()).collect()
    };
    assert_eq!(names(&[listed(&["x", "y"])]), ["x", "y"]);
    assert_eq!(names(&[listed(&["x"]), registered("a", 1, &["own"])]), ["own"]);
    assert_eq!(names(&[registered("a", 1, &[]), listed(&["x"]), listed(&["z"])]), ["z"]);
}

#[test]
fn lists_are_in_the_order_of_deployments() {
    let events = [listed(&["x"]), registered("a", 1, &[]), retired(2), listed(&["y"])];
    let at = |n: usize| folded(&events[..n]).deployed_seq;
    assert_eq!([at(1), at(2), at(3), at(4)], [1, 2, 2, 2]);
    assert_eq!(folded(&events).last_seq, 4);
}

proptest! {
    #[test]
    fn the_order_in_which_deployments_are_told_changes_nothing_but_their_positions(
        (given, shuffled) in prop::collection::btree_map("[a-z]{1,2}", 0_i64..6, 1..10)
            .prop_map(|told| told.into_iter().collect::<Vec<_>>())
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        retirements in prop::collection::vec(0_i64..7, 0..3),
    ) {
        let events = |told: Vec<(String, i64)>| -> Vec<DeploymentEvent> {
            let deployed = told.iter().map(|(id, minute)| registered(id, *minute, &[]));
            deployed.chain(retirements.iter().copied().map(retired)).collect()
        };
        let (given, shuffled) = (events(given), events(shuffled));
        prop_assert_eq!(said(&given), said(&shuffled));
        let (one, other) = (folded(&given), folded(&shuffled));
        prop_assert_eq!(current(&one), current(&other));
        prop_assert_eq!(one.standing(), other.standing());
    }

    /// The row and the chain are two folds of one thing.
    #[test]
    fn the_row_says_what_the_chain_says(
        told in prop::collection::btree_map("[a-z]{1,2}", 0_i64..6, 1..10),
        retirements in prop::collection::vec(0_i64..7, 0..3),
    ) {
        let deployed = told.iter().map(|(id, minute)| registered(id, *minute, &[]));
        let events: Vec<_> = deployed.chain(retirements.into_iter().map(retired)).collect();
        let (state, links) = (folded(&events), links(&events));
        prop_assert_eq!(current(&state), Some(links[0].told.deployment.id.as_str()));
        prop_assert_eq!(state.standing() == Standing::Active, links[0].is_active());
        prop_assert_eq!(links.iter().filter(|link| link.is_active()).count() <= 1, true);
    }
}
