//! Writes what the model may call.

use super::write_prompt::Fields;
use crate::canonical::{Code, Complaint, Json, Prompt, Tool, ToolChoice};
use crate::types::Protocol;
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Function { r#type: &'static str, function: Function<'a> },
    Raw(&'a Json),
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Writes tools and the choice among them. Tools of another protocol are left out and named; a
/// choice that cannot be kept without them is refused.
pub(super) fn write(prompt: &Prompt, fields: &mut Fields<'_>) -> Result<(), Complaint> {
    let mut tools = Vec::with_capacity(prompt.tools.len());
    for (place, tool) in prompt.tools.iter().enumerate() {
        tools.extend(written(place, tool, &mut fields.dropped));
    }
    searches(prompt, fields);
    if let Some(choice) = &prompt.tool_choice {
        check(choice, &tools)?;
    }
    if tools.is_empty() {
        return Ok(());
    }
    fields.put("tools", "tools", &tools);
    if let Some(choice) = &prompt.tool_choice {
        fields.put("tool_choice", "tool_choice", &chosen(choice));
    }
    if let Some(parallel) = prompt.parallel_tools {
        fields.put("parallel_tool_calls", "tool_choice.disable_parallel_tool_use", &parallel);
    }
    Ok(())
}

/// Parts of the names of models that search. All others refuse the request for it.
const SEARCHERS: [&str; 2] = ["search", "sonar"];

fn searches(prompt: &Prompt, fields: &mut Fields<'_>) {
    for (place, tool) in prompt.tools.iter().enumerate() {
        let Tool::WebSearch(search) = tool else { continue };
        if !SEARCHERS.iter().any(|word| fields.target.model.contains(word)) {
            fields.drop(format!("tools[{place}]"));
        } else if search.from == Protocol::Openai {
            fields.put("web_search_options", "web_search_options", &search.raw);
        } else {
            search.options.iter().for_each(|name| fields.drop(format!("tools[{place}].{name}")));
            fields.put("web_search_options", "web_search_options", &json!({}));
        }
    }
}

fn written<'a>(place: usize, tool: &'a Tool, dropped: &mut Vec<String>) -> Option<Written<'a>> {
    match tool {
        Tool::Function { name, description, schema, strict, cache } => {
            if cache.is_some() {
                dropped.push(format!("tools[{place}].cache_control"));
            }
            let function =
                Function { name, description: description.as_deref(), parameters: schema.as_ref(), strict: *strict };
            Some(Written::Function { r#type: "function", function })
        }
        // It is a member of the request here.
        Tool::WebSearch(_) => None,
        Tool::Opaque { from: Protocol::Openai, raw } => Some(Written::Raw(raw)),
        Tool::Opaque { .. } => {
            dropped.push(format!("tools[{place}]"));
            None
        }
    }
}

fn check(choice: &ToolChoice, tools: &[Written<'_>]) -> Result<(), Complaint> {
    let can_be_kept = match choice {
        ToolChoice::Auto | ToolChoice::Never => true,
        ToolChoice::Required => !tools.is_empty(),
        ToolChoice::Named(wanted) => {
            tools.iter().any(|tool| matches!(tool, Written::Function { function, .. } if function.name == wanted))
        }
    };
    if can_be_kept {
        return Ok(());
    }
    let message = "`tool_choice` demands a tool that is not among the functions in `tools`, or that only another \
                   protocol has";
    Err(Complaint { param: Some("tool_choice".into()), ..Complaint::new(Code::UnsupportedFeature, message) })
}

fn chosen(choice: &ToolChoice) -> serde_json::Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::Never => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    }
}
