//! What is known of a request beside its body.

/// What the URL of a request says of it, in protocols that say it there; nothing in the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UrlFacts {
    /// The model.
    pub model: Option<String>,
    /// Whether, and in which form, the answer comes piece by piece.
    pub stream: Option<StreamForm>,
    /// Whether it is the endpoint for one text and one vector, where a protocol has another one for lists
    /// (Gemini `embedContent`, Ollama `api/embeddings`). Such a call is always read and written anew.
    pub one: bool,
}

/// How a streamed answer is laid out, where a protocol has several ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamForm {
    /// The protocol's usual one.
    #[default]
    Usual,
    /// One JSON array, an element a piece (Gemini without `alt=sse`).
    JsonArray,
}

/// Whether an answer comes whole or piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In one body.
    Whole,
    /// As a stream.
    Streamed,
}

impl Delivery {
    /// Both.
    pub const ALL: [Delivery; 2] = [Delivery::Whole, Delivery::Streamed];

    /// What a request that says `stream` wants.
    pub fn of(stream: bool) -> Delivery {
        if stream { Delivery::Streamed } else { Delivery::Whole }
    }
}
