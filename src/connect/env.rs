//! Environment variables that the SDKs of all protocols read, and many programs built on them.

use super::quote::shell;
use super::{Client, Connection};

/// `env`.
pub(super) struct Env;

impl Client for Env {
    fn name(&self) -> &'static str {
        "env"
    }

    fn title(&self) -> &'static str {
        "Environment variables"
    }

    fn language(&self) -> &'static str {
        "bash"
    }

    fn run(&self) -> Option<&'static str> {
        None
    }

    fn snippet(&self, connection: &Connection) -> String {
        let key = connection.api_key.reveal();
        [
            ("OPENAI_BASE_URL", connection.base_url.as_str()),
            ("OPENAI_API_KEY", key),
            ("ANTHROPIC_BASE_URL", connection.anthropic_base_url.as_str()),
            ("ANTHROPIC_API_KEY", key),
            ("GOOGLE_GEMINI_BASE_URL", connection.anthropic_base_url.as_str()),
            ("GEMINI_API_KEY", key),
        ]
        .map(|(name, value)| format!("export {name}={}\n", shell(value)))
        .concat()
    }
}
