//! A whole request of a Gemini caller, in no dialect's words.

use super::peek::request;
use super::read_parts::{conversation, system};
use super::schema;
use super::wire::{At, Members, boolean, count, integer, json, list, number, object, string, strings, text};
use crate::canonical::{
    Code, Complaint, Effort, Format, Prompt, Reasoning, Sampling, Thinking, Tool, ToolChoice, WebSearch,
};
use crate::dialect::UrlFacts;
use crate::types::{Protocol, Task};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The name of a schema: Gemini gives schemas none, OpenAI needs one.
const SCHEMA_NAME: &str = "response";

/// Reads a request. What stays over lands in `extra`, that of `generationConfig` and `toolConfig` by its path.
pub(super) fn read(task: Task, body: &str, url: &UrlFacts) -> Result<Prompt, Complaint> {
    if matches!(task, Task::Embedding | Task::EmbeddingBatch) {
        return Err(no_embedding());
    }
    let top = &At::Top;
    let mut members = request(task, body)?;
    members.take("model");
    let (turns, places) = members.need("contents", top, conversation)?;
    let mut prompt = Prompt {
        model: url.model.clone().unwrap_or_default(),
        system: members.take_as("systemInstruction", top, system)?.unwrap_or_default(),
        turns,
        places,
        stream: url.stream.is_some(),
        include_usage: true,
        service_tier: members.take_as("serviceTier", top, string)?.and_then(service_tier),
        ..Prompt::default()
    };
    read_tools(&mut members, &mut prompt)?;
    let choice = read_tool_config(&mut members, &mut prompt)?;
    let config = read_config(&mut members, &mut prompt)?;
    prompt.extra = members.rest(top)?;
    for (whole, rest) in [("toolConfig", choice), ("generationConfig", config)] {
        prompt.extra.extend(rest.into_iter().map(|(name, value)| (format!("{whole}.{name}"), value)));
    }
    Ok(prompt)
}

/// The complaint that embeddings stay within this protocol.
pub(super) fn no_embedding() -> Complaint {
    Complaint::new(Code::UnsupportedFeature, "a request that is no conversation was taken for one")
}

fn service_tier(tier: String) -> Option<String> {
    match tier.to_ascii_lowercase().as_str() {
        "unspecified" | "service_tier_unspecified" => None,
        "standard" => Some("default".to_owned()),
        other => Some(other.to_owned()),
    }
}

fn read_tools(members: &mut Members<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let at = &At::Top.member("tools");
    for (index, raw) in members.take_as("tools", &At::Top, list)?.unwrap_or_default().into_iter().enumerate() {
        let at = &at.item(index);
        let mut tool = object(raw, at)?;
        if let Some(functions) = tool.take_as("functionDeclarations", at, list)? {
            let at = &at.member("functionDeclarations");
            for (index, raw) in functions.into_iter().enumerate() {
                function(raw, &at.item(index), &mut prompt.tools)?;
            }
        }
        for (name, value) in tool.0 {
            match name.as_ref() {
                "googleSearch" | "googleSearchRetrieval" => prompt.tools.extend(search(&name, value)),
                _ => prompt.tools.extend(opaque(&name, value)),
            }
        }
    }
    Ok(())
}

fn opaque(name: &str, value: &RawValue) -> Option<Tool> {
    let raw = crate::canonical::Json::parse(format!("{{{}:{}}}", super::wire::encode(name), value.get())).ok()?;
    Some(Tool::Opaque { from: Protocol::Gemini, raw })
}

fn search(name: &str, value: &RawValue) -> Option<Tool> {
    let Some(Tool::Opaque { from, raw }) = opaque(name, value) else { return None };
    let options = Members::lenient(value.get(), &At::Top).map(|members| members.0).unwrap_or_default();
    let options = options.into_iter().map(|(name, _)| name.into_owned()).collect();
    Some(Tool::WebSearch(WebSearch { options, from, raw }))
}

fn function(raw: &RawValue, at: &At<'_>, tools: &mut Vec<Tool>) -> Result<(), Complaint> {
    let mut function = object(raw, at)?;
    let openapi = function.take_as("parameters", at, json)?.map(schema::read);
    let json_schema = function.take_as("parametersJsonSchema", at, json)?;
    tools.push(Tool::Function {
        name: function.need("name", at, string)?,
        description: function.take_as("description", at, string)?,
        schema: json_schema.or(openapi),
        strict: None,
        cache: None,
    });
    // What a function gives back, and how it is called in live sessions, has no place elsewhere.
    for (name, value) in function.0 {
        tools.extend(opaque(&name, value));
    }
    Ok(())
}

/// Reads `toolConfig`; what is left of it comes back.
fn read_tool_config(members: &mut Members<'_>, prompt: &mut Prompt) -> Result<Map<String, Value>, Complaint> {
    let at = &At::Top.member("toolConfig");
    let Some(mut config) = members.take_as("toolConfig", &At::Top, object)? else { return Ok(Map::new()) };
    let calling = config.take_as("functionCallingConfig", at, object)?;
    if let Some(mut calling) = calling {
        let at = &at.member("functionCallingConfig");
        let mode = calling.take_as("mode", at, text)?;
        let allowed = calling.take_as("allowedFunctionNames", at, strings)?.unwrap_or_default();
        prompt.tool_choice = match mode.as_deref().unwrap_or("MODE_UNSPECIFIED").to_ascii_uppercase().as_str() {
            "AUTO" | "VALIDATED" => Some(ToolChoice::Auto),
            "NONE" => Some(ToolChoice::Never),
            "ANY" => Some(ToolChoice::Required),
            "MODE_UNSPECIFIED" => None,
            _ => return Err(at.member("mode").invalid("must be `AUTO`, `ANY`, `NONE` or `VALIDATED`")),
        };
        allow_only(&allowed, prompt);
    }
    config.rest(at)
}

/// Other protocols name one function or none: where several are allowed, the others are not offered.
fn allow_only(allowed: &[String], prompt: &mut Prompt) {
    if allowed.is_empty() {
        return;
    }
    if let ([only], Some(ToolChoice::Required)) = (allowed, &prompt.tool_choice) {
        prompt.tool_choice = Some(ToolChoice::Named(only.clone()));
        return;
    }
    prompt.tools.retain(|tool| match tool {
        Tool::Function { name, .. } => allowed.contains(name),
        Tool::WebSearch(_) | Tool::Opaque { .. } => true,
    });
}

/// Reads `generationConfig`; what is left of it comes back.
fn read_config(members: &mut Members<'_>, prompt: &mut Prompt) -> Result<Map<String, Value>, Complaint> {
    let at = &At::Top.member("generationConfig");
    let Some(mut config) = members.take_as("generationConfig", &At::Top, object)? else { return Ok(Map::new()) };
    prompt.max_output_tokens = config.take_as("maxOutputTokens", at, count)?;
    prompt.stop = config.take_as("stopSequences", at, strings)?.unwrap_or_default();
    prompt.sampling = sampling(&mut config, at)?;
    prompt.format = format(&mut config, at)?;
    let thinking = read_thinking(&mut config, at, &mut prompt.reasoning)?;
    let only_text = |raw: &RawValue| raw.get().to_ascii_uppercase().replace(char::is_whitespace, "") == "[\"TEXT\"]";
    if config.0.iter().any(|(name, raw)| name == "responseModalities" && only_text(raw)) {
        config.take("responseModalities");
    }
    let mut rest = config.rest(at)?;
    rest.extend(thinking.into_iter().map(|(name, value)| (format!("thinkingConfig.{name}"), value)));
    Ok(rest)
}

fn sampling(config: &mut Members<'_>, at: &At<'_>) -> Result<Sampling, Complaint> {
    Ok(Sampling {
        temperature: config.take_as("temperature", at, number)?,
        top_p: config.take_as("topP", at, number)?,
        top_k: config.take_as("topK", at, number)?,
        frequency_penalty: config.take_as("frequencyPenalty", at, number)?,
        presence_penalty: config.take_as("presencePenalty", at, number)?,
        seed: config.take_as("seed", at, number)?,
        n: config.take_as("candidateCount", at, count)?,
        logprobs: config.take_as("responseLogprobs", at, boolean)?,
        top_logprobs: config.take_as("logprobs", at, count)?,
    })
}

fn format(config: &mut Members<'_>, at: &At<'_>) -> Result<Format, Complaint> {
    let openapi = config.take_as("responseSchema", at, json)?.map(schema::read);
    let older = config.take_as("_responseJsonSchema", at, json)?;
    let schema = config.take_as("responseJsonSchema", at, json)?.or(older).or(openapi);
    let is_json = |raw: &RawValue| raw.get() == "\"application/json\"";
    let asks = config.0.iter().any(|(name, raw)| name == "responseMimeType" && is_json(raw));
    let plain = config.0.iter().any(|(name, raw)| name == "responseMimeType" && raw.get() == "\"text/plain\"");
    // Another form (`text/x.enum`) stays where it is, and is named.
    if asks || plain {
        config.take("responseMimeType");
    }
    Ok(match schema {
        Some(schema) if asks || !config.0.iter().any(|(name, _)| name == "responseMimeType") => {
            Format::Schema { name: SCHEMA_NAME.to_owned(), description: None, schema, strict: None }
        }
        None if asks => Format::JsonObject,
        _ => Format::Text,
    })
}

/// Reads `thinkingConfig`; what is left of it comes back.
fn read_thinking(
    config: &mut Members<'_>,
    at: &At<'_>,
    reasoning: &mut Reasoning,
) -> Result<Map<String, Value>, Complaint> {
    let place = &at.member("thinkingConfig");
    let Some(mut thinking) = config.take_as("thinkingConfig", at, object)? else { return Ok(Map::new()) };
    if thinking.take_as("includeThoughts", place, boolean)? == Some(true) {
        reasoning.thinking = Some(Thinking::Adaptive);
    }
    match thinking.take_as("thinkingBudget", place, integer)? {
        Some(0) => reasoning.thinking = Some(Thinking::Disabled),
        Some(budget) if budget < 0 => reasoning.thinking = Some(Thinking::Adaptive),
        Some(budget) => {
            reasoning.thinking = Some(Thinking::Enabled);
            reasoning.budget_tokens = Some(budget.unsigned_abs());
        }
        None => {}
    }
    let level = thinking.take_as("thinkingLevel", place, text)?;
    reasoning.effort = match level.as_deref().unwrap_or_default().to_ascii_uppercase().as_str() {
        "" | "THINKING_LEVEL_UNSPECIFIED" => None,
        "MINIMAL" => Some(Effort::Minimal),
        "LOW" => Some(Effort::Low),
        "MEDIUM" => Some(Effort::Medium),
        "HIGH" => Some(Effort::High),
        _ => return Err(place.member("thinkingLevel").invalid("must be `MINIMAL`, `LOW`, `MEDIUM` or `HIGH`")),
    };
    thinking.rest(place)
}
