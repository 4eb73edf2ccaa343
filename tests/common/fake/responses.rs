//! The provider in the words of OpenAI's Responses: answers whole and as events, answers that are kept.

use super::http::Answer;
use super::script::{
    Ask, CACHE_READ, COUNTED, CREATED, Choice, Ending, INPUT, Play, Said, Words, compose, pieces_of, texts,
};
use serde_json::{Value, json};

/// The id of every answer.
pub const ID: &str = "resp_fake";
/// What this provider seals a thought with.
pub const ENCRYPTED: &str = "gAAAAABfake";

/// `POST responses`.
pub fn create(body: &Value) -> Answer {
    let ask = read(body);
    let words = Words::of(&ask.model);
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    let play = compose(&ask);
    if !ask.stream {
        return words.whole(&response(body, &play, ending(&play).0, items(&play)));
    }
    let failed =
        json!({"type": "error", "sequence_number": 99, "code": "server_error", "message": "it broke", "param": null});
    words.stream(frames(body, &play, words.has("ping")), &event(&failed))
}

/// `POST responses/input_tokens`.
pub fn count_tokens(body: &Value) -> Answer {
    let words = Words::of(body["model"].as_str().unwrap_or_default());
    let counted = || Answer::json(200, &json!({"object": "response.input_tokens", "input_tokens": COUNTED}));
    words.trouble(error).unwrap_or_else(counted)
}

/// What is asked of an answer that this provider keeps.
pub fn kept(method: &str, rest: &str) -> Answer {
    let (id, act) = rest.split_once('/').unwrap_or((rest, ""));
    if id != ID {
        return error(404, &format!("Response with id '{id}' not found."));
    }
    match (method, act) {
        ("GET", "") => Answer::json(200, &json!({"id": ID, "object": "response", "status": "completed", "output": []})),
        ("DELETE", "") => Answer::json(200, &json!({"id": ID, "object": "response", "deleted": true})),
        ("POST", "cancel") => Answer::json(200, &json!({"id": ID, "object": "response", "status": "cancelled"})),
        ("GET", "input_items") => Answer::json(200, &json!({"object": "list", "data": [], "has_more": false})),
        _ => error(404, "no such endpoint"),
    }
}

fn read(body: &Value) -> Ask {
    let items = body["input"].as_array().cloned().unwrap_or_default();
    let is_result = |item: &&Value| item["type"].as_str().is_some_and(|kind| kind.ends_with("_call_output"));
    let mut results: Vec<String> =
        items.iter().rev().take_while(is_result).map(|item| texts(&item["output"])).collect();
    results.reverse();
    let tools = body["tools"].as_array().into_iter().flatten();
    Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"] == true,
        limit: body["max_output_tokens"].as_u64().map(|limit| limit as usize),
        stops: Vec::new(),
        choice: match &body["tool_choice"] {
            Value::String(word) if word == "none" => Choice::None,
            Value::String(word) if word == "required" => Choice::Any,
            Value::Object(choice) => Choice::Tool(choice["name"].as_str().unwrap_or_default().to_owned()),
            _ => Choice::Auto,
        },
        one_call: body["parallel_tool_calls"] == false,
        tools: tools.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect(),
        schema: body["text"]["format"]["type"] == "json_schema",
        results,
    }
}

fn ending(play: &Play) -> (&'static str, Value) {
    match play.ending {
        Ending::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
        Ending::Filter => ("incomplete", json!({"reason": "content_filter"})),
        _ => ("completed", Value::Null),
    }
}

fn response(body: &Value, play: &Play, status: &str, output: Vec<Value>) -> Value {
    let mut response = json!({
        "id": ID, "object": "response", "created_at": CREATED, "status": status, "error": null,
        "incomplete_details": ending(play).1, "instructions": body["instructions"], "model": body["model"],
        "output": output, "parallel_tool_calls": true, "previous_response_id": body["previous_response_id"],
        "store": body["store"] != false, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "metadata": {}, "usage": null,
    });
    if play.usage && status != "in_progress" {
        let cached = if play.cached { CACHE_READ } else { 0 };
        let input = INPUT + cached;
        response["usage"] = json!({
            "input_tokens": input, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": play.output,
            "output_tokens_details": {"reasoning_tokens": play.reasoning}, "total_tokens": input + play.output,
        });
    }
    response
}

fn items(play: &Play) -> Vec<Value> {
    play.said.iter().enumerate().map(|(place, said)| item(place, said)).collect()
}

fn item(place: usize, said: &Said) -> Value {
    match said {
        Said::Text(pieces) => {
            message(place, &json!({"type": "output_text", "text": pieces.concat(), "annotations": []}))
        }
        Said::Refusal(text) => message(place, &json!({"type": "refusal", "refusal": text})),
        Said::Thinking(thought) => json!({
            "id": format!("rs_{place}"), "type": "reasoning", "encrypted_content": ENCRYPTED,
            "summary": [{"type": "summary_text", "text": thought}],
        }),
        Said::Redacted(_) => {
            json!({"id": format!("rs_{place}"), "type": "reasoning", "encrypted_content": ENCRYPTED, "summary": []})
        }
        Said::Call { id, name, input } => json!({
            "id": format!("fc_{place}"), "type": "function_call", "status": "completed", "arguments": input,
            "call_id": id, "name": name,
        }),
    }
}

fn message(place: usize, part: &Value) -> Value {
    json!({"id": format!("msg_{place}"), "type": "message", "status": "completed", "role": "assistant", "content": [part]})
}

fn frames(body: &Value, play: &Play, ping: bool) -> Vec<String> {
    let begun = response(body, play, "in_progress", Vec::new());
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    for (place, said) in play.said.iter().enumerate() {
        item_events(place, said, &mut events);
    }
    let (status, _) = ending(play);
    let whole = response(body, play, status, items(play));
    events.push(json!({"type": format!("response.{status}"), "response": whole}));
    let mut frames = Vec::new();
    for (number, mut said) in events.into_iter().enumerate() {
        said["sequence_number"] = number.into();
        if ping {
            frames.push(": keep-alive\n\n".to_owned());
        }
        frames.push(event(&said));
    }
    frames
}

fn item_events(place: usize, said: &Said, events: &mut Vec<Value>) {
    let whole = item(place, said);
    let mut begun = whole.clone();
    for name in ["content", "summary"] {
        if begun[name].is_array() {
            begun[name] = json!([]);
        }
    }
    if begun["arguments"].is_string() {
        begun["arguments"] = "".into();
    }
    events.push(json!({"type": "response.output_item.added", "output_index": place, "item": begun}));
    let (name, pieces): (&str, Vec<String>) = match said {
        Said::Text(pieces) => ("output_text", pieces.clone()),
        Said::Refusal(text) => ("refusal", pieces_of(text)),
        Said::Thinking(thought) => ("reasoning_summary_text", pieces_of(thought)),
        Said::Call { input, .. } => ("function_call_arguments", pieces_of(input)),
        Said::Redacted(_) => ("", Vec::new()),
    };
    let part_of = |whole: &Value| whole["content"][0].clone();
    let content = |kind: &str, part: Value| {
        let part = json!({"type": format!("response.content_part.{kind}"), "item_id": whole["id"], "output_index": place, "content_index": 0, "part": part});
        matches!(said, Said::Text(_) | Said::Refusal(_)).then_some(part)
    };
    let mut empty = part_of(&whole);
    for name in ["text", "refusal"] {
        if empty[name].is_string() {
            empty[name] = "".into();
        }
    }
    events.extend(content("added", empty));
    if matches!(said, Said::Thinking(_)) {
        let part = json!({"type": "summary_text", "text": ""});
        events.push(json!({"type": "response.reasoning_summary_part.added", "item_id": whole["id"], "output_index": place, "summary_index": 0, "part": part}));
    }
    for piece in pieces {
        let mut delta = json!({"type": format!("response.{name}.delta"), "item_id": whole["id"], "output_index": place, "delta": piece});
        match said {
            Said::Text(_) | Said::Refusal(_) => delta["content_index"] = 0.into(),
            Said::Thinking(_) => delta["summary_index"] = 0.into(),
            _ => {}
        }
        events.push(delta);
    }
    events.extend(content("done", part_of(&whole)));
    events.push(json!({"type": "response.output_item.done", "output_index": place, "item": whole}));
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())
}

fn error(status: u16, message: &str) -> Answer {
    let kind = if status >= 500 { "server_error" } else { "invalid_request_error" };
    Answer::json(status, &json!({"error": {"message": message, "type": kind, "param": null, "code": null}}))
}
