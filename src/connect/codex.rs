//! OpenAI's coding agent Codex (<https://github.com/openai/codex>). It speaks Responses and nothing else.

use super::quote::string;
use super::{Client, Connection};

/// `codex`.
pub(super) struct Codex;

impl Client for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn title(&self) -> &'static str {
        "Codex CLI"
    }

    fn language(&self) -> &'static str {
        "toml"
    }

    fn run(&self) -> Option<&'static str> {
        Some("put it at the top of ~/.codex/config.toml, then codex \"Say hello in one sentence.\"")
    }

    /// The key stands in the file, so that it works as pasted; `env_key` would name a variable.
    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"model = {model}
model_provider = "optscale-ai"

[model_providers.optscale-ai]
name = "optscale-ai"
base_url = {base_url}
wire_api = "responses"
experimental_bearer_token = {api_key}
"#,
            model = string(&connection.model),
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
        )
    }
}
