//! The items of an answer for callers, as JSON texts.

use super::object::json;
use super::read_tools::custom_text;

/// A content of a message.
pub(super) struct Content {
    /// Whether the model declines with it.
    pub(super) refusal: bool,
    /// The words so far.
    pub(super) text: String,
    /// Likelihoods, the JSON text of a list.
    pub(super) logprobs: Option<String>,
    /// Where the words begin among all of the answer, in characters.
    pub(super) begin: u64,
    /// What they rest on, as JSON texts.
    pub(super) annotations: Vec<String>,
}

impl Content {
    /// The part as it stands now.
    pub(super) fn json(&self) -> String {
        let text = json(&self.text);
        if self.refusal {
            return format!(r#"{{"type":"refusal","refusal":{text}}}"#);
        }
        let (logprobs, annotations) = (self.logprobs(), self.annotations.join(","));
        format!(r#"{{"type":"output_text","text":{text},"annotations":[{annotations}],"logprobs":{logprobs}}}"#)
    }

    /// Likelihoods, the JSON text of a list.
    pub(super) fn logprobs(&self) -> &str {
        self.logprobs.as_deref().unwrap_or("[]")
    }
}

/// A message.
pub(super) fn message(id: &str, status: &str, contents: &[String]) -> String {
    format!(
        r#"{{"id":{},"type":"message","status":"{status}","role":"assistant","content":[{}]}}"#,
        json(id),
        contents.join(",")
    )
}

/// A thought. `seal` is what the caller sends back with it.
pub(super) fn reasoning(id: &str, text: &str, seal: Option<&str>) -> String {
    let summary = if text.is_empty() { String::new() } else { summary_part(text) };
    let seal = seal.map(|seal| format!(r#","encrypted_content":{}"#, json(seal))).unwrap_or_default();
    format!(r#"{{"id":{},"type":"reasoning","summary":[{summary}]{seal}}}"#, json(id))
}

/// The one part of a thought's summary.
pub(super) fn summary_part(text: &str) -> String {
    format!(r#"{{"type":"summary_text","text":{}}}"#, json(text))
}

/// A call, as it is known.
pub(super) struct Call<'a> {
    pub(super) id: &'a str,
    pub(super) call_id: &'a str,
    pub(super) name: &'a str,
    /// JSON, perhaps not all of it.
    pub(super) arguments: &'a str,
}

/// A call of a function.
pub(super) fn function_call(call: &Call<'_>, status: &str) -> String {
    format!(
        r#"{{"id":{},"type":"function_call","status":"{status}","arguments":{},"call_id":{},"name":{}}}"#,
        json(call.id),
        json(call.arguments),
        json(call.call_id),
        json(call.name)
    )
}

/// A call of a tool that takes free text.
pub(super) fn custom_call(call: &Call<'_>, status: &str) -> String {
    format!(
        r#"{{"id":{},"type":"custom_tool_call","status":"{status}","call_id":{},"input":{},"name":{}}}"#,
        json(call.id),
        json(call.call_id),
        json(&custom_text(call.arguments)),
        json(call.name)
    )
}
