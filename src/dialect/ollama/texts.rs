//! Lists every text of a request with its voice and place. Unknown members are searched rather than passed over.

use crate::canonical::{Complaint, Text, Voice};
use crate::dialect::json::{Obj, Val, span_of};
use crate::types::Task;

/// Deeper than this nobody nests a schema; a limit keeps the work proportional to the body.
const MAX_DEPTH: usize = 64;

/// Members of a request that are no words for the model.
const NO_WORDS: [&str; 8] = ["model", "name", "stream", "images", "keep_alive", "options", "think", "context"];

/// Lists the texts of a task's request.
pub(super) fn list(task: Task, body: &str) -> Result<Vec<Text<'_>>, Complaint> {
    let mut top = Obj::of_body(body)?;
    let mut found = Found { body, texts: Vec::new() };
    if let Some(messages) = top.take("messages").filter(|_| task != Task::Embedding) {
        messages.items()?.iter().try_for_each(|message| found.message(message.object()?))?;
    }
    for (name, member) in top.rest() {
        let voice = match name.as_str() {
            name if NO_WORDS.contains(&name) => continue,
            "system" | "template" | "format" => Voice::System,
            "tools" => Voice::ToolDefinition,
            _ => Voice::User,
        };
        found.any(&member, voice, 0)?;
    }
    Ok(found.texts)
}

struct Found<'a> {
    body: &'a str,
    texts: Vec<Text<'a>>,
}

impl<'a> Found<'a> {
    fn message(&mut self, mut message: Obj<'a>) -> Result<(), Complaint> {
        let voice = match message.take("role").map(|role| role.text()).transpose()?.as_deref() {
            Some("system") => Voice::System,
            Some("assistant") => Voice::Assistant,
            Some("tool") => Voice::ToolResult,
            _ => Voice::User,
        };
        for name in ["images", "tool_name", "tool_call_id"] {
            message.take(name);
        }
        for (name, member) in message.rest() {
            match name.as_str() {
                "tool_calls" => self.calls(&member)?,
                _ => self.any(&member, voice, 0)?,
            }
        }
        Ok(())
    }

    /// Arguments are a text of their own; names come from the tool definitions.
    fn calls(&mut self, calls: &Val<'a>) -> Result<(), Complaint> {
        for call in calls.items()? {
            let Some(function) = call.object()?.take("function") else { continue };
            if let Some(arguments) = function.object()?.take("arguments") {
                self.any(&arguments, Voice::ToolCall, 0)?;
            }
        }
        Ok(())
    }

    /// Every string within a value, keys left out.
    fn any(&mut self, value: &Val<'a>, voice: Voice, depth: usize) -> Result<(), Complaint> {
        if depth > MAX_DEPTH {
            let message = format!("`{}` is nested more than {MAX_DEPTH} levels deep", value.path);
            return Err(Complaint::invalid(&value.path, message));
        }
        match value.raw.get().as_bytes().first() {
            Some(b'"') => {
                let span = span_of(self.body, value.raw);
                self.texts.push(Text { voice, value: value.text()?, span });
                Ok(())
            }
            Some(b'[') => value.items()?.iter().try_for_each(|item| self.any(item, voice, depth + 1)),
            Some(b'{') => {
                let members = value.object()?.rest();
                members.iter().try_for_each(|(_, member)| self.any(member, voice, depth + 1))
            }
            _ => Ok(()),
        }
    }
}
