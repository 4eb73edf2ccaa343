//! Reads what the model may call.
//!
//! A custom tool takes one free text. Other protocols' providers have no such tools, so it becomes a function
//! with one text as its input, and its calls become calls of a custom tool again in the answer.

use super::read_prompt::{no_such_word, optional};
use super::wire::{Obj, Val};
use crate::canonical::{Complaint, Json, Prompt, Tool, ToolChoice, WebSearch};
use crate::types::Protocol;
use std::collections::BTreeMap;

/// The one member of a custom tool's input.
const INPUT: &str = "input";

/// Takes all members about tools.
pub(super) fn read(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    for tool in top.take("tools").map_or(Ok(Vec::new()), |tools| tools.items())? {
        prompt.tools.push(tool_of(&tool)?);
    }
    if let Some(given) = top.take("tool_choice") {
        choice(&given, prompt)?;
    }
    prompt.parallel_tools = optional(top, "parallel_tool_calls", Val::boolean)?;
    Ok(())
}

fn tool_of(given: &Val<'_>) -> Result<Tool, Complaint> {
    let mut object = given.object()?;
    match &*object.need("type")?.text()? {
        "function" => function(object),
        "custom" => custom(object),
        kind if kind.starts_with("web_search") => {
            let options = object.rest().into_iter().map(|(name, _)| name).collect();
            Ok(Tool::WebSearch(WebSearch { options, from: Protocol::Responses, raw: given.json() }))
        }
        _ => Ok(Tool::Opaque { from: Protocol::Responses, raw: given.json() }),
    }
}

fn function(mut object: Obj<'_>) -> Result<Tool, Complaint> {
    // Chat's form, which some clients send here too.
    if let Some(inner) = object.take("function") {
        object = inner.object()?;
    }
    let schema = object.take("parameters");
    if let Some(schema) = schema.as_ref().filter(|schema| !schema.is_object()) {
        return Err(schema.wrong("an object, a JSON schema"));
    }
    Ok(Tool::Function {
        name: object.need("name")?.string()?,
        description: optional(&mut object, "description", Val::string)?,
        schema: schema.map(|schema| schema.json()),
        strict: optional(&mut object, "strict", Val::boolean)?,
        cache: None,
    })
}

fn custom(mut object: Obj<'_>) -> Result<Tool, Complaint> {
    // Chat's form puts it one level deeper.
    if let Some(inner) = object.take("custom") {
        object = inner.object()?;
    }
    let name = object.need("name")?.string()?;
    let mut description = optional(&mut object, "description", Val::string)?.unwrap_or_default();
    if let Some(format) = object.take("format") {
        description.push_str(&grammar(&format)?);
    }
    let schema = r#"{"type":"object","properties":{"input":{"type":"string","description":"The whole input of the tool, as plain text."}},"required":["input"],"additionalProperties":false}"#;
    Ok(Tool::Function {
        name,
        description: Some(description).filter(|words| !words.is_empty()),
        schema: Json::parse(schema.to_owned()).ok(),
        strict: None,
        cache: None,
    })
}

/// A grammar cannot be enforced elsewhere, but a model can be told.
fn grammar(format: &Val<'_>) -> Result<String, Complaint> {
    let mut object = format.object()?;
    if optional(&mut object, "type", Val::text)?.as_deref() != Some("grammar") {
        return Ok(String::new());
    }
    // Chat's form, once more.
    if let Some(inner) = object.take("grammar") {
        object = inner.object()?;
    }
    let syntax = optional(&mut object, "syntax", Val::string)?.unwrap_or_default();
    let definition = optional(&mut object, "definition", Val::string)?.unwrap_or_default();
    Ok(format!("\n\nThe input must match this {syntax} grammar:\n{definition}"))
}

/// The input of a custom tool as a function takes it.
pub(super) fn custom_input(text: &str) -> Json {
    Json::of(&BTreeMap::from([(INPUT, text)])).unwrap_or_else(|_| Json::empty_object())
}

/// The free text that a model put into the function's one member; where it wrote something else, all of that.
pub(super) fn custom_text(input: &str) -> String {
    let members: Option<BTreeMap<String, String>> = serde_json::from_str(input).ok();
    members.and_then(|mut members| members.remove(INPUT)).unwrap_or_else(|| input.to_owned())
}

fn choice(given: &Val<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    if given.is_string() {
        prompt.tool_choice = Some(word(given)?);
        return Ok(());
    }
    let mut object = given.object()?;
    match &*object.need("type")?.text()? {
        "function" | "custom" => prompt.tool_choice = Some(ToolChoice::Named(named(&mut object)?)),
        "allowed_tools" => allowed(&mut object, prompt)?,
        // A tool that OpenAI runs itself: no other protocol can be told to use it.
        _ => drop(prompt.extra.insert("tool_choice".into(), given.value()?)),
    }
    Ok(())
}

fn named(object: &mut Obj<'_>) -> Result<String, Complaint> {
    for inner in ["function", "custom"] {
        if let Some(inner) = object.take(inner) {
            return inner.object()?.need("name")?.string();
        }
    }
    object.need("name")?.string()
}

fn word(given: &Val<'_>) -> Result<ToolChoice, Complaint> {
    Ok(match &*given.text()? {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::Never,
        "required" | "any" => ToolChoice::Required,
        other => return Err(no_such_word(given, "auto, none, required", other)),
    })
}

/// Only some of the tools may be called: the others are not offered.
fn allowed(object: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let mut names = Vec::new();
    for tool in object.need("tools")?.items()? {
        let mut tool = tool.object()?;
        names.extend(optional(&mut tool, "name", Val::string)?);
    }
    prompt.tools.retain(|tool| match tool {
        Tool::Function { name, .. } => names.contains(name),
        Tool::WebSearch(_) | Tool::Opaque { .. } => true,
    });
    let mode = object.take("mode");
    prompt.tool_choice = Some(mode.map_or(Ok(ToolChoice::Auto), |mode| word(&mode))?);
    Ok(())
}
