//! The provider in OpenAI's words: chat completions, completions, embeddings, models.

use super::http::Answer;
use super::script::{
    Ask, CACHE_READ, CREATED, Choice, Ending, INPUT, MODELS, Play, Said, TEXT_PIECES, Words, compose, pieces_of,
    strings, texts,
};
use base64::Engine;
use serde_json::{Value, json};

const ID: &str = "chatcmpl-fake";

/// `POST chat/completions`.
pub fn chat(body: &Value) -> Answer {
    let ask = read(body);
    let words = Words::of(&ask.model);
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    let play = compose(&ask);
    let choices = body["n"].as_u64().unwrap_or(1);
    let logprobs = body["logprobs"] == true;
    if !ask.stream {
        return words.whole(&whole(&ask, &play, choices, logprobs));
    }
    let stream = Stream { model: &ask.model, play: &play, choices, logprobs, ping: words.has("ping") };
    words.stream(stream.frames(body["stream_options"]["include_usage"] == true), &data(&complaint(500)))
}

fn read(body: &Value) -> Ask {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let results = messages.iter().rev().take_while(|message| message["role"] == "tool");
    let mut results: Vec<String> = results.map(|message| texts(&message["content"])).collect();
    results.reverse();
    let limit = body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64());
    let tools = body["tools"].as_array().into_iter().flatten();
    Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"] == true,
        limit: limit.map(|limit| limit as usize),
        stops: strings(&body["stop"]),
        choice: match &body["tool_choice"] {
            Value::String(word) if word == "none" => Choice::None,
            Value::String(word) if word == "required" => Choice::Any,
            Value::Object(choice) => Choice::Tool(choice["function"]["name"].as_str().unwrap_or_default().to_owned()),
            _ => Choice::Auto,
        },
        one_call: body["parallel_tool_calls"] == false,
        tools: tools.filter_map(|tool| tool["function"]["name"].as_str().map(str::to_owned)).collect(),
        schema: body["response_format"]["type"] == "json_schema",
        results,
    }
}

fn whole(ask: &Ask, play: &Play, choices: u64, logprobs: bool) -> Value {
    let choices: Vec<Value> = (0..choices)
        .map(|index| {
            let mut choice = json!({"index": index, "message": message(play), "finish_reason": finish(play)});
            choice["logprobs"] = if logprobs { likelihoods(&text_pieces(play)) } else { Value::Null };
            choice
        })
        .collect();
    let mut body = json!({
        "id": ID, "object": "chat.completion", "created": CREATED, "model": ask.model,
        "system_fingerprint": "fp_fake", "choices": choices,
    });
    if play.usage {
        body["usage"] = usage(play);
    }
    body
}

fn message(play: &Play) -> Value {
    let mut message = json!({"role": "assistant", "content": null, "refusal": null});
    for said in &play.said {
        match said {
            Said::Text(pieces) => message["content"] = pieces.concat().into(),
            Said::Thinking(thought) => message["reasoning_content"] = (*thought).into(),
            Said::Refusal(text) => message["refusal"] = (*text).into(),
            Said::Redacted(_) => {}
            Said::Call { id, name, input } => {
                let call = json!({"id": id, "type": "function", "function": {"name": name, "arguments": input}});
                match message["tool_calls"].as_array_mut() {
                    Some(calls) => calls.push(call),
                    None => message["tool_calls"] = json!([call]),
                }
            }
        }
    }
    message
}

fn finish(play: &Play) -> &'static str {
    match play.ending {
        Ending::Stop | Ending::StopText(_) | Ending::Refusal => "stop",
        Ending::Length => "length",
        Ending::Calls => "tool_calls",
        Ending::Filter => "content_filter",
    }
}

fn usage(play: &Play) -> Value {
    let cached = if play.cached { CACHE_READ } else { 0 };
    let prompt = INPUT + cached;
    json!({
        "prompt_tokens": prompt, "completion_tokens": play.output, "total_tokens": prompt + play.output,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": play.reasoning},
    })
}

fn text_pieces(play: &Play) -> Vec<String> {
    play.said
        .iter()
        .find_map(|said| if let Said::Text(pieces) = said { Some(pieces.clone()) } else { None })
        .unwrap_or_default()
}

fn likelihoods(pieces: &[String]) -> Value {
    let content: Vec<Value> = pieces
        .iter()
        .map(|piece| json!({"token": piece, "logprob": -0.25, "bytes": piece.as_bytes(), "top_logprobs": []}))
        .collect();
    json!({"content": content, "refusal": null})
}

struct Stream<'a> {
    model: &'a str,
    play: &'a Play,
    choices: u64,
    logprobs: bool,
    ping: bool,
}

impl Stream<'_> {
    fn frames(&self, include_usage: bool) -> Vec<String> {
        let mut frames = Vec::new();
        for index in 0..self.choices {
            frames.push(self.chunk(index, &json!({"role": "assistant", "content": ""}), Value::Null, include_usage));
            for delta in self.deltas() {
                if self.ping {
                    frames.push(": keep-alive\n\n".to_owned());
                }
                frames.push(self.chunk(index, &delta, Value::Null, include_usage));
            }
            frames.push(self.chunk(index, &json!({}), finish(self.play).into(), include_usage));
        }
        if include_usage && self.play.usage {
            let mut last = self.envelope();
            last["usage"] = usage(self.play);
            frames.push(data(&last));
        }
        frames.push("data: [DONE]\n\n".to_owned());
        frames
    }

    fn envelope(&self) -> Value {
        json!({
            "id": ID, "object": "chat.completion.chunk", "created": CREATED, "model": self.model,
            "system_fingerprint": "fp_fake", "choices": [],
        })
    }

    fn chunk(&self, index: u64, delta: &Value, finish: Value, include_usage: bool) -> String {
        let mut chunk = self.envelope();
        let piece = delta["content"].as_str().filter(|piece| !piece.is_empty());
        let logprobs = piece.filter(|_| self.logprobs).map(|piece| likelihoods(&[piece.to_owned()]));
        chunk["choices"] = json!([{"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}]);
        if include_usage {
            chunk["usage"] = Value::Null;
        }
        data(&chunk)
    }

    fn deltas(&self) -> Vec<Value> {
        let mut deltas = Vec::new();
        let mut calls = 0;
        for said in &self.play.said {
            match said {
                Said::Text(pieces) => deltas.extend(pieces.iter().map(|piece| json!({"content": piece}))),
                Said::Thinking(text) => {
                    deltas.extend(pieces_of(text).iter().map(|piece| json!({"reasoning_content": piece})))
                }
                Said::Refusal(text) => deltas.extend(pieces_of(text).iter().map(|piece| json!({"refusal": piece}))),
                Said::Redacted(_) => {}
                Said::Call { id, name, input } => {
                    let function = json!({"name": name, "arguments": ""});
                    deltas.push(
                        json!({"tool_calls": [{"index": calls, "id": id, "type": "function", "function": function}]}),
                    );
                    let fragments = pieces_of(input);
                    let fragment = |piece| json!({"tool_calls": [{"index": calls, "function": {"arguments": piece}}]});
                    deltas.extend(fragments.iter().map(fragment));
                    calls += 1;
                }
            }
        }
        deltas
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// `POST completions`.
pub fn completion(body: &Value) -> Answer {
    let model = body["model"].as_str().unwrap_or_default();
    let words = Words::of(model);
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    let part = |text: &str, finish: Value| {
        let choice = json!({"index": 0, "text": text, "logprobs": null, "finish_reason": finish});
        json!({"id": "cmpl-fake", "object": "text_completion", "created": CREATED, "model": model, "choices": [choice]})
    };
    let output = TEXT_PIECES.len() as u64;
    let usage = json!({"prompt_tokens": INPUT, "completion_tokens": output, "total_tokens": INPUT + output});
    if body["stream"] != true {
        let mut whole = part(&TEXT_PIECES.concat(), "stop".into());
        whole["usage"] = usage;
        return words.whole(&whole);
    }
    let mut frames: Vec<String> = TEXT_PIECES.iter().map(|piece| data(&part(piece, Value::Null))).collect();
    frames.push(data(&part("", "stop".into())));
    if body["stream_options"]["include_usage"] == true {
        let mut last = part("", Value::Null);
        last["choices"] = json!([]);
        last["usage"] = usage;
        frames.push(data(&last));
    }
    frames.push("data: [DONE]\n\n".to_owned());
    words.stream(frames, &data(&complaint(500)))
}

/// `POST embeddings`: one vector for a text or a list of tokens, else one for each.
pub fn embeddings(body: &Value) -> Answer {
    let words = Words::of(body["model"].as_str().unwrap_or_default());
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    let count = match &body["input"] {
        Value::Array(inputs) if !inputs.first().is_some_and(Value::is_number) => inputs.len(),
        _ => 1,
    };
    let rows: Vec<Value> = (0..count).map(|index| vector(index, body["encoding_format"] == "base64")).collect();
    let usage = json!({"prompt_tokens": INPUT, "total_tokens": INPUT});
    words.whole(&json!({"object": "list", "data": rows, "model": body["model"], "usage": usage}))
}

fn vector(index: usize, base64: bool) -> Value {
    let numbers = [0.5_f32, -0.25, index as f32, 1.0];
    let embedding = if base64 {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        base64::engine::general_purpose::STANDARD.encode(bytes).into()
    } else {
        json!(numbers)
    };
    json!({"object": "embedding", "index": index, "embedding": embedding})
}

fn card(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": "fake"})
}

/// `GET models`.
pub fn models() -> Answer {
    Answer::json(200, &json!({"object": "list", "data": MODELS.map(card)}))
}

/// `GET models/ID`.
pub fn model(id: &str) -> Answer {
    Answer::json(200, &card(id))
}

/// An error body.
pub fn error(status: u16, message: &str) -> Answer {
    let mut body = complaint(status);
    body["error"]["message"] = message.into();
    Answer::json(status, &body)
}

fn complaint(status: u16) -> Value {
    let (kind, code) = match status {
        400 => ("invalid_request_error", "fake_bad_request"),
        401 => ("invalid_request_error", "invalid_api_key"),
        404 => ("invalid_request_error", "model_not_found"),
        429 => ("requests", "rate_limit_exceeded"),
        _ => ("server_error", "fake_failure"),
    };
    json!({"error": {"message": "the fake provider failed", "type": kind, "param": null, "code": code}})
}
