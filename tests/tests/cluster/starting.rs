//! Who starts while a part of the cluster is away, and who does not start on less than was promised.

use std::{fs, time::Duration};

use helmstream_services::{
    local::nats::{SYNCS_ALWAYS, sync_interval},
    serve::{HttpArgs, ServeArgs, run},
};
use helmstream_tests::harness::TestPlane;
use tokio::time::timeout;

use crate::ALONE;

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
            plane: plane.plane.directory().to_owned(),
        })
    };
    let serving = timeout(Duration::from_secs(3), serve()).await;
    assert!(serving.is_err(), "it goes on: {serving:?}");
    let file = plane.plane.directory().join("nats/node-1/server.conf");
    let config = fs::read_to_string(&file).expect("the node's configuration");
    fs::write(&file, config.replace(", sync_interval: always", "")).expect("it can be changed");
    let refused = serve().await.expect_err("one of the three may lose what it has acknowledged");
    let refused = refused.to_string();
    assert!(refused.contains("syncs every 2m") && refused.contains("all machines"), "{refused}");
}
