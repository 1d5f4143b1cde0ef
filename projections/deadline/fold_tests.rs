//! What deadlines add up to.

use helmstream_schemas::{
    Id,
    run::{Ended, Ending, Merged, Noted, Place, Reported, Resumed, RunEvent, Stalled},
};
use proptest::prelude::*;

use super::*;
use crate::run::samples::{self, minute, reported};

fn row(events: &[RunEvent]) -> DeadlineRow {
    let mut row = DeadlineRow::default();
    for (event, sequence) in events.iter().zip(1..) {
        fold(&mut row, sequence, Moves::of_run(event));
    }
    row
}

/// Heard at this minute, and due half an hour later.
fn noted(number: u64) -> RunEvent {
    RunEvent::Noted(reported(number, "checkpoint", Noted { place: Place::default() }))
}

fn ended(number: u64) -> RunEvent {
    let fact = Ended { ending: Ending::Completed, error: None };
    RunEvent::Ended(Reported { stalls_at: None, ..reported(number, "workflow_complete", fact) })
}

fn resumed(number: u64) -> RunEvent {
    RunEvent::Resumed(reported(number, "workflow_resumed", Resumed { rerun: false }))
}

fn stalled(due: i64) -> RunEvent {
    RunEvent::Stalled(Stalled { heard_at: minute(due - 30), due_at: minute(due) })
}

#[test]
fn the_latest_report_arms_and_says_by_which_event() {
    let row = row(&[noted(1), noted(9), noted(5)]);
    assert_eq!(
        (row.state(), row.due_at, row.armed_seq),
        (DeadlineState::Armed, Some(minute(39)), 2)
    );
}

#[test]
fn an_old_import_arms_nothing() {
    let quiet = RunEvent::Noted(Reported {
        stalls_at: None,
        ..reported(1, "x", Noted { place: Place::default() })
    });
    assert_eq!(row(&[quiet]).state(), DeadlineState::Idle);
}

#[test]
fn what_came_is_fired_until_a_later_report_arms_again() {
    assert_eq!(row(&[noted(1), stalled(31)]).state(), DeadlineState::Fired);
    assert_eq!(row(&[noted(1), stalled(31), noted(40)]).state(), DeadlineState::Armed);
    assert_eq!(row(&[noted(1), noted(40), stalled(31)]).state(), DeadlineState::Armed);
}

#[test]
fn an_end_clears_until_a_higher_number_begins_again() {
    assert_eq!(row(&[noted(1), ended(5)]).state(), DeadlineState::Cleared);
    assert_eq!(row(&[noted(1), ended(5), noted(6)]).state(), DeadlineState::Cleared);
    assert_eq!(row(&[noted(1), ended(5), resumed(3)]).state(), DeadlineState::Cleared);
    assert_eq!(row(&[noted(1), ended(5), resumed(6)]).state(), DeadlineState::Armed);
}

#[test]
fn a_merge_clears_for_good() {
    let merged = RunEvent::Merged(Merged { into: Id::new("b").unwrap() });
    assert_eq!(row(&[noted(1), merged, resumed(6), noted(40)]).state(), DeadlineState::Cleared);
}

proptest! {
    #[test]
    fn the_same_again_changes_nothing_and_order_does_not_matter(events in samples::any_claims()) {
        let forward = row(&events);
        let mut again = forward;
        for (event, sequence) in events.iter().zip(1..) {
            prop_assert!(!fold(&mut again, sequence, Moves::of_run(event)));
        }
        prop_assert_eq!(again, forward);
        let backward: Vec<RunEvent> = events.into_iter().rev().collect();
        let backward = row(&backward);
        prop_assert_eq!((backward.due_at, backward.state()), (forward.due_at, forward.state()));
    }
}
