//! Lists every text of a request with its voice and place, for those who look at words.
//!
//! It is lenient where a provider may be: parts and members of unknown kinds are searched for
//! texts rather than refused, so that nothing goes by unseen. Media are not texts.

use super::wire::{Obj, Val, span_of};
use crate::canonical::{Complaint, Text, Voice};
use crate::types::Task;

/// Deeper than this nobody nests a schema; a limit keeps the work proportional to the body.
const MAX_DEPTH: usize = 64;

/// Lists the texts of a task's request, in the order of the body's fields named here.
pub(super) fn list(task: Task, body: &str) -> Result<Vec<Text<'_>>, Complaint> {
    let mut top = Obj::of_body(body)?;
    let mut found = Found { body, texts: Vec::new() };
    let prose: &[(&str, Voice)] = match task {
        Task::Chat | Task::CountTokens => {
            found.messages(&top.need("messages")?)?;
            &CHAT
        }
        Task::Completion => &[("prompt", Voice::User), ("suffix", Voice::User)],
        Task::Embedding | Task::EmbeddingBatch => &[("input", Voice::User)],
    };
    for (name, voice) in prose {
        if let Some(value) = top.take(name) {
            found.any(&value, *voice, 0)?;
        }
    }
    Ok(found.texts)
}

/// What else of a chat request reaches the model as words.
const CHAT: [(&str, Voice); 4] = [
    ("tools", Voice::ToolDefinition),
    ("functions", Voice::ToolDefinition),
    ("response_format", Voice::System),
    ("prediction", Voice::Assistant),
];

struct Found<'a> {
    body: &'a str,
    texts: Vec<Text<'a>>,
}

impl<'a> Found<'a> {
    fn messages(&mut self, messages: &Val<'a>) -> Result<(), Complaint> {
        messages.items()?.iter().try_for_each(|message| self.message(message.object()?))
    }

    fn message(&mut self, mut message: Obj<'a>) -> Result<(), Complaint> {
        let voice = match message.take("role").map(|role| role.text()).transpose()?.as_deref() {
            Some("system" | "developer") => Voice::System,
            Some("assistant") => Voice::Assistant,
            Some("tool" | "function") => Voice::ToolResult,
            _ => Voice::User,
        };
        for name in ["name", "tool_call_id", "audio"] {
            message.take(name);
        }
        let calls = ["tool_calls", "function_call"].map(|name| message.take(name));
        if let Some(content) = message.take("content") {
            self.content(&content, voice)?;
        }
        for (_, member) in message.rest() {
            self.any(&member, voice, 0)?;
        }
        calls.into_iter().flatten().try_for_each(|calls| self.calls(&calls))
    }

    fn content(&mut self, content: &Val<'a>, voice: Voice) -> Result<(), Complaint> {
        if !content.raw.get().starts_with('[') {
            return self.any(content, voice, 0);
        }
        content.items()?.iter().try_for_each(|part| self.part(part, voice))
    }

    fn part(&mut self, part: &Val<'a>, voice: Voice) -> Result<(), Complaint> {
        if !part.is_object() {
            return self.any(part, voice, 0);
        }
        let mut object = part.object()?;
        object.take("type");
        for media in ["image_url", "input_audio", "file", "cache_control"] {
            object.take(media);
        }
        object.rest().iter().try_for_each(|(_, member)| self.any(member, voice, 0))
    }

    /// Arguments are a text of their own; names come from the tool definitions.
    fn calls(&mut self, calls: &Val<'a>) -> Result<(), Complaint> {
        if calls.raw.get().starts_with('[') {
            return calls.items()?.iter().try_for_each(|call| self.calls(call));
        }
        let mut object = calls.object()?;
        for name in ["id", "type", "name", "index"] {
            object.take(name);
        }
        for (name, member) in object.rest() {
            match name.as_str() {
                "function" | "custom" if member.is_object() => self.calls(&member)?,
                _ => self.any(&member, Voice::ToolCall, 0)?,
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
            // Prompts of token ids are long lists of numbers.
            Some(b'[' | b'{') if memchr::memchr(b'"', value.raw.get().as_bytes()).is_none() => Ok(()),
            Some(b'[') => value.items()?.iter().try_for_each(|item| self.any(item, voice, depth + 1)),
            Some(b'{') => {
                let members = value.object()?.rest();
                members.iter().try_for_each(|(_, member)| self.any(member, voice, depth + 1))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::borrow::Cow;

    fn said(task: Task, body: &str) -> Vec<(Voice, String)> {
        let texts = list(task, body).unwrap();
        for text in &texts {
            assert_eq!(serde_json::from_str::<String>(&body[text.span.clone()]).unwrap(), text.value);
        }
        texts.into_iter().map(|text| (text.voice, text.value.into_owned())).collect()
    }

    #[test]
    fn every_text_of_a_chat_has_its_voice() {
        let body = r#"{"model":"m","messages":[
            {"role":"developer","content":"be \"kind\""},
            {"role":"user","name":"ann","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:,"}},
                {"type":"novel","chapter":["one"]}]},
            {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"c","type":"function",
                "function":{"name":"f","arguments":"{\"x\":1}"}}]},
            {"role":"tool","tool_call_id":"c","content":"ok"}],
            "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}]}"#;
        let expected = [
            (Voice::System, "be \"kind\""),
            (Voice::User, "look"),
            (Voice::User, "one"),
            (Voice::Assistant, "hm"),
            (Voice::ToolCall, "{\"x\":1}"),
            (Voice::ToolResult, "ok"),
            (Voice::ToolDefinition, "function"),
            (Voice::ToolDefinition, "f"),
            (Voice::ToolDefinition, "d"),
            (Voice::ToolDefinition, "object"),
        ];
        assert_eq!(said(Task::Chat, body), expected.map(|(voice, text)| (voice, text.to_owned())));
    }

    #[test]
    fn unescaped_texts_are_borrowed() {
        let texts = list(Task::Embedding, r#"{"model":"m","input":["a","b\n",[1,2]]}"#).unwrap();
        assert!(matches!((&texts[0].value, &texts[1].value), (Cow::Borrowed("a"), Cow::Owned(_))));
        assert_eq!(texts.len(), 2);
        assert_eq!(said(Task::Completion, r#"{"model":"m","prompt":"p","suffix":"s"}"#).len(), 2);
    }

    #[test]
    fn duplicates_and_depth_are_refused() {
        let twice = r#"{"model":"m","messages":[{"role":"user","content":"a","content":"b"}]}"#;
        assert_eq!(list(Task::Chat, twice).unwrap_err().param.as_deref(), Some("messages[0].content"));
        let deep = format!(r#"{{"model":"m","input":{}"x"{}}}"#, "[".repeat(5000), "]".repeat(5000));
        assert!(list(Task::Embedding, &deep).unwrap_err().message.contains("nested"));
    }

    proptest! {
        #[test]
        fn any_words_are_found_where_they_stand(words in "\\PC{0,40}") {
            let quoted = serde_json::to_string(&words).unwrap();
            let body = format!(r#"{{"messages":[{{"role":"user","content":{quoted}}}],"model":"m"}}"#);
            prop_assert_eq!(said(Task::Chat, &body), [(Voice::User, words)]);
        }
    }
}
