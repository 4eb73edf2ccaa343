//! Anthropic messages and token counting.
