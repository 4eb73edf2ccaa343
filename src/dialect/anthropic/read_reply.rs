//! A whole answer of an Anthropic provider, in no dialect's words.

use super::evidence::Lift;
use super::wire::{At, Members, count, json, malformed, string, text, utf8};
use super::{finish, read_blocks, usage};
use crate::canonical::{Choice, Complaint, Reply, UsageReport};
use crate::types::{Task, Usage};

/// Reads a message, or a token count, which becomes the usage of an answer without words.
///
/// # Errors
/// [`crate::canonical::Code::ProviderMalformed`] where it is neither.
pub(super) fn read(task: Task, body: &[u8]) -> Result<Reply, Complaint> {
    let body = utf8(body)?;
    match task {
        Task::CountTokens => counted(body).map_err(malformed),
        _ => message(body).map_err(malformed),
    }
}

fn message(body: &str) -> Result<Reply, Complaint> {
    let top = &At::Top;
    let mut members = Members::read(body, top)?;
    let reason = members.take_as("stop_reason", top, text)?;
    let stop_sequence = members.take_as("stop_sequence", top, string)?;
    let choice = Choice {
        parts: Lift::default().all(members.need("content", top, read_blocks::content)?),
        finish: reason.map(|reason| finish::read(&reason, stop_sequence)),
        logprobs: None,
    };
    Ok(Reply {
        id: members.take_as("id", top, string)?.unwrap_or_default(),
        model: members.take_as("model", top, string)?.unwrap_or_default(),
        choices: vec![choice],
        usage: members.take("usage").and_then(usage::read),
    })
}

fn counted(body: &str) -> Result<Reply, Complaint> {
    let top = &At::Top;
    let input = Members::read(body, top)?.need("input_tokens", top, count)?;
    let raw = Members::read(body, top)?.take_as("input_tokens", top, json)?;
    let usage = Usage { input, ..Usage::default() };
    Ok(Reply { usage: Some(UsageReport { usage, raw, service_tier: None }), ..Reply::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Code, Finish, Part};

    #[test]
    fn reads_every_kind_of_block() {
        let body = br#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
            {"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"eHh4"},
            {"type":"text","text":"hi","citations":null},
            {"type":"text","text":"said","citations":[{"type":"char_location","cited_text":"s"}]},
            {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1.0},"caller":{"type":"direct"}}],
            "stop_reason":"stop_sequence","stop_sequence":"END","usage":{"input_tokens":2,"output_tokens":3}}"#;
        let reply = read(Task::Chat, body).unwrap();
        let choice = &reply.choices[0];
        assert_eq!((reply.id.as_str(), reply.model.as_str()), ("msg_1", "claude-x"));
        assert_eq!(choice.finish, Some(Finish::StopSequence(Some("END".into()))));
        assert_eq!(choice.parts.len(), 7);
        assert_eq!(choice.parts[0], Part::Thinking { text: "hm".into(), signature: Some("c2ln".into()) });
        assert_eq!(choice.parts[2], Part::text("hi"));
        assert!(matches!(&choice.parts[4], Part::Opaque { raw, .. } if raw.get().contains("cited_text")));
        assert!(matches!(&choice.parts[5], Part::Opaque { raw, .. } if raw.get().contains("srvtoolu_1")));
        assert!(matches!(&choice.parts[6], Part::ToolCall { input, .. } if input.get() == r#"{"a": 1.0}"#));
        assert_eq!(reply.usage.unwrap().usage.total(), 5);
    }

    #[test]
    fn a_count_is_the_usage_of_no_words() {
        let reply = read(Task::CountTokens, br#"{"input_tokens":14}"#).unwrap();
        assert_eq!((reply.usage.unwrap().usage.input, reply.choices.len()), (14, 0));
    }

    #[test]
    fn what_is_no_answer_is_malformed() {
        for body in ["", "[]", "{}", "<html>", r#"{"content":7}"#, r#"{"content":[{"type":"text"}]}"#] {
            assert_eq!(read(Task::Chat, body.as_bytes()).unwrap_err().code, Code::ProviderMalformed, "{body}");
        }
        assert_eq!(read(Task::CountTokens, b"{}").unwrap_err().code, Code::ProviderMalformed);
    }
}
