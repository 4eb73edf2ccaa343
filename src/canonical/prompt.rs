//! What a caller asks for.

use super::evidence::{Citation, Search};
use super::places::Places;
use crate::types::Protocol;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// A piece of JSON that is carried as it was written: key order and number spelling are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(pub Box<RawValue>);

impl Json {
    /// The empty object.
    pub fn empty_object() -> Json {
        Json::parse("{}".to_owned()).unwrap_or_else(|_| Json(RawValue::NULL.to_owned()))
    }

    /// Checks and takes over a text.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn parse(text: String) -> Result<Json, serde_json::Error> {
        RawValue::from_string(text).map(Json)
    }

    /// The JSON text of a value.
    ///
    /// # Errors
    /// The value has no JSON form (a map with keys that are not texts).
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Json, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Json)
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.get() == other.get()
    }
}

/// One request for an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// The model as the caller named it.
    pub model: String,
    /// Instructions that stand before the conversation.
    pub system: Vec<Part>,
    /// The conversation, oldest first.
    pub turns: Vec<Turn>,
    /// Functions that the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must, may or must not call one.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tools: Option<bool>,
    /// The most tokens that the answer may have, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How the next token is drawn.
    pub sampling: Sampling,
    /// The form of the answer.
    pub format: Format,
    /// How much the model should think first.
    pub reasoning: Reasoning,
    /// Whether the answer comes piece by piece.
    pub stream: bool,
    /// Whether a streamed answer must report usage to the caller.
    pub include_usage: bool,
    /// The caller's own name for the person at the other end.
    pub end_user: Option<String>,
    /// The provider's class of service: `auto`, `default`, `flex`, `priority` ...
    pub service_tier: Option<String>,
    /// The caller's notes on the request.
    pub metadata: Map<String, Value>,
    /// Fields that the reader does not know, by name at the top of the body.
    pub extra: Map<String, Value>,
    /// Where the parts stood in the caller's list of messages, where messages were joined or taken apart.
    pub places: Places,
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Instructions in the middle of a conversation.
    System,
    /// The caller, tool results included.
    User,
    /// The model, tool calls included.
    Assistant,
}

/// What one side said before the other answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// The speaker's name, where the dialect has one.
    pub name: Option<String>,
    /// What was said, in order.
    pub parts: Vec<Part>,
}

/// Asks the provider to keep the prompt up to here in its cache.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheMark {
    /// How long, as the caller wrote it (`5m`, `1h`); none means the shortest.
    pub ttl: Option<String>,
}

/// A piece of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// Cache the prompt up to here.
        cache: Option<CacheMark>,
    },
    /// What the model thought before it answered.
    Thinking {
        /// The thought, perhaps summarised by the provider.
        text: String,
        /// The provider's seal; the thought is only taken back with it.
        signature: Option<String>,
    },
    /// Thinking that only the provider can read, to be sent back as it is.
    RedactedThinking {
        /// The provider's cipher text.
        data: String,
    },
    /// The model declines.
    Refusal {
        /// Its words.
        text: String,
    },
    /// An image, a document, a sound.
    Media(Media),
    /// The model calls a function.
    ToolCall {
        /// The call's id, which the result repeats.
        id: String,
        /// The function.
        name: String,
        /// Its arguments, an object.
        input: Json,
        /// Cache the prompt up to here.
        cache: Option<CacheMark>,
    },
    /// What the function gave back.
    ToolResult {
        /// The id of the call.
        call: String,
        /// Texts and media.
        parts: Vec<Part>,
        /// Whether the function failed.
        is_error: bool,
        /// Cache the prompt up to here.
        cache: Option<CacheMark>,
    },
    /// A page that the text before it rests on. Only answers have them.
    Citation(Citation),
    /// A search that the provider ran. Only answers have them.
    Search(Search),
    /// Something that only one dialect can say, as it was written.
    Opaque {
        /// The dialect.
        from: Protocol,
        /// The text.
        raw: Json,
    },
}

impl Part {
    /// Plain words.
    pub fn text(text: impl Into<String>) -> Part {
        Part::Text { text: text.into(), cache: None }
    }
}

/// What a media part holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A PDF or a plain text document.
    Document,
    /// A sound.
    Audio,
}

/// Where a media part's bytes are.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// In place, as base 64.
    Base64(String),
    /// In place, as plain text.
    Text(String),
    /// At an address that the provider fetches.
    Url(String),
    /// Uploaded before, under the provider's file id.
    File(String),
}

/// An image, a document or a sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Media type such as `image/png`; none where only the address tells.
    pub mime: Option<String>,
    /// Where it is.
    pub source: Source,
    /// File name or title.
    pub name: Option<String>,
    /// How closely the model should look (`low`, `high`, `auto`).
    pub detail: Option<String>,
    /// Cache the prompt up to here.
    pub cache: Option<CacheMark>,
}

/// A function that the model may call.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    /// The caller runs it.
    Function {
        /// Its name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// JSON schema of its arguments; none means no arguments.
        schema: Option<Json>,
        /// Whether arguments must match the schema exactly.
        strict: Option<bool>,
        /// Cache the prompt up to here.
        cache: Option<CacheMark>,
    },
    /// The provider searches the web by itself.
    WebSearch(WebSearch),
    /// A tool that the provider runs, or that only one dialect can name.
    Opaque {
        /// The dialect.
        from: Protocol,
        /// The text.
        raw: Json,
    },
}

/// A search of the web that the provider runs.
#[derive(Clone, Debug, PartialEq)]
pub struct WebSearch {
    /// Names of members that say how is searched, which other dialects do not have.
    pub options: Vec<String>,
    /// The dialect.
    pub from: Protocol,
    /// As it was written.
    pub raw: Json,
}

/// Whether a tool must be called.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// No tool.
    Never,
    /// Any tool, but one.
    Required,
    /// This tool.
    Named(String),
}

/// How the next token is drawn. Numbers keep the caller's spelling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// Randomness.
    pub temperature: Option<Number>,
    /// Nucleus sampling.
    pub top_p: Option<Number>,
    /// Only the most likely K.
    pub top_k: Option<Number>,
    /// Against repeated tokens, by count.
    pub frequency_penalty: Option<Number>,
    /// Against repeated tokens, once.
    pub presence_penalty: Option<Number>,
    /// Repeatable draws.
    pub seed: Option<Number>,
    /// How many answers; none means one.
    pub n: Option<u64>,
    /// Whether the likelihood of each token is reported.
    pub logprobs: Option<bool>,
    /// How many alternatives are reported with it.
    pub top_logprobs: Option<u64>,
}

/// The form of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Format {
    /// Free text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that matches a schema.
    Schema {
        /// The schema's name.
        name: String,
        /// What it describes.
        description: Option<String>,
        /// The schema.
        schema: Json,
        /// Whether the match must be exact.
        strict: Option<bool>,
    },
}

/// How much to think, in steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Effort {
    /// Not at all.
    None,
    /// The least.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More than much.
    XHigh,
    /// The most.
    Max,
}

/// Whether thinking is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thinking {
    /// Off.
    Disabled,
    /// On.
    Enabled,
    /// The model decides.
    Adaptive,
}

/// How much the model should think first. All none: as the model does by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasoning {
    /// In steps.
    pub effort: Option<Effort>,
    /// In tokens.
    pub budget_tokens: Option<u64>,
    /// On, off, or left to the model.
    pub thinking: Option<Thinking>,
}
