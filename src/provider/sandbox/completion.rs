//! Completions (<https://platform.openai.com/docs/api-reference/completions>).

use super::fault::Fault;
use super::model::Model;
use super::request::Request;
use super::speech::{Said, Speech, pieces, words};
use super::tokens;
use super::wire::{Head, Wire, usage};
use serde_json::{Value, json};

/// Continues each prompt, as often as the request asks for.
pub(super) fn answer(request: &Request, model: Model, head: &Head) -> Result<Wire, Fault> {
    let prompts = prompts(request)?;
    let spoken: Vec<Spoken> = prompts
        .iter()
        .flat_map(|prompt| std::iter::repeat_n(prompt, request.choices))
        .map(|prompt| Spoken::new(Speech::text(words(model, &prompt.text), request)))
        .collect();
    let asked = prompts.iter().map(|prompt| prompt.tokens).sum();
    let usage = usage(asked, spoken.iter().map(|each| each.tokens).sum());
    Ok(if request.stream {
        Wire::Stream(chunks(&spoken, request.include_usage.then_some(usage), head))
    } else {
        Wire::Whole(whole(&spoken, usage, head))
    })
}

struct Prompt {
    text: String,
    tokens: usize,
}

struct Spoken {
    text: String,
    finish: &'static str,
    tokens: usize,
}

impl Spoken {
    fn new(speech: Speech) -> Spoken {
        let tokens = speech.tokens();
        let text = if let Said::Text(text) = speech.said { text } else { String::new() };
        Spoken { text, finish: speech.finish, tokens }
    }
}

fn prompts(request: &Request) -> Result<Vec<Prompt>, Fault> {
    let prompt = request.field("prompt").ok_or_else(|| Fault::missing("prompt"))?;
    let wrong = || Fault::wrong_type("prompt", "a string, an array of strings or tokens");
    match prompt {
        Value::Array(all) if all.is_empty() => Err(Fault::wrong_value("prompt", "at least one prompt")),
        Value::Array(all) if !all.iter().all(Value::is_u64) => {
            all.iter().map(|each| one(each).ok_or_else(wrong)).collect()
        }
        single => Ok(vec![one(single).ok_or_else(wrong)?]),
    }
}

/// A text, or an array of tokens: nobody knows their words, so the numbers stand for them.
fn one(prompt: &Value) -> Option<Prompt> {
    if let Some(text) = prompt.as_str() {
        return Some(Prompt { text: text.to_owned(), tokens: tokens(text.len()) });
    }
    let numbers: Option<Vec<String>> = prompt.as_array()?.iter().map(|id| Some(id.as_u64()?.to_string())).collect();
    let numbers = numbers?;
    Some(Prompt { text: numbers.join(" "), tokens: numbers.len() })
}

fn choice(index: usize, text: &str, finish: Option<&str>) -> Value {
    json!({"index": index, "text": text, "logprobs": null, "finish_reason": finish})
}

fn whole(spoken: &[Spoken], usage: Value, head: &Head) -> Value {
    let choices: Vec<Value> =
        spoken.iter().enumerate().map(|(index, each)| choice(index, &each.text, Some(each.finish))).collect();
    head.object("cmpl", "text_completion", json!({"choices": choices, "usage": usage}))
}

/// `usage`: none where the caller did not ask for it.
fn chunks(spoken: &[Spoken], usage: Option<Value>, head: &Head) -> Vec<Value> {
    let mut chunks = Vec::new();
    for (index, each) in spoken.iter().enumerate() {
        chunks.extend(pieces(&each.text).into_iter().map(|piece| choice(index, piece, None)));
        chunks.push(choice(index, "", Some(each.finish)));
    }
    let object = |rest| head.object("cmpl", "text_completion", rest);
    let mut events: Vec<Value> = chunks
        .into_iter()
        .map(|choice| match usage {
            Some(_) => object(json!({"choices": [choice], "usage": null})),
            None => object(json!({"choices": [choice]})),
        })
        .collect();
    events.extend(usage.map(|usage| object(json!({"choices": [], "usage": usage}))));
    events
}
