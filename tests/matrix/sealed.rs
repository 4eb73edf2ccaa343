//! Seals of thoughts on their way round: a provider's answer goes to a caller, who sends it back in the next turn.

use super::answered::{anthropic, gemini, responses};
use super::{Caller, Fate, fate, send, whole, wire};
use optscale_ai::types::Protocol;
use serde_json::{Value, json};

/// What became of a seal: it must be back where the provider put it.
pub fn round(caller: Caller, protocol: Protocol) -> (Fate, String) {
    let Some((answer, finds)) = sealed(protocol) else { return (Fate::Absent, String::new()) };
    if caller == Caller::Completions {
        return (Fate::Absent, String::new());
    }
    if caller.protocol() == protocol {
        return (Fate::Carried, String::new());
    }
    let (given, mut dropped) = whole(caller, protocol, &answer);
    let sent = send(caller, protocol, &next(caller, &given)).unwrap();
    dropped.extend(sent.dropped);
    let back = finds.iter().all(|find| wire::holds(&sent.body, find));
    let shown = format!("{given}\n  {}\n  dropped: {dropped:?}", sent.body);
    (fate(back, false, &dropped, &["thinking", "signature", "content"]), shown)
}

/// An answer with a sealed thought and a call behind it, and where the seal must stand in the next request.
fn sealed(protocol: Protocol) -> Option<(Value, Vec<&'static str>)> {
    let input = json!({"city": "Paris"});
    Some(match protocol {
        Protocol::Anthropic => {
            let thought = json!({"type": "thinking", "thinking": "Six times seven", "signature": "c2ln"});
            let call = json!({"type": "tool_use", "id": "call_1", "name": "get_weather", "input": input});
            let finds = vec!["messages/1/content/0/signature=c2ln", "messages/1/content/0/thinking=Six times seven"];
            (anthropic(json!([thought, call]), "tool_use"), finds)
        }
        Protocol::Gemini => {
            let call = json!({"functionCall": {"id": "call_1", "name": "get_weather", "args": input}, "thoughtSignature": "c2ln"});
            (gemini(json!([call]), "STOP", json!({})), vec!["contents/1/parts/*/thoughtSignature=c2ln"])
        }
        Protocol::Responses => {
            let thought = json!({"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Six times seven"}], "encrypted_content": "gAAA"});
            let call = json!({"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"});
            (responses(json!([thought, call]), json!({})), vec!["input/*/encrypted_content=gAAA"])
        }
        _ => return None,
    })
}

/// The next request, with the answer as the model's turn.
fn next(caller: Caller, given: &Value) -> Value {
    let asked = json!({"role": "user", "content": "Hello there"});
    match caller {
        Caller::Chat | Caller::Completions => {
            let result = json!({"role": "tool", "tool_call_id": "call_1", "content": "22 C"});
            json!({"model": "m", "messages": [asked, given["choices"][0]["message"], result]})
        }
        Caller::Anthropic => {
            let result = json!([{"type": "tool_result", "tool_use_id": "call_1", "content": "22 C"}]);
            json!({"model": "m", "max_tokens": 9, "messages": [asked, {"role": "assistant", "content": given["content"]}, {"role": "user", "content": result}]})
        }
        Caller::Gemini => {
            let call =
                json!({"functionResponse": {"id": "call_1", "name": "get_weather", "response": {"output": "22 C"}}});
            json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}, given["candidates"][0]["content"], {"role": "user", "parts": [call]}]})
        }
        Caller::Responses => {
            let mut input = vec![asked];
            input.extend(given["output"].as_array().unwrap().clone());
            input.push(json!({"type": "function_call_output", "call_id": "call_1", "output": "22 C"}));
            json!({"model": "m", "input": input})
        }
        Caller::Ollama => {
            let result =
                json!({"role": "tool", "tool_name": "get_weather", "tool_call_id": "call_1", "content": "22 C"});
            json!({"model": "m", "messages": [asked, given["message"], result], "stream": false})
        }
    }
}
