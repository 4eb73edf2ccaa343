//! Google's coding agent in the terminal (<https://google-gemini.github.io/gemini-cli/>).

use super::quote::shell;
use super::{Client, Connection, QUESTION};

/// `gemini-cli`.
pub(super) struct GeminiCli;

impl Client for GeminiCli {
    fn name(&self) -> &'static str {
        "gemini-cli"
    }

    fn title(&self) -> &'static str {
        "Gemini CLI"
    }

    fn language(&self) -> &'static str {
        "bash"
    }

    fn run(&self) -> Option<&'static str> {
        None
    }

    /// It adds `/v1beta` itself, so it takes the address that Anthropic's SDKs take.
    fn base_url<'a>(&self, connection: &'a Connection) -> &'a str {
        &connection.anthropic_base_url
    }

    fn snippet(&self, connection: &Connection) -> String {
        let exports = [
            ("GOOGLE_GEMINI_BASE_URL", self.base_url(connection)),
            ("GEMINI_API_KEY", connection.api_key.reveal()),
            ("GEMINI_MODEL", &connection.model),
        ]
        .map(|(name, value)| format!("export {name}={}\n", shell(value)))
        .concat();
        format!("{exports}npx -y @google/gemini-cli --prompt {}\n", shell(QUESTION))
    }
}
