//! Reads what the model may call: tools, the choice among them, and the old form of both.

use super::read_part::cache_mark;
use super::read_prompt::{no_such_word, optional};
use super::wire::{Obj, Val};
use crate::canonical::{Complaint, Prompt, Tool, ToolChoice, WebSearch};
use crate::types::Protocol;

/// Takes all members about tools.
pub(super) fn read(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    for tool in top.take("tools").map_or(Ok(Vec::new()), |tools| tools.items())? {
        prompt.tools.push(tool_of(&tool)?);
    }
    for given in top.take("functions").map_or(Ok(Vec::new()), |functions| functions.items())? {
        prompt.tools.push(function(given.object()?)?);
    }
    if let Some(given) = top.take("web_search_options") {
        let options = given.object()?.rest().into_iter().map(|(name, _)| name).collect();
        prompt.tools.push(Tool::WebSearch(WebSearch { options, from: Protocol::Openai, raw: given.json() }));
    }
    if let Some(choice) = top.take("function_call") {
        prompt.tool_choice = Some(old_choice(&choice)?);
    }
    if let Some(given) = top.take("tool_choice") {
        match choice(&given)? {
            Some(choice) => prompt.tool_choice = Some(choice),
            // A form of its own (`allowed_tools`, `custom`): no other protocol has it.
            None => drop(prompt.extra.insert("tool_choice".into(), given.value()?)),
        }
    }
    prompt.parallel_tools = optional(top, "parallel_tool_calls", Val::boolean)?;
    Ok(())
}

fn tool_of(given: &Val<'_>) -> Result<Tool, Complaint> {
    let mut object = given.object()?;
    if object.need("type")?.text()? != "function" {
        return Ok(Tool::Opaque { from: Protocol::Openai, raw: given.json() });
    }
    let mark = cache_mark(&mut object)?;
    let mut tool = function(object.need("function")?.object()?)?;
    if let Tool::Function { cache, .. } = &mut tool {
        *cache = cache.take().or(mark);
    }
    Ok(tool)
}

fn function(mut object: Obj<'_>) -> Result<Tool, Complaint> {
    let schema = object.take("parameters");
    if let Some(schema) = schema.as_ref().filter(|schema| !schema.is_object()) {
        return Err(schema.wrong("an object, a JSON schema"));
    }
    Ok(Tool::Function {
        name: object.need("name")?.string()?,
        description: optional(&mut object, "description", Val::string)?,
        schema: schema.map(|schema| schema.json()),
        strict: optional(&mut object, "strict", Val::boolean)?,
        cache: cache_mark(&mut object)?,
    })
}

fn choice(given: &Val<'_>) -> Result<Option<ToolChoice>, Complaint> {
    if given.is_string() {
        return word(given).map(Some);
    }
    let mut object = given.object()?;
    if object.need("type")?.text()? != "function" {
        return Ok(None);
    }
    let name = object.need("function")?.object()?.need("name")?.string()?;
    Ok(Some(ToolChoice::Named(name)))
}

fn word(given: &Val<'_>) -> Result<ToolChoice, Complaint> {
    Ok(match &*given.text()? {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::Never,
        // Mistral's word for the same.
        "required" | "any" => ToolChoice::Required,
        other => return Err(no_such_word(given, "auto, none, required", other)),
    })
}

fn old_choice(given: &Val<'_>) -> Result<ToolChoice, Complaint> {
    if given.is_string() {
        return word(given);
    }
    given.object()?.need("name")?.string().map(ToolChoice::Named)
}

#[cfg(test)]
mod tests {
    use super::super::read_prompt::read;
    use super::*;
    use crate::canonical::Json;
    use crate::types::Task;

    fn prompt(fields: &str) -> Result<Prompt, Complaint> {
        read(Task::Chat, &format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{fields}}}"#))
    }

    #[test]
    fn functions_keep_the_order_of_their_schema() {
        let schema = r#"{"type":"object","properties":{"z":{"type":"number"},"a":{}}}"#;
        let read = prompt(&format!(
            r#""tools":[{{"type":"function","function":{{"name":"f","description":"d","parameters":{schema},"strict":true}}}},
                {{"type":"function","function":{{"name":"g"}}}},{{"type":"custom","custom":{{"name":"c"}}}}],
               "tool_choice":{{"type":"function","function":{{"name":"f"}}}},"parallel_tool_calls":false"#
        ))
        .unwrap();
        let first = Tool::Function {
            name: "f".into(),
            description: Some("d".into()),
            schema: Some(Json::parse(schema.into()).unwrap()),
            strict: Some(true),
            cache: None,
        };
        assert_eq!(read.tools[0], first);
        assert!(matches!(&read.tools[1], Tool::Function { schema: None, .. }));
        assert!(matches!(&read.tools[2], Tool::Opaque { .. }));
        assert_eq!(read.tool_choice, Some(ToolChoice::Named("f".into())));
        assert_eq!(read.parallel_tools, Some(false));
    }

    #[test]
    fn choices_in_words_and_in_the_old_form() {
        let choice = |fields: &str| prompt(fields).unwrap().tool_choice;
        assert_eq!(choice(r#""tool_choice":"auto""#), Some(ToolChoice::Auto));
        assert_eq!(choice(r#""tool_choice":"none""#), Some(ToolChoice::Never));
        assert_eq!(choice(r#""tool_choice":"required""#), Some(ToolChoice::Required));
        let old = prompt(r#""functions":[{"name":"f"}],"function_call":{"name":"f"}"#).unwrap();
        assert_eq!((old.tools.len(), old.tool_choice), (1, Some(ToolChoice::Named("f".into()))));
        let own = prompt(r#""tool_choice":{"type":"allowed_tools","allowed_tools":{}}"#).unwrap();
        assert!(own.tool_choice.is_none() && own.extra.contains_key("tool_choice"));
        assert!(prompt(r#""tool_choice":"perhaps""#).is_err());
        assert!(prompt(r#""tools":[{"type":"function","function":{"name":"f","parameters":[]}}]"#).is_err());
    }
}
