//! The provider in Anthropic's words: messages, token counts, models.

use super::http::Answer;
use super::script::{
    Ask, CACHE_READ, CACHE_WRITE, COUNTED, Choice, Ending, INPUT, MODELS, Play, SIGNATURE, Said, Words, compose,
    pieces_of, strings, texts,
};
use serde_json::{Value, json};

const ID: &str = "msg_fake";

/// `POST messages`.
pub fn messages(body: &Value) -> Answer {
    let ask = read(body);
    let words = Words::of(&ask.model);
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    if !body["max_tokens"].is_u64() {
        return error(400, "max_tokens: Field required");
    }
    let play = compose(&ask);
    if ask.stream {
        return words.stream(frames(&ask, &play, words.has("ping")), &event("error", &complaint(529)));
    }
    words.whole(&whole(&ask, &play))
}

/// `POST messages/count_tokens`.
pub fn count_tokens(body: &Value) -> Answer {
    let words = Words::of(body["model"].as_str().unwrap_or_default());
    words.trouble(error).unwrap_or_else(|| Answer::json(200, &json!({"input_tokens": COUNTED})))
}

fn read(body: &Value) -> Ask {
    let last = body["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
    let blocks = last["content"].as_array().cloned().unwrap_or_default();
    let results = blocks.iter().filter(|block| block["type"] == "tool_result").map(|block| texts(&block["content"]));
    let choice = &body["tool_choice"];
    let tools = body["tools"].as_array().into_iter().flatten();
    Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"] == true,
        limit: body["max_tokens"].as_u64().map(|limit| limit as usize),
        stops: strings(&body["stop_sequences"]),
        choice: match choice["type"].as_str() {
            Some("none") => Choice::None,
            Some("any") => Choice::Any,
            Some("tool") => Choice::Tool(choice["name"].as_str().unwrap_or_default().to_owned()),
            _ => Choice::Auto,
        },
        one_call: choice["disable_parallel_tool_use"] == true,
        tools: tools.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect(),
        schema: body["output_config"]["format"]["type"] == "json_schema"
            || body["output_format"]["type"] == "json_schema",
        results: results.collect(),
    }
}

fn whole(ask: &Ask, play: &Play) -> Value {
    let (reason, stop) = ending(play);
    let content: Vec<Value> = play.said.iter().map(block).collect();
    let mut body = json!({
        "id": ID, "type": "message", "role": "assistant", "model": ask.model, "content": content,
        "stop_reason": reason, "stop_sequence": stop,
    });
    if play.usage {
        body["usage"] = usage(play, play.output);
    }
    body
}

fn block(said: &Said) -> Value {
    match said {
        Said::Text(pieces) => json!({"type": "text", "text": pieces.concat()}),
        Said::Refusal(text) => json!({"type": "text", "text": text}),
        Said::Thinking(thought) => json!({"type": "thinking", "thinking": thought, "signature": SIGNATURE}),
        Said::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
        Said::Call { id, name, input } => {
            let input: Value = serde_json::from_str(input).unwrap();
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
    }
}

fn ending(play: &Play) -> (&'static str, Option<&str>) {
    match &play.ending {
        Ending::Stop => ("end_turn", None),
        Ending::StopText(stop) => ("stop_sequence", Some(stop)),
        Ending::Length => ("max_tokens", None),
        Ending::Calls => ("tool_use", None),
        Ending::Filter | Ending::Refusal => ("refusal", None),
    }
}

fn usage(play: &Play, output: u64) -> Value {
    let (read, write) = if play.cached { (CACHE_READ, CACHE_WRITE) } else { (0, 0) };
    json!({
        "input_tokens": INPUT, "cache_read_input_tokens": read, "cache_creation_input_tokens": write,
        "cache_creation": {"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output, "service_tier": "standard",
    })
}

fn frames(ask: &Ask, play: &Play, ping: bool) -> Vec<String> {
    let mut message = json!({
        "id": ID, "type": "message", "role": "assistant", "model": ask.model, "content": [],
        "stop_reason": null, "stop_sequence": null,
    });
    if play.usage {
        message["usage"] = usage(play, 1);
    }
    let mut frames = vec![event("message_start", &json!({"type": "message_start", "message": message}))];
    for (index, said) in play.said.iter().enumerate() {
        block_frames(index, said, ping, &mut frames);
    }
    let (reason, stop) = ending(play);
    let mut last = json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": stop}});
    if play.usage {
        last["usage"] = json!({"output_tokens": play.output});
    }
    frames.push(event("message_delta", &last));
    frames.push(event("message_stop", &json!({"type": "message_stop"})));
    frames
}

fn block_frames(index: usize, said: &Said, ping: bool, frames: &mut Vec<String>) {
    let (start, deltas) = opened(said);
    frames.push(event(
        "content_block_start",
        &json!({"type": "content_block_start", "index": index, "content_block": start}),
    ));
    for delta in deltas {
        if ping {
            frames.push(event("ping", &json!({"type": "ping"})));
        }
        frames.push(event(
            "content_block_delta",
            &json!({"type": "content_block_delta", "index": index, "delta": delta}),
        ));
    }
    frames.push(event("content_block_stop", &json!({"type": "content_block_stop", "index": index})));
}

/// How a block is opened, and the deltas that fill it.
fn opened(said: &Said) -> (Value, Vec<Value>) {
    let text = |pieces: &[String]| pieces.iter().map(|piece| json!({"type": "text_delta", "text": piece})).collect();
    match said {
        Said::Text(pieces) => (json!({"type": "text", "text": ""}), text(pieces)),
        Said::Refusal(words) => (json!({"type": "text", "text": ""}), text(&pieces_of(words))),
        Said::Redacted(_) => (block(said), Vec::new()),
        Said::Thinking(thought) => {
            let mut deltas: Vec<Value> =
                pieces_of(thought).iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece})).collect();
            deltas.push(json!({"type": "signature_delta", "signature": SIGNATURE}));
            (json!({"type": "thinking", "thinking": "", "signature": ""}), deltas)
        }
        Said::Call { id, name, input } => {
            let fragments = pieces_of(input);
            let fragments = std::iter::once("").chain(fragments.iter().map(String::as_str));
            let deltas = fragments.map(|piece| json!({"type": "input_json_delta", "partial_json": piece})).collect();
            (json!({"type": "tool_use", "id": id, "name": name, "input": {}}), deltas)
        }
    }
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn card(id: &str) -> Value {
    json!({"type": "model", "id": id, "display_name": id, "created_at": "2023-11-14T22:13:20Z"})
}

/// `GET models`.
pub fn models() -> Answer {
    let (first, last) = (MODELS.first(), MODELS.last());
    Answer::json(200, &json!({"data": MODELS.map(card), "has_more": false, "first_id": first, "last_id": last}))
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
    let kind = match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": "the fake provider failed"}, "request_id": "req_fake"})
}
