//! Writes a request that came in another protocol: `api/chat`.
//!
//! What the protocol cannot say is left out and named by its path in the caller's request; media that it has no
//! place for are refused.

use super::write_message::{self, Message};
use crate::canonical::{Complaint, Effort, Format, Json, Prompt, Reasoning, Sampling, Thinking, Tool, ToolChoice};
use crate::dialect::json::to_vec;
use crate::dialect::{Target, Written};
use serde::Serialize;
use serde_json::{Map, Value, json};

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WrittenTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    options: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<&'a Value>,
    /// The protocol streams unless told not to.
    stream: bool,
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

/// Writes the request.
pub(super) fn write(prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
    let mut dropped = Vec::new();
    let messages = write_message::messages(prompt, &mut dropped)?;
    let request = Request {
        model: target.model,
        messages,
        tools: tools(prompt, &mut dropped),
        format: format(&prompt.format, &mut dropped),
        think: think(&prompt.reasoning),
        logprobs: prompt.sampling.logprobs,
        top_logprobs: prompt.sampling.top_logprobs,
        options: options(prompt, target, &mut dropped),
        keep_alive: prompt.extra.get("keep_alive"),
        stream: prompt.stream,
    };
    let bytes = to_vec(&request).into();
    unsaid(prompt, &mut dropped);
    Ok(Written { bytes, dropped })
}

/// The protocol cannot force a call: of a named tool it is offered alone, of any tool nothing can be done.
fn tools<'a>(prompt: &'a Prompt, dropped: &mut Vec<String>) -> Vec<WrittenTool<'a>> {
    if matches!(prompt.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
        dropped.push("tool_choice".to_owned());
    }
    let mut tools = Vec::with_capacity(prompt.tools.len());
    for (place, tool) in prompt.tools.iter().enumerate() {
        let Tool::Function { name, description, schema, strict, cache } = tool else {
            dropped.push(format!("tools[{place}]"));
            continue;
        };
        if *strict == Some(true) {
            dropped.push(format!("tools[{place}].strict"));
        }
        if cache.is_some() {
            dropped.push(format!("tools[{place}].cache_control"));
        }
        let offered = match &prompt.tool_choice {
            Some(ToolChoice::Never) => false,
            Some(ToolChoice::Named(named)) => named == name,
            _ => true,
        };
        if offered {
            let none =
                || Json::of(&json!({"type": "object", "properties": {}})).unwrap_or_else(|_| Json::empty_object());
            let parameters = schema.clone().unwrap_or_else(none);
            let function = Function { name, description: description.as_deref(), parameters };
            tools.push(WrittenTool { r#type: "function", function });
        }
    }
    tools
}

fn format(format: &Format, dropped: &mut Vec<String>) -> Option<Json> {
    match format {
        Format::Text => None,
        Format::JsonObject => Json::of("json").ok(),
        Format::Schema { schema, description, .. } => {
            if description.is_some() {
                dropped.push("response_format.json_schema.description".to_owned());
            }
            Some(schema.clone())
        }
    }
}

/// On, off, or in three steps. A budget of tokens becomes a step: up to 1,024 low, up to 8,192 medium, above high.
fn think(reasoning: &Reasoning) -> Option<Value> {
    let step = match (reasoning.effort, reasoning.budget_tokens) {
        (Some(Effort::None), _) => return Some(json!(false)),
        (Some(Effort::Minimal | Effort::Low), _) => Some("low"),
        (Some(Effort::Medium), _) => Some("medium"),
        (Some(_), _) => Some("high"),
        (None, Some(0..=1_024)) => Some("low"),
        (None, Some(1_025..=8_192)) => Some("medium"),
        (None, Some(_)) => Some("high"),
        (None, None) => None,
    };
    match (step, reasoning.thinking) {
        (_, Some(Thinking::Disabled)) => Some(json!(false)),
        (Some(step), _) => Some(json!(step)),
        (None, Some(Thinking::Enabled)) => Some(json!(true)),
        (None, Some(Thinking::Adaptive) | None) => None,
    }
}

/// Options that the caller wrote in Ollama's own words go on; the canonical ones win.
fn options(prompt: &Prompt, target: &Target<'_>, dropped: &mut Vec<String>) -> Map<String, Value> {
    let mut options = match prompt.extra.get("options") {
        Some(Value::Object(given)) => given.clone(),
        _ => Map::new(),
    };
    let Sampling { temperature, top_p, top_k, frequency_penalty, presence_penalty, seed, n, .. } = &prompt.sampling;
    let numbers = [
        ("temperature", temperature),
        ("top_p", top_p),
        ("top_k", top_k),
        ("frequency_penalty", frequency_penalty),
        ("presence_penalty", presence_penalty),
        ("seed", seed),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            options.insert(name.to_owned(), Value::Number(number.clone()));
        }
    }
    if let Some(asked) = prompt.max_output_tokens {
        options.insert("num_predict".to_owned(), json!(asked.min(target.max_output_tokens.unwrap_or(u64::MAX))));
    }
    if !prompt.stop.is_empty() {
        options.insert("stop".to_owned(), json!(prompt.stop));
    }
    if n.is_some_and(|n| n > 1) {
        dropped.push("n".to_owned());
    }
    options
}

/// Names what has no place at all.
fn unsaid(prompt: &Prompt, dropped: &mut Vec<String>) {
    let fields = [
        ("parallel_tool_calls", prompt.parallel_tools == Some(false)),
        ("user", prompt.end_user.is_some()),
        ("service_tier", prompt.service_tier.is_some()),
        ("metadata", !prompt.metadata.is_empty()),
    ];
    dropped.extend(fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()));
    dropped.extend(prompt.extra.keys().filter(|name| !["keep_alive", "options"].contains(&name.as_str())).cloned());
}
