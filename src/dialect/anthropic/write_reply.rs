//! A whole answer for an Anthropic caller.

use super::evidence;
use super::finish::{self, Content};
use super::usage;
use super::wire::{At, Object, array, encode};
use super::write_blocks::{
    Block, addendum, block_list, extend, redacted_block, text_block, thinking_block, tool_use_block,
};
use crate::canonical::{Choice, Part, Reply};
use crate::dialect::Written;
use crate::types::{Protocol, Task};
use bytes::Bytes;

/// Writes an answer: Anthropic gives one, so others are named.
pub(super) fn write(task: Task, reply: Reply) -> Written {
    if task == Task::CountTokens {
        let input = reply.usage.map_or(0, |report| report.usage.input);
        return Written { bytes: token_count(input), dropped: Vec::new() };
    }
    let mut dropped = Vec::new();
    let choices = &At::Top.member("choices");
    dropped.extend((1..reply.choices.len()).map(|index| choices.item(index).to_string()));
    let choice = reply.choices.first().cloned().unwrap_or_default();
    let place = choices.item(0);
    if choice.logprobs.is_some() {
        dropped.push(place.member("logprobs").to_string());
    }
    let blocks = answer_blocks(&choice, &place.member("content"), &mut dropped);
    let (reason, stop, lost) = finish::write(choice.finish.as_ref(), content_of(&choice));
    if lost {
        dropped.push(place.member("finish_reason").to_string());
    }
    let message = Head { id: &reply.id, model: &reply.model }.message(
        block_list(&blocks),
        encode(reason),
        encode(&stop),
        usage::write(reply.usage.as_ref()),
    );
    Written { bytes: message.into(), dropped }
}

/// A token count.
pub(super) fn token_count(input_tokens: u64) -> Bytes {
    Object::default().put("input_tokens", &input_tokens).finish().into()
}

/// Whose answer it is.
pub(super) struct Head<'a> {
    /// The provider's id for it.
    pub(super) id: &'a str,
    /// The model, as the provider names it.
    pub(super) model: &'a str,
}

impl Head<'_> {
    /// The message object, from the JSON texts of its members.
    pub(super) fn message(&self, content: String, reason: String, stop: String, usage: String) -> String {
        let id = if self.id.starts_with("msg_") { self.id.to_owned() } else { format!("msg_{}", self.id) };
        Object::default()
            .put("id", &id)
            .put("type", "message")
            .put("role", "assistant")
            .put("model", self.model)
            .raw("content", content)
            .raw("stop_reason", reason)
            .raw("stop_sequence", stop)
            .raw("usage", usage)
            .finish()
    }
}

fn content_of(choice: &Choice) -> Content {
    Content {
        calls: choice.parts.iter().any(|part| matches!(part, Part::ToolCall { .. })),
        refusal: choice.parts.iter().any(|part| matches!(part, Part::Refusal { .. })),
    }
}

fn answer_blocks(choice: &Choice, at: &At<'_>, dropped: &mut Vec<String>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The last text, and what it cites.
    let mut cited: Option<(usize, Vec<String>)> = None;
    for (index, part) in choice.parts.iter().enumerate() {
        if let Some(members) = addendum(part) {
            match blocks.last_mut() {
                Some(Block::Known(last)) => extend(last, members),
                _ => dropped.push(at.item(index).to_string()),
            }
            continue;
        }
        match part {
            Part::Text { text, .. } if !text.is_empty() => {
                let before = cited.replace((blocks.len(), Vec::new()));
                cite(&mut blocks, before);
            }
            Part::Citation(citation) => {
                match &mut cited {
                    Some((_, list)) => list.push(evidence::citation(citation)),
                    None => dropped.push(at.item(index).to_string()),
                }
                continue;
            }
            Part::Search(search) => {
                blocks.extend(evidence::blocks(search, index as u32).into_iter().map(Block::Raw));
                continue;
            }
            _ => {}
        }
        match answer_block(part) {
            Some(block) => blocks.push(block),
            None if matches!(part, Part::Text { .. } | Part::Refusal { .. }) => {}
            None => dropped.push(at.item(index).to_string()),
        }
    }
    cite(&mut blocks, cited);
    blocks
}

/// Puts what a text cites into its block, before what stands there already.
fn cite(blocks: &mut [Block], cited: Option<(usize, Vec<String>)>) {
    let Some((index, mut list)) = cited.filter(|(_, list)| !list.is_empty()) else { return };
    if let Some(Block::Known(block)) = blocks.get_mut(index) {
        list.extend(block.list("citations"));
        *block = std::mem::take(block).raw("citations", array(&list));
    }
}

/// A block; none for an empty text, and for what no Anthropic answer has.
fn answer_block(part: &Part) -> Option<Block> {
    let object = match part {
        Part::Text { text, .. } | Part::Refusal { text } if text.is_empty() => return None,
        Part::Text { text, .. } | Part::Refusal { text } => text_block(text),
        // Clients read a signature in each thought; other vendors' have none.
        Part::Thinking { text, signature } => thinking_block(text, signature.as_deref().unwrap_or_default()),
        Part::RedactedThinking { data } => redacted_block(data),
        Part::ToolCall { id, name, input, .. } => tool_use_block(id, name, input.get()),
        Part::Opaque { from: Protocol::Anthropic, raw } => return Some(Block::Raw(raw.clone())),
        Part::Opaque { .. } | Part::Media(_) | Part::ToolResult { .. } | Part::Citation(_) | Part::Search(_) => {
            return None;
        }
    };
    Some(Block::Known(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Finish, Json, UsageReport};
    use crate::types::Usage;
    use serde_json::{Value, json};

    fn reply(parts: Vec<Part>, finish: Finish) -> Reply {
        let choice = Choice { parts, finish: Some(finish), logprobs: None };
        let usage = Usage { input: 30, output: 4, cache_read: 10, ..Usage::default() };
        let usage = Some(UsageReport { usage, raw: None, service_tier: Some("default".into()) });
        Reply { id: "chatcmpl-1".into(), model: "m".into(), choices: vec![choice], usage }
    }

    #[test]
    fn an_answer_of_another_vendor_looks_like_anthropics() {
        let call = Part::ToolCall { id: "call_1".into(), name: "f".into(), input: Json::empty_object(), cache: None };
        let thought = Part::Thinking { text: "hm".into(), signature: None };
        let written = write(Task::Chat, reply(vec![thought, Part::text("hi"), call], Finish::Stop));
        let body: Value = serde_json::from_slice(&written.bytes).unwrap();
        assert_eq!(
            body,
            json!({"id": "msg_chatcmpl-1", "type": "message", "role": "assistant", "model": "m",
                "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "hi"},
                    {"type": "tool_use", "id": "call_1", "name": "f", "input": {}}],
                "stop_reason": "tool_use", "stop_sequence": null,
                "usage": {"input_tokens": 20, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 10,
                    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                    "output_tokens": 4, "service_tier": "standard"}})
        );
        assert!(written.dropped.is_empty());
    }

    #[test]
    fn what_is_lost_is_named() {
        let opaque = Part::Opaque { from: Protocol::Openai, raw: Json::empty_object() };
        let refusal = Part::Refusal { text: "no".into() };
        let mut reply = reply(vec![opaque, refusal], Finish::Other("eos".into()));
        reply.choices[0].logprobs = Some(Json::empty_object());
        reply.choices.push(Choice::default());
        let written = write(Task::Chat, reply);
        let body: Value = serde_json::from_slice(&written.bytes).unwrap();
        assert_eq!((&body["stop_reason"], &body["content"][0]["text"]), (&json!("refusal"), &json!("no")));
        let expected = ["choices[1]", "choices[0].logprobs", "choices[0].content[0]", "choices[0].finish_reason"];
        assert_eq!(written.dropped, expected);
    }
}
