//! Google's Gen AI SDK for Python (<https://googleapis.github.io/python-genai/>).

use super::quote::string;
use super::{Client, Connection, QUESTION};

/// `google-genai`.
pub(super) struct GoogleGenai;

impl Client for GoogleGenai {
    fn name(&self) -> &'static str {
        "google-genai"
    }

    fn title(&self) -> &'static str {
        "Google Gen AI SDK for Python"
    }

    fn language(&self) -> &'static str {
        "python"
    }

    fn run(&self) -> Option<&'static str> {
        Some("save it as hello.py, then pip install google-genai && python hello.py")
    }

    /// It adds `/v1beta` itself, so it takes the address that Anthropic's SDKs take.
    fn base_url<'a>(&self, connection: &'a Connection) -> &'a str {
        &connection.anthropic_base_url
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"from google import genai

client = genai.Client(
    api_key={api_key},
    http_options={{"base_url": {base_url}}},
)
answer = client.models.generate_content(
    model={model},
    contents={question},
)
print(answer.text)
"#,
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
            model = string(&connection.model),
            question = string(QUESTION),
        )
    }
}
