//! OpenAI's SDK for Python (<https://github.com/openai/openai-python>).

use super::quote::string;
use super::{Client, Connection, QUESTION};

/// `openai-python`.
pub(super) struct OpenaiPython;

impl Client for OpenaiPython {
    fn name(&self) -> &'static str {
        "openai-python"
    }

    fn title(&self) -> &'static str {
        "OpenAI SDK for Python"
    }

    fn language(&self) -> &'static str {
        "python"
    }

    fn run(&self) -> Option<&'static str> {
        Some("save it as hello.py, then pip install openai && python hello.py")
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"from openai import OpenAI

client = OpenAI(
    base_url={base_url},
    api_key={api_key},
)
answer = client.chat.completions.create(
    model={model},
    messages=[{{"role": "user", "content": {question}}}],
)
print(answer.choices[0].message.content)
"#,
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
            model = string(&connection.model),
            question = string(QUESTION),
        )
    }
}
