//! The model that calls tools.

use super::super::fault::Fault;
use super::super::request::Request;
use super::super::schema;
use super::super::speech::{Speech, ToolCall};
use super::talk::Talk;
use serde_json::{Value, json};

/// What texts in arguments say.
const FILLER: &str = "example";

/// Calls a tool, or says what the tools gave back.
pub(super) fn speak(request: &Request, talk: &Talk) -> Result<Speech, Fault> {
    let offered = offered(request)?;
    let choice = Choice::read(request)?;
    if !talk.results.is_empty() {
        return Ok(Speech::text(format!("The tool answered: {}", talk.results.join("; ")), request));
    }
    let several = talk.heard.to_lowercase().contains("parallel") && request.flag("parallel_tool_calls")? != Some(false);
    let calls = match choice {
        Choice::None => Vec::new(),
        Choice::Named(name) => vec![named(&offered, name)?],
        Choice::Any if several => at_least_two(&offered),
        Choice::Any => offered.first().map(ToolCall::of).into_iter().collect(),
    };
    if calls.is_empty() {
        return Ok(Speech::text("No tool was offered to call.".to_owned(), request));
    }
    Ok(Speech::calls(calls, request))
}

/// A function that may be called.
struct Tool<'a> {
    name: &'a str,
    parameters: Option<&'a Value>,
}

impl ToolCall {
    /// A call with arguments that fit the tool's schema.
    fn of(tool: &Tool<'_>) -> ToolCall {
        let arguments = tool.parameters.map(|schema| schema::example(schema, FILLER));
        let arguments = arguments.filter(Value::is_object).unwrap_or_else(|| json!({}));
        ToolCall { name: tool.name.to_owned(), arguments: arguments.to_string() }
    }
}

fn named(offered: &[Tool<'_>], name: &str) -> Result<ToolCall, Fault> {
    let found = offered.iter().find(|tool| tool.name == name);
    found.map(ToolCall::of).ok_or_else(|| Fault::wrong_value("tool_choice", "the name of a tool in 'tools'"))
}

/// A call of each tool; of one tool, two.
fn at_least_two(offered: &[Tool<'_>]) -> Vec<ToolCall> {
    let count = if offered.is_empty() { 0 } else { offered.len().max(2) };
    offered.iter().cycle().take(count).map(ToolCall::of).collect()
}

fn offered(request: &Request) -> Result<Vec<Tool<'_>>, Fault> {
    let Some(tools) = request.field("tools") else { return Ok(Vec::new()) };
    let tools = tools.as_array().ok_or_else(|| Fault::wrong_type("tools", "an array of objects"))?;
    let functions = tools.iter().enumerate().filter(|(_, tool)| tool.get("type").is_none_or(|kind| kind == "function"));
    functions
        .map(|(index, tool)| {
            let name = tool.pointer("/function/name").and_then(Value::as_str);
            let name = name.ok_or_else(|| Fault::missing(&format!("tools[{index}].function.name")))?;
            Ok(Tool { name, parameters: tool.pointer("/function/parameters") })
        })
        .collect()
}

/// Whether a tool must be called.
enum Choice<'a> {
    None,
    Any,
    Named(&'a str),
}

impl<'a> Choice<'a> {
    fn read(request: &'a Request) -> Result<Choice<'a>, Fault> {
        match request.field("tool_choice") {
            None => Ok(Choice::Any),
            Some(Value::String(word)) if word == "none" => Ok(Choice::None),
            Some(Value::String(word)) if word == "auto" || word == "required" => Ok(Choice::Any),
            Some(choice) => {
                let name = choice.pointer("/function/name").and_then(Value::as_str);
                let expected = "'none', 'auto', 'required' or a function";
                name.map(Choice::Named).ok_or_else(|| Fault::wrong_value("tool_choice", expected))
            }
        }
    }
}
