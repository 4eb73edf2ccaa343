//! Writes a request that came in another protocol: the fields at the top of the body.
//!
//! What this protocol or the vendor cannot say is left out and named by its path in the caller's
//! request; where leaving it out would change what is asked, the request is refused.

use super::read_prompt::no_prompt;
use super::write_message::{self, Scribe};
use super::write_tools;
use crate::canonical::{Code, Complaint, Effort, Format, Json, Part, Prompt, Reasoning, Role, Sampling, Thinking};
use crate::dialect::{Target, Written};
use crate::records::{LimitField, ThinkingField};
use crate::types::Task;
use serde::Serialize;
use serde_json::{Value, json};

/// Fields at the top that only this protocol has and that mean the same to every vendor that takes
/// them; another protocol's own fields are not for its providers.
const PASSED_ON: [&str; 14] = [
    "audio",
    "best_of",
    "echo",
    "logit_bias",
    "modalities",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "response_format",
    "safety_identifier",
    "store",
    "suffix",
    "tool_choice",
    "verbosity",
];

/// The longest `user` that OpenAI takes, in characters.
const MAX_USER: usize = 64;

/// A body under construction.
pub(super) struct Fields<'t> {
    bytes: Vec<u8>,
    pub(super) target: &'t Target<'t>,
    pub(super) dropped: Vec<String>,
}

impl<'t> Fields<'t> {
    pub(super) fn new(target: &'t Target<'t>) -> Fields<'t> {
        Fields { bytes: Vec::with_capacity(1024), target, dropped: Vec::new() }
    }

    /// Adds a field, unless the vendor refuses it; `path` is what the caller calls it.
    pub(super) fn put(&mut self, name: &str, path: &str, value: &impl Serialize) {
        if self.target.quirks.unsupported.iter().any(|refused| refused == name) {
            return self.drop(path);
        }
        let name = self.target.quirks.renamed.get(name).map_or(name, String::as_str);
        self.bytes.push(if self.bytes.is_empty() { b'{' } else { b',' });
        self.bytes.extend_from_slice(&super::wire::to_vec(&name));
        self.bytes.push(b':');
        self.bytes.extend_from_slice(&super::wire::to_vec(value));
    }

    /// Adds a field that the caller has under the same name, if it is given.
    fn put_some(&mut self, name: &str, value: &Option<impl Serialize>) {
        if let Some(value) = value {
            self.put(name, name, value);
        }
    }

    /// Names what is left out.
    pub(super) fn drop(&mut self, path: impl Into<String>) {
        self.dropped.push(path.into());
    }

    pub(super) fn finish(mut self) -> Written {
        self.bytes.push(b'}');
        Written { bytes: self.bytes.into(), dropped: self.dropped }
    }
}

/// Writes the request of a task.
pub(super) fn write(task: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
    let mut fields = Fields::new(target);
    fields.put("model", "model", &target.model);
    match task {
        Task::Chat => chat(prompt, &mut fields)?,
        Task::Completion => completion(prompt, &mut fields)?,
        Task::CountTokens => return Err(no_counting()),
        _ => return Err(no_prompt()),
    }
    stream(prompt, &mut fields);
    limit(task, prompt, &mut fields);
    sampling(&prompt.sampling, &mut fields);
    if !prompt.stop.is_empty() {
        fields.put("stop", "stop_sequences", &prompt.stop);
    }
    notes(prompt, &mut fields);
    for (name, value) in &prompt.extra {
        if PASSED_ON.contains(&name.as_str()) {
            fields.put(name, name, value);
        } else {
            fields.drop(name);
        }
    }
    Ok(fields.finish())
}

fn no_counting() -> Complaint {
    Complaint::new(Code::UnsupportedFeature, "the OpenAI protocol cannot count the tokens of a prompt")
}

fn chat(prompt: &Prompt, fields: &mut Fields<'_>) -> Result<(), Complaint> {
    let mut scribe = Scribe::new(fields.target, &mut fields.dropped);
    let messages = write_message::messages(prompt, &mut scribe)?;
    fields.put("messages", "messages", &messages);
    write_tools::write(prompt, fields)?;
    format(&prompt.format, fields);
    reasoning(&prompt.reasoning, fields);
    fields.put_some("logprobs", &prompt.sampling.logprobs);
    fields.put_some("top_logprobs", &prompt.sampling.top_logprobs);
    Ok(())
}

/// The older endpoint takes one text: a conversation has no place in it.
fn completion(prompt: &Prompt, fields: &mut Fields<'_>) -> Result<(), Complaint> {
    let words = match prompt.turns.as_slice() {
        [turn] if turn.role == Role::User && prompt.system.is_empty() && prompt.tools.is_empty() => {
            turn.parts.iter().map(|part| if let Part::Text { text, .. } = part { Some(text.as_str()) } else { None })
        }
        _ => return Err(no_conversation()),
    };
    let text: String = words.collect::<Option<_>>().ok_or_else(no_conversation)?;
    fields.put("prompt", "prompt", &text);
    fields.put_some("logprobs", &prompt.sampling.top_logprobs);
    Ok(())
}

fn no_conversation() -> Complaint {
    let message = "the completions endpoint takes one text: no instructions, no turns, no tools, no media";
    Complaint::new(Code::UnsupportedFeature, message)
}

/// Usage is always asked for, because the gateway accounts with it.
fn stream(prompt: &Prompt, fields: &mut Fields<'_>) {
    if !prompt.stream {
        return;
    }
    fields.put("stream", "stream", &true);
    if fields.target.quirks.stream_usage {
        fields.put("stream_options", "stream_options", &json!({"include_usage": true}));
    }
}

/// A limit above what the model can give is an error to most vendors and no promise to callers: it is cut.
fn limit(task: Task, prompt: &Prompt, fields: &mut Fields<'_>) {
    let Some(asked) = prompt.max_output_tokens else { return };
    let limit = asked.min(fields.target.max_output_tokens.unwrap_or(u64::MAX));
    let name = match fields.target.quirks.limit_field {
        LimitField::MaxCompletionTokens if task == Task::Chat => "max_completion_tokens",
        _ => "max_tokens",
    };
    fields.put(name, "max_tokens", &limit);
}

fn sampling(sampling: &Sampling, fields: &mut Fields<'_>) {
    fields.put_some("temperature", &sampling.temperature);
    fields.put_some("top_p", &sampling.top_p);
    fields.put_some("frequency_penalty", &sampling.frequency_penalty);
    fields.put_some("presence_penalty", &sampling.presence_penalty);
    fields.put_some("seed", &sampling.seed);
    fields.put_some("n", &sampling.n);
    match &sampling.top_k {
        Some(top_k) if fields.target.quirks.top_k => fields.put("top_k", "top_k", top_k),
        Some(_) => fields.drop("top_k"),
        None => {}
    }
}

fn notes(prompt: &Prompt, fields: &mut Fields<'_>) {
    match &prompt.end_user {
        Some(user) if user.chars().count() <= MAX_USER => fields.put("user", "metadata.user_id", user),
        Some(_) => fields.drop("metadata.user_id"),
        None => {}
    }
    match prompt.service_tier.as_deref() {
        Some("standard_only") => fields.put("service_tier", "service_tier", &"default"),
        Some(tier) => fields.put("service_tier", "service_tier", &tier),
        None => {}
    }
    // OpenAI takes notes on stored answers only, other vendors none.
    if !prompt.metadata.is_empty() {
        fields.drop("metadata");
    }
}

fn format(format: &Format, fields: &mut Fields<'_>) {
    let json_object = json!({"type": "json_object"});
    match format {
        Format::Text => {}
        Format::JsonObject => fields.put("response_format", "output_format", &json_object),
        Format::Schema { .. } if !fields.target.quirks.json_schema => {
            fields.drop("output_format.schema");
            fields.put("response_format", "output_format", &json_object);
        }
        Format::Schema { name, description, schema, strict } => {
            let json_schema = JsonSchema { name, description: description.as_deref(), schema, strict: *strict };
            let given = ResponseFormat { r#type: "json_schema", json_schema };
            fields.put("response_format", "output_format", &given);
        }
    }
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: JsonSchema<'a>,
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Thinking in steps. A budget of tokens becomes a step; what is merely on or off cannot be said,
/// except where the model decides anyway.
fn reasoning(reasoning: &Reasoning, fields: &mut Fields<'_>) {
    if fields.target.quirks.thinking != ThinkingField::ReasoningEffort {
        return switch(reasoning, fields);
    }
    let step = reasoning.effort.map(effort_word).or(reasoning.budget_tokens.map(effort_of_budget));
    match (step, reasoning.thinking) {
        (Some(step), _) => fields.put("reasoning_effort", "thinking", &step),
        (None, Some(Thinking::Enabled | Thinking::Disabled)) => fields.drop("thinking"),
        (None, Some(Thinking::Adaptive) | None) => {}
    }
}

/// Thinking for vendors that switch it on and off. Steps cannot be said, and are named.
fn switch(reasoning: &Reasoning, fields: &mut Fields<'_>) {
    let off = reasoning.thinking == Some(Thinking::Disabled) || reasoning.effort == Some(Effort::None);
    let stepped = reasoning.effort.is_some_and(|effort| effort != Effort::None);
    let on = stepped || reasoning.budget_tokens.is_some() || reasoning.thinking == Some(Thinking::Enabled);
    if !on && !off {
        return;
    }
    if stepped {
        fields.drop("reasoning_effort");
    }
    if fields.target.quirks.thinking == ThinkingField::ThinkingType {
        fields.put("thinking", "thinking", &json!({"type": if off { "disabled" } else { "enabled" }}));
        if reasoning.budget_tokens.is_some() {
            fields.drop("thinking.budget_tokens");
        }
        return;
    }
    fields.put("enable_thinking", "thinking", &!off);
    if !off {
        fields.put_some("thinking_budget", &reasoning.budget_tokens);
    }
}

/// The protocol has no `max`; `xhigh` is its most.
fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh | Effort::Max => "xhigh",
    }
}

/// A budget as a step: up to 1,024 tokens (Anthropic's least) low, up to 8,192 medium, above high.
fn effort_of_budget(tokens: u64) -> &'static str {
    match tokens {
        0..=1_024 => "low",
        1_025..=8_192 => "medium",
        _ => "high",
    }
}

/// Whether a part that only one dialect can say is a tagged object of this one.
pub(super) fn is_tagged(raw: &Json) -> bool {
    serde_json::from_str::<Value>(raw.get()).is_ok_and(|value| value.get("type").is_some())
}
