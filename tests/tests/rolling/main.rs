//! From one version to the next under load, both of them real programs; half of it back, and forward
//! again, with events on the log that only the next one knows. Nobody who publishes notices anything.

mod plane;

use helmstream_tests::{next, roll::Version, running::ALL};

use plane::Rolling;

/// In the order of docs/runbooks/upgrade.md: whoever reads before whoever writes.
const ORDER: [&str; 11] = [
    "ledger",
    "deadline",
    "run",
    "approval",
    "deployment",
    "dead_letter",
    "access",
    "external",
    "cdevents",
    "door",
    "http",
];

/// Annotations asked for at a time, one for each of as many runs.
const ANNOTATIONS: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plane_rolls_to_the_next_version_and_half_way_back_under_load_and_nobody_notices() {
    let next = next::built();
    println!("the next version was built in {:?}", next.took);
    let mut rolling = Rolling::begin(&next).await;

    rolling.said("two instances of this version of each service");
    rolling.goes_on(300).await;

    rolling.said("its setup, and one of two is of the next version");
    rolling.set_up_next();
    for service in ORDER {
        rolling.fleet.replace(service, 0, Version::Next);
    }
    rolling.goes_on(200).await;
    let first = rolling.annotate(ANNOTATIONS).await;
    rolling.annotated(first).await;

    rolling.said("all are of the next version");
    for service in ORDER {
        rolling.fleet.replace(service, 1, Version::Next);
    }
    let second = rolling.annotate(ANNOTATIONS).await;
    rolling.annotated(second).await;

    rolling.said("half of them are back");
    for service in ORDER {
        rolling.fleet.replace(service, 1, Version::This);
    }
    let third = rolling.annotate(ANNOTATIONS).await;
    rolling.annotated(third).await;
    rolling.parks().await;

    rolling.said("nobody of the next version decides runs any more");
    rolling.fleet.stop("run", 0);
    rolling.fleet.stop("deadline", 0);
    let third = rolling.annotate(ANNOTATIONS).await;
    rolling.goes_on(200).await;
    rolling.this_version_answers(&third).await;
    assert_eq!(
        rolling.decided(&third).await,
        0,
        "this version decides nothing that it cannot fold"
    );

    rolling.said("one of the next version beside it again");
    rolling.fleet.start("run", 0, Version::Next);
    rolling.fleet.start("deadline", 0, Version::Next);
    rolling.annotated(third).await;

    rolling.said("all are of the next version again");
    for service in ORDER {
        rolling.fleet.replace(service, 1, Version::Next);
    }
    let last = rolling.annotate(ANNOTATIONS).await;
    rolling.annotated(last).await;
    rolling.ends(&next).await;
}

#[test]
fn the_order_names_every_service() {
    let (mut order, mut all) = (ORDER, ALL);
    order.sort_unstable();
    all.sort_unstable();
    assert_eq!(order, all);
}
