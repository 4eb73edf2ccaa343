//! A request in no dialect's words, for an Anthropic provider.
//!
//! What cannot be said is named by the caller's path, in the words of the OpenAI dialect where it
//! has a word (`response_format`, `reasoning_effort`), for only other dialects come this way.

use super::generation::Generation;
use super::reasoning::{self, Plan};
use super::schema;
use super::wire::{At, Object, array, encode};
use super::write_blocks::{addendum_members, extend, marked};
use super::write_turns::Conversation;
use crate::canonical::{Code, Complaint, Format, Json, Prompt, Sampling, Tool, ToolChoice, WebSearch};
use crate::dialect::{Target, Written};
use crate::types::{Protocol, Task};
use serde_json::{Number, Value};

/// Fields of Anthropic's own that reach it though the canonical model has no place for them.
const OWN_FIELDS: [&str; 6] =
    ["cache_control", "container", "context_management", "inference_geo", "mcp_servers", "speed"];

/// What counting tokens does not take.
const NOT_COUNTED: [&str; 9] = [
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "metadata",
    "service_tier",
    "container",
];

/// Stands in for OpenAI's `json_object`, which Anthropic has no form of.
const JSON_ONLY: &str = "Answer with one valid JSON object and nothing else: no code fence, no words around it.";

/// Writes a request.
///
/// # Errors
/// [`Code::UnsupportedFeature`] for tasks that the protocol lacks and media that it cannot carry.
pub(super) fn write(task: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
    if !matches!(task, Task::Chat | Task::CountTokens) {
        let message = format!("Anthropic's protocol has no {}; choose another provider", task.as_str());
        return Err(Complaint::new(Code::UnsupportedFeature, message));
    }
    let mut dropped = Vec::new();
    let plan = reasoning::plan(prompt, target);
    dropped.extend(plan.dropped.iter().map(|field| (*field).to_owned()));
    let mut conversation = Conversation::of(prompt, &mut dropped)?;
    let output = output_config(prompt, &plan, target, &mut conversation, &mut dropped);

    let body = Object::default().put("model", target.model).put("max_tokens", &plan.max_tokens);
    let body = conversation.put(body);
    let body = put_tools(body, prompt, target, &mut dropped);
    let body = put_sampling(body, prompt, &plan, target, &mut dropped);
    let body = put_service(body, prompt, &mut dropped);
    let body = if prompt.stream { body.put("stream", &true) } else { body };
    let mut body = put_extra(body, prompt, plan.thinking, output, &mut dropped);

    let refused = target.quirks.unsupported.iter().filter(|name| body.remove(name));
    dropped.extend(refused.cloned().collect::<Vec<_>>());
    if task == Task::CountTokens {
        for name in NOT_COUNTED {
            body.remove(name);
        }
    }
    Ok(Written { bytes: body.finish().into(), dropped })
}

/// `output_config`: effort and the form of the answer. Where the model or vendor takes no schema,
/// instructions ask for it in words, and that is named, for nothing then holds the model to it.
fn output_config(
    prompt: &Prompt,
    plan: &Plan,
    target: &Target<'_>,
    conversation: &mut Conversation,
    dropped: &mut Vec<String>,
) -> Object {
    let output = Object::default().put_some("effort", plan.effort.as_ref());
    let takes_schemas = target.quirks.json_schema && Generation::of(target.model).takes_schemas();
    match &prompt.format {
        Format::Text => output,
        Format::JsonObject => {
            conversation.instruct(JSON_ONLY);
            dropped.push("response_format".to_owned());
            output
        }
        Format::Schema { schema, .. } if !takes_schemas => {
            conversation.instruct(&format!("{JSON_ONLY} It must match this JSON schema: {}", schema.get()));
            dropped.push("response_format".to_owned());
            output
        }
        Format::Schema { description, schema, .. } => {
            let (schema, lost) = schema::closed(schema);
            if lost {
                dropped.push("response_format.json_schema.schema".to_owned());
            }
            if description.is_some() {
                dropped.push("response_format.json_schema.description".to_owned());
            }
            output.raw("format", Object::of("json_schema").raw("schema", schema.get()).finish())
        }
    }
}

fn put_tools(body: Object, prompt: &Prompt, target: &Target<'_>, dropped: &mut Vec<String>) -> Object {
    let tools = tools(&prompt.tools, Generation::of(target.model).takes_schemas(), dropped);
    if tools.is_empty() {
        if matches!(prompt.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
            dropped.push("tool_choice".to_owned());
        }
        return body;
    }
    let body = body.raw("tools", array(&tools));
    match tool_choice(prompt) {
        Some(choice) => body.raw("tool_choice", choice.finish()),
        None => body,
    }
}

fn tools(tools: &[Tool], strict_known: bool, dropped: &mut Vec<String>) -> Vec<String> {
    let mut written: Vec<Object> = Vec::new();
    let mut last_written = false;
    for (index, tool) in tools.iter().enumerate() {
        let top = At::Top.member("tools");
        let at = &top.item(index);
        match tool {
            Tool::Function { strict: Some(true), .. } if !strict_known => {
                dropped.push(at.member("function.strict").to_string());
                written.push(function(tool, false));
                last_written = true;
            }
            Tool::Function { .. } => {
                written.push(function(tool, strict_known));
                last_written = true;
            }
            Tool::Opaque { from: Protocol::Anthropic, raw } => match addendum_members(raw) {
                Some(members) => {
                    let whole = written.last_mut().filter(|_| last_written);
                    whole.map_or_else(|| dropped.push(at.to_string()), |whole| extend(whole, members));
                }
                None => {
                    written.push(Object::default().members(raw));
                    last_written = false;
                }
            },
            Tool::WebSearch(search) => {
                written.push(web_search(search, at, dropped));
                last_written = false;
            }
            Tool::Opaque { .. } => {
                dropped.push(at.to_string());
                last_written = false;
            }
        }
    }
    written.iter().map(Object::finish).collect()
}

/// The tool in its oldest version, which all models that search have.
fn web_search(search: &WebSearch, at: &At<'_>, dropped: &mut Vec<String>) -> Object {
    if search.from == Protocol::Anthropic {
        return Object::default().members(&search.raw);
    }
    dropped.extend(search.options.iter().map(|name| at.member(name).to_string()));
    Object::of("web_search_20250305").put("name", "web_search")
}

fn function(tool: &Tool, with_strict: bool) -> Object {
    let Tool::Function { name, description, schema, strict, cache } = tool else { return Object::default() };
    let object = Object::default()
        .put("name", name)
        .put_some("description", description.as_ref())
        .raw("input_schema", input_schema(schema.as_ref()))
        .put_some("strict", strict.as_ref().filter(|_| with_strict));
    marked(object, cache.as_ref())
}

/// Anthropic wants an object schema that says so.
fn input_schema(schema: Option<&Json>) -> String {
    let Some(schema) = schema else { return encode(&serde_json::json!({"type": "object", "properties": {}})) };
    let members = Object::default().members(schema);
    if members.has("type") {
        return schema.get().to_owned();
    }
    let typed = members.first("type", "object");
    if typed.has("properties") { typed.finish() } else { typed.raw("properties", "{}").finish() }
}

fn tool_choice(prompt: &Prompt) -> Option<Object> {
    let one_at_a_time = prompt.parallel_tools.map(|parallel| !parallel);
    let choice = match &prompt.tool_choice {
        None if one_at_a_time != Some(true) => return None,
        None | Some(ToolChoice::Auto) => Object::of("auto"),
        Some(ToolChoice::Never) => return Some(Object::of("none")),
        Some(ToolChoice::Required) => Object::of("any"),
        Some(ToolChoice::Named(name)) => Object::of("tool").put("name", name),
    };
    Some(choice.put_some("disable_parallel_tool_use", one_at_a_time.as_ref()))
}

fn put_sampling(body: Object, prompt: &Prompt, plan: &Plan, target: &Target<'_>, dropped: &mut Vec<String>) -> Object {
    let Sampling { temperature, top_p, top_k, .. } = &prompt.sampling;
    let generation = Generation::of(target.model);
    let mut drop_field = |name: &str| dropped.push(name.to_owned());
    let mut body = body;
    let fixed = plan.thinks || generation.refuses_sampling();
    match temperature {
        Some(value) if fixed && !is_one(value) => drop_field("temperature"),
        Some(value) if value.as_f64().is_some_and(|value| value > 1.0) => {
            drop_field("temperature");
            body = body.put("temperature", &1);
        }
        Some(value) if !fixed => body = body.put("temperature", value),
        _ => {}
    }
    let one_way = generation.samples_one_way() && temperature.is_some();
    match top_p {
        Some(value) if (fixed || one_way) && !is_one(value) => drop_field("top_p"),
        Some(value) if !fixed && !one_way => body = body.put("top_p", value),
        _ => {}
    }
    match top_k {
        Some(_) if fixed => drop_field("top_k"),
        Some(value) => body = body.put("top_k", value),
        None => {}
    }
    name_foreign_sampling(&prompt.sampling, dropped);
    body
}

/// One is the neutral value of temperature and top_p: leaving it out loses nothing.
fn is_one(value: &Number) -> bool {
    value.as_f64() == Some(1.0)
}

/// Names what Anthropic has no field for, unless it says nothing.
fn name_foreign_sampling(sampling: &Sampling, dropped: &mut Vec<String>) {
    let says_something = |value: &Option<Number>| value.as_ref().is_some_and(|value| value.as_f64() != Some(0.0));
    let foreign = [
        ("frequency_penalty", says_something(&sampling.frequency_penalty)),
        ("presence_penalty", says_something(&sampling.presence_penalty)),
        ("seed", sampling.seed.is_some()),
        ("n", sampling.n.is_some_and(|n| n > 1)),
        ("logprobs", sampling.logprobs == Some(true)),
        ("top_logprobs", sampling.top_logprobs.is_some()),
    ];
    dropped.extend(foreign.into_iter().filter(|(_, asked)| *asked).map(|(name, _)| name.to_owned()));
}

/// Stop texts, the end user, the class of service, notes.
fn put_service(body: Object, prompt: &Prompt, dropped: &mut Vec<String>) -> Object {
    let mut body = body;
    // Anthropic refuses stop texts without a visible character.
    let visible: Vec<&String> = prompt.stop.iter().filter(|stop| !stop.trim().is_empty()).collect();
    if visible.len() < prompt.stop.len() {
        dropped.push("stop".to_owned());
    }
    if !visible.is_empty() {
        body = body.put("stop_sequences", &visible);
    }
    if let Some(user) = &prompt.end_user {
        body = body.raw("metadata", Object::default().put("user_id", user).finish());
    }
    if !prompt.metadata.is_empty() {
        dropped.push("metadata".to_owned());
    }
    match prompt.service_tier.as_deref() {
        None => body,
        // `auto` uses priority capacity where the account has it.
        Some("auto" | "priority") => body.put("service_tier", "auto"),
        Some("default" | "standard") => body.put("service_tier", "standard_only"),
        Some(_) => {
            dropped.push("service_tier".to_owned());
            body
        }
    }
}

/// Thinking, the form of the answer, and fields that the canonical model has no place for.
fn put_extra(body: Object, prompt: &Prompt, thinking: Object, output: Object, dropped: &mut Vec<String>) -> Object {
    let (mut body, mut thinking, mut output) = (body, thinking, output);
    for (name, value) in &prompt.extra {
        match (name.as_str(), value) {
            // Callers of other dialects may send Anthropic's own object whole.
            ("thinking", Value::Object(own)) if own.contains_key("type") || thinking.has("type") => {
                thinking = own.iter().fold(thinking, |all, (name, value)| all.raw(name.clone(), encode(value)));
            }
            ("output_config", Value::Object(own)) => {
                output = own.iter().fold(output, |all, (name, value)| all.raw(name.clone(), encode(value)));
            }
            (own, value) if OWN_FIELDS.contains(&own) => body = body.raw(name.clone(), encode(value)),
            _ => dropped.push(name.clone()),
        }
    }
    let parts = [("thinking", thinking), ("output_config", output)];
    let filled = parts.into_iter().filter(|(_, object)| !object.is_empty());
    filled.fold(body, |body, (name, object)| body.raw(name, object.finish()))
}
