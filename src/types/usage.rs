//! What a call consumed, counted alike for every provider.

use serde::{Deserialize, Serialize};

/// Tokens of one call, normalised.
///
/// `input` is the whole prompt: what was read from and written to a cache, audio and images are
/// parts of it. `output` is the whole answer: reasoning, audio and images are parts of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// All prompt tokens.
    pub input: u64,
    /// All answer tokens.
    pub output: u64,
    /// Prompt tokens that came from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to a cache that lives for the shortest time (Anthropic: 5 minutes).
    pub cache_write_5m: u64,
    /// Prompt tokens written to a cache that lives for one hour.
    pub cache_write_1h: u64,
    /// Answer tokens spent on reasoning.
    pub reasoning: u64,
    /// Prompt tokens that are audio.
    pub input_audio: u64,
    /// Answer tokens that are audio.
    pub output_audio: u64,
    /// Prompt tokens that are images.
    pub input_image: u64,
    /// Answer tokens that are images.
    pub output_image: u64,
    /// What is billed by the piece: web searches of a conversation, seconds of a sound that was written down, characters
    /// that were read out, pictures that were made, searches of a rerank. A call has one kind of them.
    pub pieces: u64,
}

impl Usage {
    /// Prompt and answer together.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Tokens written to any cache.
    pub fn cache_write(&self) -> u64 {
        self.cache_write_5m.saturating_add(self.cache_write_1h)
    }
}
