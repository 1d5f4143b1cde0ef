//! Given these events, when this command, then these events or that refusal; and that the order in
//! which deployments are told does not change which one is current.

use helmstream_schemas::{
    Actor, ActorKind,
    deployment::{Deployment as Told, Source},
};
use proptest::prelude::*;

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_nanos(1_760_000_000_000_000_000 + minute * 60_000_000_000)
}

fn by() -> Actor {
    Actor { id: "pipeline".into(), kind: ActorKind::Service }
}

fn unit(environment: &str) -> Unit {
    Unit::read("infrastructure", environment, "shop")
}

fn told(id: &str, deployed_at: Option<Timestamp>) -> Told {
    Told {
        id: id.into(),
        deployed_at,
        deployed_text: None,
        deployed_by: None,
        run: None,
        work_item: None,
        faber_plugin: None,
        helm_plugin: None,
        resources: vec![],
        monitoring: None,
        rest: Default::default(),
    }
}

/// Deployed in one minute, told in another.
fn register_at(id: &str, deployed: i64, heard: i64) -> DeploymentCommand {
    DeploymentCommand::Register(Box::new(Register {
        unit: unit("prod"),
        deployment: told(id, Some(at(deployed))),
        source: Source::Asked,
        by: by(),
        at: at(heard),
        content: Hash::of(id.as_bytes()),
    }))
}

fn register(id: &str, deployed: i64) -> DeploymentCommand {
    register_at(id, deployed, deployed)
}

fn retire(minute: i64) -> DeploymentCommand {
    DeploymentCommand::Retire(Retire { by: by(), at: at(minute), reason: None })
}

fn list(content: &str, minute: i64) -> DeploymentCommand {
    DeploymentCommand::List(List {
        unit: unit("prod"),
        resources: vec![],
        by: by(),
        at: at(minute),
        content: Hash::of(content.as_bytes()),
        rest: Default::default(),
    })
}

/// What came of commands, one after the other, in words; and the state after them.
fn ran(commands: impl IntoIterator<Item = DeploymentCommand>) -> (DeploymentState, Vec<String>) {
    let (mut state, mut said) = (DeploymentState::default(), Vec::new());
    for command in commands {
        match Deployment::decide(&state, command) {
            Ok(events) if events.is_empty() => said.push("unchanged".into()),
            Ok(events) => {
                for event in events {
                    said.push(word(&event));
                    state = Deployment::evolve(state, &event);
                }
            }
            Err(rejection) => said.push(rejection.reason().into()),
        }
    }
    (state, said)
}

fn word(event: &DeploymentEvent) -> String {
    match event {
        DeploymentEvent::Registered(e) => match (&e.supersedes, &e.superseded_by) {
            (None, None) => format!("{} registered", e.deployment.id),
            (Some(older), None) => format!("{} registered for {older}", e.deployment.id),
            (_, Some(younger)) => format!("{} registered behind {younger}", e.deployment.id),
        },
        DeploymentEvent::Retired(e) => format!("{} retired", e.id),
        DeploymentEvent::Listed(_) => "listed".into(),
    }
}

fn said(commands: impl IntoIterator<Item = DeploymentCommand>) -> Vec<String> {
    ran(commands).1
}

#[test]
fn the_next_deployment_supersedes_the_one_before() {
    assert_eq!(said([register("a", 1), register("b", 2)]), ["a registered", "b registered for a"]);
}

#[test]
fn told_twice_is_one_and_other_content_under_one_id_is_refused() {
    let DeploymentCommand::Register(mut other) = register("a", 1) else { unreachable!() };
    other.content = Hash::of(b"other");
    let other = DeploymentCommand::Register(other);
    assert_eq!(
        said([register("a", 1), register_at("a", 1, 9), other]),
        ["a registered", "unchanged", "conflict"]
    );
}

#[test]
fn what_the_plane_itself_wrote_into_a_registry_is_nothing_new_and_no_conflict() {
    let emitted = |id: &str| {
        let DeploymentCommand::Register(mut told) = register(id, 1) else { unreachable!() };
        told.deployment.rest.insert("emitted_by".into(), "helmstream".into());
        told.content = Hash::of(b"in other words");
        DeploymentCommand::Register(told)
    };
    assert_eq!(
        said([register("a", 1), emitted("a"), emitted("b")]),
        ["a registered", "unchanged", "b registered for a"],
        "another plane may have emitted what is not known here"
    );
}

#[test]
fn what_is_told_late_is_registered_behind_the_one_that_stands() {
    assert_eq!(
        said([register("b", 2), register_at("a", 1, 3), register("c", 4)]),
        ["b registered", "a registered behind b", "c registered for b"]
    );
}

#[test]
fn a_retired_unit_can_be_deployed_anew_and_supersedes_nothing_then() {
    assert_eq!(
        said([register("a", 1), retire(2), retire(3), register("b", 4), retire(5)]),
        ["a registered", "a retired", "unchanged", "b registered", "b retired"]
    );
}

#[test]
fn a_deployment_from_before_the_unit_was_retired_is_retired_with_it() {
    assert_eq!(
        said([register("a", 1), retire(5), register_at("b", 3, 6), retire(7)]),
        ["a registered", "a retired", "b registered for a", "unchanged"]
    );
}

#[test]
fn a_retirement_that_comes_late_is_not_of_what_was_deployed_since() {
    assert_eq!(
        said([register("a", 1), register("b", 5), retire(3), register("c", 6)]),
        ["a registered", "b registered for a", "unchanged", "c registered for b"]
    );
}

#[test]
fn a_clock_that_is_ahead_does_not_hold_the_unit() {
    let ahead = register_at("a", 9_999, 1);
    assert_eq!(said([ahead.clone(), register("b", 2)]), ["a registered", "b registered for a"]);
    assert_eq!(said([ahead, retire(2)]), ["a registered", "a retired"]);
}

#[test]
fn a_deployment_without_a_readable_time_counts_from_when_it_was_told() {
    let DeploymentCommand::Register(mut timeless) = register_at("b", 0, 5) else { unreachable!() };
    timeless.deployment.deployed_at = None;
    let timeless = DeploymentCommand::Register(timeless);
    assert_eq!(
        said([register("a", 1), timeless, register("c", 4)]),
        ["a registered", "b registered for a", "c registered behind b"]
    );
}

#[test]
fn nothing_is_retired_where_nothing_was_deployed() {
    assert_eq!(
        said([retire(1), list("x", 2), retire(3)]),
        ["nothing_deployed", "listed", "nothing_deployed"]
    );
}

#[test]
fn a_list_counts_if_it_is_new_and_not_older_than_the_one_that_stands() {
    assert_eq!(
        said([list("x", 2), list("x", 3), list("y", 4), list("z", 1), list("x", 5)]),
        ["listed", "unchanged", "listed", "unchanged", "listed"]
    );
}

#[test]
fn two_spellings_of_an_environment_are_one_unit_and_another_environment_is_none_of_it() {
    let spelled = |id: &str, environment: &str, minute| {
        let DeploymentCommand::Register(mut told) = register(id, minute) else { unreachable!() };
        told.unit = unit(environment);
        DeploymentCommand::Register(told)
    };
    assert_eq!(
        said([spelled("a", "production", 1), spelled("b", "PROD", 2), spelled("c", "test", 3)]),
        ["a registered", "b registered for a", "other_unit"]
    );
}

#[test]
fn a_unit_takes_no_more_deployments_than_its_bound() {
    let mut state = ran([register("a", 1)]).0;
    for number in 1..DEPLOYMENTS_MAX {
        state.known.insert(Hash::of(&number.to_be_bytes()), Hash::default());
    }
    assert_eq!(Deployment::decide(&state, register("b", 2)), Err(DeploymentRejection::Full));
    assert_eq!(Deployment::decide(&state, register("a", 1)), Ok(vec![]), "what is known is known");
}

proptest! {
    /// Take the id out of the order of `Current` to see this red: two of one instant.
    #[test]
    fn the_order_of_arrival_does_not_change_which_deployment_is_current(
        (given, shuffled) in prop::collection::btree_map("[a-z]{1,2}", 0_i64..6, 1..12)
            .prop_map(|told| told.into_iter().collect::<Vec<_>>())
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        retired in prop::option::of(0_i64..7),
    ) {
        let end = |told: Vec<(String, i64)>| {
            let commands = told.iter().map(|(id, minute)| register(id, *minute));
            let (state, _) = ran(commands.chain(retired.map(retire)));
            (state.current.clone(), state.retired_at)
        };
        prop_assert_eq!(end(given), end(shuffled));
    }

    #[test]
    fn when_the_retirement_arrives_does_not_change_what_stands_after_it(
        told in prop::collection::btree_map("[a-z]{1,2}", 0_i64..6, 1..8)
            .prop_map(|told| told.into_iter().collect::<Vec<_>>())
            .prop_shuffle(),
        behind in 1_usize..8,
    ) {
        let stands = |retired_behind: usize| {
            let mut commands: Vec<_> =
                told.iter().map(|(id, minute)| register(id, *minute)).collect();
            commands.insert(retired_behind.min(commands.len()), retire(7));
            let state = ran(commands).0;
            state.current.filter(|current| state.retired_at < Some(current.since))
        };
        prop_assert_eq!(stands(behind), stands(usize::MAX));
    }
}
