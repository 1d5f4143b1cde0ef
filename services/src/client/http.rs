//! The client that stands anywhere: asks a plane over HTTP, line by line as the server has them.
//! What is away it waits for, and says so once.

mod answers;
mod tail;

use std::{path::PathBuf, time::Duration};

use futures_util::Stream;
use helmstream_projections::edition::Edition;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use self::answers::{away, failure, read, said, whole};
use super::{
    Answered, Client, Code, Failure, approval, dead_letter, deployment, diff,
    direct::patience::Patience,
    event, outcome, past, projection,
    publish::{Receipt, Request, Settled},
    replay, run, token, verify,
};
use crate::{
    http::limits::{HTTP_ANSWER_SECONDS, HTTP_CONNECT_SECONDS, PREFER_WAIT_SECONDS_MAX},
    http::{
        Published,
        line::{self, Line, Verb},
        wording::{MomentRequest, Nothing, OutcomeRequest},
    },
};

/// What a path does not hold of a name.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

/// How a plane is reached.
#[derive(Clone)]
pub struct Reach {
    pub server: Url,
    pub token: HeaderValue,
    /// Certificates that are trusted besides those of the system.
    pub trusted: Option<PathBuf>,
    /// How long a world that is away is waited for; without end if absent.
    pub wait: Option<Duration>,
    /// How long the outcome of a publish is waited for.
    pub outcome_wait: Duration,
}

/// Asks a plane over HTTP.
pub struct Http {
    reach: Reach,
    client: reqwest::Client,
}

impl Http {
    pub fn new(reach: Reach) -> Result<Self, Failure> {
        crate::tls::install();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(HTTP_CONNECT_SECONDS)
            .timeout(HTTP_ANSWER_SECONDS)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("helmstream/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &reach.trusted {
            let cannot = |detail: String| {
                let what = format!("cannot trust {}", file.display());
                Failure::new(Code::Input, what, detail, "name a file of certificates in PEM")
            };
            let certificates = crate::outward::certificates(file);
            for certificate in certificates.map_err(|error| cannot(error.to_string()))? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder.build().map_err(|error| {
            let hint = "set HELMSTREAM_LOG=debug to see more of what happens";
            Failure::new(Code::Unexplained, "cannot speak HTTP", error.to_string(), hint)
        })?;
        Ok(Self { reach, client })
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        line: &Line<Q, A>,
        request: &Q,
    ) -> Result<A, Failure> {
        let (url, body) = self.written(line.verb, line.path, request)?;
        let made = || match &body {
            None => self.client.get(url.clone()),
            Some(body) => {
                let request = self.client.post(url.clone());
                request.header(CONTENT_TYPE, "application/json").body(body.clone())
            }
        };
        read(&self.sent(made).await?)
    }

    /// A request as it travels: what its path names stands there, the rest in query or body.
    fn written(
        &self,
        verb: Verb,
        path: &str,
        request: &impl Serialize,
    ) -> Result<(Url, Option<Vec<u8>>), Failure> {
        let cannot = |error: String| {
            let hint = "this is a fault of the program";
            Failure::new(Code::Unexplained, "cannot write the question", error, hint)
        };
        let mut fields =
            serde_json::to_value(request).map_err(|error| cannot(error.to_string()))?;
        let mut written = String::new();
        for part in path.split('/').skip(1) {
            written.push('/');
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None => written += part,
                Some(name) => {
                    let field = fields.as_object_mut().and_then(|fields| fields.remove(name));
                    let text = match field.unwrap_or_default() {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    written.extend(utf8_percent_encode(&text, IN_PATH));
                }
            }
        }
        let mut url = self.reach.server.clone();
        url.set_path(&format!("{}{written}", url.path().trim_end_matches('/')));
        if verb == Verb::Post {
            return Ok((url, Some(fields.to_string().into_bytes())));
        }
        for (name, value) in fields.as_object().into_iter().flatten() {
            let values = match value {
                Value::Array(values) => values.iter().collect(),
                Value::Null => Vec::new(),
                value => vec![value],
            };
            for value in values {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                url.query_pairs_mut().append_pair(name, &text);
            }
        }
        Ok((url, None))
    }

    /// Sends until there is an answer that is one, or patience ends.
    async fn sent(&self, made: impl Fn() -> reqwest::RequestBuilder) -> Result<Vec<u8>, Failure> {
        let mut patience = Patience::new(self.reach.wait);
        let whom = self.reach.server.to_string();
        loop {
            let request = made().header(AUTHORIZATION, self.reach.token.clone());
            let cause = match self.answered(request).await {
                Ok(answer) => {
                    patience.is_back(&whom);
                    return Ok(answer);
                }
                Err(failure) if failure.code == Code::Away => failure,
                Err(failure) => return Err(failure),
            };
            patience.is_away(&whom, &said(cause)).await?;
        }
    }

    async fn answered(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Failure> {
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let body = whole(response).await?;
        // What became of a publish is an answer, whatever it is.
        let is_outcome = serde_json::from_slice::<Published>(&body).is_ok();
        match status.is_success() || is_outcome {
            true => Ok(body),
            false => Err(failure(status, &body)),
        }
    }
}

impl Client for Http {
    async fn run_list(&self, request: run::ListRequest) -> Answered<run::List> {
        self.ask(&line::RUN_LIST, &request).await
    }

    async fn run_show(&self, request: run::ShowRequest) -> Answered<run::Shown> {
        self.ask(&line::RUN_SHOW, &request).await
    }

    async fn approval_list(&self, request: approval::ListRequest) -> Answered<approval::List> {
        self.ask(&line::APPROVAL_LIST, &request).await
    }

    async fn approval_show(&self, request: approval::ShowRequest) -> Answered<approval::Shown> {
        self.ask(&line::APPROVAL_SHOW, &request).await
    }

    async fn deployment_list(
        &self,
        request: deployment::ListRequest,
    ) -> Answered<deployment::List> {
        self.ask(&line::DEPLOYMENT_LIST, &request).await
    }

    async fn deployment_show(
        &self,
        request: deployment::ShowRequest,
    ) -> Answered<deployment::Shown> {
        self.ask(&line::DEPLOYMENT_SHOW, &request).await
    }

    async fn token_list(&self, request: token::ListRequest) -> Answered<token::List> {
        self.ask(&line::TOKEN_LIST, &request).await
    }

    async fn event_list(&self, request: event::ListRequest) -> Answered<event::List> {
        self.ask(&line::EVENT_LIST, &request).await
    }

    async fn event_show(&self, request: event::ShowRequest) -> Answered<event::Shown> {
        self.ask(&line::EVENT_SHOW, &request).await
    }

    async fn event_why(&self, request: event::WhyRequest) -> Answered<event::Why> {
        self.ask(&line::EVENT_WHY, &request).await
    }

    fn tail(
        &self,
        request: event::TailRequest,
    ) -> impl Stream<Item = Result<event::Told, Failure>> + Send {
        self.tailed(request)
    }

    async fn dead_letter_list(
        &self,
        request: dead_letter::ListRequest,
    ) -> Answered<dead_letter::List> {
        self.ask(&line::DEAD_LETTER_LIST, &request).await
    }

    async fn dead_letter_show(
        &self,
        request: dead_letter::ShowRequest,
    ) -> Answered<dead_letter::Shown> {
        self.ask(&line::DEAD_LETTER_SHOW, &request).await
    }

    async fn dead_letter_decide(
        &self,
        request: dead_letter::DecideRequest,
    ) -> Result<dead_letter::Decided, Failure> {
        self.ask(&line::DEAD_LETTER_DECIDE, &request).await
    }

    async fn projection_list(&self) -> Answered<projection::List> {
        self.ask(&line::PROJECTION_LIST, &Nothing {}).await
    }

    async fn projection_make(&self, request: projection::ViewRequest) -> Result<Edition, Failure> {
        self.ask(&line::PROJECTION_REBUILD, &request).await
    }

    async fn projection_swap(
        &self,
        request: projection::SwapRequest,
    ) -> Result<projection::Swapped, Failure> {
        self.ask(&line::PROJECTION_SWAP, &request).await
    }

    async fn projection_drop(
        &self,
        request: projection::ViewRequest,
    ) -> Result<projection::Dropped, Failure> {
        self.ask(&line::PROJECTION_DROP, &request).await
    }

    async fn projection_parked(
        &self,
        request: projection::ParkedRequest,
    ) -> Result<projection::Parked, Failure> {
        self.ask(&line::PROJECTION_PARKED, &request).await
    }

    async fn projection_redrive(
        &self,
        request: projection::ViewRequest,
    ) -> Result<projection::Mended, Failure> {
        self.ask(&line::PROJECTION_REDRIVE, &request).await
    }

    async fn replay(&self, request: replay::Request) -> Answered<replay::Page> {
        self.ask(&line::REPLAY, &request).await
    }

    async fn verify(&self, request: verify::Request) -> Answered<verify::Step> {
        self.ask(&line::VERIFY, &request).await
    }

    async fn moment(&self, when: past::When) -> Result<past::Moment, Failure> {
        self.ask(&line::MOMENT, &MomentRequest { when }).await
    }

    async fn past(&self, request: past::Request) -> Result<past::Standing, Failure> {
        self.ask(&line::PAST, &request).await
    }

    async fn diff(&self, request: diff::Request) -> Answered<diff::Diff> {
        self.ask(&line::DIFF, &request).await
    }

    async fn outcome_list(&self, request: outcome::Request) -> Answered<outcome::List> {
        self.ask(&line::OUTCOME_LIST, &request).await
    }

    /// Sent again when it is unknown whether it was stored: the door tells a repeat as one.
    async fn publish(&self, request: Request) -> Result<Receipt, Failure> {
        let url = self.written(Verb::Post, "/v1/events", &Nothing {})?.0;
        let made = || {
            let kind = "application/cloudevents+json";
            let request = self.client.post(url.clone()).body(request.event.clone());
            request.header(CONTENT_TYPE, kind).header("prefer", "wait=0")
        };
        let published: Published = read(&self.sent(made).await?)?;
        Ok(published.settled.receipt)
    }

    /// One answer waits for a bounded time; what takes longer is asked for again.
    async fn settle(&self, receipt: Receipt) -> Result<Settled, Failure> {
        let Receipt { inbox_sequence, sent_times } = receipt;
        let mut left = self.reach.outcome_wait.as_secs();
        loop {
            let wait = left.min(PREFER_WAIT_SECONDS_MAX);
            let asked = OutcomeRequest { inbox_sequence, sent_times, wait_seconds: Some(wait) };
            let settled = self.ask(&line::OUTCOME_SHOW, &asked).await?;
            left -= wait;
            if settled.outcome.is_some() || left == 0 {
                return Ok(settled);
            }
        }
    }
}
