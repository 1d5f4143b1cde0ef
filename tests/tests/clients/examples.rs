//! The examples of docs/guides/publish.md, run as a reader would run them: each publishes one event
//! in one form and is told what became of it; whoever publishes it again, in the other form or in the
//! other language, is told so.

use std::process::{Command, Stdio};

use helmstream_schemas::outcome::{Outcome, Reply};
use helmstream_tests::{
    harness::TestPlane,
    running::{Running, names},
};

use super::tools;

const WITH: [&str; 3] = ["door", "external", "ledger"];

/// Runs an example; where its event lies, and what it was told.
fn published(plane: &Running, mut example: Command, form: &str, id: &str) -> Reply {
    let address = plane.plane.plane.address("faber");
    let output = example
        .args([form, id])
        .env("NATS_URL", &address.url)
        .env("NATS_USER", "faber")
        .env("NATS_SEED", address.seed_file.expect("a seed"))
        .stdin(Stdio::null())
        .output()
        .expect("the example starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{form} {id}: {said}");
    let reply: Reply = serde_json::from_slice(&output.stdout).expect("the reply, as it came");
    assert!(said.contains(&format!("stored at INBOX {}", reply.inbox_sequence)), "{said}");
    reply
}

fn is_fact(reply: &Reply) -> bool {
    matches!(&reply.outcome, Outcome::ExternalFact { .. })
}

/// Whichever form came first, the other is its repeat; and both are the same fact.
async fn both_forms(plane: &Running, example: impl Fn() -> Command) {
    for (first, second) in [("structured", "binary"), ("binary", "structured")] {
        let id = format!("{first}-{:?}", example().get_program());
        let told = published(plane, example(), first, &id);
        assert!(is_fact(&told), "{told:?}");
        let again = published(plane, example(), second, &id);
        let wanted = Outcome::DuplicateOf { first_inbox_sequence: told.inbox_sequence };
        assert_eq!(again.outcome, wanted, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_publish_in_both_forms_and_are_told_what_became_of_it() {
    let plane = TestPlane::start_running(&WITH).await;
    let (python, node) = (tools::python(), tools::node());
    let again = |command: &Command| {
        let mut again = Command::new(command.get_program());
        again.args(command.get_args());
        command.get_envs().for_each(|(name, value)| {
            again.env(name, value.unwrap_or_default());
        });
        command.get_current_dir().into_iter().for_each(|folder| {
            again.current_dir(folder);
        });
        again
    };
    for command in [&python, &node].into_iter().flatten() {
        both_forms(&plane, || again(command)).await;
    }
    let (Some(python), Some(node)) = (python, node) else { return };
    for form in ["structured", "binary"] {
        let first = published(&plane, again(&python), form, &format!("both-{form}"));
        let second = published(&plane, again(&node), form, &format!("both-{form}"));
        let wanted = Outcome::DuplicateOf { first_inbox_sequence: first.inbox_sequence };
        assert_eq!(second.outcome, wanted, "one event, told by two languages");
    }
    let facts = plane.events("evt.external.>").await;
    assert_eq!(names(&facts), vec!["recorded"; 6]);
}
