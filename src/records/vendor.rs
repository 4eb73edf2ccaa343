//! What is known of a vendor: how it is signed, in what it departs from its dialect, what it speaks and where.

use crate::types::Protocol;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a request is signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// The secret alone, in a header of this name.
    Header(String),
    /// As Azure wants it: a key in `api-key`, or a token of Microsoft Entra.
    Azure,
    /// As AWS wants it: Signature Version 4, or an API key of Bedrock.
    Aws,
    /// As Google Cloud wants it: tokens that a file of credentials or the machine makes, or a key in `x-goog-api-key`.
    Google,
    /// No secret.
    None,
}

/// The name of the field that limits an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitField {
    /// What most vendors take.
    #[default]
    MaxTokens,
    /// What OpenAI takes for its newer models.
    MaxCompletionTokens,
}

/// How a vendor departs from the dialect it speaks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// Whether `stream_options.include_usage` is understood.
    pub stream_usage: bool,
    /// The field that limits an answer, used when a request is translated.
    pub limit_field: LimitField,
    /// Whether instructions have the role `developer`.
    pub developer_role: bool,
    /// Top-level fields that the vendor refuses; left out, and named, when a request is translated.
    pub unsupported: Vec<String>,
    /// Whether `response_format` takes a JSON schema.
    pub json_schema: bool,
    /// Whether a count of tokens takes the members of the request themselves (Vertex) where Gemini's own takes it whole.
    pub bare_count: bool,
    /// Fields that the vendor calls by another name: the protocol's name to the vendor's.
    pub renamed: BTreeMap<String, String>,
    /// Whether `top_k` is understood.
    pub top_k: bool,
    /// The member of a message that takes the model's earlier thoughts back; none where there is none.
    pub reasoning_field: Option<String>,
    /// How thinking is asked for.
    pub thinking: ThinkingField,
    /// How many letters and digits the id of a tool call must have; none where it may be any text.
    pub tool_call_id_length: Option<usize>,
    /// Whether vectors are made by `predict` (Vertex).
    pub predicts_vectors: bool,
    /// How Anthropic's messages are spoken where a cloud hosts its models.
    pub hosted: Option<Hosted>,
    /// Whether answers can be kept at the vendor and gone on from (OpenAI's Responses).
    pub keeps_answers: bool,
}

/// Anthropic's messages at a cloud: the URL names the model, and the body the version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosted {
    /// What `anthropic_version` says.
    pub version: String,
    /// Whether `stream` stands in the body.
    pub stream: bool,
    /// Whether it is at AWS: streams are binary messages with the events inside, and the body names features in beta.
    #[serde(default)]
    pub binary: bool,
}

/// How thinking is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkingField {
    /// In steps: `reasoning_effort`.
    #[default]
    ReasoningEffort,
    /// On or off: `thinking.type`.
    ThinkingType,
    /// On or off, perhaps with a budget: `enable_thinking`, `thinking_budget`.
    EnableThinking,
}

impl Default for Quirks {
    fn default() -> Quirks {
        Quirks {
            stream_usage: true,
            limit_field: LimitField::MaxTokens,
            developer_role: false,
            unsupported: Vec::new(),
            json_schema: true,
            renamed: BTreeMap::new(),
            top_k: false,
            reasoning_field: None,
            thinking: ThinkingField::ReasoningEffort,
            tool_call_id_length: None,
            bare_count: false,
            predicts_vectors: false,
            hosted: None,
            keeps_answers: true,
        }
    }
}

/// A protocol that a provider speaks, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The protocol.
    pub protocol: Protocol,
    /// How the names of the models begin that are spoken to in it; empty for all.
    #[serde(default)]
    pub models: Vec<String>,
    /// Where tasks are done below the base URL, where not at the protocol's own place: by the task's name,
    /// `{model}` standing for the model's name; with `_stream` behind the name for streamed answers alone. An
    /// empty text: the vendor does not do the task in this protocol. Also `models`, where models are listed, and `root`,
    /// below which whatever else is carried stands.
    #[serde(default)]
    pub paths: BTreeMap<String, String>,
    /// How requests are signed, where not as the provider's others are.
    #[serde(default)]
    pub auth: Option<Auth>,
}

impl Side {
    /// All that the protocol has, for all models, at its own places.
    pub fn plain(protocol: Protocol) -> Side {
        Side { protocol, models: Vec::new(), paths: BTreeMap::new(), auth: None }
    }
}
