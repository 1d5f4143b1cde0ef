//! How many servers hold a log is the plane's affair and not the backup's: what three servers held comes
//! back on one, and the other way round.

use helmstream_services::backup::{self, Step, restore::Restored};
use helmstream_stream::health;
use helmstream_tests::harness::TestPlane;

use super::{create, folder, restore};

/// Hand the configuration on as it was taken to see this red, both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_three_servers_held_comes_back_on_one_and_what_one_held_on_three() {
    let three = TestPlane::start_cluster().await;
    three.set_up_cluster().await;
    let of_three = folder(&three, "backup");
    create(&three.plane, &of_three).await.expect("a backup can be taken");
    let drilled = backup::drill::drill(&of_three, &mut |_: Step<'_>| ()).await;
    is_whole(&drilled.expect("it comes back on the one server of a drill"));
    let one = TestPlane::start_empty().await;
    is_whole(&restore(&one, &of_three).await.expect("it can be put back on one"));
    held_by(&one, 1).await;
    drop(three);

    let of_one = folder(&one, "backup");
    create(&one.plane, &of_one).await.expect("a backup can be taken");
    let three = TestPlane::start_cluster().await;
    is_whole(&restore(&three, &of_one).await.expect("it can be put back on three"));
    held_by(&three, 3).await;
}

fn is_whole(restored: &Restored) {
    assert!(restored.is_same, "{restored:#?}");
}

/// Every stream, and setup finds nothing to do about the durables.
async fn held_by(plane: &TestPlane, copies: u64) {
    let streams = health::streams(&plane.connect("operator").await).await;
    for stream in streams.expect("the log answers") {
        assert_eq!(stream.replicas, copies, "{}", stream.name);
    }
    let plan = helmstream_services::setup::plan(&plane.plane, None).await.expect("setup can look");
    assert!(plan.items.is_empty(), "{:#?}", plan.items);
}
