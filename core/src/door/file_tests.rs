//! What files become: given a file as the reader of files publishes it, this command or that reason.

use std::{collections::BTreeSet, slice::from_ref};

use helmstream_schemas::{
    ActorKind, Timestamp,
    deployment::DeploymentCommand,
    external::ExternalCommand,
    run::{Autonomy, Observe, Phase, Place, RunCommand, State, StepState, Told},
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    door::{Admission, Admitted, Cleaner, Headers, admit, fields::Fields},
    faber::{self, File},
};

fn admissions(path: &str, content: &[u8]) -> Vec<Admission> {
    let written_at = Timestamp::parse("2026-03-01T09:30:00Z").ok();
    let read = faber::read("shop", &File { path, bytes: content, written_at, commit: None });
    let admit = |piece: &faber::Piece| {
        let payload = piece.event.to_string();
        let arrival = Arrival {
            publisher: "faber",
            actor: "service:sync",
            actor_kind: ActorKind::Service,
            inbox_sequence: 3,
            received_at: Timestamp::parse("2026-03-01T10:00:00Z").unwrap(),
            cause: None,
            headers: &Headers::default(),
            payload: payload.as_bytes(),
        };
        admit(&arrival, &Cleaner::new(b"key"))
    };
    read.pieces.iter().map(admit).collect()
}

fn admitted(path: &str, content: &Value) -> Vec<Admitted> {
    let admissions = admissions(path, content.to_string().as_bytes());
    let each = admissions.into_iter().map(|admission| match admission {
        Admission::Command(admitted) => *admitted,
        Admission::Dead(dead) => panic!("{dead:?}"),
    });
    each.collect()
}

fn dead(path: &str, content: &[u8]) -> Dead {
    match admissions(path, content).remove(0) {
        Admission::Dead(dead) => dead,
        Admission::Command(admitted) => panic!("{admitted:?}"),
    }
}

fn observed(path: &str, content: &Value) -> (Vec<String>, Observe) {
    let admitted = admitted(path, content).remove(0);
    let names = admitted.names.iter().map(|name| name.as_str().to_owned()).collect();
    match words::decode(&admitted.command.name, &admitted.command.payload) {
        Ok(RunCommand::Observe(observe)) => (names, *observe),
        other => panic!("{other:?}"),
    }
}

fn state(content: Value) -> State {
    match observed("runs/r/state.json", &content).1.told {
        Told::State(state) => {
            all_is_found(&content, &json!(state));
            state
        }
        other => panic!("{other:?}"),
    }
}

/// Every value of the file stands somewhere in what is made of it; the case of a word may change,
/// and `phase:step` is told as its two parts.
fn all_is_found(written: &Value, told: &Value) {
    let (mut wanted, mut found) = (BTreeSet::new(), BTreeSet::new());
    texts(written, &mut wanted);
    texts(told, &mut found);
    let stands = |text: &str| found.contains(text);
    let parted = |text: &str| text.split_once(':').is_some_and(|(a, b)| stands(a) && stands(b));
    let lost: Vec<_> = wanted.iter().filter(|text| !stands(text) && !parted(text)).collect();
    assert!(lost.is_empty(), "{lost:?} of {written} are not in {told}");
}

fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.to_lowercase())),
        Value::Number(number) => drop(found.insert(number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| texts(item, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn steps(state: &State) -> Vec<(Option<Phase>, &str, &str)> {
    fn told(step: &StepState) -> (Option<Phase>, &str, &str) {
        let (id, status) = (step.place.step.as_deref(), step.status.as_deref());
        (step.place.phase, id.unwrap_or_default(), status.unwrap_or_default())
    }
    state.steps.iter().map(told).collect()
}

#[test]
fn a_state_as_runs_leave_it_is_told_whole() {
    let state = state(json!({
        "run_id": "shop-77-run-2026-03-01T09-00-00Z", "plan_id": "shop-77", "workflow_id": "w",
        "status": "IN_PROGRESS", "current_phase": "build", "current_step": "test", "work_id": 77,
        "autonomy": "supervised", "branch": "feat/77", "pr_number": 8, "pr_url": "https://g.example/8",
        "work_items": [{"issue": {"title": "Sell more", "number": 77}}],
        "phases": [{"name": "Frame", "status": "completed", "max_retries": 2}, {"name": "deploy"}],
        "steps": [
            {"step_id": "a", "phase": "frame", "status": "success", "message": "m",
                "completed_at": "2026-03-01T09:10:00Z", "event_id": 4},
            {"step_id": "b", "phase": "deploy", "status": "odd", "completed_at": "09:20"}
        ],
        "started_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:15:00Z"
    }));
    assert_eq!(state.status.as_deref(), Some("IN_PROGRESS"), "as written");
    let about = &state.about;
    assert_eq!((about.autonomy, about.work_id.as_deref()), (Some(Autonomy::Assist), Some("77")));
    assert_eq!(about.title.as_deref(), Some("Sell more"));
    assert_eq!(about.rest["run_id"], "shop-77-run-2026-03-01T09-00-00Z");
    assert_eq!(
        steps(&state),
        [(Some(Phase::Frame), "a", "success"), (Some(Phase::Other), "b", "odd")]
    );
    assert_eq!(state.steps[0].rest["event_id"], 4);
    let late = state.steps[1].completed_at.as_ref().unwrap();
    assert_eq!((late.at, late.text.as_str()), (None, "09:20"));
    assert_eq!(state.phases[0].rest["max_retries"], 2);
    assert_eq!(state.phases[1].place.phase_text.as_deref(), Some("deploy"));
    let made: Vec<_> =
        state.artifacts.iter().map(|a| (a.kind.as_str(), a.name.as_deref())).collect();
    assert_eq!(made, [("pr", Some("#8")), ("branch", Some("feat/77"))]);
}

#[test]
fn the_other_forms_tell_the_same_steps() {
    let nested = state(json!({"status": "s", "updated_at": "u", "phases": {
        "release": {"status": "pending", "steps": [], "retry_count": 1},
        "build": {"status": "in_progress", "steps": [{"id": "a", "status": "ok"}, "b"]},
        "frame": "completed"
    }, "artifacts": {"spec_path": "s.md", "commits": ["c1", "c2"], "pr_number": null, "notes": [[1]]}}));
    let order: Vec<_> = nested.phases.iter().map(|phase| phase.place.phase.unwrap()).collect();
    assert_eq!(order, [Phase::Frame, Phase::Build, Phase::Release], "in FABER's order");
    assert_eq!(nested.phases[0].status.as_deref(), Some("completed"));
    let places: Vec<_> = nested.steps.iter().map(|step| step.place.step.as_deref()).collect();
    assert_eq!(places, [Some("a"), Some("b")]);
    assert_eq!(nested.artifacts.len(), 3);
    assert_eq!(nested.about.rest["artifacts"]["notes"], json!([[1]]));
    let keyed = state(json!({"status": "s", "updated_at": "u", "phases": {
        "build": {"steps": {"a": {"status": "ok", "x": 9}, "b": "failed"}}
    }}));
    let build = Some(Phase::Build);
    assert_eq!(steps(&keyed), [(build, "a", "ok"), (build, "b", "failed")]);
    let ids = state(json!({"status": "s", "updated_at": "u", "phases": {
        "build": {"completed_step_ids": ["build:a", "c:d"], "completed_steps": ["a"]}
    }, "completed_step_ids": ["frame:z"], "metadata": {"autonomy_level": "guarded"}}));
    let done = "completed";
    let expected = [(build, "a", done), (build, "c:d", done), (Some(Phase::Frame), "z", done)];
    assert_eq!(steps(&ids), expected);
    assert_eq!(ids.about.autonomy, Some(Autonomy::Guarded));
}

#[test]
fn a_list_of_artifacts_that_is_told_in_full_is_not_kept_twice() {
    let of = |artifacts: Value| {
        state(json!({"status": "s", "updated_at": "u", "phases": {}, "artifacts": artifacts}))
    };
    let whole = of(json!([{"type": "pr", "name": "#8"}]));
    assert_eq!((whole.artifacts.len(), whole.about.rest.get("artifacts")), (1, None));
    let more = of(json!([{"type": "pr", "color": "red"}, "branch: feat/77"]));
    assert_eq!(more.artifacts[1].name.as_deref(), Some("branch: feat/77"));
    assert_eq!(more.about.rest["artifacts"][0]["color"], "red");
}

#[test]
fn a_run_goes_by_its_files_name_or_by_the_folder_in_which_it_lies() {
    let suffix = "2026-03-01T09-00-00Z";
    let names = |path: &str, run: Value| {
        let mut content = json!({"status": "s", "updated_at": "u", "phases": {}});
        content["run_id"] = run;
        observed(path, &content).0
    };
    let nameless = |path: &str| names(path, Value::Null);
    let of_plan = format!("shop-77/{suffix}");
    assert_eq!(
        nameless(&format!(".fractary/faber/runs/shop-77/state-{suffix}.json")),
        from_ref(&of_plan)
    );
    assert_eq!(
        nameless(&format!(".fractary/runs/shop-77-run-{suffix}/state.json")),
        from_ref(&of_plan)
    );
    assert_eq!(nameless("a/runs/acme/shop/5f/state.json"), ["acme/shop/5f"]);
    assert_eq!(nameless("runs/r/state.json"), ["r"]);
    assert_eq!(names("runs/elsewhere/state.json", json!("mine")), ["mine"]);
    let both = names(&format!("runs/shop-77/state-{suffix}.json"), json!("mine"));
    assert_eq!(both, ["mine".to_owned(), of_plan.clone()]);
    let same =
        names(&format!("runs/shop-77/state-{suffix}.json"), json!(format!("shop-77-run-{suffix}")));
    assert_eq!(same, [of_plan]);
    let nowhere = json!({"status": "s", "updated_at": "u", "phases": {}}).to_string();
    assert_eq!(dead("state.json", nowhere.as_bytes()).reason, "no_run");
}

#[test]
fn a_sighting_says_where_and_when_and_its_digest_is_that_of_the_content_alone() {
    let content = json!({"run_id": "r", "status": "s", "phases": {}});
    let sighting = observed("runs/r/state.json", &content).1.sighting;
    assert_eq!(sighting.written_at, Timestamp::parse("2026-03-01T09:30:00Z").ok());
    assert_eq!(sighting.path, "runs/r/state.json");
    let moved = observed("elsewhere/state.json", &content).1.sighting;
    assert_eq!(moved.content, sighting.content);
}

#[test]
fn what_a_run_was_begun_with_is_told_and_nothing_of_it_is_lost() {
    let content = json!({
        "run_id": "acme/shop/1", "work_id": "77", "target": "cart", "workflow_id": "default",
        "autonomy": "yolo", "source_type": "manual", "phases": ["frame"],
        "environment": {"git_branch": "main"}, "created_at": "2026-03-01T09:00:00Z"
    });
    let (names, observe) = observed("x/metadata.json", &content);
    let Told::Metadata(about) = &observe.told else { panic!("{observe:?}") };
    assert_eq!(names, ["acme/shop/1"]);
    assert_eq!(
        (about.autonomy, about.autonomy_text.as_deref()),
        (Some(Autonomy::Other), Some("yolo"))
    );
    assert_eq!(about.title.as_deref(), Some("cart"));
    all_is_found(&content, &json!(about));
}

#[test]
fn a_changelogs_line_is_told_and_nothing_of_it_is_lost() {
    let line = json!({
        "event_id": "evt_1", "timestamp": "2026-03-01T09:00:00Z", "run_id": "acme/shop/1",
        "workflow_id": "w", "work_id": 77, "phase": "release", "step_id": "deploy",
        "step_name": "Deploy", "status": "success", "event_type": "INFRASTRUCTURE_DEPLOYED",
        "target": "cart", "environment": "prod", "message": "m", "custom": {"a": 1}
    });
    let (names, observe) = observed("changelog.ndjson", &line);
    let Told::Published(told) = &observe.told else { panic!("{observe:?}") };
    assert_eq!(names, ["acme/shop/1"]);
    let place =
        Place { phase: Some(Phase::Release), phase_text: None, step: Some("deploy".into()) };
    assert_eq!((told.word.as_str(), &told.place), ("INFRASTRUCTURE_DEPLOYED", &place));
    all_is_found(&line, &json!(told));
}

#[test]
fn a_registry_of_deployments_registers_each_and_keeps_what_stands_beside_them() {
    let registry = json!({"version": "1", "deployments": [
        {"id": "d-1", "domain": "data", "environment": "prod", "unit": "lake"}
    ]});
    let commands = admitted(".fractary/registry/deployments.json", &registry);
    let subjects: Vec<_> = commands.iter().map(|a| a.command.subject().to_string()).collect();
    assert_eq!(
        subjects,
        ["cmd.deployment.register.data/prod/lake", "cmd.external.record./faber/shop"]
    );
}

#[test]
fn a_registry_of_resources_lists_what_its_project_consists_of_there() {
    let path = ".fractary/plugins/faber-cloud/deployments/test/registry.json";
    let list = |content: &Value| {
        let admitted = admitted(path, content).remove(0);
        match words::decode(&admitted.command.name, &admitted.command.payload) {
            Ok(DeploymentCommand::List(list)) => {
                all_is_found(content, &json!(list));
                (admitted.command.id.to_string(), list)
            }
            other => panic!("{other:?}"),
        }
    };
    let resource = json!({"type": "s3", "aws_name": "media", "arn": "arn:m", "created": "c"});
    let (id, listed) = list(
        &json!({"environment": "prod", "project": "cart", "version": "1", "resources": [resource]}),
    );
    assert_eq!(id, "infrastructure/prod/cart");
    assert_eq!(listed.resources[0].name.as_deref(), Some("media"));
    let (id, mapped) = list(&json!({"last_updated": "t", "resources": {"media": {"type": "s3"}}}));
    assert_eq!(id, "infrastructure/test/shop", "by where it lies");
    assert_eq!(mapped.resources[0].name.as_deref(), Some("media"));
    let (_, bare) = list(&json!({"project": "cart", "resources": [{"type": "s3", "name": "a"}]}));
    assert_eq!(bare.rest.get("resources"), None, "told in full");
    let nowhere = json!({"project": "cart", "resources": []}).to_string();
    assert_eq!(dead("registry.json", nowhere.as_bytes()).reason, "not_a_registry");
}

#[test]
fn a_file_without_a_meaning_here_is_kept_by_its_project() {
    let plan = json!({"id": "p", "workflow": {"id": "w"}, "items": [{"user": "dana"}]});
    let admitted = admitted("plans/p.json", &plan).remove(0);
    let Ok(ExternalCommand::Record(fact)) =
        words::decode(&admitted.command.name, &admitted.command.payload)
    else {
        panic!()
    };
    assert_eq!(admitted.command.id.as_str(), "/faber/shop");
    let data = fact.data.unwrap();
    assert_eq!((&data["shape"], &data["content"]["workflow"]["id"]), (&json!("plan"), &json!("w")));
    assert!(!data.to_string().contains("dana"));
}

#[test]
fn a_file_that_could_not_be_read_is_a_dead_letter_that_is_known_again() {
    let first = dead("events/000-checkpoint.json", b"\n");
    assert_eq!(first.reason, "quarantined");
    assert_eq!(first.detail, "events/000-checkpoint.json: the file is empty");
    assert!(first.known_by.is_some());
    assert_eq!(dead("events/000-checkpoint.json", b"\n").known_by, first.known_by);
}

/// JSON under the keys that states, metadata, lines and registries are read by, each holding
/// anything.
fn any_content() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "phases",
        "steps",
        "completed_step_ids",
        "artifacts",
        "status",
        "name",
        "step_id",
        "phase",
        "message",
        "completed_at",
        "updated_at",
        "work_items",
        "issue",
        "title",
        "autonomy",
        "metadata",
        "pr_number",
        "branch",
        "build",
        "odd",
        "type",
        "Status",
        "resources",
        "plan_id",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u32..9).prop_map(Value::from),
        "[a-z]{0,3}(:[a-z]{1,3})?".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 32, 4, move |inner| {
        let entries = prop::collection::vec((key.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            entries.prop_map(|entries| {
                entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()
            }),
        ]
    });
    value.prop_filter("an object", Value::is_object)
}

proptest! {
    /// Take the rest out of any of the readers to see this red.
    #[test]
    fn whatever_stands_in_a_file_is_found_in_what_is_made_of_it(content in any_content()) {
        let held = || content.as_object().unwrap().clone();
        let state = crate::door::state::read(Fields::new(held())).0;
        all_is_found(&content, &json!(state));
        all_is_found(&content, &json!(crate::door::observed::about(Fields::new(held()))));
    }
}
