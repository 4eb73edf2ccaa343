//! A whole answer of a provider as that provider streams it.

use optscale_ai::types::Protocol;
use serde_json::{Value, json};
use std::fmt::Write;

/// The bytes of the stream that says the same as a whole answer.
pub fn streamed(protocol: Protocol, whole: &Value) -> String {
    match protocol {
        Protocol::Openai => openai(whole),
        Protocol::Anthropic => anthropic(whole),
        Protocol::Responses => responses(whole),
        Protocol::Gemini => gemini(whole),
        Protocol::Ollama => ollama(whole),
        Protocol::Cohere => cohere(whole),
    }
}

/// A text in pieces, cut between characters.
fn cut(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(letters.len().div_ceil(3).max(1)).map(|piece| piece.iter().collect()).collect()
}

fn data(out: &mut String, value: &Value) {
    writeln!(out, "data: {value}\n").unwrap();
}

fn named(out: &mut String, value: &Value) {
    writeln!(out, "event: {}", value["type"].as_str().unwrap()).unwrap();
    data(out, value);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn openai(whole: &Value) -> String {
    let mut out = String::new();
    let mut chunk = |index: &Value, delta: Value, more: Value| {
        let mut choice = json!({"index": index, "delta": delta, "finish_reason": null});
        more.as_object().unwrap().iter().for_each(|(name, value)| choice[name] = value.clone());
        let mut chunk = json!({"id": whole["id"], "object": "chat.completion.chunk", "created": 1, "model": whole["model"], "choices": [choice]});
        if !whole["service_tier"].is_null() {
            chunk["service_tier"] = whole["service_tier"].clone();
        }
        data(&mut out, &chunk);
    };
    for choice in list(&whole["choices"]) {
        let (index, message) = (&choice["index"], &choice["message"]);
        chunk(index, json!({"role": "assistant", "content": ""}), json!({}));
        for name in ["reasoning_content", "content", "refusal"] {
            cut(text(&message[name])).into_iter().for_each(|piece| chunk(index, json!({name: piece}), json!({})));
        }
        for name in ["annotations", "images", "audio"] {
            if !message[name].is_null() {
                chunk(index, json!({name: message[name]}), json!({}));
            }
        }
        for (place, call) in list(&message["tool_calls"]).enumerate() {
            let head = json!({"index": place, "id": call["id"], "type": "function", "function": {"name": call["function"]["name"], "arguments": ""}});
            chunk(index, json!({"tool_calls": [head]}), json!({}));
            for piece in cut(text(&call["function"]["arguments"])) {
                chunk(index, json!({"tool_calls": [{"index": place, "function": {"arguments": piece}}]}), json!({}));
            }
        }
        if !choice["logprobs"].is_null() {
            chunk(index, json!({}), json!({"logprobs": choice["logprobs"]}));
        }
        chunk(index, json!({}), json!({"finish_reason": choice["finish_reason"]}));
    }
    let usage = json!({"id": whole["id"], "object": "chat.completion.chunk", "model": whole["model"], "choices": [], "usage": whole["usage"]});
    data(&mut out, &usage);
    out.push_str("data: [DONE]\n\n");
    out
}

fn anthropic(whole: &Value) -> String {
    let mut out = String::new();
    let mut head = whole.clone();
    (head["content"], head["stop_reason"], head["stop_sequence"]) = (json!([]), Value::Null, Value::Null);
    named(&mut out, &json!({"type": "message_start", "message": head}));
    for (index, block) in list(&whole["content"]).enumerate() {
        let mut start = block.clone();
        let mut deltas = Vec::new();
        match text(&block["type"]) {
            "text" => {
                deltas.extend(
                    cut(text(&block["text"])).into_iter().map(|piece| json!({"type": "text_delta", "text": piece})),
                );
                deltas.extend(list(&block["citations"]).map(|one| json!({"type": "citations_delta", "citation": one})));
                start["text"] = json!("");
                if block["citations"].is_array() {
                    start["citations"] = json!([]);
                }
            }
            "thinking" => {
                deltas.extend(
                    cut(text(&block["thinking"]))
                        .into_iter()
                        .map(|piece| json!({"type": "thinking_delta", "thinking": piece})),
                );
                deltas.push(json!({"type": "signature_delta", "signature": block["signature"]}));
                (start["thinking"], start["signature"]) = (json!(""), json!(""));
            }
            "tool_use" | "server_tool_use" => {
                start["input"] = json!({});
                deltas.push(json!({"type": "input_json_delta", "partial_json": ""}));
                if block["input"] != json!({}) {
                    let input = block["input"].to_string();
                    deltas.extend(
                        cut(&input).into_iter().map(|piece| json!({"type": "input_json_delta", "partial_json": piece})),
                    );
                }
            }
            _ => {}
        }
        named(&mut out, &json!({"type": "content_block_start", "index": index, "content_block": start}));
        deltas
            .into_iter()
            .for_each(|delta| named(&mut out, &json!({"type": "content_block_delta", "index": index, "delta": delta})));
        named(&mut out, &json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"]});
    named(&mut out, &json!({"type": "message_delta", "delta": delta, "usage": whole["usage"]}));
    named(&mut out, &json!({"type": "message_stop"}));
    out
}

fn responses(whole: &Value) -> String {
    let mut out = String::new();
    let mut number = 0;
    let mut send = |name: &str, mut event: Value| {
        (event["type"], event["sequence_number"]) = (json!(name), json!(number));
        number += 1;
        named(&mut out, &event);
    };
    let mut head = whole.clone();
    (head["output"], head["status"], head["usage"]) = (json!([]), json!("in_progress"), Value::Null);
    send("response.created", json!({"response": head}));
    for (place, item) in list(&whole["output"]).enumerate() {
        let mut added = item.clone();
        for name in ["content", "summary"] {
            if added[name].is_array() {
                added[name] = json!([]);
            }
        }
        if added["arguments"].is_string() {
            added["arguments"] = json!("");
        }
        send("response.output_item.added", json!({"output_index": place, "item": added}));
        let of_item = |more: Value| {
            let mut event = more;
            (event["output_index"], event["item_id"]) = (json!(place), item["id"].clone());
            event
        };
        for (index, part) in list(&item["summary"]).enumerate() {
            for piece in cut(text(&part["text"])) {
                send("response.reasoning_summary_text.delta", of_item(json!({"summary_index": index, "delta": piece})));
            }
        }
        for (index, part) in list(&item["content"]).enumerate() {
            for piece in cut(text(&part["text"])) {
                send("response.output_text.delta", of_item(json!({"content_index": index, "delta": piece})));
            }
            for piece in cut(text(&part["refusal"])) {
                send("response.refusal.delta", of_item(json!({"content_index": index, "delta": piece})));
            }
            for (number, note) in list(&part["annotations"]).enumerate() {
                let event = json!({"content_index": index, "annotation_index": number, "annotation": note});
                send("response.output_text.annotation.added", of_item(event));
            }
        }
        for piece in cut(text(&item["arguments"])) {
            send("response.function_call_arguments.delta", of_item(json!({"delta": piece})));
        }
        send("response.output_item.done", json!({"output_index": place, "item": item}));
    }
    let last = if whole["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    send(last, json!({"response": whole}));
    out
}

/// A part a piece; what it consumed and what it rests on stand in the last, behind the reason.
fn gemini(whole: &Value) -> String {
    let mut out = String::new();
    let head = |candidates: Value| json!({"candidates": candidates, "modelVersion": whole["modelVersion"], "responseId": whole["responseId"]});
    for candidate in list(&whole["candidates"]) {
        let index = &candidate["index"];
        for part in list(&candidate["content"]["parts"]) {
            let words = cut(text(&part["text"]));
            let pieces = if words.len() < 2 || !part["thoughtSignature"].is_null() {
                vec![part.clone()]
            } else {
                let piece = |words: String| {
                    let mut piece = part.clone();
                    piece["text"] = json!(words);
                    piece
                };
                words.into_iter().map(piece).collect()
            };
            for part in pieces {
                data(&mut out, &head(json!([{"index": index, "content": {"role": "model", "parts": [part]}}])));
            }
        }
        let mut last = candidate.clone();
        last["content"] = json!({"role": "model", "parts": [{"text": ""}]});
        let grounding = last.as_object_mut().unwrap().remove("groundingMetadata");
        data(&mut out, &head(json!([last])));
        if let Some(grounding) = grounding {
            let content = json!({"role": "model", "parts": [{"text": ""}]});
            data(
                &mut out,
                &head(
                    json!([{"index": index, "content": content, "finishReason": "STOP", "groundingMetadata": grounding}]),
                ),
            );
        }
    }
    let mut last = head(json!([]));
    last["usageMetadata"] = whole["usageMetadata"].clone();
    data(&mut out, &last);
    out
}

fn ollama(whole: &Value) -> String {
    let mut out = String::new();
    let mut line = |more: Value| {
        let mut line = json!({"model": whole["model"], "created_at": "2026-01-01T00:00:00Z", "done": false});
        more.as_object().unwrap().iter().for_each(|(name, value)| line[name] = value.clone());
        writeln!(out, "{line}").unwrap();
    };
    let message = &whole["message"];
    for name in ["thinking", "content"] {
        for piece in cut(text(&message[name])) {
            let mut said = json!({"role": "assistant", "content": ""});
            said[name] = json!(piece);
            line(json!({"message": said}));
        }
    }
    for call in list(&message["tool_calls"]) {
        line(json!({"message": {"role": "assistant", "content": "", "tool_calls": [call]}}));
    }
    let mut last = whole.clone();
    last["message"] = json!({"role": "assistant", "content": ""});
    line(last);
    out
}

fn cohere(whole: &Value) -> String {
    let mut out = String::new();
    let mut send = |kind: &str, index: usize, message: Value| {
        named(&mut out, &json!({"type": kind, "index": index, "delta": {"message": message}}));
    };
    let message = &whole["message"];
    send("message-start", 0, json!({"role": "assistant"}));
    cut(text(&message["tool_plan"]))
        .into_iter()
        .for_each(|piece| send("tool-plan-delta", 0, json!({"tool_plan": piece})));
    for (index, part) in list(&message["content"]).enumerate() {
        let name = if part["type"] == "thinking" { "thinking" } else { "text" };
        send("content-start", index, json!({"content": {"type": name, name: ""}}));
        for piece in cut(text(&part[name])) {
            send("content-delta", index, json!({"content": {name: piece}}));
        }
        send("content-end", index, json!({}));
    }
    for (index, call) in list(&message["tool_calls"]).enumerate() {
        let head = json!({"id": call["id"], "type": "function", "function": {"name": call["function"]["name"], "arguments": ""}});
        send("tool-call-start", index, json!({"tool_calls": head}));
        for piece in cut(text(&call["function"]["arguments"])) {
            send("tool-call-delta", index, json!({"tool_calls": {"function": {"arguments": piece}}}));
        }
        send("tool-call-end", index, json!({}));
    }
    for (index, citation) in list(&message["citations"]).enumerate() {
        send("citation-start", index, json!({"citations": citation}));
        send("citation-end", index, json!({}));
    }
    let delta = json!({"finish_reason": whole["finish_reason"], "usage": whole["usage"]});
    named(&mut out, &json!({"type": "message-end", "delta": delta}));
    out
}
