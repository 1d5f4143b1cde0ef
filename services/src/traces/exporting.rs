//! The task that sends spans: gathers them for a moment, sends them in one request, and again while the
//! receiver is away. Meanwhile they wait, in a bounded queue, and nobody waits for them.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, Response, StatusCode, Url, header};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout_at},
};
use tracing::{info, warn};
use uuid::Uuid;

use super::{
    Sending, TraceArgs, Traces,
    config::{Settings, shown},
    limits::{
        ANSWER_BYTES_MAX, SEND_AGAIN_AFTER, SEND_AGAIN_AFTER_MAX, SEND_AT_END, SEND_PATIENCE,
        SPANS_GATHERED_FOR, SPANS_SENT_MAX, SPANS_WAITING_MAX,
    },
    otlp,
    span::Span,
};
use crate::{metrics::SpanMetrics, outward};

/// Sends what the services of one process tell.
pub struct Exporter {
    client: Client,
    to: Url,
    headers: header::HeaderMap,
    waiting: mpsc::Receiver<Span>,
    counted: SpanMetrics,
    /// Tells this process from others.
    instance: Uuid,
    went: Went,
}

/// How the last request went; what changes is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Begins,
    Taken,
    Away,
    Refused,
}

/// What became of one request.
enum Answered {
    /// Of so many spans the receiver says that it did not take them.
    Taken { rejected: u64 },
    /// It may pass; perhaps the receiver said after how long.
    Later { why: String, after: Option<Duration> },
    /// It would be the same again.
    Refused { why: String },
}

impl Traces {
    /// Where services tell their spans, and what sends them; nothing is sent if nobody is to be told.
    pub fn begin(args: &TraceArgs, counted: SpanMetrics) -> Result<(Self, Option<Exporter>)> {
        let Some(settings) = args.settings()? else { return Ok((Self::default(), None)) };
        let (queue, waiting) = mpsc::channel(SPANS_WAITING_MAX);
        let sampler = settings.sampler;
        let sending = Sending { service: "plane", sampler, queue, counted: counted.clone() };
        let client = client(&settings)?;
        let Settings { to, headers, .. } = settings;
        let (instance, went) = (Uuid::new_v4(), Went::Begins);
        let exporter = Exporter { client, to, headers, waiting, counted, instance, went };
        Ok((Self(Some(sending.into())), Some(exporter)))
    }
}

impl Exporter {
    /// Sends until nobody is left who could tell something; once the process is to end, for a moment.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<()> {
        info!(to = shown(&self.to), "telling traces");
        let mut batch = Vec::with_capacity(SPANS_SENT_MAX);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                come = self.gather(&mut batch) => if !come { return Ok(()) },
            }
            tokio::select! {
                biased;
                // What was on its way may be sent again; it is the same span then.
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.deliver(&mut batch) => {}
            }
        }
        let until = Instant::now() + SEND_AT_END;
        let _ = timeout_at(until, self.finish(&mut batch)).await;
        Ok(())
    }

    /// Waits for spans and gathers what comes with them; false once nobody is left. What was gathered
    /// stays, should nobody wait for this any more.
    async fn gather(&mut self, batch: &mut Vec<Span>) -> bool {
        if batch.is_empty() && self.waiting.recv_many(batch, SPANS_SENT_MAX).await == 0 {
            return false;
        }
        let until = Instant::now() + SPANS_GATHERED_FOR;
        while batch.len() < SPANS_SENT_MAX {
            let room = SPANS_SENT_MAX - batch.len();
            match timeout_at(until, self.waiting.recv_many(batch, room)).await {
                Ok(come) if come > 0 => {}
                _ => break,
            }
        }
        true
    }

    /// Sends a batch until it is taken or refused.
    async fn deliver(&mut self, batch: &mut Vec<Span>) {
        let mut failed = 0;
        while let Some(after) = self.send(batch, failed).await {
            failed += 1;
            sleep(after).await;
        }
    }

    /// The services end meanwhile, and what they still tell is sent too; whatever is not taken at once
    /// is lost.
    async fn finish(&mut self, batch: &mut Vec<Span>) {
        loop {
            if !self.gather(batch).await {
                return;
            }
            if self.send(batch, 0).await.is_some() {
                self.counted.dropped.inc_by(batch.len() as u64);
                batch.clear();
            }
        }
    }

    /// Sends a batch, which is empty after that; unless it is to be sent again, after this.
    async fn send(&mut self, batch: &mut Vec<Span>, failed: u32) -> Option<Duration> {
        let spans = batch.len() as u64;
        let answered = self.ask(otlp::request(batch, self.instance)).await;
        let (before, to) = (self.went, shown(&self.to));
        match answered {
            Answered::Taken { rejected } => {
                let rejected = rejected.min(spans);
                self.counted.sent.inc_by(spans - rejected);
                self.counted.refused.inc_by(rejected);
                self.went = Went::Taken;
                if !matches!(before, Went::Begins | Went::Taken) {
                    let dropped = self.counted.dropped.get();
                    info!(to, dropped, "traces are taken again");
                }
            }
            Answered::Refused { why } => {
                self.counted.refused.inc_by(spans);
                self.went = Went::Refused;
                if before != Went::Refused {
                    warn!(to, cause = why, "traces are refused; the plane goes on without them");
                }
            }
            Answered::Later { why, after } => {
                self.went = Went::Away;
                if before != Went::Away {
                    let waiting_max = SPANS_WAITING_MAX;
                    warn!(
                        to,
                        cause = why,
                        waiting_max,
                        "traces are not taken; they wait, and what comes beyond is dropped"
                    );
                }
                let own = SEND_AGAIN_AFTER * 2_u32.pow(failed.min(8));
                return Some(after.unwrap_or(own).clamp(SEND_AGAIN_AFTER, SEND_AGAIN_AFTER_MAX));
            }
        }
        batch.clear();
        None
    }

    async fn ask(&self, request: Vec<u8>) -> Answered {
        let request = self
            .client
            .post(self.to.clone())
            .headers(self.headers.clone())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .body(request);
        // An error of the client would show the whole address.
        match request.send().await.map_err(reqwest::Error::without_url) {
            Ok(answer) => read(answer).await,
            Err(error) => {
                Answered::Later { why: format!("{:#}", anyhow::Error::from(error)), after: None }
            }
        }
    }
}

async fn read(mut answer: Response) -> Answered {
    let status = answer.status();
    let why = format!("it answers {status}");
    if status.is_success() {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        return Answered::Taken { rejected: otlp::rejected(&body) };
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            let after = answer.headers().get(header::RETRY_AFTER);
            let seconds = after.and_then(|after| after.to_str().ok()?.parse().ok());
            Answered::Later { why, after: seconds.map(Duration::from_secs) }
        }
        _ => Answered::Refused { why },
    }
}

fn client(settings: &Settings) -> Result<Client> {
    let mut builder = outward::client(SEND_PATIENCE);
    if let Some(file) = &settings.certificate {
        let cannot =
            || format!("cannot trust {}: name a file of certificates in PEM", file.display());
        for certificate in outward::certificates(file).with_context(cannot)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().context("cannot tell traces")
}
