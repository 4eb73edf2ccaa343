//! Chat completions (<https://platform.openai.com/docs/api-reference/chat>).

mod talk;
mod tools;

use super::fault::Fault;
use super::model::Model;
use super::request::Request;
use super::speech::{Said, Speech, ToolCall, pieces, words};
use super::wire::{Head, Wire, usage};
use super::{schema, tokens};
use serde_json::{Value, json};
use talk::Talk;

/// Answers a conversation.
pub(super) fn answer(request: &Request, model: Model, head: &Head) -> Result<Wire, Fault> {
    let talk = Talk::read(request)?;
    let speech = speak(request, model, &talk)?;
    let answer = Answer { request, head, speech, prompt_tokens: tokens(talk.bytes) };
    Ok(if request.stream { Wire::Stream(answer.chunks()) } else { Wire::Whole(answer.whole()) })
}

fn speak(request: &Request, model: Model, talk: &Talk) -> Result<Speech, Fault> {
    match model {
        Model::Tools => tools::speak(request, talk),
        Model::Echo => Ok(Speech::text(formatted(request, &talk.heard)?, request)),
        _ => Ok(Speech::text(words(model, &talk.heard), request)),
    }
}

/// What was heard, in the form that was asked for.
fn formatted(request: &Request, heard: &str) -> Result<String, Fault> {
    let Some(format) = request.field("response_format") else { return Ok(heard.to_owned()) };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(heard.to_owned()),
        Some("json_object") => Ok(json!({"echo": heard}).to_string()),
        Some("json_schema") => {
            let schema = format.pointer("/json_schema/schema").filter(|schema| schema.is_object());
            let schema = schema.ok_or_else(|| Fault::missing("response_format.json_schema.schema"))?;
            Ok(schema::example(schema, heard).to_string())
        }
        _ => Err(Fault::wrong_value("response_format.type", "'text', 'json_object' or 'json_schema'")),
    }
}

/// One answer, given as often as the request asks for.
struct Answer<'a> {
    request: &'a Request,
    head: &'a Head,
    speech: Speech,
    prompt_tokens: usize,
}

impl Answer<'_> {
    fn usage(&self) -> Value {
        usage(self.prompt_tokens, self.speech.tokens() * self.request.choices)
    }

    fn whole(&self) -> Value {
        let message = match &self.speech.said {
            Said::Text(text) => json!({"role": "assistant", "content": text, "refusal": null}),
            Said::Calls(_) => {
                json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": self.calls()})
            }
        };
        let choice =
            |index| json!({"index": index, "message": &message, "logprobs": null, "finish_reason": self.speech.finish});
        let choices: Vec<Value> = (0..self.request.choices).map(choice).collect();
        self.head.object("chatcmpl", "chat.completion", json!({"choices": choices, "usage": self.usage()}))
    }

    fn calls(&self) -> Vec<Value> {
        let Said::Calls(calls) = &self.speech.said else { return Vec::new() };
        let call = |(index, call): (usize, &ToolCall)| {
            let function = json!({"name": call.name, "arguments": call.arguments});
            json!({"id": self.call_id(index), "type": "function", "function": function})
        };
        calls.iter().enumerate().map(call).collect()
    }

    fn call_id(&self, index: usize) -> String {
        format!("call_{}_{index}", self.head.id)
    }

    fn chunks(&self) -> Vec<Value> {
        let mut chunks: Vec<Value> = (0..self.request.choices).flat_map(|choice| self.choice(choice)).collect();
        if self.request.include_usage {
            let rest = json!({"choices": [], "usage": self.usage()});
            chunks.push(self.head.object("chatcmpl", "chat.completion.chunk", rest));
        }
        chunks
    }

    fn choice(&self, index: usize) -> Vec<Value> {
        let deltas = match &self.speech.said {
            Said::Text(text) => text_deltas(text),
            Said::Calls(calls) => self.call_deltas(calls),
        };
        let mut chunks: Vec<Value> = deltas.into_iter().map(|delta| self.chunk(index, delta, None)).collect();
        chunks.push(self.chunk(index, json!({}), Some(self.speech.finish)));
        chunks
    }

    fn chunk(&self, index: usize, delta: Value, finish: Option<&str>) -> Value {
        let choice = json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
        let mut rest = json!({"choices": [choice]});
        if self.request.include_usage {
            rest["usage"] = Value::Null;
        }
        self.head.object("chatcmpl", "chat.completion.chunk", rest)
    }

    fn call_deltas(&self, calls: &[ToolCall]) -> Vec<Value> {
        let mut deltas = vec![json!({"role": "assistant", "content": null})];
        for (index, call) in calls.iter().enumerate() {
            let function = json!({"name": call.name, "arguments": ""});
            let open = json!({"index": index, "id": self.call_id(index), "type": "function", "function": function});
            deltas.push(json!({"tool_calls": [open]}));
            deltas.extend(
                pieces(&call.arguments)
                    .into_iter()
                    .map(|piece| json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})),
            );
        }
        deltas
    }
}

fn text_deltas(text: &str) -> Vec<Value> {
    let opening = json!({"role": "assistant", "content": "", "refusal": null});
    std::iter::once(opening).chain(pieces(text).into_iter().map(|piece| json!({"content": piece}))).collect()
}
