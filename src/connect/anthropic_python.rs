//! Anthropic's SDK for Python (<https://github.com/anthropics/anthropic-sdk-python>).

use super::quote::string;
use super::{Client, Connection, QUESTION};

/// `anthropic-python`.
pub(super) struct AnthropicPython;

impl Client for AnthropicPython {
    fn name(&self) -> &'static str {
        "anthropic-python"
    }

    fn title(&self) -> &'static str {
        "Anthropic SDK for Python"
    }

    fn language(&self) -> &'static str {
        "python"
    }

    fn run(&self) -> Option<&'static str> {
        Some("save it as hello.py, then pip install anthropic && python hello.py")
    }

    fn base_url<'a>(&self, connection: &'a Connection) -> &'a str {
        &connection.anthropic_base_url
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"from anthropic import Anthropic

client = Anthropic(
    base_url={base_url},
    api_key={api_key},
)
answer = client.messages.create(
    model={model},
    max_tokens=1024,
    messages=[{{"role": "user", "content": {question}}}],
)
print("".join(block.text for block in answer.content if block.type == "text"))
"#,
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
            model = string(&connection.model),
            question = string(QUESTION),
        )
    }
}
