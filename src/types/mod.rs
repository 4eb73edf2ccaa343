//! The words everything else is written in: ids, money, usage, time, secrets.
//!
//! This is the bottom of the house: it imports nothing from the rest of the crate and knows no
//! protocol, no table and no command.

mod ids;
mod money;
mod secret;
mod time;
mod usage;

pub use ids::{KeyId, OrgId, ProviderId, RouteId, TraceId, TraceIds, UserId};
pub use money::{Money, ParseMoneyError};
pub use secret::Secret;
pub use time::Time;
pub use usage::Usage;

use serde::{Deserialize, Serialize};
use std::fmt;

/// A wire protocol that a caller speaks to us, or that we speak to a provider.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// OpenAI: chat completions, completions, embeddings, models.
    Openai,
    /// Anthropic: messages, token counting, models.
    Anthropic,
    /// Gemini: answers, token counting, embeddings, models.
    Gemini,
    /// OpenAI's Responses, with their token counting.
    Responses,
}

impl Protocol {
    /// Every protocol, in the order in which help texts name them.
    pub const ALL: [Protocol; 4] = [Protocol::Openai, Protocol::Anthropic, Protocol::Gemini, Protocol::Responses];

    /// The name used on the command line, in files and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Openai => "openai",
            Protocol::Anthropic => "anthropic",
            Protocol::Gemini => "gemini",
            Protocol::Responses => "responses",
        }
    }

    /// The protocol of that name.
    pub fn parse(name: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|p| p.as_str() == name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a caller wants done, in no protocol's words.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Task {
    /// A conversation turn: OpenAI `chat/completions` and `responses`, Anthropic `messages`, Gemini `generateContent`.
    Chat,
    /// Plain text continuation: OpenAI `completions`.
    Completion,
    /// Vectors of texts: OpenAI `embeddings`, Gemini `embedContent`.
    Embedding,
    /// How many tokens a prompt has: Anthropic `messages/count_tokens`, OpenAI `responses/input_tokens`, Gemini `countTokens`.
    CountTokens,
    /// Vectors of several texts, where a protocol has a place of its own for that: Gemini `batchEmbedContents`.
    EmbeddingBatch,
}

impl Task {
    /// Every task.
    pub const ALL: [Task; 5] = [Task::Chat, Task::Completion, Task::Embedding, Task::CountTokens, Task::EmbeddingBatch];

    /// The name stored with a trace.
    pub fn as_str(self) -> &'static str {
        match self {
            Task::Chat => "chat",
            Task::Completion => "completion",
            Task::Embedding => "embedding",
            Task::CountTokens => "count_tokens",
            Task::EmbeddingBatch => "embedding_batch",
        }
    }
}
