//! What a caller asks to be turned into vectors, and the vectors.

use super::event::UsageReport;
use serde_json::{Map, Value};

/// One request for vectors: one vector an input, in the same order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddingRequest {
    /// The model as the caller named it.
    pub model: String,
    /// Whether it came to an endpoint for one text and one vector, so that there is one input.
    pub one: bool,
    /// What is to be turned into vectors.
    pub inputs: Vec<EmbeddingInput>,
    /// How many numbers a vector has; none means as many as the model gives.
    pub dimensions: Option<u64>,
    /// How the caller wants the numbers written. A provider may be asked in another encoding.
    pub encoding: Encoding,
    /// What the vectors are for, where models make different ones.
    pub purpose: Option<Purpose>,
    /// The title of the document that the texts are from, for [`Purpose::Document`].
    pub title: Option<String>,
    /// Whether texts that are too long are cut (true) or refused (false); none means as the provider does by itself.
    pub truncate: Option<bool>,
    /// The caller's own name for the person at the other end.
    pub end_user: Option<String>,
    /// Fields that the reader does not know, by name at the top of the body.
    pub extra: Map<String, Value>,
}

/// What becomes one vector.
#[derive(Clone, Debug, PartialEq)]
pub enum EmbeddingInput {
    /// Words.
    Text(String),
    /// Numbers of the model's vocabulary (OpenAI's).
    Tokens(Vec<u32>),
}

/// How the numbers of a vector are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As JSON numbers.
    #[default]
    Float,
    /// As base 64 of the numbers, 32 bits each, the lowest byte first.
    Base64,
}

/// What vectors are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To search with.
    Query,
    /// To be found.
    Document,
    /// To be compared with one another.
    Similarity,
    /// To sort into classes.
    Classification,
    /// To find groups.
    Clustering,
    /// To find answers with.
    Question,
    /// To find evidence with.
    FactCheck,
    /// To find code with.
    CodeQuery,
}

/// Vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// The provider's id for the answer; empty where it has none.
    pub id: String,
    /// The model, as the provider names it; empty where it does not say.
    pub model: String,
    /// One an input, in the order of the inputs.
    pub vectors: Vec<Vec<f32>>,
    /// What it consumed; none where the provider does not say.
    pub usage: Option<UsageReport>,
}
