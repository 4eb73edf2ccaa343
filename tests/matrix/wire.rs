//! Reading what is on the wire: finding words by path, and putting streams together as the vendors' SDKs do.

use super::Caller;
use serde_json::{Map, Value, json};

/// Whether `path=words` holds: what stands at the path, its texts joined, has the words in it. In a path `*` stands for
/// every element of a list, and `a|b` for either of two members.
pub fn holds(body: &Value, find: &str) -> bool {
    let (path, words) = find.split_once('=').unwrap_or((find, ""));
    let mut found = vec![body];
    for step in path.split('/') {
        found = found.into_iter().flat_map(|value| below(value, step)).collect();
    }
    if found.is_empty() {
        return false;
    }
    let texts: String =
        found.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
    texts.contains(words)
}

fn below<'a>(value: &'a Value, step: &str) -> Vec<&'a Value> {
    if step == "*" {
        return match value {
            Value::Array(list) => list.iter().collect(),
            Value::Object(members) => members.values().collect(),
            _ => Vec::new(),
        };
    }
    let member = |name: &str| match name.parse::<usize>() {
        Ok(index) if value.is_array() => value.get(index),
        _ => value.get(name),
    };
    step.split('|').filter_map(member).filter(|value| !value.is_null()).collect()
}

/// The whole answer that a caller's SDK makes of a stream.
pub fn assembled(caller: Caller, stream: &[u8]) -> Value {
    let text = std::str::from_utf8(stream).unwrap();
    let pieces = pieces(caller, text);
    match caller {
        Caller::Chat | Caller::Completions => openai(&pieces),
        Caller::Anthropic => anthropic(&pieces),
        Caller::Gemini => gemini(&pieces),
        Caller::Responses => responses(&pieces),
        Caller::Ollama => ollama(&pieces),
    }
}

fn pieces(caller: Caller, text: &str) -> Vec<Value> {
    let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    if caller == Caller::Ollama {
        return text.lines().filter(|line| !line.is_empty()).map(json).collect();
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(json).collect()
}

/// Puts a delta into what there is: texts grow, entries of lists are merged by their index.
fn merge(whole: &mut Map<String, Value>, delta: &Map<String, Value>) {
    const FIXED: [&str; 7] = ["id", "type", "role", "index", "name", "finish_reason", "service_tier"];
    for (name, value) in delta {
        match (whole.get_mut(name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(old)), Value::String(more)) if !FIXED.contains(&name.as_str()) => old.push_str(more),
            (Some(Value::Object(old)), Value::Object(more)) => merge(old, more),
            (Some(Value::Array(old)), Value::Array(more)) => merge_list(old, more),
            (None, Value::Array(more)) => {
                let mut list = Vec::new();
                merge_list(&mut list, more);
                whole.insert(name.clone(), Value::Array(list));
            }
            (_, value) => drop(whole.insert(name.clone(), value.clone())),
        }
    }
}

fn merge_list(list: &mut Vec<Value>, more: &[Value]) {
    for entry in more {
        let same = |old: &&mut Value| entry["index"].is_number() && old["index"] == entry["index"];
        match (list.iter_mut().find(same), entry) {
            (Some(Value::Object(old)), Value::Object(more)) => merge(old, more),
            _ => list.push(entry.clone()),
        }
    }
}

fn openai(chunks: &[Value]) -> Value {
    let mut whole = Map::new();
    for chunk in chunks {
        let mut chunk = chunk.clone();
        for choice in chunk["choices"].as_array_mut().into_iter().flatten() {
            let delta = choice.as_object_mut().and_then(|choice| choice.remove("delta"));
            if let Some(delta) = delta {
                choice["message"] = delta;
            }
        }
        for name in ["object", "model", "created"] {
            whole.remove(name);
        }
        merge(&mut whole, chunk.as_object().unwrap());
    }
    Value::Object(whole)
}

fn anthropic(events: &[Value]) -> Value {
    let mut message = json!({});
    let mut inputs: Vec<String> = Vec::new();
    for event in events {
        let index = event["index"].as_u64().unwrap_or(0) as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(message["content"].as_array().unwrap().len(), index, "{events:#?}");
                message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
                inputs.push(String::new());
            }
            "content_block_delta" => {
                let (block, delta) = (&mut message["content"][index], &event["delta"]);
                for name in ["text", "thinking", "signature"] {
                    let more = delta[name].as_str().unwrap_or_default();
                    if !more.is_empty() {
                        block[name] = json!(format!("{}{more}", block[name].as_str().unwrap_or_default()));
                    }
                }
                if delta["citation"].is_object() {
                    let mut list = block["citations"].as_array().cloned().unwrap_or_default();
                    list.push(delta["citation"].clone());
                    block["citations"] = Value::Array(list);
                }
                inputs[index].push_str(delta["partial_json"].as_str().unwrap_or_default());
            }
            "content_block_stop" if !inputs[index].is_empty() => {
                message["content"][index]["input"] = serde_json::from_str(&inputs[index]).unwrap();
            }
            "message_delta" => {
                for part in [&event["delta"], &json!({"usage": event["usage"]})] {
                    merge(message.as_object_mut().unwrap(), part.as_object().unwrap());
                }
                message["usage"] = event["usage"].clone();
            }
            _ => {}
        }
    }
    message
}

fn gemini(responses: &[Value]) -> Value {
    let mut whole = json!({"candidates": []});
    for response in responses {
        let mut response = response.clone();
        for candidate in response["candidates"].as_array().cloned().unwrap_or_default() {
            let index = candidate["index"].as_u64().unwrap_or(0) as usize;
            let candidates = whole["candidates"].as_array_mut().unwrap();
            while candidates.len() <= index {
                candidates.push(json!({"content": {"parts": []}}));
            }
            for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
                candidates[index]["content"]["parts"].as_array_mut().unwrap().push(part.clone());
            }
            for (name, value) in candidate.as_object().unwrap().iter().filter(|(name, _)| *name != "content") {
                candidates[index][name] = value.clone();
            }
        }
        response.as_object_mut().unwrap().remove("candidates");
        for (name, value) in response.as_object().unwrap() {
            whole[name] = value.clone();
        }
    }
    whole
}

/// The last event has the whole answer; what a reader of the events puts together is the same.
fn responses(events: &[Value]) -> Value {
    let whole = events.last().unwrap()["response"].clone();
    let done = events.iter().filter(|event| event["type"] == "response.output_item.done").map(|event| &event["item"]);
    assert_eq!(whole["output"], Value::from(done.cloned().collect::<Vec<_>>()));
    whole
}

fn ollama(lines: &[Value]) -> Value {
    let mut whole = Map::new();
    for line in lines {
        for name in ["model", "created_at", "done_reason"] {
            whole.remove(name);
        }
        merge(&mut whole, line.as_object().unwrap());
    }
    Value::Object(whole)
}
