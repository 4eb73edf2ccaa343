//! Reads of a whole answer what a trace needs, and leaves the rest alone.

use super::answer::Answer;
use super::complaint::{malformed, reported};
use super::{brief, finish, usage};
use crate::canonical::{Code, Complaint};
use crate::dialect::Sight;
use crate::types::Task;

/// Reads usage and finish reason; the words only where usage is not reported.
pub(super) fn glance(task: Task, body: &[u8]) -> Result<Sight, Complaint> {
    if task != Task::Embedding
        && let Some(sight) = brief::whole(body)
    {
        return Ok(sight);
    }
    let answer = parse(task, body)?;
    let mut sight = Sight { usage: answer.usage().and_then(|raw| usage::read(raw, answer.tier())), ..Sight::default() };
    let choices = answer.choices.as_deref().unwrap_or_default();
    if let Some(first) = choices.iter().find(|choice| choice.index() == 0)
        && !first.finish_reason.is_empty()
    {
        sight.finish = Some(finish::stored(&first.finish_reason.joined(), first.refuses()));
    }
    if sight.usage.is_none() {
        choices.iter().for_each(|choice| choice.collect(&mut sight.said));
    }
    Ok(sight)
}

/// Parses a whole answer and checks that it is one.
pub(super) fn parse(task: Task, body: &[u8]) -> Result<Answer<'_>, Complaint> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed("answer", body, &error))?;
    let present = if task == Task::Embedding { answer.data.is_some() } else { answer.choices.is_some() };
    match (present, answer.error()) {
        (true, _) => Ok(answer),
        // Some vendors answer 200 and put the error into the body.
        (false, Some(error)) => Err(reported(error)),
        (false, None) => Err(without_choices(task)),
    }
}

/// The complaint about an answer that lacks its one necessary member.
fn without_choices(task: Task) -> Complaint {
    let member = if task == Task::Embedding { "data" } else { "choices" };
    Complaint::new(Code::ProviderMalformed, format!("the provider's answer has no `{member}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_usage_finish_and_tier() {
        let body = br#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-5","service_tier":"flex",
            "choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"logprobs":null,"finish_reason":"stop"}],
            "usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
        let sight = glance(Task::Chat, body).unwrap();
        let report = sight.usage.unwrap();
        assert_eq!((report.usage.input, report.usage.output), (3, 1));
        assert_eq!(report.service_tier.as_deref(), Some("flex"));
        assert_eq!((sight.finish.as_deref(), sight.said.as_str()), (Some("stop"), ""));
    }

    #[test]
    fn collects_the_words_where_usage_is_missing() {
        let body = br#"{"choices":[{"message":{"reasoning":"hm. ","reasoning_content":null,"content":[{"type":"thinking",
            "thinking":[{"type":"text","text":"a"}]},{"type":"text","text":"b"}],"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},
            "finish_reason":"tool_calls"}],"usage":null}"#;
        let sight = glance(Task::Chat, body).unwrap();
        assert_eq!((sight.said.as_str(), sight.finish.as_deref()), ("hm. abf{}", Some("tool_calls")));
    }

    #[test]
    fn what_an_answer_rests_on_is_not_lost() {
        let body =
            br#"{"id":"p","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],
            "citations":["https://example.com"],"search_results":[]}"#;
        let reply = super::super::read_reply::read(Task::Chat, body).unwrap();
        let crate::canonical::Part::Search(search) = &reply.choices[0].parts[1] else { panic!("{reply:?}") };
        assert_eq!(search.pages[0].url, "https://example.com");
    }

    #[test]
    fn embeddings_have_data() {
        let body = br#"{"object":"list","data":[{"embedding":[0.1]}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
        assert_eq!(glance(Task::Embedding, body).unwrap().usage.unwrap().usage.input, 8);
        assert_eq!(glance(Task::Chat, body).unwrap_err().code, Code::ProviderMalformed);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for body in ["", "<html>", "[]", "{}", "null", r#"{"choices":null}"#] {
            assert_eq!(glance(Task::Chat, body.as_bytes()).unwrap_err().code, Code::ProviderMalformed, "{body}");
        }
        let complaint = glance(Task::Chat, br#"{"error":{"message":"no","code":402}}"#).unwrap_err();
        assert_eq!((complaint.code, complaint.status), (Code::ProviderError, 402));
    }
}
