//! OpenAI chat completions, completions and embeddings.
