//! A close look at one provider: its list of models, and small calls that are no caller's.
//!
//! It goes the way that calls go from translation on, and leaves no trace: there is no key and no one to bill.
//! A gateway can be looked at the same way, as its clients do: then the calls are those of the key's owner.

mod features;
mod judge;

pub use features::Look;

use super::signing::Signing;
use super::snapshot::{Link, ProviderState, ready, remote};
use super::upstream::Upstream;
use crate::canonical::{Code, Complaint, Event, Json, Part, Prompt, Reply, Role, Tool, ToolChoice, Turn};
use crate::dialect::{self, Delivery, sse};
use crate::http::{Client, Endpoint, HttpError, Network, Outgoing, Patience, Presented, TrustError};
use crate::provider::{Unsigned, sandbox};
use crate::secrets::Sealer;
use crate::store::ProviderRow;
use crate::types::{Protocol, Secret, Task, Usage};
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
/// Long enough to be seen arriving, short enough for [`MOST_TOKENS`].
const LONG_QUESTION: &str = "Count from 1 to 30. Write only the numbers, separated by spaces.";
const TOOL_QUESTION: &str = "What is the weather in Paris? Find out with the tool.";
const TOOL: &str = "get_weather";
const TOOL_SCHEMA: &str = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;
/// Pieces that come within this time of one another, after a wait, were held back until they were all there.
const TOGETHER: Duration = Duration::from_millis(20);
/// An answer that is quicker than this tells nothing of that.
const WAITED: Duration = Duration::from_millis(200);
const SEVERAL: usize = 5;

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

/// An answer to a small call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// What it said.
    pub text: String,
    /// The first tool that it called, and with which arguments, as JSON.
    pub call: Option<(String, String)>,
    /// How many tools it called.
    pub calls: usize,
    /// Whether it showed or counted what it thought.
    pub thought: bool,
    /// What it reported.
    pub usage: Option<Usage>,
    /// Why it ended.
    pub finish: Option<String>,
    /// How the pieces of a stream came.
    pub pace: Pace,
    /// Until the end of the answer.
    pub took: Duration,
}

/// How the pieces of a stream came; of an answer that is no stream, nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// How many pieces of text, thinking or arguments.
    pub pieces: usize,
    /// Until the first of them.
    pub first: Duration,
    /// Until the last of them.
    pub last: Duration,
}

impl Pace {
    /// Whether several pieces were held back somewhere and came together.
    pub fn came_together(&self) -> bool {
        self.pieces >= SEVERAL && self.first >= WAITED && self.last.saturating_sub(self.first) < TOGETHER
    }

    fn note(&mut self, events: &[Event], after: Duration) {
        let more = events.iter().filter(|event| matches!(event, Event::Delta { .. })).count();
        if more > 0 {
            self.first = if self.pieces == 0 { after } else { self.first };
            self.last = after;
            self.pieces += more;
        }
    }
}

/// A gateway as a client reaches it.
#[derive(Clone, Debug)]
pub struct Address {
    /// As OpenAI's SDKs take it, with `/v1`.
    pub base_url: String,
    /// A virtual key.
    pub key: Secret,
}

/// One provider, looked at closely.
pub struct Probe {
    client: Client,
    network: Arc<Network>,
    provider: ProviderState,
    runtime: Runtime,
}

/// Whether a request has the provider's key with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signed {
    Yes,
    No,
}

impl Probe {
    /// Makes a stored provider ready to be asked; `ca_file` has more trusted certificate authorities.
    ///
    /// # Errors
    /// [`ProbeError`]; faults of the provider come out when it is asked.
    pub fn new(row: ProviderRow, sealer: &Sealer, ca_file: Option<&Path>) -> Result<Probe, ProbeError> {
        Probe::of(ready(row, sealer), ca_file)
    }

    /// Makes a gateway ready to be asked as a client of this protocol does.
    ///
    /// # Errors
    /// As [`Probe::new`].
    pub fn client(address: &Address, protocol: Protocol, ca_file: Option<&Path>) -> Result<Probe, ProbeError> {
        Probe::of(remote(&address.base_url, &address.key, protocol), ca_file)
    }

    /// The protocol in which it asks.
    pub fn protocol(&self) -> Protocol {
        self.provider.record.protocol
    }

    fn of(provider: ProviderState, ca_file: Option<&Path>) -> Result<Probe, ProbeError> {
        let network = Arc::new(Network::new(ca_file)?);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Probe { client: Client::new(network.clone()), network, provider, runtime })
    }

    /// Where the provider is; none for the built-in one, and where the configuration is at fault.
    pub fn endpoint(&self) -> Option<Endpoint> {
        match &self.provider.link {
            Link::Network => Endpoint::parse(&self.provider.record.base_url).ok(),
            Link::Sandbox | Link::Faulty(_) => None,
        }
    }

    /// The proxy of this process's environment through which the provider is reached.
    pub fn proxy(&self) -> Option<String> {
        self.network.proxy(&self.endpoint()?)
    }

    /// The certificate that the provider shows; none without TLS.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn certificate(&self) -> Result<Option<Presented>, HttpError> {
        match self.endpoint().filter(Endpoint::is_secure) {
            Some(endpoint) => self.runtime.block_on(self.network.look(&endpoint, Patience { connect: CONNECT })),
            None => Ok(None),
        }
    }

    /// Whether requests carry a key.
    pub fn has_key(&self) -> bool {
        self.provider.record.secret.is_some()
    }

    /// The ids of the models that the provider lists.
    ///
    /// # Errors
    /// It is unreachable, refuses, or sends no list.
    pub fn models(&self) -> Result<Vec<String>, Complaint> {
        self.in_time(self.list(Signed::Yes))
    }

    /// Whether the provider lists its models for everybody, so that the list says nothing of the key.
    pub fn lists_without_key(&self) -> bool {
        self.in_time(self.list(Signed::No)).is_ok()
    }

    /// Asks a model for a word, or for some words as a stream.
    ///
    /// # Errors
    /// It is unreachable, refuses, or sends no answer.
    pub fn ask(&self, model: &str, way: Way) -> Result<Heard, Complaint> {
        let question = if way == Way::Stream { LONG_QUESTION } else { QUESTION };
        self.exchange(&Prompt { stream: way == Way::Stream, include_usage: true, ..prompt(model, question) })
    }

    /// Asks a model to call a tool.
    ///
    /// # Errors
    /// As [`Probe::ask`]. Whether it called is in the answer.
    pub fn ask_for_call(&self, model: &str) -> Result<Heard, Complaint> {
        let must = tool_prompt(model);
        match self.exchange(&must) {
            // Some models call tools and cannot be forced to.
            Err(complaint) if complaint.status == 400 => self.exchange(&Prompt { tool_choice: None, ..must }),
            heard => heard,
        }
    }

    fn exchange(&self, prompt: &Prompt) -> Result<Heard, Complaint> {
        let begun = Instant::now();
        let mut pace = Pace::default();
        let reply = self.in_time(async {
            let upstream = self.send_prompt(prompt).await?;
            if prompt.stream {
                return self.read_stream(upstream, |events| pace.note(events, begun.elapsed())).await;
            }
            let bytes = upstream.body.collect(MOST).await?;
            self.provider.main().dialect.read_reply(Task::Chat, &bytes)
        })?;
        Ok(Heard { pace, took: begun.elapsed(), ..heard(reply) })
    }

    async fn list(&self, signed: Signed) -> Result<Vec<String>, Complaint> {
        let upstream = match &self.provider.link {
            Link::Sandbox => Upstream::sandbox(sandbox::models()),
            _ => self.send(Method::GET, &self.models_endpoint()?, Bytes::new(), signed).await?,
        };
        self.provider.main().dialect.read_model_ids(&upstream.body.collect(MOST).await?)
    }

    fn in_time<T>(&self, asked: impl Future<Output = Result<T, Complaint>>) -> Result<T, Complaint> {
        let too_slow = || {
            let message = format!("the provider did not finish its answer within {} s", PATIENCE.as_secs());
            Complaint::new(Code::ProviderTimeout, message)
        };
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(too_slow())) })
    }

    async fn send_prompt(&self, prompt: &Prompt) -> Result<Upstream, Complaint> {
        let quirks = &self.provider.record.quirks;
        let model = self.provider.record.wire_name(&prompt.model);
        let target = dialect::Target { model, max_output_tokens: None, quirks };
        let written = self.provider.main().dialect.write_prompt(Task::Chat, prompt, &target)?;
        match &self.provider.link {
            Link::Sandbox => checked(self, Upstream::sandbox(sandbox::answer(Task::Chat, &written.bytes))).await,
            Link::Faulty(fault) => Err(Complaint::new(Code::ProviderUnreachable, fault.clone())),
            Link::Network => {
                let none = || Complaint::new(Code::UnsupportedFeature, "the provider's protocol has no conversations");
                let delivery = Delivery::of(prompt.stream);
                let endpoint = self.provider.main().endpoint(Task::Chat, delivery, model).ok_or_else(none)?;
                self.send(Method::POST, &endpoint, written.bytes, Signed::Yes).await
            }
        }
    }

    fn models_endpoint(&self) -> Result<Endpoint, Complaint> {
        if let Link::Faulty(fault) = &self.provider.link {
            return Err(Complaint::new(Code::ProviderUnreachable, fault.clone()));
        }
        let address = self.provider.main().listing(&self.provider.record.base_url);
        Endpoint::parse(&address).map_err(|error| Complaint::new(Code::ProviderUnreachable, error.to_string()))
    }

    async fn send(
        &self,
        method: Method,
        endpoint: &Endpoint,
        body: Bytes,
        signed: Signed,
    ) -> Result<Upstream, Complaint> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let signature = self.provider.main().headers.iter().filter(|_| signed == Signed::Yes);
        for (name, value) in self.provider.main().defaults.iter().chain(signature) {
            headers.insert(name.clone(), value.clone());
        }
        if signed == Signed::Yes {
            let (side, record) = (self.provider.main(), &self.provider.record);
            let unsigned = Unsigned { method: &method, endpoint, body: &body };
            Signing { side, record, client: &self.client }.sign(&unsigned, &mut headers).await?;
        }
        let outgoing =
            Outgoing { endpoint, method, headers, body: body.into(), patience: Patience { connect: CONNECT } };
        let response = self.client.send(outgoing).await.map_err(|error| unreachable(&error))?;
        checked(self, Upstream::network(response)).await
    }

    /// Reads a stream to its end; `seen` is told of the events of each read.
    async fn read_stream(&self, upstream: Upstream, mut seen: impl FnMut(&[Event])) -> Result<Reply, Complaint> {
        let kind = upstream.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing said");
        let framing = self.provider.main().dialect.framing();
        if !kind.starts_with(framing.media_type()) {
            let message = format!("it does not stream: a stream was asked for, and a body of type `{kind}` came");
            return Err(Complaint::new(Code::ProviderMalformed, message));
        }
        let mut reader = self.provider.main().dialect.stream_reader(Task::Chat);
        let (mut splitter, mut source, mut events) = (sse::Splitter::new(framing), upstream.body, Vec::new());
        while let Some(bytes) = std::future::poll_fn(|cx| source.poll_bytes(cx)).await {
            splitter.push(bytes?);
            let before = events.len();
            while let Some(frame) = splitter.next_frame().map_err(|error| malformed(&error.to_string()))? {
                reader.frame(&frame, &mut events)?;
            }
            seen(&events[before..]);
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
    let complaint = probe.provider.main().dialect.read_complaint(status, None, &body);
    let code = if matches!(status, 401 | 403) { Code::ProviderKeyRejected } else { complaint.code };
    let mut message = format!("HTTP {status}: {}", complaint.message);
    if let Some(secret) = &probe.provider.record.secret {
        // A server may say the key again.
        message = message.replace(secret.reveal(), "[the key]");
    }
    Err(Complaint { code, status, message: message.into(), ..complaint })
}

fn unreachable(error: &HttpError) -> Complaint {
    let late = matches!(error, HttpError::ConnectTimeout { .. });
    Complaint::new(if late { Code::ProviderTimeout } else { Code::ProviderUnreachable }, error.to_string())
}

fn malformed(reason: &str) -> Complaint {
    Complaint::new(Code::ProviderMalformed, format!("the provider's answer cannot be read: {reason}"))
}

fn prompt(model: &str, question: &str) -> Prompt {
    let turn = Turn { role: Role::User, name: None, parts: vec![Part::text(question)] };
    Prompt { model: model.to_owned(), turns: vec![turn], max_output_tokens: Some(MOST_TOKENS), ..Prompt::default() }
}

fn tool_prompt(model: &str) -> Prompt {
    let tool = Tool::Function {
        name: TOOL.to_owned(),
        description: Some("The weather in a city now.".to_owned()),
        schema: Json::parse(TOOL_SCHEMA.to_owned()).ok(),
        strict: None,
        cache: None,
    };
    Prompt { tools: vec![tool], tool_choice: Some(ToolChoice::Required), ..prompt(model, TOOL_QUESTION) }
}

/// What the first answer says.
fn heard(reply: Reply) -> Heard {
    let usage = reply.usage.map(|report| report.usage);
    let thought = usage.is_some_and(|usage| usage.reasoning > 0);
    let mut heard = Heard { usage, thought, ..Heard::default() };
    let Some(choice) = reply.choices.into_iter().next() else { return heard };
    heard.finish = choice.finish.map(|finish| finish.as_str().to_owned());
    for part in choice.parts {
        match part {
            Part::Text { text, .. } => heard.text.push_str(&text),
            Part::ToolCall { name, input, .. } => {
                heard.calls += 1;
                heard.call = heard.call.or(Some((name, input.get().to_owned())));
            }
            Part::Thinking { .. } | Part::RedactedThinking { .. } => heard.thought = true,
            _ => {}
        }
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(pieces: usize, first: u64, last: u64) -> Pace {
        Pace { pieces, first: Duration::from_millis(first), last: Duration::from_millis(last) }
    }

    #[test]
    fn pieces_that_come_together_after_a_wait_were_held_back() {
        assert!(pace(30, 900, 905).came_together());
        assert!(!pace(30, 300, 900).came_together(), "they came one after the other");
        assert!(!pace(30, 5, 6).came_together(), "it was too quick to tell");
        assert!(!pace(2, 900, 900).came_together(), "a short answer");
    }

    #[test]
    fn a_gateway_without_an_address_says_so_when_it_is_asked() {
        let address = Address { base_url: "nowhere".to_owned(), key: Secret::new("k") };
        let refused = Probe::client(&address, Protocol::Openai, None).unwrap().models().unwrap_err();
        assert!(refused.message.contains("`nowhere"), "{}", refused.message);
    }
}
