//! Anthropic's SDK for Node.js (<https://github.com/anthropics/anthropic-sdk-typescript>).

use super::quote::string;
use super::{Client, Connection, QUESTION};

/// `anthropic-node`.
pub(super) struct AnthropicNode;

impl Client for AnthropicNode {
    fn name(&self) -> &'static str {
        "anthropic-node"
    }

    fn title(&self) -> &'static str {
        "Anthropic SDK for Node.js"
    }

    fn language(&self) -> &'static str {
        "javascript"
    }

    fn run(&self) -> Option<&'static str> {
        Some("save it as hello.mjs, then npm install @anthropic-ai/sdk && node hello.mjs")
    }

    fn base_url<'a>(&self, connection: &'a Connection) -> &'a str {
        &connection.anthropic_base_url
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({{
  baseURL: {base_url},
  apiKey: {api_key},
}});
const answer = await client.messages.create({{
  model: {model},
  max_tokens: 1024,
  messages: [{{ role: "user", content: {question} }}],
}});
console.log(answer.content.map((block) => (block.type === "text" ? block.text : "")).join(""));
"#,
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
            model = string(&connection.model),
            question = string(QUESTION),
        )
    }
}
