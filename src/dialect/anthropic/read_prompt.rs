//! A whole request of an Anthropic caller, in no dialect's words.

use super::read_blocks::{cache_mark, content, leftovers};
use super::wire::{At, Members, boolean, count, json, list, number, object, string, strings, text};
use crate::canonical::{
    Complaint, Effort, Format, Prompt, Reasoning, Role, Sampling, Thinking, Tool, ToolChoice, Turn, WebSearch,
};
use crate::types::{Protocol, Task};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The name of a schema: Anthropic gives schemas none, OpenAI needs one.
const SCHEMA_NAME: &str = "response";

/// Reads a request. What stays over at the top lands in `extra`; so does what is left of `thinking`
/// and `output_config` once their known members are out.
pub(super) fn read(task: Task, body: &str) -> Result<Prompt, Complaint> {
    let top = &At::Top;
    let mut members = Members::read(body, top)?;
    let limit = members.take_as("max_tokens", top, count)?;
    if limit.is_none() && task == Task::Chat {
        return Err(top.member("max_tokens").invalid("is missing: messages need a limit on the answer"));
    }
    let mut prompt = Prompt {
        model: members.need("model", top, string)?,
        system: members.take_as("system", top, content)?.unwrap_or_default(),
        turns: members.need("messages", top, turns)?,
        tools: members.take_as("tools", top, tools)?.unwrap_or_default(),
        max_output_tokens: limit,
        stop: members.take_as("stop_sequences", top, strings)?.unwrap_or_default(),
        sampling: sampling(&mut members, top)?,
        stream: members.take_as("stream", top, boolean)?.unwrap_or(false),
        include_usage: true,
        service_tier: members.take_as("service_tier", top, string)?.map(service_tier),
        ..Prompt::default()
    };
    read_tool_choice(&mut members, &mut prompt)?;
    read_metadata(&mut members, &mut prompt)?;
    let thinking = read_thinking(&mut members, &mut prompt.reasoning)?;
    let output = read_output(&mut members, &mut prompt)?;
    prompt.extra = members.rest(top)?;
    for (name, rest) in [("thinking", thinking), ("output_config", output)] {
        if !rest.is_empty() {
            prompt.extra.insert(name.to_owned(), Value::Object(rest));
        }
    }
    Ok(prompt)
}

fn turns(raw: &RawValue, at: &At<'_>) -> Result<Vec<Turn>, Complaint> {
    list(raw, at)?.into_iter().enumerate().map(|(index, raw)| turn(raw, &at.item(index))).collect()
}

fn turn(raw: &RawValue, at: &At<'_>) -> Result<Turn, Complaint> {
    let mut members = object(raw, at)?;
    let role = match &*members.need("role", at, text)? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(at.member("role").invalid("must be `user` or `assistant`")),
    };
    Ok(Turn { role, name: None, parts: members.need("content", at, content)? })
}

fn tools(raw: &RawValue, at: &At<'_>) -> Result<Vec<Tool>, Complaint> {
    let mut tools = Vec::new();
    for (index, raw) in list(raw, at)?.into_iter().enumerate() {
        let (tool, addendum) = tool(raw, &at.item(index))?;
        tools.push(tool);
        tools.extend(addendum);
    }
    Ok(tools)
}

/// A tool, and as an addendum what the canonical model has no place for.
fn tool(raw: &RawValue, at: &At<'_>) -> Result<(Tool, Option<Tool>), Complaint> {
    let opaque = |raw| Tool::Opaque { from: Protocol::Anthropic, raw };
    let mut members = object(raw, at)?;
    let kind = members.take_as("type", at, text)?;
    if kind.as_ref().is_some_and(|kind| kind.starts_with("web_search")) {
        members.take("name");
        let options = members.0.into_iter().map(|(name, _)| name.into_owned()).collect();
        let search = WebSearch { options, from: Protocol::Anthropic, raw: json(raw, at)? };
        return Ok((Tool::WebSearch(search), None));
    }
    if kind.is_some_and(|kind| kind != "custom") {
        return Ok((opaque(json(raw, at)?), None));
    }
    let function = Tool::Function {
        name: members.need("name", at, string)?,
        description: members.take_as("description", at, string)?,
        schema: members.take_as("input_schema", at, json)?,
        strict: members.take_as("strict", at, boolean)?,
        cache: cache_mark(&mut members, at)?,
    };
    Ok((function, leftovers(members).map(opaque)))
}

fn sampling(members: &mut Members<'_>, at: &At<'_>) -> Result<Sampling, Complaint> {
    Ok(Sampling {
        temperature: members.take_as("temperature", at, number)?,
        top_p: members.take_as("top_p", at, number)?,
        top_k: members.take_as("top_k", at, number)?,
        ..Sampling::default()
    })
}

/// Anthropic's `standard_only` is what others call `default`.
fn service_tier(tier: String) -> String {
    if tier == "standard_only" { "default".to_owned() } else { tier }
}

fn read_tool_choice(members: &mut Members<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let at = At::Top.member("tool_choice");
    let Some(mut choice) = members.take_as("tool_choice", &At::Top, object)? else { return Ok(()) };
    prompt.tool_choice = Some(match &*choice.need("type", &at, text)? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::Never,
        "tool" => ToolChoice::Named(choice.need("name", &at, string)?),
        _ => return Err(at.member("type").invalid("must be `auto`, `any`, `tool` or `none`")),
    });
    let disabled = choice.take_as("disable_parallel_tool_use", &at, boolean)?;
    prompt.parallel_tools = disabled.map(|disabled| !disabled);
    Ok(())
}

fn read_metadata(members: &mut Members<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let at = At::Top.member("metadata");
    let Some(mut metadata) = members.take_as("metadata", &At::Top, object)? else { return Ok(()) };
    prompt.end_user = metadata.take_as("user_id", &at, string)?;
    prompt.metadata = metadata.rest(&at)?;
    Ok(())
}

/// Reads `thinking`; what is left of it (`display`) comes back.
fn read_thinking(members: &mut Members<'_>, reasoning: &mut Reasoning) -> Result<Map<String, Value>, Complaint> {
    let at = At::Top.member("thinking");
    let Some(mut thinking) = members.take_as("thinking", &At::Top, object)? else { return Ok(Map::new()) };
    reasoning.thinking = Some(match &*thinking.need("type", &at, text)? {
        "enabled" => Thinking::Enabled,
        "disabled" => Thinking::Disabled,
        "adaptive" => Thinking::Adaptive,
        _ => return Err(at.member("type").invalid("must be `enabled`, `disabled` or `adaptive`")),
    });
    reasoning.budget_tokens = thinking.take_as("budget_tokens", &at, count)?;
    thinking.rest(&at)
}

/// Reads `output_config`, and `output_format`, its forerunner; what is left comes back.
fn read_output(members: &mut Members<'_>, prompt: &mut Prompt) -> Result<Map<String, Value>, Complaint> {
    let top = &At::Top;
    if let Some(raw) = members.take("output_format") {
        prompt.format = format(raw, &top.member("output_format"))?;
    }
    let at = top.member("output_config");
    let Some(mut output) = members.take_as("output_config", top, object)? else { return Ok(Map::new()) };
    if let Some(format_at_place) = output.take_as("format", &at, format)? {
        prompt.format = format_at_place;
    }
    prompt.reasoning.effort = output.take_as("effort", &at, effort)?;
    output.rest(&at)
}

fn format(raw: &RawValue, at: &At<'_>) -> Result<Format, Complaint> {
    let mut members = object(raw, at)?;
    match &*members.need("type", at, text)? {
        "json_schema" => Ok(Format::Schema {
            name: SCHEMA_NAME.to_owned(),
            description: None,
            schema: members.need("schema", at, json)?,
            strict: Some(true),
        }),
        "text" => Ok(Format::Text),
        _ => Err(at.member("type").invalid("must be `json_schema`")),
    }
}

fn effort(raw: &RawValue, at: &At<'_>) -> Result<Effort, Complaint> {
    Ok(match &*text(raw, at)? {
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::XHigh,
        "max" => Effort::Max,
        _ => return Err(at.invalid("must be `low`, `medium`, `high`, `xhigh` or `max`")),
    })
}
