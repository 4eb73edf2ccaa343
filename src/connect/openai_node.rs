//! OpenAI's SDK for Node.js (<https://github.com/openai/openai-node>).

use super::quote::string;
use super::{Client, Connection, QUESTION};

/// `openai-node`.
pub(super) struct OpenaiNode;

impl Client for OpenaiNode {
    fn name(&self) -> &'static str {
        "openai-node"
    }

    fn title(&self) -> &'static str {
        "OpenAI SDK for Node.js"
    }

    fn language(&self) -> &'static str {
        "javascript"
    }

    fn run(&self) -> Option<&'static str> {
        Some("save it as hello.mjs, then npm install openai && node hello.mjs")
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: {base_url},
  apiKey: {api_key},
}});
const answer = await client.chat.completions.create({{
  model: {model},
  messages: [{{ role: "user", content: {question} }}],
}});
console.log(answer.choices[0].message.content);
"#,
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
            model = string(&connection.model),
            question = string(QUESTION),
        )
    }
}
