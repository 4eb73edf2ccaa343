//! Writes a request that came in another protocol: `v2/chat`.

use super::write_message::{self, Message};
use crate::canonical::{Complaint, Effort, Format, Json, Prompt, Reasoning, Thinking, Tool, ToolChoice};
use crate::dialect::json::to_vec;
use crate::dialect::{Target, Written};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

/// Cohere's own fields, which callers of other protocols send beside theirs.
const OWN: [&str; 6] = ["documents", "citation_options", "safety_mode", "strict_tools", "priority", "raw_prompting"];

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WrittenTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: &'a Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: &'a Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: &'a Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: &'a Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: &'a Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: &'a Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(flatten)]
    own: Map<String, Value>,
}

#[derive(Serialize)]
struct WrittenTool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: Json,
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<&'a Json>,
}

/// Writes the request.
pub(super) fn write(prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
    let mut dropped = Vec::new();
    let messages = write_message::messages(prompt, &mut dropped)?;
    let tools = tools(prompt, &mut dropped);
    let most = target.max_output_tokens.unwrap_or(u64::MAX);
    let mut own: Map<String, Value> = prompt
        .extra
        .iter()
        .filter(|(name, _)| OWN.contains(&name.as_str()))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let strict = |tool: &Tool| matches!(tool, Tool::Function { strict: Some(true), .. });
    if prompt.tools.iter().any(strict) {
        own.entry("strict_tools").or_insert(Value::Bool(true));
    }
    let sampling = &prompt.sampling;
    let request = Request {
        model: target.model,
        messages,
        stream: prompt.stream,
        tool_choice: (!tools.is_empty()).then(|| tool_choice(prompt)).flatten(),
        tools,
        response_format: format(&prompt.format, &mut dropped),
        thinking: thinking(&prompt.reasoning, target.model, &mut dropped),
        max_tokens: prompt.max_output_tokens.map(|asked| asked.min(most)),
        stop_sequences: &prompt.stop,
        temperature: &sampling.temperature,
        p: &sampling.top_p,
        k: &sampling.top_k,
        frequency_penalty: &sampling.frequency_penalty,
        presence_penalty: &sampling.presence_penalty,
        seed: &sampling.seed,
        // In streams they come in pieces of another form.
        logprobs: sampling.logprobs.filter(|_| !prompt.stream),
        own,
    };
    let bytes = to_vec(&request).into();
    unsaid(prompt, &mut dropped);
    Ok(Written { bytes, dropped })
}

/// The protocol can force a call, but not which: of a named tool it is offered alone.
fn tools<'a>(prompt: &'a Prompt, dropped: &mut Vec<String>) -> Vec<WrittenTool<'a>> {
    let mut tools = Vec::with_capacity(prompt.tools.len());
    for (place, tool) in prompt.tools.iter().enumerate() {
        let Tool::Function { name, description, schema, cache, .. } = tool else {
            dropped.push(format!("tools[{place}]"));
            continue;
        };
        if cache.is_some() {
            dropped.push(format!("tools[{place}].cache_control"));
        }
        if matches!(&prompt.tool_choice, Some(ToolChoice::Named(named)) if named != name) {
            continue;
        }
        let none = || Json::of(&json!({"type": "object", "properties": {}})).unwrap_or_else(|_| Json::empty_object());
        let parameters = schema.clone().unwrap_or_else(none);
        let function = Function { name, description: description.as_deref(), parameters };
        tools.push(WrittenTool { r#type: "function", function });
    }
    tools
}

fn tool_choice(prompt: &Prompt) -> Option<&'static str> {
    match prompt.tool_choice.as_ref()? {
        ToolChoice::Auto => None,
        ToolChoice::Never => Some("NONE"),
        ToolChoice::Required | ToolChoice::Named(_) => Some("REQUIRED"),
    }
}

fn format<'a>(format: &'a Format, dropped: &mut Vec<String>) -> Option<ResponseFormat<'a>> {
    let json_schema = match format {
        Format::Text => return None,
        Format::JsonObject => None,
        Format::Schema { schema, description, .. } => {
            if description.is_some() {
                dropped.push("response_format.json_schema.description".to_owned());
            }
            Some(schema)
        }
    };
    Some(ResponseFormat { r#type: "json_object", json_schema })
}

/// On with a budget, or off. Steps cannot be said. Models that never think take no word of it.
fn thinking(reasoning: &Reasoning, model: &str, dropped: &mut Vec<String>) -> Option<Value> {
    let off = reasoning.thinking == Some(Thinking::Disabled) || reasoning.effort == Some(Effort::None);
    if off {
        return model.contains("reasoning").then(|| json!({"type": "disabled"}));
    }
    if let Some(budget) = reasoning.budget_tokens {
        return Some(json!({"type": "enabled", "token_budget": budget}));
    }
    if reasoning.effort.is_some() {
        dropped.push("reasoning_effort".to_owned());
    }
    (reasoning.thinking == Some(Thinking::Enabled)).then(|| json!({"type": "enabled"}))
}

/// Names what has no place at all.
fn unsaid(prompt: &Prompt, dropped: &mut Vec<String>) {
    let fields = [
        ("n", prompt.sampling.n.is_some_and(|n| n > 1)),
        ("logprobs", prompt.stream && prompt.sampling.logprobs == Some(true)),
        ("top_logprobs", prompt.sampling.top_logprobs.is_some()),
        ("parallel_tool_calls", prompt.parallel_tools == Some(false)),
        ("user", prompt.end_user.is_some()),
        ("service_tier", prompt.service_tier.is_some()),
        ("metadata", !prompt.metadata.is_empty()),
    ];
    dropped.extend(fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()));
    dropped.extend(prompt.extra.keys().filter(|name| !OWN.contains(&name.as_str())).cloned());
}
