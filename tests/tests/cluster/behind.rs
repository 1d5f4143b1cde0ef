//! What a node knows that was away and has not got everything yet: it answers whoever reads, and what it
//! has not got is not there for it.

use async_nats::HeaderMap;
use helmstream_core::NewCommand;
use helmstream_schemas::{Hash, Id, Verdict, attributes as ce};
use helmstream_stream::{
    Connection, StreamError,
    append::EVENTS,
    connect,
    decide::Desk,
    get,
    headers::to_headers,
    publish::{Published, publish},
};
use helmstream_tests::{
    counter::{Counter, asked, delivered},
    harness::TestPlane,
    kill::pause::Paused,
    patience::eventually,
};

use crate::{ALONE, whole};

/// More than lies in the buffers between two nodes: what a node that stands still finds there once it goes
/// on, it has not missed.
const BEYOND_BUFFERS: usize = 32;
const LARGE_BYTES: usize = 1_000_000;

/// More than the test's aggregate weighs.
const CACHED_BYTES: usize = 1_048_576;

/// Three nodes, one of which is to miss something.
struct Nodes {
    plane: TestPlane,
    missing: usize,
    others: [usize; 2],
    /// Of the node that misses something, and of no other.
    reader: Connection,
}

impl Nodes {
    async fn start() -> Self {
        let plane = TestPlane::start_cluster().await;
        plane.set_up_cluster().await;
        let setup = plane.connect("setup").await;
        assert!(whole::followers(&setup).await, "all have everything");
        // One that led would go on for a while as if it still did.
        let leads = async |stream| eventually("a leader", || whole::leader(&setup, stream)).await;
        let leaders = [leads(EVENTS).await, leads("COMMANDS").await];
        let missing = (0..3).find(|at| !leaders.contains(at)).expect("one of three");
        let reader = plane.address_at(missing, "run");
        let reader = connect(&reader).await.expect("the node is there");
        Self { plane, missing, others: [(missing + 1) % 3, (missing + 2) % 3], reader }
    }

    /// Stores something while the one node is away, as one of the users, and leaves that node alone then:
    /// it knows of no leader, has nobody to catch up with and nobody to hand a question to, and answers
    /// all the same. The last position.
    async fn miss(&mut self, user: &str, subject: &str, headers: HeaderMap) -> u64 {
        let still = Paused::new(self.plane.node(self.missing).process_id());
        let writer = self.plane.address_at(self.others[0], user);
        let writer = connect(&writer).await.expect("the node is there");
        let mut last = 0;
        for _ in 0..BEYOND_BUFFERS {
            last = eventually("a majority", async || {
                let large = "x".repeat(LARGE_BYTES).into();
                match publish(&writer, subject, headers.clone(), large).await {
                    Ok(Published::Stored { sequence }) => Some(sequence),
                    _ => None,
                }
            })
            .await;
        }
        self.others.iter().for_each(|at| self.plane.node(*at).kill());
        drop(still);
        last
    }

    async fn come_back(&mut self) {
        for at in self.others {
            self.plane.node(at).restart().await.expect("the node starts again");
        }
    }
}

/// Take `is_held` out of `get::at` to see this red: a node that was away says that what it missed is
/// not there, and a view that has applied it is halted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_missed_is_not_said_to_be_absent() {
    let _alone = ALONE.lock().await;
    let mut nodes = Nodes::start().await;
    let last = nodes.miss("run", "evt.run.missed", HeaderMap::new()).await;
    let reader = nodes.reader.clone();
    let next = eventually("an answer", async || {
        get::next(&reader, EVENTS, "evt.run.missed", last).await.ok()
    });
    assert_eq!(next.await, None, "it has not got what it missed");
    let found = get::at(&reader, EVENTS, last).await;
    let error = found.expect_err("it does not say that it is not there");
    assert_eq!(error.verdict(), Verdict::Retry, "{error}");
    nodes.come_back().await;
    eventually("what was missed", async || get::at(&reader, EVENTS, last).await.ok()?).await;
}

/// Take the leader's count out of `whole::command` to see this red: the service ends because a command is
/// not there, and it only was not there yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_a_node_missed_does_not_make_a_part_of_a_decision_somebody_elses() {
    let _alone = ALONE.lock().await;
    let mut nodes = Nodes::start().await;
    let (reader, counter) = (nodes.reader.clone(), Id::new("behind").expect("a name"));
    a_part_of_a_decision(&reader, &counter).await;
    let missed = format!("cmd.run.report.{}", counter.token());
    nodes.miss("door", &missed, HeaderMap::new()).await;

    let next = delivered(&counter, 2, "take");
    let desk = Desk::<Counter>::new(reader.clone(), CACHED_BYTES);
    let error = desk.settle(&counter, &next).await.expect_err("nobody decides on a part");
    assert_eq!(error.verdict(), Verdict::Retry, "{error}");

    nodes.come_back().await;
    // Nobody has asked for it, and of all commands that is said.
    eventually("all commands", async || match desk.settle(&counter, &next).await {
        Err(StreamError::Foreign { detail, .. }) => detail.contains("no command").then_some(()),
        Err(error) if error.verdict() == Verdict::Retry => None,
        other => panic!("{other:?}"),
    })
    .await;
}

/// Stores what looks like the first of several events of a decision. The server takes a batch without a
/// name for no batch, and stores it alone.
async fn a_part_of_a_decision(run: &Connection, counter: &Id) {
    let NewCommand { attributes, .. } = asked(counter, 1, "take_two");
    let mut headers = to_headers(&attributes);
    headers.insert(&*format!("ce-{}", ce::CAUSATIONHASH), Hash::of(b"asked").to_string());
    headers.insert("Nats-Batch-Id", "");
    let subject = format!("evt.run.{}", counter.token());
    let stored = publish(run, &subject, headers, "{}".into()).await;
    assert!(matches!(stored, Ok(Published::Stored { .. })), "{stored:?}");
}
