//! The words everything else is written in: ids, money, usage, time, secrets.
//!
//! This is the bottom of the house: it imports nothing from the rest of the crate and knows no
//! protocol, no table and no command.

mod ids;
mod money;
mod secret;
mod time;
mod usage;

pub use ids::{
    BudgetId, GuardrailId, KeyId, LimitId, OrgId, PolicyId, ProviderId, RouteId, TeamId, TraceId, TraceIds, UserId,
};
pub use money::{Money, ParseMoneyError};
pub use secret::Secret;
pub use time::Time;
pub use usage::Usage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A wire protocol that a caller speaks to us, or that we speak to a provider.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// OpenAI: chat completions, completions, embeddings, models.
    Openai,
    /// Anthropic: messages, token counting, models.
    Anthropic,
    /// Gemini: answers, token counting, embeddings, models.
    Gemini,
    /// Ollama: chat, generate, embed, tags, show.
    Ollama,
    /// Cohere, version 2: chat, embed. Only providers speak it.
    Cohere,
    /// OpenAI's Responses, with their token counting.
    Responses,
    /// AWS Bedrock's Converse. Only providers speak it.
    Bedrock,
}

impl Protocol {
    /// Every protocol, in the order in which help texts name them.
    pub const ALL: [Protocol; 7] = [
        Protocol::Openai,
        Protocol::Anthropic,
        Protocol::Gemini,
        Protocol::Ollama,
        Protocol::Cohere,
        Protocol::Responses,
        Protocol::Bedrock,
    ];

    /// The name used on the command line, in files and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Openai => "openai",
            Protocol::Anthropic => "anthropic",
            Protocol::Gemini => "gemini",
            Protocol::Ollama => "ollama",
            Protocol::Cohere => "cohere",
            Protocol::Responses => "responses",
            Protocol::Bedrock => "bedrock",
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
    /// Pictures of words: OpenAI `images/generations`.
    Image,
    /// Pictures of pictures: OpenAI `images/edits`.
    ImageEdit,
    /// Words read out: OpenAI `audio/speech`.
    Speech,
    /// Words of a sound: OpenAI `audio/transcriptions`.
    Transcription,
    /// English words of a sound: OpenAI `audio/translations`.
    Translation,
    /// Whether a text is harmful: OpenAI `moderations`.
    Moderation,
    /// The order of documents for a question: `rerank` of Cohere, Jina and others.
    Rerank,
    /// Files that are kept at a provider.
    File,
    /// Batches of requests at a provider.
    Batch,
    /// Whatever else is carried to one provider.
    Other,
}

impl Task {
    /// Every task.
    pub const ALL: [Task; 15] = [
        Task::Chat,
        Task::Completion,
        Task::Embedding,
        Task::CountTokens,
        Task::EmbeddingBatch,
        Task::Image,
        Task::ImageEdit,
        Task::Speech,
        Task::Transcription,
        Task::Translation,
        Task::Moderation,
        Task::Rerank,
        Task::File,
        Task::Batch,
        Task::Other,
    ];

    /// The name stored with a trace.
    pub fn as_str(self) -> &'static str {
        match self {
            Task::Chat => "chat",
            Task::Completion => "completion",
            Task::Embedding => "embedding",
            Task::CountTokens => "count_tokens",
            Task::EmbeddingBatch => "embedding_batch",
            Task::Image => "image",
            Task::ImageEdit => "image_edit",
            Task::Speech => "speech",
            Task::Transcription => "transcription",
            Task::Translation => "translation",
            Task::Moderation => "moderation",
            Task::Rerank => "rerank",
            Task::File => "file",
            Task::Batch => "batch",
            Task::Other => "other",
        }
    }
}
