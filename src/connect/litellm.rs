//! LiteLLM's Python library (<https://docs.litellm.ai/docs/providers/openai_compatible>).

use super::quote::string;
use super::{Client, Connection, QUESTION};

/// `litellm`.
pub(super) struct Litellm;

impl Client for Litellm {
    fn name(&self) -> &'static str {
        "litellm"
    }

    fn title(&self) -> &'static str {
        "LiteLLM for Python"
    }

    fn language(&self) -> &'static str {
        "python"
    }

    fn run(&self) -> Option<&'static str> {
        Some("save it as hello.py, then pip install litellm && python hello.py")
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"import litellm

answer = litellm.completion(
    model={model},
    api_base={base_url},
    api_key={api_key},
    messages=[{{"role": "user", "content": {question}}}],
)
print(answer.choices[0].message.content)
"#,
            // The first part tells the library which protocol to speak; it takes it off again.
            model = string(&format!("openai/{}", connection.model)),
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
            question = string(QUESTION),
        )
    }
}
