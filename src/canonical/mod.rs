//! The canonical model: what a caller asks and what a model answers, in no dialect's words.
//!
//! Dialects read into it and write out of it. It knows no field name of any provider; what has no
//! place here travels as `extra` or [`Part::Opaque`] and is named when it cannot be said.

mod complaint;
mod embedding;
mod event;
mod evidence;
mod places;
mod prompt;
mod reply;
mod seal;
mod text;

pub use complaint::{Code, Complaint, Facts};
pub use embedding::{EmbeddingInput, EmbeddingRequest, Embeddings, Encoding, Purpose};
pub use event::{Block, BlockKind, Delta, Event, UsageReport};
pub use evidence::{Citation, Own, Page, Said, Search, own};
pub use places::Places;
pub use prompt::{
    CacheMark, Effort, Format, Json, Media, MediaKind, Part, Prompt, Reasoning, Role, Sampling, Source, Thinking, Tool,
    ToolChoice, Turn, WebSearch,
};
pub use reply::{Choice, Finish, Reply};
pub use seal::{opened_seal, sealed_by};
pub use text::{Text, Voice};
