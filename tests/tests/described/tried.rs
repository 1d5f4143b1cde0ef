//! The plane, tried by Schemathesis against what the OpenAPI document says of it: requests that are as
//! they should be and requests that are not, many of each, to a real server with something to show.
//! What is left out, and why, stands in `schemathesis.toml`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use helmstream_schemas::ActorKind;
use helmstream_services::{clock, http, oidc};
use helmstream_tests::{
    harness::TestPlane,
    issuer::{Issuer, Signer},
    patience::eventually,
    running::{ALL, Running},
    tools::Pinned,
    web::Web,
};
use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{here, ran};

/// Under this number the same requests are made each time. `HELMSTREAM_SEED` is another one, to look
/// further by hand; the tool tells which it was.
const SEED: &str = "20261122";

/// Nobody can revoke what an identity provider gave, so that the tool does not shut itself out: it
/// finds and revokes the plane's own tokens.
struct Tried {
    plane: Running,
    provider: Issuer,
    signer: Signer,
}

impl Tried {
    async fn start() -> Self {
        let (provider, signer) = (Issuer::start().await, Signer::new("a", Algorithm::ES256));
        provider.show(&[&signer]);
        let plane = TestPlane::start_empty().await;
        let rules = format!(
            r#"
            insecure_loopback = true
            [[issuer]]
            issuer = "{}"
            audience = "helmstream"
            kind = "human"
            roles_claim = "groups"
            [[issuer.role]]
            value = "admins"
            role = "admin"
            [[issuer.role]]
            value = "everybody"
            role = "viewer"
            "#,
            provider.url
        );
        let file = plane.plane.directory().join(oidc::FILE);
        fs::write(file, rules).expect("the plane's directory can be written");
        let plane = plane.into_running(&ALL).await;
        Self { plane, provider, signer }
    }

    /// Somebody of a group, for a day.
    async fn somebody(&self, name: &str, group: &str) -> Web {
        let expires = clock::now().nanos() / 1_000_000_000 + 86_400;
        let claims = json!({
            "iss": self.provider.url, "aud": "helmstream", "sub": name, "exp": expires,
            "groups": [group],
        });
        let web = Web::with_token(&self.plane, &self.signer.token(&claims));
        eventually("somebody who is let in", async || {
            let answered = web.try_send(Method::GET, "/v1/openapi.json", None).await?;
            (answered.status == 200).then_some(())
        })
        .await;
        web
    }

    /// Something of everything that can be asked for.
    async fn sample(&self, web: &Web) {
        let gate = json!({ "run": "acme/shop-1", "phase": "release" });
        let unit = json!({
            "deployment_id": "d-1", "domain": "application", "environment": "prod", "name": "shop",
        });
        let token = json!({
            "id": "AAAAAAAAAAAA", "actor": "ci", "kind": ActorKind::Service, "role": "viewer",
            "label": "tests", "expires_at": clock::now().plus(std::time::Duration::from_hours(24)),
            "sha256": "a".repeat(64),
        });
        for (path, body) in
            [("/v1/approvals", &gate), ("/v1/deployments", &unit), ("/v1/tokens", &token)]
        {
            let answered = web.post(path, body).await;
            assert_eq!(answered.body["outcome"], "event", "{path}: {answered:?}");
        }
        let event = |id: &str, kind: &str, data: Value| json!({ "specversion": "1.0", "id": id, "source": "/acme", "type": kind, "data": data });
        for (event, wanted) in [
            (event("1", "com.example.measured", json!({ "celsius": 21.5 })), 200),
            (event("2", "helmstream.deployment.retire.v1", json!({ "unit": 7 })), 422),
        ] {
            assert_eq!(web.publish(&event).await.status, wanted, "{event}");
        }
        self.plane.level().await;
    }

    /// Tries everything with a token or without one; whether nothing was found, and what was said.
    fn tried(&self, tool: &Path, token: &str) -> (bool, String) {
        let home = self.plane.plane.plane.directory();
        let document = home.join("openapi.json");
        fs::write(&document, http::document().to_string()).expect("a file");
        let mut command = Command::new(tool.join("bin/schemathesis"));
        command.arg("--config-file").arg(here().join("schemathesis.toml")).arg("run").arg(document);
        let seed = std::env::var("HELMSTREAM_SEED").unwrap_or_else(|_| SEED.to_owned());
        let address = self.plane.plane.plane.places().http;
        command.args(["--url", &format!("http://{address}"), "--seed", &seed]);
        command.env("HELMSTREAM_TOKEN", token).env("NO_COLOR", "1").current_dir(home);
        ran(&mut command)
    }
}

fn schemathesis() -> Option<PathBuf> {
    let files = ["requirements.txt"];
    Pinned { name: "described-python", folder: &here(), files: &files }.python(&[])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plane_does_what_is_described_and_takes_nothing_else() {
    let Some(tool) = schemathesis() else { return };
    let tried = Tried::start().await;
    let admin = tried.somebody("dana", "admins").await;
    tried.sample(&admin).await;
    let (is_well, said) = tokio::task::block_in_place(|| tried.tried(&tool, &admin.token));
    assert!(is_well, "{said}");
    assert_eq!(admin.get("/v1/runs").await.status, 200, "the tool has shut itself out");
}

/// By hand, because what is refused is tried by others already. Whoever has no token at all is soon told
/// to wait, which the tool takes for a fault: `http` and `http_attacks` try that.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "by hand: `cargo test -p helmstream-tests --test described -- --ignored`"]
async fn whoever_may_only_look_finds_nothing_else() {
    let Some(tool) = schemathesis() else { return };
    let tried = Tried::start().await;
    tried.sample(&tried.somebody("dana", "admins").await).await;
    let viewer = tried.somebody("vera", "everybody").await;
    let (is_well, said) = tokio::task::block_in_place(|| tried.tried(&tool, &viewer.token));
    assert!(is_well, "{said}");
}
