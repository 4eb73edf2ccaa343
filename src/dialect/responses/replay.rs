//! An answer that is kept, told once more as a stream: the same events, each item in one piece.

use super::wire::to_vec;
use crate::dialect::sse::write_event;
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

/// The events of a whole answer, from behind the one with the number `after` on.
pub fn replay(answer: &[u8], after: Option<u64>) -> Bytes {
    let whole: Value = serde_json::from_slice(answer).unwrap_or_default();
    let mut events = Vec::new();
    let mut head = whole.clone();
    for (name, value) in [("status", json!("in_progress")), ("output", json!([])), ("usage", Value::Null)] {
        head[name] = value;
    }
    for kind in ["response.created", "response.in_progress"] {
        events.push((kind, json!({"response": head})));
    }
    for (place, item) in whole["output"].as_array().into_iter().flatten().enumerate() {
        item_events(place, item, &mut events);
    }
    let last = match whole["status"].as_str() {
        Some("incomplete") => "response.incomplete",
        Some("failed") => "response.failed",
        _ => "response.completed",
    };
    events.push((last, json!({"response": whole})));
    let mut out = BytesMut::new();
    for (number, (kind, event)) in events.into_iter().enumerate().map(|(number, event)| (number as u64, event)) {
        if after.is_none_or(|after| number > after) {
            let mut frame = json!({"type": kind, "sequence_number": number});
            if let (Value::Object(frame), Value::Object(members)) = (&mut frame, event) {
                frame.extend(members);
            }
            write_event(kind, &to_vec(&frame), &mut out);
        }
    }
    out.freeze()
}

type Events = Vec<(&'static str, Value)>;

fn item_events(place: usize, item: &Value, events: &mut Events) {
    let mut begun = item.clone();
    for (name, empty) in [("content", json!([])), ("summary", json!([])), ("arguments", json!(""))] {
        if !item[name].is_null() {
            begun[name] = empty;
        }
    }
    if !item["status"].is_null() {
        begun["status"] = json!("in_progress");
    }
    events.push(("response.output_item.added", json!({"output_index": place, "item": begun})));
    let of_item = |members: Value| {
        let mut event = json!({"item_id": item["id"], "output_index": place});
        if let (Value::Object(event), Value::Object(members)) = (&mut event, members) {
            event.extend(members);
        }
        event
    };
    for (index, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
        let text = &part["text"];
        let empty = json!({"type": part["type"], "text": ""});
        events.extend([
            ("response.reasoning_summary_part.added", of_item(json!({"summary_index": index, "part": empty}))),
            ("response.reasoning_summary_text.delta", of_item(json!({"summary_index": index, "delta": text}))),
            ("response.reasoning_summary_text.done", of_item(json!({"summary_index": index, "text": text}))),
            ("response.reasoning_summary_part.done", of_item(json!({"summary_index": index, "part": part}))),
        ]);
    }
    for (index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
        content_events(index, part, &of_item, events);
    }
    if let Some(arguments) = item["arguments"].as_str() {
        let done = json!({"name": item["name"], "arguments": arguments});
        events.push(("response.function_call_arguments.delta", of_item(json!({"delta": arguments}))));
        events.push(("response.function_call_arguments.done", of_item(done)));
    }
    events.push(("response.output_item.done", json!({"output_index": place, "item": item})));
}

fn content_events(index: usize, part: &Value, of_item: &dyn Fn(Value) -> Value, events: &mut Events) {
    let refusal = part["type"] == "refusal";
    let text = if refusal { &part["refusal"] } else { &part["text"] };
    let mut empty = part.clone();
    empty[if refusal { "refusal" } else { "text" }] = json!("");
    if part["annotations"].is_array() {
        empty["annotations"] = json!([]);
    }
    events.push(("response.content_part.added", of_item(json!({"content_index": index, "part": empty}))));
    if refusal {
        events.push(("response.refusal.delta", of_item(json!({"content_index": index, "delta": text}))));
        events.push(("response.refusal.done", of_item(json!({"content_index": index, "refusal": text}))));
    } else {
        let piece = json!({"content_index": index, "delta": text, "logprobs": []});
        events.push(("response.output_text.delta", of_item(piece)));
        for (number, note) in part["annotations"].as_array().into_iter().flatten().enumerate() {
            let event = json!({"content_index": index, "annotation_index": number, "annotation": note});
            events.push(("response.output_text.annotation.added", of_item(event)));
        }
        let likely = part["logprobs"].as_array().cloned().unwrap_or_default();
        let done = json!({"content_index": index, "text": text, "logprobs": likely});
        events.push(("response.output_text.done", of_item(done)));
    }
    events.push(("response.content_part.done", of_item(json!({"content_index": index, "part": part}))));
}

#[cfg(test)]
mod tests {
    use super::super::read_stream::Reader;
    use super::*;
    use crate::canonical::{Part, Reply};
    use crate::dialect::ReadStream;
    use crate::dialect::sse::Splitter;

    const ANSWER: &str = r#"{"id":"resp_1","object":"response","status":"completed","model":"m","output":[
        {"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
        {"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[
            {"type":"output_text","text":"hi","annotations":[],"logprobs":[]}]},
        {"id":"fc_1","type":"function_call","status":"completed","call_id":"c","name":"f","arguments":"{}"}],
        "usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}"#;

    fn numbers(stream: &[u8]) -> Vec<u64> {
        let text = std::str::from_utf8(stream).unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str::<Value>(data).unwrap()["sequence_number"].as_u64().unwrap()).collect()
    }

    #[test]
    fn a_stream_of_it_folds_to_the_same_answer() {
        let stream = replay(ANSWER.as_bytes(), None);
        let (mut splitter, mut reader, mut events) = (Splitter::default(), Reader::default(), Vec::new());
        splitter.push(stream.clone());
        while let Ok(Some(frame)) = splitter.next_frame() {
            reader.frame(&frame, &mut events).unwrap();
        }
        assert!(reader.is_complete());
        let reply: Reply = events.into_iter().collect();
        let [Part::Thinking { text, .. }, Part::Text { text: said, .. }, Part::ToolCall { name, .. }] =
            &reply.choices[0].parts[..]
        else {
            panic!("{reply:?}")
        };
        assert_eq!((text.as_str(), said.as_str(), name.as_str()), ("hm", "hi", "f"));
        let all = numbers(&stream);
        assert_eq!(all, (0..all.len() as u64).collect::<Vec<_>>());
        assert_eq!(numbers(&replay(ANSWER.as_bytes(), Some(4))), all[5..]);
    }
}
