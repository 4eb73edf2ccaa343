//! Reads a whole request into the canonical model: the fields at the top of the body.
//!
//! Messages are read in `read_message`, tools in `read_tools`. Every field is checked where it is
//! taken; what nobody takes is kept as `extra`.

use super::wire::{Obj, Val, missing};
use super::{peek, read_message, read_tools};
use crate::canonical::{
    Code, Complaint, Effort, Format, Json, Part, Prompt, Reasoning, Role, Sampling, Thinking, Turn,
};
use crate::types::Task;
use serde_json::{Map, Value};

/// Reads the request of a task.
pub(super) fn read(task: Task, body: &str) -> Result<Prompt, Complaint> {
    let mut top = Obj::of_body(body)?;
    let mut prompt = Prompt { model: top.need("model")?.string()?, ..Prompt::default() };
    match task {
        Task::Chat | Task::CountTokens => chat(&mut top, &mut prompt)?,
        Task::Completion => completion(&mut top, &mut prompt)?,
        Task::Embedding | Task::EmbeddingBatch => return Err(no_embedding()),
    }
    common(&mut top, &mut prompt)?;
    for (name, value) in top.rest() {
        prompt.extra.insert(name, value.value()?);
    }
    Ok(prompt)
}

/// The complaint that embeddings stay within this protocol.
pub(super) fn no_embedding() -> Complaint {
    let message =
        "embeddings are not translated between protocols; choose a model of a provider that speaks the OpenAI protocol";
    Complaint::new(Code::UnsupportedFeature, message)
}

fn chat(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    read_message::conversation(&top.need("messages")?, prompt)?;
    read_tools::read(top, prompt)?;
    format(top, prompt)?;
    reasoning(top, prompt)?;
    prompt.sampling.logprobs = optional(top, "logprobs", Val::boolean)?;
    prompt.sampling.top_logprobs = optional(top, "top_logprobs", Val::whole_number)?;
    Ok(())
}

/// The older endpoint: one text, which becomes one turn. Its `logprobs` is a count.
fn completion(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let text = one_text(&top.need("prompt")?)?;
    prompt.turns.push(Turn { role: Role::User, name: None, parts: vec![Part::text(text)] });
    if let Some(count) = optional(top, "logprobs", Val::whole_number)? {
        prompt.sampling.logprobs = Some(true);
        prompt.sampling.top_logprobs = Some(count);
    }
    Ok(())
}

fn one_text(given: &Val<'_>) -> Result<String, Complaint> {
    if given.is_string() {
        return given.string();
    }
    match given.items()?.as_slice() {
        [only] if only.is_string() => only.string(),
        [] => Err(missing(&given.path)),
        _ => {
            let message =
                "several prompts, or prompts of token ids, are not translated between protocols; send one text";
            Err(Complaint { param: Some(given.path.clone()), ..Complaint::new(Code::UnsupportedFeature, message) })
        }
    }
}

fn common(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    prompt.stream = optional(top, "stream", Val::boolean)?.unwrap_or(false);
    if let Some(options) = top.take("stream_options") {
        prompt.include_usage = peek::include_usage(&mut options.object()?)?;
    }
    let older = optional(top, "max_tokens", Val::whole_number)?;
    prompt.max_output_tokens = optional(top, "max_completion_tokens", Val::whole_number)?.or(older);
    prompt.stop = top.take("stop").map_or(Ok(Vec::new()), |stop| stops(&stop))?;
    prompt.end_user = optional(top, "user", Val::string)?;
    prompt.service_tier = optional(top, "service_tier", Val::string)?;
    prompt.metadata = top.take("metadata").map_or(Ok(Map::new()), |notes| map(&notes))?;
    sampling(top, &mut prompt.sampling)
}

fn sampling(top: &mut Obj<'_>, sampling: &mut Sampling) -> Result<(), Complaint> {
    sampling.temperature = optional(top, "temperature", Val::number)?;
    sampling.top_p = optional(top, "top_p", Val::number)?;
    sampling.top_k = optional(top, "top_k", Val::number)?;
    sampling.frequency_penalty = optional(top, "frequency_penalty", Val::number)?;
    sampling.presence_penalty = optional(top, "presence_penalty", Val::number)?;
    sampling.seed = optional(top, "seed", Val::number)?;
    sampling.n = optional(top, "n", Val::whole_number)?;
    Ok(())
}

/// Takes a member that may be missing.
pub(super) fn optional<'a, T>(
    object: &mut Obj<'a>,
    name: &str,
    read: impl Fn(&Val<'a>) -> Result<T, Complaint>,
) -> Result<Option<T>, Complaint> {
    object.take(name).map(|value| read(&value)).transpose()
}

fn stops(stop: &Val<'_>) -> Result<Vec<String>, Complaint> {
    if stop.is_string() {
        return Ok(vec![stop.string()?]);
    }
    if !stop.raw.get().starts_with('[') {
        return Err(stop.wrong("a string or an array of strings"));
    }
    stop.items()?.iter().map(Val::string).collect()
}

fn map(value: &Val<'_>) -> Result<Map<String, Value>, Complaint> {
    match value.value()? {
        Value::Object(map) => Ok(map),
        _ => Err(value.wrong("an object")),
    }
}

fn format(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let Some(given) = top.take("response_format") else { return Ok(()) };
    let mut object = given.object()?;
    prompt.format = match &*object.need("type")?.text()? {
        "text" => Format::Text,
        "json_object" => Format::JsonObject,
        "json_schema" => schema(&object.need("json_schema")?)?,
        // A vendor's own form, such as a grammar: no other protocol has it, so it travels as it is.
        _ => {
            prompt.extra.insert("response_format".into(), given.value()?);
            Format::Text
        }
    };
    Ok(())
}

fn schema(given: &Val<'_>) -> Result<Format, Complaint> {
    let mut object = given.object()?;
    Ok(Format::Schema {
        name: object.need("name")?.string()?,
        description: optional(&mut object, "description", Val::string)?,
        schema: object.take("schema").map_or_else(Json::empty_object, |schema| schema.json()),
        strict: optional(&mut object, "strict", Val::boolean)?,
    })
}

/// `reasoning_effort` is OpenAI's; `reasoning` is OpenRouter's, `thinking` DeepSeek's and LiteLLM's,
/// which callers use to reach models that think by budget.
fn reasoning(top: &mut Obj<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let reasoning = &mut prompt.reasoning;
    if let Some(given) = top.take("thinking") {
        thinking(&given, reasoning)?;
    }
    if let Some(given) = top.take("reasoning") {
        let mut object = given.object()?;
        reasoning.effort = optional(&mut object, "effort", effort)?;
        reasoning.budget_tokens = optional(&mut object, "max_tokens", Val::whole_number)?.or(reasoning.budget_tokens);
        if let Some(enabled) = optional(&mut object, "enabled", Val::boolean)? {
            reasoning.thinking = Some(if enabled { Thinking::Enabled } else { Thinking::Disabled });
        }
    }
    reasoning.effort = optional(top, "reasoning_effort", effort)?.or(reasoning.effort);
    Ok(())
}

fn thinking(given: &Val<'_>, reasoning: &mut Reasoning) -> Result<(), Complaint> {
    let mut object = given.object()?;
    let kind = object.need("type")?;
    reasoning.thinking = Some(match &*kind.text()? {
        "enabled" => Thinking::Enabled,
        "disabled" => Thinking::Disabled,
        "adaptive" | "auto" => Thinking::Adaptive,
        other => return Err(no_such_word(&kind, "enabled, disabled, adaptive", other)),
    });
    reasoning.budget_tokens = optional(&mut object, "budget_tokens", Val::whole_number)?;
    Ok(())
}

fn effort(given: &Val<'_>) -> Result<Effort, Complaint> {
    Ok(match &*given.text()? {
        "none" => Effort::None,
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::XHigh,
        "max" => Effort::Max,
        other => return Err(no_such_word(given, "none, minimal, low, medium, high, xhigh, max", other)),
    })
}

/// The complaint that a word is none of those that the field takes.
pub(super) fn no_such_word(given: &Val<'_>, words: &str, word: &str) -> Complaint {
    let path = &given.path;
    Complaint::invalid(path, format!("`{path}` must be one of {words}; it is `{word}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn prompt(fields: &str) -> Result<Prompt, Complaint> {
        read(Task::Chat, &format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{fields}}}"#))
    }

    #[test]
    fn every_field_finds_its_place() {
        let read = prompt(
            r#""stream":true,"stream_options":{"include_usage":true},"max_tokens":1,"max_completion_tokens":2,"n":3,
               "stop":["a","b"],"temperature":0.20,"top_p":1,"top_k":4,"seed":-5,"frequency_penalty":0.1,
               "presence_penalty":-0.1,"logprobs":true,"top_logprobs":6,"user":"u","metadata":{"k":"v"},
               "service_tier":"flex","reasoning_effort":"xhigh","logit_bias":{"50256":-100},"store":null,
               "response_format":{"type":"json_schema","json_schema":{"name":"s","strict":true,"schema":{"type":"object"}}}"#,
        )
        .unwrap();
        assert!(read.stream && read.include_usage);
        assert_eq!((read.max_output_tokens, read.sampling.n), (Some(2), Some(3)));
        assert_eq!(read.stop, ["a", "b"]);
        assert_eq!(read.sampling.temperature, serde_json::Number::from_f64(0.2));
        assert_eq!(read.sampling.seed, Some((-5).into()));
        assert_eq!((read.sampling.logprobs, read.sampling.top_logprobs), (Some(true), Some(6)));
        assert_eq!((read.end_user.as_deref(), read.service_tier.as_deref()), (Some("u"), Some("flex")));
        assert_eq!(Value::from(read.metadata), json!({"k": "v"}));
        assert_eq!(read.reasoning.effort, Some(Effort::XHigh));
        assert_eq!(Value::from(read.extra), json!({"logit_bias": {"50256": -100}}));
        assert!(matches!(read.format, Format::Schema { strict: Some(true), .. }));
    }

    #[test]
    fn thinking_in_the_words_of_vendors() {
        let budget = prompt(r#""thinking":{"type":"enabled","budget_tokens":2048}"#).unwrap().reasoning;
        assert_eq!((budget.thinking, budget.budget_tokens), (Some(Thinking::Enabled), Some(2048)));
        let router = prompt(r#""reasoning":{"effort":"low","max_tokens":9}"#).unwrap().reasoning;
        assert_eq!((router.effort, router.budget_tokens), (Some(Effort::Low), Some(9)));
    }

    #[test]
    fn a_completion_is_one_turn() {
        let read = |prompt: &str| read(Task::Completion, &format!(r#"{{"model":"m","prompt":{prompt},"logprobs":2}}"#));
        for prompt in [r#""once""#, r#"["once"]"#] {
            let prompt = read(prompt).unwrap();
            assert_eq!(prompt.turns[0].parts, [Part::text("once")]);
            assert_eq!(prompt.sampling.top_logprobs, Some(2));
        }
        for several in [r#"["a","b"]"#, "[1,2]", "[[1]]"] {
            assert_eq!(read(several).unwrap_err().code, Code::UnsupportedFeature);
        }
        assert_eq!(read("{}").unwrap_err().code, Code::InvalidRequest);
    }

    #[test]
    fn complaints_name_the_place() {
        for (fields, param) in [
            (r#""temperature":"hot""#, "temperature"),
            (r#""stop":[1]"#, "stop[0]"),
            (r#""stop":7"#, "stop"),
            (r#""reasoning_effort":"huge""#, "reasoning_effort"),
            (r#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
            (r#""metadata":[]"#, "metadata"),
            (r#""x":1,"x":2"#, "x"),
        ] {
            assert_eq!(prompt(fields).unwrap_err().param.as_deref(), Some(param));
        }
        let embedding = read(Task::Embedding, r#"{"model":"m","input":"x"}"#).unwrap_err();
        assert_eq!(embedding.code, Code::UnsupportedFeature);
    }
}
