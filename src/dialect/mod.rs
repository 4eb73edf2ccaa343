//! Wire protocols, one folder each, behind two traits.
//!
//! The caller's side reads requests and writes answers; the provider's side writes requests and
//! reads answers. N caller dialects and M provider dialects cost N + M. A dialect never imports
//! another one, and knows no key, no route and no table.

pub mod anthropic;
pub mod cohere;
pub mod gemini;
mod json;
mod member;
mod mould;
pub mod ollama;
pub mod openai_chat;
mod openai_error;
mod openai_models;
mod place;
mod request;
pub mod responses;
pub mod sse;
mod strings;

pub use self::member::{has_member, with_member};
pub use self::request::{Delivery, StreamForm, UrlFacts};

use self::sse::Framing;
use crate::body::Body;
use crate::canonical::{
    Code, Complaint, EmbeddingRequest, Embeddings, Event, Prompt, Reasoning, Reply, Text, UsageReport,
};
use crate::records::Quirks;
use crate::scan::Cursor;
use crate::types::{Protocol, Task, Time};
use bytes::{Bytes, BytesMut};
use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

/// The caller's side of a protocol; none where only providers speak it. A new one is a line here and a line below.
pub fn caller(protocol: Protocol) -> Option<&'static dyn CallerDialect> {
    match protocol {
        Protocol::Openai => Some(&openai_chat::Caller),
        Protocol::Anthropic => Some(&anthropic::Caller),
        Protocol::Gemini => Some(&gemini::Caller),
        Protocol::Ollama => Some(&ollama::Caller),
        Protocol::Cohere => None,
        Protocol::Responses => Some(&responses::Caller),
    }
}

/// The provider's side of every protocol.
pub fn provider(protocol: Protocol) -> &'static dyn ProviderDialect {
    match protocol {
        Protocol::Openai => &openai_chat::Provider,
        Protocol::Anthropic => &anthropic::Provider,
        Protocol::Responses => &responses::Provider,
        Protocol::Gemini => &gemini::Provider,
        Protocol::Ollama => &ollama::Provider,
        Protocol::Cohere => &cohere::Provider,
    }
}

/// A value that a decision rests on, and where its JSON text stands in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the body, quotes included; empty where the URL says it.
    pub span: Range<usize>,
}

impl<T> Field<T> {
    /// Reads the next value of a text, and where it stands.
    pub fn read<'a>(cursor: &mut Cursor<'a>, read: impl FnOnce(&mut Cursor<'a>) -> Option<T>) -> Option<Field<T>> {
        cursor.space();
        let begin = cursor.place();
        let value = read(cursor)?;
        Some(Field { value, span: begin..cursor.place() })
    }
}

/// Every field of a request that a decision of the gateway rests on. Reading one refuses
/// duplicates, so that gateway and provider cannot read two different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// The model.
    pub model: Field<String>,
    /// Whether the answer comes piece by piece.
    pub stream: bool,
    /// Whether a stream is to report usage to the caller (OpenAI `stream_options.include_usage`).
    pub include_usage: bool,
    /// Where `stream_options` stands, value only, if it does.
    pub stream_options: Option<Range<usize>>,
    /// The caller's limit on the answer, and where its value stands.
    pub max_output_tokens: Option<Field<u64>>,
    /// How many answers.
    pub n: u64,
    /// Whether tools are offered.
    pub tools: bool,
    /// Just behind the opening brace: where a new member can be put in.
    pub first_member: usize,
}

/// Bytes that say something, and what could not be said, by path in the caller's request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The JSON text.
    pub bytes: Bytes,
    /// Paths like `logit_bias` or `messages[2].content[0].cache_control`.
    pub dropped: Vec<String>,
}

/// A model as `models` lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// `provider/model`, or a routing rule's name.
    pub id: String,
    /// The provider's name.
    pub owner: String,
    /// When it came out; the epoch where nobody knows.
    pub created: Time,
    /// Prompt and answer together, in tokens.
    pub context_window: Option<u64>,
    /// The longest answer, in tokens.
    pub max_output_tokens: Option<u64>,
    /// What it can do, as far as the catalogue knows.
    pub abilities: Vec<Ability>,
}

/// What a model can do, as lists of models say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// It answers.
    Chat,
    /// It makes vectors.
    Embedding,
    /// It calls tools.
    Tools,
    /// It sees pictures.
    Vision,
    /// It reasons before it answers.
    Thinking,
}

/// What a writer of streams must know about the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The task.
    pub task: Task,
    /// Whether the caller wants usage in the stream.
    pub include_usage: bool,
    /// The layout of the stream.
    pub form: StreamForm,
}

/// What is known of a call when its answer is written.
#[derive(Clone, Copy, Debug)]
pub struct Answering<'a> {
    /// What was asked for.
    pub asked: Asked,
    /// The request's body, for protocols whose answers repeat it; may be empty.
    pub request: &'a str,
    /// The gateway's own id of the call, of letters, digits and dashes; may be empty.
    pub id: &'a str,
    /// Whether the gateway keeps the answer, so that it can be gone on from.
    pub kept: bool,
}

impl Default for Answering<'_> {
    fn default() -> Self {
        let asked = Asked { task: Task::Chat, include_usage: false, form: StreamForm::Usual };
        Answering { asked, request: "", id: "", kept: false }
    }
}

/// Bytes of a body, from to.
pub type Span = Range<usize>;

/// How a request goes on from an earlier answer, and whether its own answer may be gone on from, in protocols
/// where a caller can say that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// The id of the answer that it goes on from.
    pub previous: Option<String>,
    /// Where that stands, with its name and a comma.
    pub previous_member: Option<Span>,
    /// Whether the answer is to be kept; none where the caller does not say.
    pub store: Option<bool>,
    /// Where that stands, with its name and a comma.
    pub store_member: Option<Span>,
    /// Where the input stands, value only.
    pub input: Option<Span>,
    /// Whether the answer is to be made after the response, and asked for later.
    pub background: bool,
    /// Whether it names a conversation that the provider keeps.
    pub conversation: bool,
}

/// What is known of the target when a request is written for it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model as the provider names it.
    pub model: &'a str,
    /// The longest answer it can give, in tokens, where the catalogue knows.
    pub max_output_tokens: Option<u64>,
    /// How the vendor departs from the dialect.
    pub quirks: &'a Quirks,
}

/// The side of a dialect that faces callers.
pub trait CallerDialect: Send + Sync {
    /// Which protocol this is.
    fn protocol(&self) -> Protocol;

    /// Reads the fields that decisions rest on.
    ///
    /// # Errors
    /// [`crate::canonical::Code::InvalidRequest`] with the place: no JSON object, a missing model, a
    /// field of the wrong type, a field twice.
    fn peek(&self, task: Task, body: &str, url: &UrlFacts) -> Result<Peek, Complaint>;

    /// Lists every text of the request, with its place.
    ///
    /// # Errors
    /// As [`CallerDialect::peek`].
    fn texts<'a>(&self, task: Task, body: &'a str) -> Result<Vec<Text<'a>>, Complaint>;

    /// Reads the whole request.
    ///
    /// # Errors
    /// As [`CallerDialect::peek`], for every field that has a place in the canonical model.
    fn read_prompt(&self, task: Task, body: &str, url: &UrlFacts) -> Result<Prompt, Complaint>;

    /// Reads how the request goes on from an earlier answer.
    ///
    /// # Errors
    /// As [`CallerDialect::peek`].
    fn thread(&self, body: &str) -> Result<Thread, Complaint> {
        let _ = body;
        Ok(Thread::default())
    }

    /// Where a request asks for the reasoning that was read as `wish`.
    fn reasoning_field(&self, wish: &Reasoning) -> &'static str;

    /// Reads a request for vectors.
    ///
    /// # Errors
    /// As [`CallerDialect::peek`]; [`Code::UnsupportedFeature`] where the protocol has no embeddings.
    fn read_embedding(&self, task: Task, body: &str, url: &UrlFacts) -> Result<EmbeddingRequest, Complaint> {
        let _ = (task, body, url);
        Err(no_embeddings(self.protocol()))
    }

    /// Writes the vectors that were asked for with `request`.
    fn write_embeddings(&self, request: &EmbeddingRequest, embeddings: Embeddings) -> Bytes {
        let _ = (request, embeddings);
        Bytes::new()
    }

    /// Writes a whole answer.
    fn write_reply(&self, task: Task, reply: Reply) -> Written;

    /// Writes a whole answer, by what is known of the call.
    fn answer(&self, to: &Answering<'_>, reply: Reply) -> Written {
        self.write_reply(to.asked.task, reply)
    }

    /// Starts writing an answer piece by piece.
    fn stream_writer(&self, asked: Asked) -> Box<dyn WriteStream>;

    /// Starts writing an answer piece by piece, by what is known of the call.
    fn answer_stream(&self, to: &Answering<'_>) -> Box<dyn WriteStream> {
        self.stream_writer(to.asked)
    }

    /// Writes an error body. The status travels beside it.
    fn write_complaint(&self, complaint: &Complaint, trace_id: &str) -> Bytes;

    /// Writes a token count.
    fn write_token_count(&self, input_tokens: u64) -> Bytes;

    /// Writes the list of models.
    fn write_models(&self, models: &[ModelCard]) -> Bytes;

    /// Writes one model.
    fn write_model(&self, model: &ModelCard) -> Bytes;
}

/// Writes one answer as a stream.
pub trait WriteStream: Send {
    /// The media type of the stream.
    fn content_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    /// Appends the frames that say `event`.
    fn event(&mut self, event: Event, out: &mut BytesMut);

    /// Appends a frame that the provider wrote in the same dialect, in the layout that the caller asked for.
    fn relay(&mut self, frame: &sse::Frame, out: &mut BytesMut) {
        out.extend_from_slice(&frame.raw);
    }

    /// Appends the frames that end the stream well: the caller has the whole answer with them.
    fn end(&mut self, out: &mut BytesMut);

    /// Appends the frame that ends the stream badly.
    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut);

    /// What could not be said so far, by path in the provider's answer.
    fn dropped(&self) -> &[String];

    /// The whole answer once it has ended, in protocols where it can be asked for later.
    fn whole(&self) -> Option<Bytes> {
        None
    }
}

/// The side of a dialect that faces providers.
pub trait ProviderDialect: Send + Sync {
    /// Which protocol this is.
    fn protocol(&self) -> Protocol;

    /// Where the task is done, below the provider's base URL, with a leading slash; none where the
    /// protocol has no such task. `{model}` in it stands for the model's name. OpenAI bases end in
    /// `/v1`, Anthropic bases do not.
    fn path(&self, task: Task, delivery: Delivery) -> Option<&'static str>;

    /// How the provider's streams are cut into frames.
    fn framing(&self) -> Framing {
        Framing::Events
    }

    /// Where the provider lists its models, below its base URL, with a leading slash.
    fn models_path(&self) -> &'static str;

    /// Reads the ids of a provider's list of models, as calls name them.
    ///
    /// # Errors
    /// [`crate::canonical::Code::ProviderMalformed`] where it is no such list.
    fn read_model_ids(&self, body: &[u8]) -> Result<Vec<String>, Complaint> {
        read_model_ids(body)
    }

    /// Edits a request of the same dialect for the target: the model's name, and what the gateway
    /// needs to be told (usage in streams). Everything else stays byte for byte.
    fn splice(&self, task: Task, body: &mut Body, peek: &Peek, target: &Target<'_>);

    /// Writes a request that came in another dialect. Paths in it, of what is dropped or refused, are those of the
    /// prompt: `system[PART]`, `messages[TURN].content[PART]`; [`crate::canonical::Places`] makes them the caller's.
    ///
    /// # Errors
    /// [`crate::canonical::Code::UnsupportedFeature`] where leaving a part out would change what is asked.
    fn write_prompt(&self, task: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint>;

    /// Writes a request for vectors that came in another dialect.
    ///
    /// # Errors
    /// [`Code::UnsupportedFeature`] where the protocol has no embeddings, or leaving a part out would change what
    /// is asked.
    fn write_embedding(&self, request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
        let _ = (request, target);
        Err(no_embeddings(self.protocol()))
    }

    /// Reads vectors.
    ///
    /// # Errors
    /// [`Code::ProviderMalformed`] where there are none.
    fn read_embeddings(&self, body: &[u8]) -> Result<Embeddings, Complaint> {
        let _ = body;
        Err(no_embeddings(self.protocol()))
    }

    /// Reads of a whole answer of the same dialect what a trace needs, and leaves the rest alone.
    ///
    /// # Errors
    /// [`crate::canonical::Code::ProviderMalformed`] where it is no answer.
    fn glance(&self, task: Task, body: &[u8]) -> Result<Sight, Complaint>;

    /// Reads a whole answer.
    ///
    /// # Errors
    /// [`crate::canonical::Code::ProviderMalformed`] where it is no answer.
    fn read_reply(&self, task: Task, body: &[u8]) -> Result<Reply, Complaint>;

    /// Starts watching a stream whose frames go on as they are. `hide_usage`: the usage was asked
    /// for by the gateway and not by the caller, so the frame that has nothing else is for us.
    fn tap(&self, task: Task, hide_usage: bool) -> Box<dyn Tap>;

    /// Starts reading a stream for another dialect.
    fn stream_reader(&self, task: Task) -> Box<dyn ReadStream>;

    /// Reads an error answer: status as the provider sent it, message, type and code where the body
    /// has them, else a sentence that says what came instead (an HTML page, nothing).
    fn read_complaint(&self, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint;
}

/// Reads the one field of a JSON body that says where it goes, in protocols that have it as `model` at the top.
///
/// # Errors
/// [`Code::InvalidRequest`] where it is no JSON object, or `model` stands twice or is no string.
pub fn model_field(body: &str) -> Result<Option<Field<String>>, Complaint> {
    let mut top = json::Obj::of_body(body)?;
    let Some(model) = top.take("model") else { return Ok(None) };
    Ok(Some(Field { value: model.string()?, span: json::span_of(body, model.raw) }))
}

fn no_embeddings(protocol: Protocol) -> Complaint {
    let message = format!("the {protocol} protocol has no embeddings; choose a model of another provider");
    Complaint::new(Code::UnsupportedFeature, message)
}

/// Reads the ids of a list that has them in `data[].id`.
fn read_model_ids(body: &[u8]) -> Result<Vec<String>, Complaint> {
    #[derive(serde::Deserialize)]
    struct List {
        data: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        id: String,
    }
    let list: List = serde_json::from_slice(body).map_err(|error| {
        Complaint::new(Code::ProviderMalformed, format!("the provider's list of models cannot be read: {error}"))
    })?;
    Ok(list.data.into_iter().map(|entry| entry.id).collect())
}

/// What a trace needs to know of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// What it consumed; none where the provider did not say.
    pub usage: Option<UsageReport>,
    /// Why it ended (of the first answer), in the words of [`crate::canonical::Finish::as_str`].
    pub finish: Option<Cow<'static, str>>,
    /// The answer's words so far, thinking and tool input included: only what an estimate needs.
    /// Empty for whole answers that report usage.
    pub said: String,
}

/// What becomes of a frame that goes on as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Pass {
    /// It goes on.
    Forward,
    /// It was only for the gateway.
    Drop,
    /// It goes on, and the caller has the whole answer with it.
    Last,
    /// The provider says that it failed; the frame goes on and ends the stream.
    Failed(Complaint),
    /// It is no frame of this protocol: the stream is broken.
    Broken(Complaint),
}

/// Watches a stream whose frames go on as they are.
pub trait Tap: Send {
    /// Looks at one frame.
    fn see(&mut self, frame: &sse::Frame, sight: &mut Sight) -> Pass;

    /// The whole answer once it has ended, in protocols where it can be asked for later.
    fn whole(&self) -> Option<Bytes> {
        None
    }
}

/// Reads a stream into events.
pub trait ReadStream: Send {
    /// Appends what the frame means. [`Event::Failed`] where the provider says that it failed.
    ///
    /// # Errors
    /// [`crate::canonical::Code::ProviderMalformed`] where it is no frame of this protocol.
    fn frame(&mut self, frame: &sse::Frame, events: &mut Vec<Event>) -> Result<(), Complaint>;

    /// Whether the frames so far make a whole answer. Asked when the provider closes the stream.
    fn is_complete(&self) -> bool;

    /// Whether the frame that ends a stream has come, and nothing can come behind it.
    fn is_over(&self) -> bool;
}
