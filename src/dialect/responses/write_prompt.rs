//! Writes a request that came in another protocol: the fields at the top of the body.
//!
//! The conversation always comes whole, so the provider is told to keep nothing.

use super::object::json;
use super::write_input;
use crate::canonical::{
    Code, Complaint, Effort, Format, Part, Prompt, Reasoning, Role, Sampling, Thinking, Tool, ToolChoice,
};
use crate::dialect::{Target, Written};
use crate::types::{Protocol, Task};
use serde::Serialize;
use serde_json::{Value, json as value};

/// Fields at the top that other protocols' callers may send and that mean the same here.
const PASSED_ON: [&str; 6] =
    ["prompt_cache_key", "prompt_cache_retention", "safety_identifier", "truncation", "max_tool_calls", "verbosity"];

/// What counting tokens does not take.
const NOT_COUNTED: [&str; 8] =
    ["stream", "store", "include", "max_output_tokens", "temperature", "top_p", "metadata", "service_tier"];

/// OpenAI's least limit on an answer.
const LEAST_LIMIT: u64 = 16;

/// A body under construction.
pub(super) struct Fields<'t> {
    task: Task,
    target: &'t Target<'t>,
    json: String,
    pub(super) dropped: Vec<String>,
}

impl Fields<'_> {
    /// Adds a field, unless the vendor refuses it; `path` is what the caller calls it.
    fn put(&mut self, name: &str, path: &str, value: &(impl Serialize + ?Sized)) {
        self.raw(name, path, &json(value));
    }

    fn raw(&mut self, name: &str, path: &str, raw: &str) {
        if self.task == Task::CountTokens && NOT_COUNTED.contains(&name) {
            return;
        }
        if self.target.quirks.unsupported.iter().any(|refused| refused == name) {
            return self.drop(path);
        }
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
        self.json.push_str(&json(name));
        self.json.push(':');
        self.json.push_str(raw);
    }

    fn put_some(&mut self, name: &str, value: &Option<impl Serialize>) {
        if let Some(value) = value {
            self.put(name, name, value);
        }
    }

    /// Names what is left out.
    pub(super) fn drop(&mut self, path: impl Into<String>) {
        self.dropped.push(path.into());
    }
}

/// Writes the request of a task.
pub(super) fn write(task: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
    if !matches!(task, Task::Chat | Task::CountTokens) {
        let message = format!("the Responses protocol has no {}; choose another provider", task.as_str());
        return Err(Complaint::new(Code::UnsupportedFeature, message));
    }
    let mut fields = Fields { task, target, json: String::with_capacity(1024), dropped: Vec::new() };
    fields.put("model", "model", target.model);
    let input = write_input::Input::of(prompt, &mut fields.dropped)?;
    if !input.instructions.is_empty() {
        fields.put("instructions", "system", &input.instructions);
    }
    fields.raw("input", "messages", &format!("[{}]", input.items.join(",")));
    tools(prompt, &mut fields)?;
    text(prompt, &mut fields);
    reasoning(prompt, &mut fields);
    if let Some(asked) = prompt.max_output_tokens {
        let limit = asked.min(target.max_output_tokens.unwrap_or(u64::MAX)).max(LEAST_LIMIT);
        fields.put("max_output_tokens", "max_tokens", &limit);
    }
    sampling(&prompt.sampling, &mut fields);
    notes(prompt, &mut fields);
    for (name, value) in &prompt.extra {
        match name.as_str() {
            "verbosity" => {}
            name if PASSED_ON.contains(&name) => fields.put(name, name, value),
            _ => fields.drop(name),
        }
    }
    fields.json.push('}');
    Ok(Written { bytes: fields.json.into(), dropped: fields.dropped })
}

fn tools(prompt: &Prompt, fields: &mut Fields<'_>) -> Result<(), Complaint> {
    let mut written = Vec::new();
    let mut names = Vec::new();
    for (place, tool) in prompt.tools.iter().enumerate() {
        match tool {
            Tool::Function { name, cache, .. } => {
                if cache.is_some() {
                    fields.drop(format!("tools[{place}].cache_control"));
                }
                names.push(name.as_str());
                written.push(function(tool));
            }
            Tool::WebSearch(search) if search.from == Protocol::Responses => written.push(search.raw.get().to_owned()),
            Tool::WebSearch(search) => {
                search.options.iter().for_each(|name| fields.drop(format!("tools[{place}].{name}")));
                written.push(r#"{"type":"web_search"}"#.to_owned());
            }
            Tool::Opaque { from: Protocol::Responses, raw } => written.push(raw.get().to_owned()),
            Tool::Opaque { .. } => fields.drop(format!("tools[{place}]")),
        }
    }
    check_choice(prompt.tool_choice.as_ref(), &names, written.is_empty())?;
    if written.is_empty() {
        return Ok(());
    }
    fields.raw("tools", "tools", &format!("[{}]", written.join(",")));
    if let Some(choice) = &prompt.tool_choice {
        fields.put("tool_choice", "tool_choice", &chosen(choice));
    }
    fields.put_some("parallel_tool_calls", &prompt.parallel_tools);
    Ok(())
}

/// `strict` is said always: the protocol's default is true, all others' is false.
fn function(tool: &Tool) -> String {
    let Tool::Function { name, description, schema, strict, .. } = tool else { return String::new() };
    let description = description.as_ref().map(|words| format!(r#","description":{}"#, json(words)));
    let schema = schema.as_ref().map_or(r#"{"type":"object","properties":{}}"#, |schema| schema.get());
    format!(
        r#"{{"type":"function","name":{}{},"parameters":{schema},"strict":{}}}"#,
        json(name),
        description.unwrap_or_default(),
        strict.unwrap_or(false)
    )
}

fn check_choice(choice: Option<&ToolChoice>, names: &[&str], none: bool) -> Result<(), Complaint> {
    let can_be_kept = match choice {
        None | Some(ToolChoice::Auto | ToolChoice::Never) => true,
        Some(ToolChoice::Required) => !none,
        Some(ToolChoice::Named(wanted)) => names.contains(&wanted.as_str()),
    };
    if can_be_kept {
        return Ok(());
    }
    let message = "`tool_choice` demands a tool that is not among the functions in `tools`, or that only another \
                   protocol has";
    Err(Complaint { param: Some("tool_choice".into()), ..Complaint::new(Code::UnsupportedFeature, message) })
}

fn chosen(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => value!("auto"),
        ToolChoice::Never => value!("none"),
        ToolChoice::Required => value!("required"),
        ToolChoice::Named(name) => value!({"type": "function", "name": name}),
    }
}

/// The form of the answer, and how many words it makes.
fn text(prompt: &Prompt, fields: &mut Fields<'_>) {
    let format = match &prompt.format {
        Format::Text => None,
        Format::JsonObject => Some(r#"{"type":"json_object"}"#.to_owned()),
        Format::Schema { .. } if !fields.target.quirks.json_schema => {
            fields.drop("output_format.schema");
            Some(r#"{"type":"json_object"}"#.to_owned())
        }
        Format::Schema { name, description, schema, strict } => {
            let description = description.as_ref().map(|words| format!(r#","description":{}"#, json(words)));
            let strict = strict.map(|strict| format!(r#","strict":{strict}"#));
            Some(format!(
                r#"{{"type":"json_schema","name":{}{},"schema":{}{}}}"#,
                json(name),
                description.unwrap_or_default(),
                schema.get(),
                strict.unwrap_or_default()
            ))
        }
    };
    let format = format.map(|format| format!(r#""format":{format}"#));
    let verbosity = prompt.extra.get("verbosity").map(|value| format!(r#""verbosity":{}"#, json(value)));
    let members: Vec<String> = format.into_iter().chain(verbosity).collect();
    if !members.is_empty() {
        fields.raw("text", "output_format", &format!("{{{}}}", members.join(",")));
    }
}

/// Thinking in steps, and its seal where the model thinks. A caller who turns thinking on wants to read it.
fn reasoning(prompt: &Prompt, fields: &mut Fields<'_>) {
    let Reasoning { effort, budget_tokens, thinking } = &prompt.reasoning;
    let step = effort.map(effort_word).or(budget_tokens.map(effort_of_budget));
    let visible = budget_tokens.is_some() || matches!(thinking, Some(Thinking::Enabled | Thinking::Adaptive));
    let mut members = Vec::new();
    members.extend(step.map(|step| format!(r#""effort":"{step}""#)));
    members.extend(visible.then(|| r#""summary":"auto""#.to_owned()));
    if step.is_none() && *thinking == Some(Thinking::Disabled) {
        fields.drop("thinking");
    }
    let thinks = !members.is_empty() && step != Some("none");
    if !members.is_empty() {
        fields.raw("reasoning", "thinking", &format!("{{{}}}", members.join(",")));
    }
    let sealed = prompt.turns.iter().filter(|turn| turn.role == Role::Assistant).flat_map(|turn| &turn.parts);
    let has_seals = sealed.into_iter().any(write_input::is_sealed);
    let mut include = Vec::new();
    include.extend((thinks || has_seals).then_some("reasoning.encrypted_content"));
    let searches = prompt.tools.iter().any(|tool| matches!(tool, Tool::WebSearch(_)));
    include.extend(searches.then_some("web_search_call.action.sources"));
    include.extend((prompt.sampling.logprobs == Some(true)).then_some("message.output_text.logprobs"));
    if !include.is_empty() {
        fields.put("include", "thinking", &include);
    }
    fields.put("store", "store", &false);
    if prompt.stream {
        fields.put("stream", "stream", &true);
    }
}

fn effort_word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh | Effort::Max => "xhigh",
    }
}

/// A budget as a step: up to 1,024 tokens (Anthropic's least) low, up to 8,192 medium, above high.
fn effort_of_budget(tokens: u64) -> &'static str {
    match tokens {
        0..=1_024 => "low",
        1_025..=8_192 => "medium",
        _ => "high",
    }
}

fn sampling(sampling: &Sampling, fields: &mut Fields<'_>) {
    fields.put_some("temperature", &sampling.temperature);
    fields.put_some("top_p", &sampling.top_p);
    fields.put_some("top_logprobs", &sampling.top_logprobs);
    let says_something =
        |number: &Option<serde_json::Number>| number.as_ref().is_some_and(|number| number.as_f64() != Some(0.0));
    let foreign = [
        ("frequency_penalty", says_something(&sampling.frequency_penalty)),
        ("presence_penalty", says_something(&sampling.presence_penalty)),
        ("seed", sampling.seed.is_some()),
        ("top_k", sampling.top_k.is_some()),
        ("n", sampling.n.is_some_and(|n| n > 1)),
    ];
    foreign.into_iter().filter(|(_, asked)| *asked).for_each(|(name, _)| fields.drop(name));
}

fn notes(prompt: &Prompt, fields: &mut Fields<'_>) {
    if !prompt.stop.is_empty() {
        fields.drop("stop_sequences");
    }
    if let Some(user) = &prompt.end_user {
        fields.put("user", "metadata.user_id", user);
    }
    match prompt.service_tier.as_deref() {
        Some("standard_only" | "standard") => fields.put("service_tier", "service_tier", "default"),
        Some(tier) => fields.put("service_tier", "service_tier", tier),
        None => {}
    }
    if !prompt.metadata.is_empty() {
        fields.put("metadata", "metadata", &prompt.metadata);
    }
}

/// Whether a part is words alone.
pub(super) fn words(part: &Part) -> Option<&str> {
    match part {
        Part::Text { text, .. } => Some(text),
        _ => None,
    }
}
