//! What is written where FABER reads, and what is never written over.

use helmstream_schemas::{Actor, ActorKind, Id, Timestamp, run::Place};
use serde_json::json;

use super::*;

const RUN: &str = "acme/shop/5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11";

/// An empty folder that is gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("helmstream-emit-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn holds(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn append_to(folder: &Folder, round: u32) -> Result<Written> {
    append_after(folder, 0, round)
}

fn append_after(folder: &Folder, last: u64, round: u32) -> Result<Written> {
    let answer = Answer {
        approval: &Id::new(format!("{RUN}@release")).unwrap(),
        run: &Id::new(RUN).unwrap(),
        place: &Place::default(),
        granted: true,
        round,
        asked_number: None,
        by: &Actor { id: "operator".into(), kind: ActorKind::Human },
        at: Timestamp::default(),
        reason: None,
    };
    append(&folder.0, last, answer)
}

fn name(written: &Written) -> String {
    written.path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn an_answer_becomes_the_next_file_and_only_once() {
    let folder = Folder::new("next");
    folder.holds("002-step_start.json", &json!({"run_id": RUN}).to_string());
    folder.holds("010-checkpoint.json", "");
    folder.holds("notes.txt", "x");
    let first = append_to(&folder, 1).unwrap();
    assert_eq!((name(&first).as_str(), first.is_new), ("011-approval_granted.json", true));
    let event: Value = serde_json::from_slice(&fs::read(&first.path).unwrap()).unwrap();
    assert_eq!(event["event_id"], 11);
    assert_eq!(fs::read_to_string(folder.0.join(NEXT_ID)).unwrap(), "12\n");
    let again = append_to(&folder, 1).unwrap();
    assert_eq!((again.path, again.is_new), (first.path, false));
    assert_eq!(name(&append_to(&folder, 2).unwrap()), "012-approval_granted.json");
    assert_eq!(folder.names().len(), 6, "no draft is left: {:?}", folder.names());
}

#[test]
fn the_emitters_own_counter_is_believed_where_it_is_ahead_and_not_where_it_is_behind() {
    let folder = Folder::new("counter");
    folder.holds(NEXT_ID, "40\n");
    folder.holds("999-step_start.json", "{}");
    folder.holds("1000-step_start.json", "{}");
    assert_eq!(name(&append_to(&folder, 1).unwrap()), "1001-approval_granted.json");
    folder.holds(NEXT_ID, "2000");
    assert_eq!(name(&append_to(&folder, 2).unwrap()), "2000-approval_granted.json");
    let after = append_after(&folder, 3_000, 3).unwrap();
    assert_eq!(name(&after), "3001-approval_granted.json", "a copy may be behind its run");
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let folder = Folder::new("there");
    folder.holds("x.json", "mine");
    assert!(!create(&folder.0.join("x.json"), "other").unwrap());
    assert_eq!(fs::read_to_string(folder.0.join("x.json")).unwrap(), "mine");
    assert_eq!(folder.names(), ["x.json"]);
}

#[test]
fn the_events_of_another_run_and_a_folder_that_is_not_there_are_refused() {
    let folder = Folder::new("other");
    let other = RUN.replace("shop", "cart");
    folder.holds("001-workflow_start.json", &json!({"run_id": other}).to_string());
    let error = append_to(&folder, 1).unwrap_err();
    assert!(error.to_string().contains("another run"), "{error}");
    let nowhere = Folder(folder.0.join("nowhere"));
    assert!(append_to(&nowhere, 1).is_err());
    assert_eq!(folder.names().len(), 1);
}

#[test]
fn a_registry_that_cannot_be_read_is_left_alone() {
    let folder = Folder::new("registry");
    let path = folder.0.join("deployments.json");
    assert_eq!(read(&path).unwrap(), None);
    let empty = json!({"deployments": []});
    assert!(replace(&path, None, &empty).unwrap());
    assert_eq!(read(&path).unwrap(), Some(empty.clone()));
    assert!(!replace(&path, None, &json!({})).unwrap(), "somebody wrote it meanwhile");
    assert_eq!(read(&path).unwrap(), Some(empty));
    folder.holds("deployments.json", "{");
    assert!(read(&path).is_err());
    assert_eq!(folder.names(), ["deployments.json"]);
}
