//! Who starts while a part of the cluster is away, and who does not start on less than was promised.

use std::{fs, time::Duration};

use helmstream_services::{
    client::{Code, Failure},
    local::nats::{NatsServer, SYNCS_ALWAYS, sync_interval},
    serve::{HttpArgs, ServeArgs, run},
    setup::{self, set_up},
};
use helmstream_stream::publish::{Published, publish};
use helmstream_tests::{harness::TestPlane, kill::pause::Paused, patience::PATIENCE};
use tokio::time::{Instant, timeout};

use crate::ALONE;

/// How long whoever talks to a node that stands still may hang on it: three tries a second apart, and
/// one connection that is taken and not answered. Generous beside that, for a busy machine.
const LEFT: Duration = Duration::from_secs(30);

/// Let `setup::set_up` ask NATS once to see this red.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setup_waits_for_a_cluster_that_has_no_leader_yet() {
    let _alone = ALONE.lock().await;
    let mut plane = TestPlane::start_cluster().await;
    plane.others.iter_mut().for_each(NatsServer::kill);
    for asked in [
        set_up(&plane.plane, Some(Duration::ZERO)).await.map(drop),
        setup::plan(&plane.plane, Some(Duration::ZERO)).await.map(drop),
    ] {
        let away = asked.expect_err("one of three elects nobody");
        assert_eq!(away.code, Code::Away, "{away:?}");
        assert!(away.hint.contains("--patience"), "{away:?}");
    }
    let (alone, others) = (&plane.plane, &mut plane.others);
    let (done, ()) = tokio::join!(set_up(alone, Some(PATIENCE)), async {
        for other in others {
            other.restart().await.expect("it starts again");
        }
    });
    let done = done.expect("it waits until one leads");
    assert!(done.items.iter().any(|item| item == "stream EVENTS: created"), "{done:?}");
}

/// Set `PING_INTERVAL_SECONDS` to 60 to see this red.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_is_left_for_another_and_who_starts_meanwhile_comes_up() {
    let _alone = ALONE.lock().await;
    let mut plane = TestPlane::start_cluster().await;
    plane.set_up_cluster().await;
    let faber = plane.connect("faber").await;
    let port = faber.client.server_info().port;
    let at = (0..3).find(|at| plane.node(*at).port() == port).expect("it is one of ours");
    let still = Paused::new(plane.node(at).process_id());
    let begun = Instant::now();
    let stored = async || {
        matches!(
            publish(&faber, "in.faber", Default::default(), "{}".into()).await,
            Ok(Published::Stored { .. })
        )
    };
    let goes_on = timeout(LEFT, async { while !stored().await {} });
    goes_on.await.expect("it goes on at another node while the first one stands still");
    println!("writing went on after {:?}", begun.elapsed());
    assert_ne!(faber.client.server_info().port, port);
    for _ in 0..3 {
        // Each tries the three in an order of its own.
        let new = timeout(LEFT, plane.connect("faber")).await.expect("it comes up");
        assert_ne!(new.client.server_info().port, port);
    }
    drop(still);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_copies_are_served_if_no_server_of_them_is_known_to_sync_late() {
    let _alone = ALONE.lock().await;
    let plane = TestPlane::start_cluster().await;
    plane.set_up_cluster().await;
    assert_eq!(sync_interval(&plane.plane).as_deref(), Some(SYNCS_ALWAYS));
    let serve = || {
        run(ServeArgs {
            services: vec!["external".into()],
            accept_power_loss: false,
            http: HttpArgs::default(),
            metrics: None,
            heartbeat: Default::default(),
            traces: Default::default(),
            plane: plane.plane.directory().to_owned(),
        })
    };
    let serving = timeout(Duration::from_secs(3), serve()).await;
    assert!(serving.is_err(), "it goes on: {serving:?}");
    let file = plane.plane.directory().join("nats/node-1/server.conf");
    let config = fs::read_to_string(&file).expect("the node's configuration");
    fs::write(&file, config.replace(", sync_interval: always", "")).expect("it can be changed");
    let refused = serve().await.expect_err("one of the three may lose what it has acknowledged");
    let refused = Failure::of(&refused).detail;
    assert!(refused.contains("syncs every 2m") && refused.contains("all machines"), "{refused}");
}
