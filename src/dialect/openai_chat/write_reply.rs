//! Writes a whole answer for callers: `chat.completion` and `text_completion` objects.

use super::evidence::{Annotation, Picture, Seen, Sound};
use super::wire::to_vec;
use super::{finish, older_logprobs, usage};
use crate::canonical::{Choice, Finish, Json, Part, Reply, UsageReport, opened_seal};
use crate::dialect::Written;
use crate::types::{Protocol, Task, Time};
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
struct Completion<'a, C: Serialize> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<usage::Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct ChatChoice<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<&'a Json>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct TextChoice {
    text: String,
    index: usize,
    logprobs: Option<Json>,
    finish_reason: &'static str,
}

#[derive(Serialize, Default)]
struct Message<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    reasoning_content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thinking_blocks: Vec<Thought<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Picture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<Sound<'a>>,
}

/// A block of `thinking_blocks`: the thought with its seal, so that it survives the way back.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thought<'a> {
    Thinking {
        thinking: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'a str>,
    },
    RedactedThinking {
        data: &'a str,
    },
}

/// One of `tool_calls`.
#[derive(Serialize)]
pub(super) struct Call<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) r#type: &'static str,
    pub(super) function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extra_content: Option<Extra<'a>>,
}

/// Where Google's own endpoint for this protocol keeps the seal of a call: clients send it back with the call.
#[derive(Serialize, Clone, Copy)]
pub(super) struct Extra<'a> {
    google: Google<'a>,
}

#[derive(Serialize, Clone, Copy)]
struct Google<'a> {
    thought_signature: &'a str,
}

impl<'a> Extra<'a> {
    pub(super) fn new(thought_signature: &'a str) -> Extra<'a> {
        Extra { google: Google { thought_signature } }
    }
}

/// The seal of the call behind a thought, where it is Gemini's, which seals calls and not thoughts.
pub(super) fn seal_of_call<'a>(text: &str, signature: Option<&'a str>) -> Option<&'a str> {
    match signature.map(opened_seal) {
        Some((Some(Protocol::Gemini), seal)) if text.is_empty() => Some(seal),
        _ => None,
    }
}

/// Name and arguments; the arguments are JSON in a text.
#[derive(Serialize)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

/// Writes the answer of a task.
pub(super) fn write(task: Task, mut reply: Reply) -> Written {
    // Clients read the first choice without asking whether there is one.
    if reply.choices.is_empty() {
        reply.choices.push(Choice::default());
    }
    let mut dropped = Vec::new();
    let choices = reply.choices.iter().enumerate();
    let bytes = if task == Task::Completion {
        let choices = choices.map(|(index, choice)| text_choice(index, choice, &mut dropped)).collect();
        to_vec(&completion(&reply, "text_completion", choices))
    } else {
        let choices = choices.map(|(index, choice)| chat_choice(index, choice, &mut dropped)).collect();
        to_vec(&completion(&reply, "chat.completion", choices))
    };
    Written { bytes: bytes.into(), dropped }
}

fn completion<'a, C: Serialize>(reply: &'a Reply, object: &'static str, choices: Vec<C>) -> Completion<'a, C> {
    let report: Option<&UsageReport> = reply.usage.as_ref();
    Completion {
        id: &reply.id,
        object,
        created: Time::now().millis() / 1000,
        model: &reply.model,
        choices,
        usage: report.map(|report| usage::written(&report.usage)),
        service_tier: report.and_then(|report| report.service_tier.as_deref()).map(usage::tier_word),
        system_fingerprint: None,
    }
}

fn chat_choice<'a>(index: usize, choice: &'a Choice, dropped: &mut Vec<String>) -> ChatChoice<'a> {
    let mut message = Message { role: "assistant", ..Message::default() };
    for (place, part) in choice.parts.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| choice.parts.get(before));
        let next_calls = matches!(choice.parts.get(place + 1), Some(Part::ToolCall { .. }));
        if next_calls && call_seal(part).is_some() {
            continue;
        }
        if !say(part, &mut message) {
            dropped.push(format!("content[{place}]"));
        }
        if let (Part::ToolCall { .. }, Some(seal)) = (part, before.and_then(call_seal))
            && let Some(call) = message.tool_calls.last_mut()
        {
            call.extra_content = Some(Extra::new(seal));
        }
    }
    let refused = message.refusal.is_some();
    ChatChoice {
        index,
        message,
        logprobs: choice.logprobs.as_ref(),
        finish_reason: ending(choice.finish.as_ref(), refused, dropped),
    }
}

fn call_seal(part: &Part) -> Option<&str> {
    let Part::Thinking { text, signature } = part else { return None };
    seal_of_call(text, signature.as_deref())
}

/// Puts a part into the message; false where the protocol has no place for it.
fn say<'a>(part: &'a Part, message: &mut Message<'a>) -> bool {
    match part {
        Part::Text { text, .. } => message.content.get_or_insert_default().push_str(text),
        Part::Refusal { text } => message.refusal.get_or_insert_default().push_str(text),
        Part::Thinking { text, signature } => {
            message.reasoning_content.push_str(text);
            message.thinking_blocks.push(Thought::Thinking { thinking: text, signature: signature.as_deref() });
        }
        Part::RedactedThinking { data } => message.thinking_blocks.push(Thought::RedactedThinking { data }),
        Part::ToolCall { id, name, input, .. } => message.tool_calls.push(call(id, name, input)),
        Part::Citation(citation) => {
            let said = message.content.as_ref().map_or(0, |text| text.chars().count() as u64);
            message.annotations.push(Annotation::new(citation, said));
        }
        Part::Media(media) => match Seen::of(media, message.images.len()) {
            Some(Seen::Picture(picture)) => message.images.push(picture),
            Some(Seen::Sound(sound)) if message.audio.is_none() => message.audio = Some(sound),
            _ => return false,
        },
        Part::Search(_) | Part::ToolResult { .. } | Part::Opaque { .. } => return false,
    }
    true
}

/// A call of a function.
pub(super) fn call<'a>(id: impl Into<Cow<'a, str>>, name: &'a str, input: &'a Json) -> Call<'a> {
    let function = Function { name, arguments: input.get() };
    Call { id: id.into(), r#type: "function", function, extra_content: None }
}

/// The word for why an answer ended; an end that has no word here is named as dropped.
pub(super) fn ending(finish: Option<&Finish>, refused: bool, dropped: &mut Vec<String>) -> &'static str {
    let (word, said) = finish.map_or(("stop", true), |finish| finish::written(finish, refused));
    if !said {
        dropped.push("stop_reason".to_owned());
    }
    word
}

fn text_choice(index: usize, choice: &Choice, dropped: &mut Vec<String>) -> TextChoice {
    let mut words = String::new();
    for (place, part) in choice.parts.iter().enumerate() {
        match part {
            Part::Text { text, .. } | Part::Refusal { text } => words.push_str(text),
            _ => dropped.push(format!("content[{place}]")),
        }
    }
    TextChoice {
        text: words,
        index,
        logprobs: choice.logprobs.as_ref().and_then(|given| likely(given, dropped)),
        finish_reason: ending(choice.finish.as_ref(), false, dropped),
    }
}

/// Likelihoods as the older endpoint writes them; what is in no form that is known is named.
pub(super) fn likely(given: &Json, dropped: &mut Vec<String>) -> Option<Json> {
    let written = older_logprobs::of(given);
    if written.is_none() {
        dropped.push("logprobs".to_owned());
    }
    written
}
