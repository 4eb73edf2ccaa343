//! The built-in provider: deterministic answers, made in process, without a network.

/// The name of its vendor file.
pub const KIND: &str = "sandbox";
