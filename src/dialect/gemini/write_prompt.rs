//! A request in no dialect's words, for a Gemini provider.
//!
//! What cannot be said is named by the caller's path, in the words of the OpenAI dialect where it has a word
//! (`response_format`, `reasoning_effort`), for mostly other dialects come this way.

use super::read_prompt::no_embedding;
use super::wire::{At, Object, array, encode};
use super::write_parts::Scribe;
use super::write_turns::Conversation;
use super::{schema, thinking};
use crate::canonical::{Code, Complaint, Format, Prompt, Sampling, Tool, ToolChoice};
use crate::dialect::{Target, Written};
use crate::types::{Protocol, Task};
use serde_json::Value;

/// Fields at the top that the canonical model has no place for, with the names that callers of other dialects use.
const OWN_FIELDS: [(&str, &str); 6] = [
    ("safetySettings", "safetySettings"),
    ("safety_settings", "safetySettings"),
    ("cachedContent", "cachedContent"),
    ("cached_content", "cachedContent"),
    ("labels", "labels"),
    ("store", "store"),
];

/// What a bare count of tokens does not take.
const NOT_COUNTED: [&str; 6] = ["toolConfig", "safetySettings", "cachedContent", "labels", "store", "serviceTier"];

/// Writes a request.
///
/// # Errors
/// [`Code::UnsupportedFeature`] for tasks that the protocol lacks and media that it cannot carry.
pub(super) fn write(task: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
    match task {
        Task::Chat | Task::CountTokens => {}
        Task::Completion => {
            let message = "Gemini's protocol has no plain completions; choose another provider";
            return Err(Complaint::new(Code::UnsupportedFeature, message));
        }
        _ => return Err(no_embedding()),
    }
    let mut dropped = Vec::new();
    let mut scribe = Scribe { since_3: thinking::since_3(target.model), dropped: &mut dropped, names: Vec::new() };
    let mut conversation = Conversation::of(prompt, &mut scribe)?;
    let mut own = Own::of(prompt, &mut dropped);
    let config = config(prompt, target, (&mut conversation, &mut own), &mut dropped);
    let mut body = conversation.put(Object::default());
    body = tools(body, prompt, &mut own, &mut dropped)?;
    let mut config = config;
    for name in &target.quirks.unsupported {
        if config.remove(name) {
            dropped.push(format!("generationConfig.{name}"));
        }
    }
    if !config.is_empty() {
        body = body.raw("generationConfig", config.finish());
    }
    body = service(body, prompt, &mut dropped);
    for (name, json) in own.top {
        body = body.raw(name, json);
    }
    for name in &target.quirks.unsupported {
        if body.remove(name) {
            dropped.push(name.clone());
        }
    }
    if task == Task::CountTokens && target.quirks.bare_count {
        for name in NOT_COUNTED {
            body.remove(name);
        }
    } else if task == Task::CountTokens {
        let request = body.put("model", &format!("models/{}", target.model));
        body = Object::default().raw("generateContentRequest", request.finish());
    }
    Ok(Written { bytes: body.finish().into(), dropped })
}

/// Gemini's own fields that came beside what the canonical model has a place for.
#[derive(Default)]
struct Own {
    top: Vec<(&'static str, String)>,
    /// Members of `generationConfig`, its `thinkingConfig` and `toolConfig`.
    config: Vec<(String, String)>,
    thinking: Vec<(String, String)>,
    tool_config: Vec<(String, String)>,
}

impl Own {
    fn of(prompt: &Prompt, dropped: &mut Vec<String>) -> Own {
        let mut own = Own::default();
        for (name, value) in &prompt.extra {
            // Google's OpenAI-compatible endpoint takes its own fields so, and clients write them so.
            match (name.as_str(), value) {
                ("google", Value::Object(google)) => own.google(google, name, dropped),
                ("extra_body", Value::Object(body)) => match body.get("google") {
                    Some(Value::Object(google)) if body.len() == 1 => own.google(google, "extra_body.google", dropped),
                    _ => dropped.push(name.clone()),
                },
                _ => own.field(name, value, name, dropped),
            }
        }
        own
    }

    fn google(&mut self, google: &serde_json::Map<String, Value>, path: &str, dropped: &mut Vec<String>) {
        for (name, value) in google {
            match (name.as_str(), value) {
                ("thinking_config" | "thinkingConfig", Value::Object(config)) => {
                    let members = config.iter().map(|(name, value)| (camel(name), encode(value)));
                    self.thinking.extend(members);
                }
                _ => self.field(name, value, &format!("{path}.{name}"), dropped),
            }
        }
    }

    fn field(&mut self, name: &str, value: &Value, path: &str, dropped: &mut Vec<String>) {
        if let Some((_, own)) = OWN_FIELDS.iter().find(|(other, _)| *other == name) {
            self.top.push((own, encode(value)));
        } else if let Some(inner) = name.strip_prefix("generationConfig.thinkingConfig.") {
            self.thinking.push((inner.to_owned(), encode(value)));
        } else if let Some(inner) = name.strip_prefix("generationConfig.") {
            self.config.push((inner.to_owned(), encode(value)));
        } else if let Some(inner) = name.strip_prefix("toolConfig.") {
            self.tool_config.push((inner.to_owned(), encode(value)));
        } else {
            dropped.push(path.to_owned());
        }
    }
}

fn camel(name: &str) -> String {
    super::wire::camel(name.into()).into_owned()
}

/// `generationConfig`.
fn config(
    prompt: &Prompt,
    target: &Target<'_>,
    (conversation, own): (&mut Conversation, &mut Own),
    dropped: &mut Vec<String>,
) -> Object {
    let Sampling { temperature, top_p, top_k, frequency_penalty, presence_penalty, seed, n, logprobs, top_logprobs } =
        &prompt.sampling;
    let limit = prompt.max_output_tokens.map(|asked| asked.min(target.max_output_tokens.unwrap_or(u64::MAX)));
    let stop = Some(&prompt.stop).filter(|stop| !stop.is_empty());
    let config = Object::default()
        .put_some("temperature", temperature.as_ref())
        .put_some("topP", top_p.as_ref())
        .put_some("topK", top_k.as_ref())
        .put_some("frequencyPenalty", frequency_penalty.as_ref())
        .put_some("presencePenalty", presence_penalty.as_ref())
        .put_some("seed", seed.as_ref())
        .put_some("candidateCount", n.as_ref().filter(|n| **n != 1))
        .put_some("responseLogprobs", logprobs.as_ref())
        .put_some("logprobs", top_logprobs.as_ref())
        .put_some("maxOutputTokens", limit.as_ref())
        .put_some("stopSequences", stop);
    let config = format(config, prompt, target, conversation, dropped);
    let mut thinking = thinking::write(&prompt.reasoning, target.model, dropped);
    for (name, json) in std::mem::take(&mut own.thinking) {
        thinking = thinking.raw(name, json);
    }
    let config = if thinking.is_empty() { config } else { config.raw("thinkingConfig", thinking.finish()) };
    let own = std::mem::take(&mut own.config);
    own.into_iter().fold(config, |config, (name, json)| config.raw(name, json))
}

/// Stands in for a schema where the model or vendor takes none.
const JSON_ONLY: &str = "Answer with one valid JSON value and nothing else. It must match this JSON schema: ";

fn format(
    config: Object,
    prompt: &Prompt,
    target: &Target<'_>,
    conversation: &mut Conversation,
    dropped: &mut Vec<String>,
) -> Object {
    let json = |config: Object| config.put("responseMimeType", "application/json");
    match &prompt.format {
        Format::Text => config,
        Format::JsonObject => json(config),
        Format::Schema { schema, .. } if !target.quirks.json_schema => {
            conversation.instruct(&format!("{JSON_ONLY}{}", schema.get()));
            dropped.push("response_format".to_owned());
            json(config)
        }
        Format::Schema { description, schema, .. } => {
            let (schema, ignored) = schema::write(schema);
            dropped.extend(ignored.iter().map(|name| format!("response_format.json_schema.schema.{name}")));
            if let Some(description) = description {
                conversation.instruct(description);
            }
            json(config).raw("responseJsonSchema", schema.get())
        }
    }
}

/// Tools, and the choice among them.
fn tools(body: Object, prompt: &Prompt, own: &mut Own, dropped: &mut Vec<String>) -> Result<Object, Complaint> {
    let (mut functions, mut others): (Vec<Object>, Vec<String>) = (Vec::new(), Vec::new());
    for (index, tool) in prompt.tools.iter().enumerate() {
        let at = At::Top.member("tools");
        let at = at.item(index);
        match tool {
            Tool::Function { name, description, schema, strict, cache } => {
                if cache.is_some() {
                    dropped.push(at.member("cache_control").to_string());
                }
                if *strict == Some(true) {
                    dropped.push(at.member("strict").to_string());
                }
                let function = Object::default().put("name", name).put_some("description", description.as_ref());
                let schema = schema.as_ref().map(|schema| schema.get()).filter(|schema| !is_empty_schema(schema));
                functions.push(match schema {
                    Some(schema) => function.raw("parametersJsonSchema", schema),
                    None => function,
                });
            }
            Tool::Opaque { from: Protocol::Gemini, raw } => match (functions.pop(), Object::default().members(raw)) {
                (Some(last), more)
                    if more.has("response") || more.has("responseJsonSchema") || more.has("behavior") =>
                {
                    functions.push(last.members(raw));
                }
                (last, _) => {
                    functions.extend(last);
                    others.push(raw.get().to_owned());
                }
            },
            Tool::WebSearch(search) if search.from == Protocol::Gemini => others.push(search.raw.get().to_owned()),
            Tool::WebSearch(search) => {
                dropped.extend(search.options.iter().map(|name| at.member(name).to_string()));
                others.push(r#"{"googleSearch":{}}"#.to_owned());
            }
            Tool::Opaque { .. } => dropped.push(at.to_string()),
        }
    }
    check(prompt)?;
    let declared: Vec<String> = functions.iter().map(Object::finish).collect();
    let mut all = Vec::with_capacity(others.len() + 1);
    if !declared.is_empty() {
        all.push(Object::default().raw("functionDeclarations", array(&declared)).finish());
    }
    all.extend(others);
    let body = if all.is_empty() { body } else { body.raw("tools", array(&all)) };
    if prompt.parallel_tools == Some(false) && !declared.is_empty() {
        dropped.push("parallel_tool_calls".to_owned());
    }
    let mut config = Object::default();
    if let Some(choice) = prompt.tool_choice.as_ref().filter(|_| !declared.is_empty()) {
        config = config.raw("functionCallingConfig", calling(choice).finish());
    }
    let own = std::mem::take(&mut own.tool_config);
    let config = own.into_iter().fold(config, |config, (name, json)| config.raw(name, json));
    Ok(if config.is_empty() { body } else { body.raw("toolConfig", config.finish()) })
}

/// Gemini refuses an object without members as parameters; a function without parameters has none.
fn is_empty_schema(schema: &str) -> bool {
    match serde_json::from_str::<Value>(schema) {
        Ok(Value::Object(root)) => {
            root.is_empty()
                || root.get("type").is_some_and(|kind| kind == "object")
                    && root.get("properties").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty)
                    && !root.keys().any(|name| name.starts_with('$') || name.ends_with("Of"))
                    && !root.get("additionalProperties").is_some_and(|more| more.is_object() || *more == true)
        }
        _ => true,
    }
}

/// A choice that cannot be kept is refused.
fn check(prompt: &Prompt) -> Result<(), Complaint> {
    let mut names = prompt.tools.iter().filter_map(|tool| match tool {
        Tool::Function { name, .. } => Some(name),
        Tool::WebSearch(_) | Tool::Opaque { .. } => None,
    });
    let kept = match &prompt.tool_choice {
        Some(ToolChoice::Required) => names.next().is_some(),
        Some(ToolChoice::Named(wanted)) => names.any(|name| name == wanted),
        _ => true,
    };
    if kept {
        return Ok(());
    }
    let message = "`tool_choice` demands a tool that is not among the functions in `tools`, or that only another \
                   protocol has";
    Err(Complaint { param: Some("tool_choice".into()), ..Complaint::new(Code::UnsupportedFeature, message) })
}

fn calling(choice: &ToolChoice) -> Object {
    let mode = |mode: &str| Object::default().put("mode", mode);
    match choice {
        ToolChoice::Auto => mode("AUTO"),
        ToolChoice::Never => mode("NONE"),
        ToolChoice::Required => mode("ANY"),
        ToolChoice::Named(name) => mode("ANY").put("allowedFunctionNames", &[name]),
    }
}

/// The class of service, the end user, notes.
fn service(body: Object, prompt: &Prompt, dropped: &mut Vec<String>) -> Object {
    if prompt.end_user.is_some() {
        dropped.push("user".to_owned());
    }
    if !prompt.metadata.is_empty() {
        dropped.push("metadata".to_owned());
    }
    match prompt.service_tier.as_deref() {
        None | Some("auto" | "default" | "standard" | "standard_only") => body,
        Some(tier @ ("flex" | "priority")) => body.put("serviceTier", tier),
        Some(_) => {
            dropped.push("service_tier".to_owned());
            body
        }
    }
}
