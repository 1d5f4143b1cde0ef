//! Asks a plane over HTTP as a program does, with a token of its own; and as an attacker does, with
//! bytes of its own on a connection of its own.

use std::{collections::BTreeSet, net::SocketAddr, path::Path, time::Duration};

use helmstream_schemas::{Actor, ActorKind, access::Role, outcome::Outcome};
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        token::{Made, Wish},
    },
    clock,
    local::plane::Plane,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    patience::{PATIENCE, eventually},
    running::Running,
};

/// Somebody who asks over HTTP.
#[derive(Clone)]
pub struct Web {
    pub address: SocketAddr,
    pub token: String,
    client: reqwest::Client,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Web {
    /// Somebody with a new token of a role, once the door for HTTP knows it.
    pub async fn with_role(plane: &Running, actor: &str, kind: ActorKind, role: Role) -> Self {
        Self::within(plane, actor, kind, role, &[]).await
    }

    /// The same, limited to some contexts.
    pub async fn within(
        plane: &Running,
        actor: &str,
        kind: ActorKind,
        role: Role,
        scopes: &[&str],
    ) -> Self {
        Self::of_plane(plane.plane.plane.directory(), actor, kind, role, scopes).await
    }

    /// The same, of the plane in a directory.
    pub async fn of_plane(
        directory: &Path,
        actor: &str,
        kind: ActorKind,
        role: Role,
        scopes: &[&str],
    ) -> Self {
        let manner =
            Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
        let place = Plane::open(directory).expect("the plane is there");
        let address = place.places().http;
        let operator = Direct::new(place, manner).expect("the operator may ask");
        let made = Made::new().expect("there is chance");
        let scopes: BTreeSet<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let wish = Wish {
            actor: Actor { id: actor.into(), kind },
            label: "tests".into(),
            role,
            scopes,
            expires_at: clock::now().plus(Duration::from_hours(24)),
        };
        let receipt = operator.publish(made.ask(&wish)).await.expect("it is stored");
        let settled = operator.settle(receipt).await.expect("the plane answers");
        assert!(matches!(settled.counted(), Some(Outcome::Event { .. })), "{settled:?}");
        let web = Self::at(address, made.reveal());
        eventually("a token that is known", async || {
            let answered = web.try_send(Method::GET, "/v1/openapi.json", None).await?;
            (answered.status == 200).then_some(())
        })
        .await;
        web
    }

    /// Somebody with this token.
    pub fn with_token(plane: &Running, token: &str) -> Self {
        Self::at(plane.plane.plane.places().http, token)
    }

    /// Somebody with this token, who asks at an address.
    pub fn at(address: SocketAddr, token: &str) -> Self {
        helmstream_services::tls::install();
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build();
        Self { address, token: token.to_owned(), client: client.expect("a client") }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.try_send(Method::GET, path, None).await.expect("the door for HTTP answers")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        let json = ("application/json", body.to_string().into_bytes());
        self.try_send(Method::POST, path, Some(json)).await.expect("the door for HTTP answers")
    }

    /// Publishes an event in structured mode.
    pub async fn publish(&self, event: &Value) -> Answered {
        let event = ("application/cloudevents+json", event.to_string().into_bytes());
        let answered = self.try_send(Method::POST, "/v1/events", Some(event)).await;
        answered.expect("the door for HTTP answers")
    }

    /// A request with a body of some type; nothing if nobody answers.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Option<Answered> {
        let mut request = self.request(method, path);
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
        }
        Answered::of(request.send().await.ok()?).await
    }

    /// A request that can be changed before it is sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        match self.token.as_str() {
            "" => request,
            token => request.bearer_auth(token),
        }
    }

    /// Sends bytes on a connection of its own, and reads until it is closed. It is left open on this
    /// side, since whoever says that it is gone is not answered.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        // Who is refused may be so before all was sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Answered {
    pub async fn of(response: reqwest::Response) -> Option<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.ok()?;
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| text());
        Some(Self { status, headers, body })
    }

    /// The word of a problem's type.
    pub fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("urn:helmstream:problem:").unwrap_or_default()
    }

    pub fn is_success(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }
}
