//! Writes a request that came in another protocol: `converse`.

use super::thinking;
use super::write_message::{Conversation, Message, cache_point};
use crate::canonical::{Complaint, Format, Prompt, Tool, ToolChoice};
use crate::dialect::json::to_vec;
use crate::dialect::{Target, Written};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

/// Converse's own fields, which callers of other protocols send beside theirs.
const OWN: [&str; 6] = [
    "guardrailConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "additionalModelResponseFieldPaths",
    ADDITIONAL,
];
const ADDITIONAL: &str = "additionalModelRequestFields";

/// Not every model takes a schema, and a refusal would not say which does: words ask for it.
const JSON_ONLY: &str = "Answer with one valid JSON object and nothing else: no code fence, no words around it.";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Value>,
    #[serde(skip_serializing_if = "Inference::is_empty")]
    inference_config: Inference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<Value>,
    #[serde(flatten)]
    own: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a Number>,
}

impl Inference<'_> {
    fn is_empty(&self) -> bool {
        self.max_tokens.is_none()
            && self.stop_sequences.is_empty()
            && self.temperature.is_none()
            && self.top_p.is_none()
    }
}

/// Writes the request.
pub(super) fn write(prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
    let mut dropped = Vec::new();
    let mut conversation = Conversation::of(prompt, &mut dropped)?;
    format(&prompt.format, &mut conversation, &mut dropped);
    let most = target.max_output_tokens.unwrap_or(u64::MAX);
    let sampling = &prompt.sampling;
    let request = Request {
        tool_config: tool_config(prompt, &conversation.called, &mut dropped),
        own: own(prompt, target.model, &mut dropped),
        messages: conversation.messages,
        system: conversation.system,
        inference_config: Inference {
            max_tokens: prompt.max_output_tokens.map(|asked| asked.min(most)),
            stop_sequences: &prompt.stop,
            temperature: sampling.temperature.as_ref(),
            top_p: sampling.top_p.as_ref(),
        },
        service_tier: prompt.service_tier.as_deref().filter(|tier| *tier != "auto").map(|tier| json!({"type": tier})),
    };
    let bytes = to_vec(&request).into();
    unsaid(prompt, &mut dropped);
    Ok(Written { bytes, dropped })
}

fn format(format: &Format, conversation: &mut Conversation, dropped: &mut Vec<String>) {
    match format {
        Format::Text => return,
        Format::JsonObject => conversation.instruct(JSON_ONLY),
        Format::Schema { schema, .. } => {
            conversation.instruct(&format!("{JSON_ONLY} It must match this JSON schema: {}", schema.get()));
        }
    }
    dropped.push("response_format".to_owned());
}

/// Tools, and whether one must be called. Where calls stand in the conversation the protocol wants tools, offered or not.
fn tool_config(prompt: &Prompt, called: &[String], dropped: &mut Vec<String>) -> Option<Value> {
    let mut tools = Vec::with_capacity(prompt.tools.len());
    for (place, tool) in prompt.tools.iter().enumerate() {
        let Tool::Function { name, description, schema, strict, cache } = tool else {
            dropped.push(format!("tools[{place}]"));
            continue;
        };
        if *strict == Some(true) {
            dropped.push(format!("tools[{place}].function.strict"));
        }
        let schema = schema.as_ref().and_then(|schema| serde_json::from_str(schema.get()).ok());
        tools.push(spec(name, description.as_deref(), schema));
        tools.extend(cache.as_ref().map(cache_point));
    }
    let never = prompt.tool_choice == Some(ToolChoice::Never);
    if called.is_empty() && (tools.is_empty() || never) {
        return None;
    }
    if tools.is_empty() {
        let mut names: Vec<&String> = called.iter().collect();
        names.sort();
        names.dedup();
        tools.extend(names.into_iter().map(|name| spec(name, None, None)));
    }
    if never {
        dropped.push("tool_choice".to_owned());
    }
    let mut config = json!({"tools": tools});
    if let Some(choice) = tool_choice(prompt) {
        config["toolChoice"] = choice;
    }
    Some(config)
}

fn spec(name: &str, description: Option<&str>, schema: Option<Value>) -> Value {
    let schema = schema.unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    let mut spec = json!({"name": name, "inputSchema": {"json": schema}});
    if let Some(description) = description.filter(|words| !words.is_empty()) {
        spec["description"] = description.into();
    }
    json!({"toolSpec": spec})
}

fn tool_choice(prompt: &Prompt) -> Option<Value> {
    match prompt.tool_choice.as_ref()? {
        ToolChoice::Auto => Some(json!({"auto": {}})),
        ToolChoice::Never => None,
        ToolChoice::Required => Some(json!({"any": {}})),
        ToolChoice::Named(name) => Some(json!({"tool": {"name": name}})),
    }
}

/// The protocol's own fields, with what the model's family takes among the additional ones.
fn own(prompt: &Prompt, model: &str, dropped: &mut Vec<String>) -> Map<String, Value> {
    let of_caller = prompt.extra.iter().filter(|(name, _)| OWN.contains(&name.as_str()));
    let mut own: Map<String, Value> = of_caller.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut fields = Map::new();
    thinking::put(prompt, model, &mut fields, dropped);
    if let Some(Value::Object(more)) = own.remove(ADDITIONAL) {
        fields.extend(more);
    }
    if !fields.is_empty() {
        own.insert(ADDITIONAL.to_owned(), Value::Object(fields));
    }
    let (notes, others): (Vec<_>, Vec<_>) = prompt.metadata.iter().partition(|(_, value)| value.is_string());
    dropped.extend(others.into_iter().map(|(name, _)| format!("metadata.{name}")));
    if !notes.is_empty() && !own.contains_key("requestMetadata") {
        let notes: Map<String, Value> = notes.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        own.insert("requestMetadata".to_owned(), Value::Object(notes));
    }
    own
}

/// Names what has no place at all.
fn unsaid(prompt: &Prompt, dropped: &mut Vec<String>) {
    let sampling = &prompt.sampling;
    let fields = [
        ("n", sampling.n.is_some_and(|n| n > 1)),
        ("frequency_penalty", sampling.frequency_penalty.is_some()),
        ("presence_penalty", sampling.presence_penalty.is_some()),
        ("seed", sampling.seed.is_some()),
        ("logprobs", sampling.logprobs == Some(true)),
        ("top_logprobs", sampling.top_logprobs.is_some()),
        ("parallel_tool_calls", prompt.parallel_tools == Some(false)),
        ("user", prompt.end_user.is_some()),
    ];
    dropped.extend(fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()));
    dropped.extend(prompt.extra.keys().filter(|name| !OWN.contains(&name.as_str())).cloned());
}
