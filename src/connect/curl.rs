//! curl, for a POSIX shell.

use super::quote::shell;
use super::{Client, Connection, QUESTION};
use serde_json::json;

/// `curl`.
pub(super) struct Curl;

impl Client for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn title(&self) -> &'static str {
        "curl"
    }

    fn language(&self) -> &'static str {
        "bash"
    }

    fn run(&self) -> Option<&'static str> {
        None
    }

    fn snippet(&self, connection: &Connection) -> String {
        let url = format!("{}/chat/completions", self.base_url(connection));
        let authorization = format!("Authorization: Bearer {}", connection.api_key.reveal());
        let body = json!({"model": connection.model, "messages": [{"role": "user", "content": QUESTION}]});
        format!(
            "curl -sS -w '\\n' {url} \\\n  -H {authorization} \\\n  -H 'Content-Type: application/json' \\\n  -d {body}\n",
            url = shell(&url),
            authorization = shell(&authorization),
            body = shell(&body.to_string()),
        )
    }
}
