//! What a model answered, piece by piece.

use super::complaint::Complaint;
use super::evidence::{Citation, Search};
use super::prompt::{Json, Media, Part};
use super::reply::Finish;
use crate::types::{Protocol, Usage};

/// Which part of which answer an event belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Block {
    /// The answer, from 0; others than 0 only where several were asked for.
    pub choice: u32,
    /// The part within it, from 0 in the order of opening.
    pub index: u32,
}

/// What kind of part opens.
#[derive(Clone, Debug, PartialEq)]
pub enum BlockKind {
    /// Words.
    Text,
    /// Words by which the model declines.
    Refusal,
    /// Thinking.
    Thinking,
    /// Thinking that only the provider can read; it comes whole.
    RedactedThinking {
        /// The provider's cipher text.
        data: String,
    },
    /// A function call; its input follows as fragments of JSON.
    ToolCall {
        /// The call's id.
        id: String,
        /// The function.
        name: String,
    },
    /// An image or a sound; it comes whole.
    Media(Media),
    /// A page that the text before it rests on.
    Citation(Citation),
    /// A search that the provider ran.
    Search(Search),
    /// Something only one dialect can say; it comes whole.
    Opaque {
        /// The dialect.
        from: Protocol,
        /// The text.
        raw: Json,
    },
}

impl BlockKind {
    /// How a part opens that comes whole; none for those that come in pieces, and for those that no answer has.
    pub fn whole(part: Part) -> Option<BlockKind> {
        Some(match part {
            Part::RedactedThinking { data } => BlockKind::RedactedThinking { data },
            Part::Media(media) => BlockKind::Media(media),
            Part::Citation(citation) => BlockKind::Citation(citation),
            Part::Search(search) => BlockKind::Search(search),
            Part::Opaque { from, raw } => BlockKind::Opaque { from, raw },
            _ => return None,
        })
    }
}

/// A piece of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More words, of a text, refusal or thinking.
    Text(String),
    /// More of a thinking's seal.
    Signature(String),
    /// A fragment of a call's arguments.
    Input(String),
}

/// What a call consumed: normalised, and in the provider's own words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageReport {
    /// Normalised.
    pub usage: Usage,
    /// The provider's own block, as it was written.
    pub raw: Option<Json>,
    /// The class of service that was billed, where the provider says.
    pub service_tier: Option<String>,
}

/// One step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The answer begins.
    Start {
        /// The provider's id for it.
        id: String,
        /// The model, as the provider names it.
        model: String,
    },
    /// A part begins.
    Open {
        /// Which.
        block: Block,
        /// Of which kind.
        kind: BlockKind,
    },
    /// A part grows.
    Delta {
        /// Which.
        block: Block,
        /// By what.
        delta: Delta,
    },
    /// A part is complete.
    Close {
        /// Which.
        block: Block,
    },
    /// Likelihoods, as the provider wrote them.
    Logprobs {
        /// Of which answer.
        choice: u32,
        /// The text.
        logprobs: Json,
    },
    /// What has been consumed so far; a later report replaces an earlier one.
    Usage(UsageReport),
    /// An answer ended.
    Finish {
        /// Which.
        choice: u32,
        /// Why.
        finish: Finish,
    },
    /// The provider gave up in the middle.
    Failed(Complaint),
}
