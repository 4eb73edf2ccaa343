//! What a client needs to be pointed at the gateway, one file a client.
//!
//! Each client has a small program that works as pasted: one question, the answer printed. This module
//! knows how clients are configured and how their languages quote. It makes no key, writes no file and
//! opens no connection.

mod anthropic_node;
mod anthropic_python;
mod codex;
mod curl;
mod cursor;
mod env;
mod gemini_cli;
mod google_genai;
mod langchain;
mod litellm;
mod openai_node;
mod openai_python;
mod quote;

use crate::types::Secret;

/// What the small programs ask.
const QUESTION: &str = "Say hello in one sentence.";

/// Where a client is to go, as whom, and for what.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Where OpenAI's SDKs find the gateway, such as `http://127.0.0.1:8642/v1`. Anthropic's work with it too.
    pub base_url: String,
    /// Where Anthropic's SDKs find it, in their own style: they add `/v1/messages`. Google's add `/v1beta/models/...`.
    pub anthropic_base_url: String,
    /// Where Cursor finds it: it asks for chat completions in the words of Responses.
    pub cursor_base_url: String,
    /// A virtual key. It stands in every snippet.
    pub api_key: Secret,
    /// The model, such as `sandbox/echo`.
    pub model: String,
}

/// A program or library that people point at the gateway.
pub trait Client: Send + Sync {
    /// The word on the command line.
    fn name(&self) -> &'static str;

    /// The name for people.
    fn title(&self) -> &'static str;

    /// The language of the snippet, as Markdown names it: `python`, `javascript`, `bash`, `toml`; `text` for values that are filled in by hand.
    fn language(&self) -> &'static str;

    /// What to do with the snippet: the commands that install what it needs and run it; none where pasting it into a
    /// shell is all.
    fn run(&self) -> Option<&'static str>;

    /// Which of the base URLs it takes.
    fn base_url<'a>(&self, connection: &'a Connection) -> &'a str {
        &connection.base_url
    }

    /// The text to paste, with a line break at its end. It holds the key.
    fn snippet(&self, connection: &Connection) -> String;
}

/// Every client, in the order in which lists show them. A new client is a file and a line here.
pub fn clients() -> &'static [&'static dyn Client] {
    &[
        &openai_python::OpenaiPython,
        &openai_node::OpenaiNode,
        &anthropic_python::AnthropicPython,
        &anthropic_node::AnthropicNode,
        &google_genai::GoogleGenai,
        &langchain::Langchain,
        &litellm::Litellm,
        &codex::Codex,
        &cursor::Cursor,
        &curl::Curl,
        &env::Env,
        &gemini_cli::GeminiCli,
    ]
}

/// The client of that name, exactly as written.
pub fn find(name: &str) -> Option<&'static dyn Client> {
    clients().iter().copied().find(|client| client.name() == name)
}

/// All that a person needs, for a terminal: Base URL, API key, Model name, the snippet and how to run it.
/// It holds the key. All but the snippet is commented out, so that the whole works too: for `eval`, or as a file.
pub fn guide(client: &dyn Client, connection: &Connection) -> String {
    let mark = if client.language() == "javascript" { "// " } else { "# " };
    let values = [
        ("Base URL:  ", client.base_url(connection)),
        ("API key:   ", connection.api_key.reveal()),
        ("Model name:", &connection.model),
    ];
    let head: String = values.iter().map(|(label, value)| format!("{mark}{label} {}\n", one_line(value))).collect();
    let run = client.run().map(|commands| format!("\n{mark}Run it: {commands}\n")).unwrap_or_default();
    format!("{head}\n{}{run}", client.snippet(connection))
}

/// A line break in a value would end the comment that it stands in.
fn one_line(value: &str) -> String {
    value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
