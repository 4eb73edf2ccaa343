//! Reads a whole request into the canonical model: the fields at the top of the body.

use super::wire::{Obj, Val};
use super::{read_input, read_tools};
use crate::canonical::{Code, Complaint, Effort, Format, Json, Part, Prompt, Reasoning, Thinking};
use crate::types::Task;
use serde_json::{Map, Value};

/// Fields that only say how the answer is kept or delivered, which is done without the provider.
const OURS: [&str; 4] = ["store", "stream_options", "previous_response_id", "background"];

/// Reads the request of a task.
pub(super) fn read(task: Task, body: &str) -> Result<Prompt, Complaint> {
    let mut top = Obj::of_body(body)?;
    let mut prompt = Prompt { model: top.need("model")?.string()?, include_usage: true, ..Prompt::default() };
    if !matches!(task, Task::Chat | Task::CountTokens) {
        return Err(Complaint::new(Code::UnsupportedFeature, "the Responses protocol has conversations only"));
    }
    refuse_server_state(&mut top)?;
    if let Some(instructions) = optional(&mut top, "instructions", Val::string)?.filter(|text| !text.is_empty()) {
        prompt.system.push(Part::text(instructions));
    }
    match top.take("input") {
        Some(input) => read_input::conversation(&input, &mut prompt)?,
        None if prompt.system.is_empty() => return Err(super::wire::missing("input")),
        None => {}
    }
    read_tools::read(&mut top, &mut prompt)?;
    text(&mut top, &mut prompt)?;
    reasoning(&mut top, &mut prompt.reasoning)?;
    plain(&mut top, &mut prompt)?;
    include(&mut top, &mut prompt)?;
    for name in OURS {
        top.take(name);
    }
    for (name, value) in top.rest() {
        if !says_nothing(&name, value.raw.get()) {
            prompt.extra.insert(name, value.value()?);
        }
    }
    Ok(prompt)
}

/// What only a provider of this protocol keeps.
fn refuse_server_state(top: &mut Obj<'_>) -> Result<(), Complaint> {
    for (name, instead) in [
        ("conversation", "send the conversation's items in `input`"),
        ("prompt", "send the prompt's text in `instructions` and `input`"),
    ] {
        if let Some(value) = top.take(name) {
            let message = format!(
                "`{name}` names something that is kept by OpenAI, and this model's provider does not have it; {instead}"
            );
            return Err(Complaint { param: Some(value.path), ..Complaint::new(Code::UnsupportedFeature, message) });
        }
    }
    Ok(())
}

fn plain(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    prompt.stream = optional(top, "stream", Val::boolean)?.unwrap_or(false);
    prompt.max_output_tokens = optional(top, "max_output_tokens", Val::whole_number)?;
    prompt.end_user = optional(top, "user", Val::string)?;
    prompt.service_tier = optional(top, "service_tier", Val::string)?.filter(|tier| tier != "auto");
    prompt.metadata = top.take("metadata").map_or(Ok(Map::new()), |notes| map(&notes))?;
    let sampling = &mut prompt.sampling;
    sampling.temperature = optional(top, "temperature", Val::number)?;
    sampling.top_p = optional(top, "top_p", Val::number)?;
    // These are no fields of the protocol, but gateways and servers of one's own take them.
    sampling.top_k = optional(top, "top_k", Val::number)?;
    sampling.seed = optional(top, "seed", Val::number)?;
    sampling.frequency_penalty = optional(top, "frequency_penalty", Val::number)?;
    sampling.presence_penalty = optional(top, "presence_penalty", Val::number)?;
    if let Some(count) = optional(top, "top_logprobs", Val::whole_number)?.filter(|count| *count > 0) {
        sampling.logprobs = Some(true);
        sampling.top_logprobs = Some(count);
    }
    Ok(())
}

/// What else the answer is to hold. Seals of thoughts always come along, where there are any.
fn include(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let Some(list) = top.take("include") else { return Ok(()) };
    let mut others = Vec::new();
    for wanted in list.items()? {
        match &*wanted.text()? {
            "reasoning.encrypted_content" => {}
            "message.output_text.logprobs" => prompt.sampling.logprobs = Some(true),
            other => others.push(Value::from(other)),
        }
    }
    if !others.is_empty() {
        prompt.extra.insert("include".to_owned(), Value::from(others));
    }
    Ok(())
}

/// Whether a field has the value that it has anyway.
fn says_nothing(name: &str, json: &str) -> bool {
    matches!((name, json), ("truncation", "\"disabled\"") | ("background", "false")) || matches!(json, "[]" | "{}")
}

/// Takes a member that may be missing.
pub(super) fn optional<'a, T>(
    top: &mut Obj<'a>,
    name: &str,
    read: impl FnOnce(&Val<'a>) -> Result<T, Complaint>,
) -> Result<Option<T>, Complaint> {
    top.take(name).map(|value| read(&value)).transpose()
}

fn map(given: &Val<'_>) -> Result<Map<String, Value>, Complaint> {
    match given.value()? {
        Value::Object(map) => Ok(map),
        _ => Err(given.wrong("an object")),
    }
}

/// `text`: the form of the answer, and how many words it makes.
fn text(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let Some(given) = top.take("text") else { return Ok(()) };
    let mut text = given.object()?;
    if let Some(verbosity) = optional(&mut text, "verbosity", Val::value)? {
        prompt.extra.insert("verbosity".to_owned(), verbosity);
    }
    let Some(format) = text.take("format") else { return Ok(()) };
    let mut object = format.object()?;
    let kind = object.need("type")?;
    prompt.format = match &*kind.text()? {
        "text" => Format::Text,
        "json_object" => Format::JsonObject,
        "json_schema" => Format::Schema {
            name: object.need("name")?.string()?,
            description: optional(&mut object, "description", Val::string)?,
            schema: object.take("schema").map_or_else(Json::empty_object, |schema| schema.json()),
            strict: optional(&mut object, "strict", Val::boolean)?,
        },
        other => return Err(no_such_word(&kind, "text, json_object, json_schema", other)),
    };
    Ok(())
}

fn reasoning(top: &mut Obj<'_>, reasoning: &mut Reasoning) -> Result<(), Complaint> {
    let Some(given) = top.take("reasoning") else { return Ok(()) };
    let mut object = given.object()?;
    reasoning.effort = optional(&mut object, "effort", effort)?;
    // OpenRouter's word for a budget.
    reasoning.budget_tokens = optional(&mut object, "max_tokens", Val::whole_number)?;
    if let Some(enabled) = optional(&mut object, "enabled", Val::boolean)? {
        reasoning.thinking = Some(if enabled { Thinking::Enabled } else { Thinking::Disabled });
    }
    Ok(())
}

fn effort(given: &Val<'_>) -> Result<Effort, Complaint> {
    Ok(match &*given.text()? {
        "none" => Effort::None,
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::XHigh,
        "max" => Effort::Max,
        other => return Err(no_such_word(given, "none, minimal, low, medium, high, xhigh, max", other)),
    })
}

/// The complaint that a word is none of those that the field takes.
pub(super) fn no_such_word(given: &Val<'_>, words: &str, word: &str) -> Complaint {
    let path = &given.path;
    Complaint::invalid(path, format!("`{path}` must be one of {words}; it is `{word}`"))
}
