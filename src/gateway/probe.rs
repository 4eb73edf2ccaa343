//! A close look at one provider: its list of models, and a small call that is no caller's.
//!
//! It goes the way that calls go from translation on, and leaves no trace: there is no key and no one to bill.

use super::snapshot::{Link, ProviderState, ready};
use super::upstream::Upstream;
use crate::canonical::{Code, Complaint, Event, Part, Prompt, Reply, Role, Turn};
use crate::dialect::{self, sse};
use crate::http::{Client, Endpoint, HttpError, Network, Outgoing, Patience, TrustError};
use crate::provider::sandbox;
use crate::secrets::Sealer;
use crate::store::ProviderRow;
use crate::types::{Task, Usage};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// Nobody waits longer for a test.
const PATIENCE: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
const MOST: usize = 32 * 1024 * 1024;
/// Enough for a model that thinks before it says hello.
const MOST_TOKENS: u64 = 256;
const QUESTION: &str = "Say hello in one word.";

/// Why there can be no probe.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Trusted certificates.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The system gives no runtime.
    #[error("the system does not let the test start: {0}")]
    System(#[from] io::Error),
}

/// How an answer is to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// At once.
    Whole,
    /// Piece by piece.
    Stream,
}

/// An answer to the small call.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// What it said.
    pub text: String,
    /// What it reported.
    pub usage: Option<Usage>,
    /// Until the end of the answer.
    pub took: Duration,
}

/// One provider, looked at closely.
pub struct Probe {
    client: Client,
    provider: ProviderState,
    runtime: Runtime,
}

impl Probe {
    /// Makes a stored provider ready to be asked; `ca_file` has more trusted certificate authorities.
    ///
    /// # Errors
    /// [`ProbeError`]; faults of the provider come out when it is asked.
    pub fn new(row: ProviderRow, sealer: &Sealer, ca_file: Option<&Path>) -> Result<Probe, ProbeError> {
        let network = Arc::new(Network::new(ca_file)?);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Probe { client: Client::new(network), provider: ready(row, sealer), runtime })
    }

    /// The ids of the models that the provider lists.
    ///
    /// # Errors
    /// It is unreachable, refuses, or sends no list.
    pub fn models(&self) -> Result<Vec<String>, Complaint> {
        let asked = async {
            let upstream = match &self.provider.link {
                Link::Sandbox => Upstream::sandbox(sandbox::models()),
                _ => self.send(Method::GET, &self.models_endpoint()?, Bytes::new()).await?,
            };
            dialect::read_model_ids(&upstream.body.collect(MOST).await?)
        };
        self.in_time(asked)
    }

    /// Asks a model for a word.
    ///
    /// # Errors
    /// It is unreachable, refuses, or sends no answer.
    pub fn ask(&self, model: &str, way: Way) -> Result<Heard, Complaint> {
        let begun = Instant::now();
        let reply = self.in_time(async {
            let upstream = self.send_prompt(model, way).await?;
            match way {
                Way::Whole => {
                    let bytes = upstream.body.collect(MOST).await?;
                    self.provider.dialect.read_reply(Task::Chat, &bytes)
                }
                Way::Stream => self.read_stream(upstream).await,
            }
        })?;
        Ok(Heard { text: words(&reply), usage: reply.usage.map(|report| report.usage), took: begun.elapsed() })
    }

    fn in_time<T>(&self, asked: impl Future<Output = Result<T, Complaint>>) -> Result<T, Complaint> {
        let too_slow = || {
            let message = format!("the provider did not finish its answer within {} s", PATIENCE.as_secs());
            Complaint::new(Code::ProviderTimeout, message)
        };
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(too_slow())) })
    }

    async fn send_prompt(&self, model: &str, way: Way) -> Result<Upstream, Complaint> {
        let turn = Turn { role: Role::User, name: None, parts: vec![Part::text(QUESTION)] };
        let prompt = Prompt {
            model: model.to_owned(),
            turns: vec![turn],
            max_output_tokens: Some(MOST_TOKENS),
            stream: way == Way::Stream,
            ..Prompt::default()
        };
        let target = dialect::Target { model, max_output_tokens: None, quirks: &self.provider.record.quirks };
        let written = self.provider.dialect.write_prompt(Task::Chat, &prompt, &target)?;
        match &self.provider.link {
            Link::Sandbox => checked(self, Upstream::sandbox(sandbox::answer(Task::Chat, &written.bytes))).await,
            Link::Faulty(fault) => Err(Complaint::new(Code::ProviderUnreachable, fault.clone())),
            Link::Network(_) => {
                let none = || Complaint::new(Code::UnsupportedFeature, "the provider's protocol has no conversations");
                let endpoint = self.provider.link.endpoint(Task::Chat).ok_or_else(none)?;
                self.send(Method::POST, endpoint, written.bytes).await
            }
        }
    }

    fn models_endpoint(&self) -> Result<Endpoint, Complaint> {
        if let Link::Faulty(fault) = &self.provider.link {
            return Err(Complaint::new(Code::ProviderUnreachable, fault.clone()));
        }
        let address = format!("{}{}", self.provider.record.base_url, self.provider.dialect.models_path());
        Endpoint::parse(&address).map_err(|error| Complaint::new(Code::ProviderUnreachable, error.to_string()))
    }

    async fn send(&self, method: Method, endpoint: &Endpoint, body: Bytes) -> Result<Upstream, Complaint> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in self.provider.defaults.iter().chain(&self.provider.headers) {
            headers.insert(name.clone(), value.clone());
        }
        let outgoing = Outgoing { endpoint, method, headers, body, patience: Patience { connect: CONNECT } };
        let response = self.client.send(outgoing).await.map_err(|error| unreachable(&error))?;
        checked(self, Upstream::network(response)).await
    }

    async fn read_stream(&self, upstream: Upstream) -> Result<Reply, Complaint> {
        let mut reader = self.provider.dialect.stream_reader(Task::Chat);
        let (mut splitter, mut source, mut events) = (sse::Splitter::default(), upstream.body, Vec::new());
        while let Some(bytes) = std::future::poll_fn(|cx| source.poll_bytes(cx)).await {
            splitter.push(bytes?);
            while let Some(frame) = splitter.next_frame().map_err(|error| malformed(&error.to_string()))? {
                reader.frame(&frame, &mut events)?;
            }
        }
        if let Some(frame) = splitter.finish() {
            reader.frame(&frame, &mut events)?;
        }
        let failure = |event: &Event| match event {
            Event::Failed(complaint) => Some(complaint.clone()),
            _ => None,
        };
        if let Some(complaint) = events.iter().find_map(failure) {
            return Err(complaint);
        }
        if reader.is_complete() { Ok(events.into_iter().collect()) } else { Err(malformed("the stream broke off")) }
    }
}

/// The answer, if it is one; else what the provider complains of.
async fn checked(probe: &Probe, upstream: Upstream) -> Result<Upstream, Complaint> {
    if upstream.status < 300 {
        return Ok(upstream);
    }
    let status = upstream.status;
    let body = upstream.body.collect(MOST).await.unwrap_or_default();
    let complaint = probe.provider.dialect.read_complaint(status, None, &body);
    let code = if matches!(status, 401 | 403) { Code::ProviderKeyRejected } else { complaint.code };
    Err(Complaint { code, message: format!("HTTP {status}: {}", complaint.message).into(), ..complaint })
}

fn unreachable(error: &HttpError) -> Complaint {
    let late = matches!(error, HttpError::ConnectTimeout { .. });
    Complaint::new(if late { Code::ProviderTimeout } else { Code::ProviderUnreachable }, error.to_string())
}

fn malformed(reason: &str) -> Complaint {
    Complaint::new(Code::ProviderMalformed, format!("the provider's answer cannot be read: {reason}"))
}

fn words(reply: &Reply) -> String {
    let parts = reply.choices.iter().take(1).flat_map(|choice| &choice.parts);
    let text = parts.filter_map(|part| match part {
        Part::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    text.collect()
}
