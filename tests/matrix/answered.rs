//! What models answer, feature by feature: how each provider's protocol says it, and how it stands in what each
//! caller gets.

use super::Caller::{self, Anthropic, Chat, Completions, Gemini, Ollama, Responses};
use optscale_ai::types::Protocol as P;
use serde_json::{Value, json};

/// A feature of answers.
pub struct Answer {
    pub name: &'static str,
    /// The whole answer of each provider that can give it.
    pub gives: Vec<(P, Value)>,
    /// `path=words` that all hold in the caller's whole answer, in the protocol's own way.
    pub told: Vec<(Caller, Vec<&'static str>)>,
    /// The same for another way that comes to the same.
    pub otherwise: Vec<(Caller, Vec<&'static str>)>,
    /// What one of the names of what was left out must have in it.
    pub named: &'static [&'static str],
}

/// An answer with a text and more of it, in each provider's words.
fn with(more: Value, to: Value) -> Value {
    let mut body = to;
    more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    body
}

pub fn openai(message: Value, finish: &str) -> Value {
    let message = with(message, json!({"role": "assistant", "content": null}));
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
        "usage": {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}})
}

pub fn anthropic(content: Value, reason: &str) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": reason,
        "stop_sequence": null, "usage": {"input_tokens": 30, "output_tokens": 12}})
}

pub fn responses(output: Value, more: Value) -> Value {
    with(
        more,
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": null, "incomplete_details": null,
        "model": "m", "output": output, "usage": {"input_tokens": 30, "output_tokens": 12, "total_tokens": 42}}),
    )
}

fn message(parts: Value) -> Value {
    json!({"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": parts})
}

fn output_text(more: Value) -> Value {
    with(more, json!({"type": "output_text", "text": "The sky is blue.", "annotations": []}))
}

pub fn gemini(parts: Value, reason: &str, more: Value) -> Value {
    let candidate =
        with(more, json!({"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": reason}));
    json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 30, "candidatesTokenCount": 12, "totalTokenCount": 42}, "modelVersion": "m", "responseId": "r1"})
}

pub fn ollama(message: Value, reason: &str) -> Value {
    let message = with(message, json!({"role": "assistant", "content": ""}));
    json!({"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": true, "done_reason": reason, "prompt_eval_count": 30, "eval_count": 12})
}

pub fn cohere(message: Value, reason: &str) -> Value {
    let message = with(message, json!({"role": "assistant"}));
    json!({"id": "c1", "finish_reason": reason, "message": message, "usage": {"billed_units": {"input_tokens": 30, "output_tokens": 12}, "tokens": {"input_tokens": 30, "output_tokens": 12}}})
}

/// All features of answers.
pub fn all() -> Vec<Answer> {
    let mut all = vec![words(), refusal(), thinking(), redacted()];
    all.extend(calls());
    all.extend(endings());
    all.extend(evidence());
    all.extend(media());
    all.extend(numbers());
    all
}

fn text(protocol: P) -> Value {
    ended(protocol, "stop")
}

/// A text that ended for a reason, in the provider's own word.
fn ended(protocol: P, reason: &str) -> Value {
    let said = "The sky is blue.";
    match protocol {
        P::Openai => openai(json!({"content": said}), reason),
        P::Anthropic => {
            anthropic(json!([{"type": "text", "text": said}]), if reason == "stop" { "end_turn" } else { reason })
        }
        P::Responses if reason == "stop" => responses(json!([message(json!([output_text(json!({}))]))]), json!({})),
        P::Responses => responses(
            json!([message(json!([output_text(json!({}))]))]),
            json!({"status": "incomplete", "incomplete_details": {"reason": reason}}),
        ),
        P::Gemini => gemini(json!([{"text": said}]), if reason == "stop" { "STOP" } else { reason }, json!({})),
        P::Ollama => ollama(json!({"content": said}), reason),
        P::Cohere => cohere(
            json!({"content": [{"type": "text", "text": said}]}),
            if reason == "stop" { "COMPLETE" } else { reason },
        ),
    }
}

/// How callers see the text.
fn seen(find: &'static str) -> Vec<(Caller, Vec<&'static str>)> {
    let places = [
        (Chat, "choices/0/message/content="),
        (Completions, "choices/0/text="),
        (Anthropic, "content/*/text="),
        (Gemini, "candidates/0/content/parts/*/text="),
        (Responses, "output/*/content/*/text="),
        (Ollama, "message/content="),
    ];
    places.into_iter().map(|(caller, place)| (caller, vec![&*String::leak(format!("{place}{find}"))])).collect()
}

fn words() -> Answer {
    Answer {
        name: "text",
        gives: super::PROVIDERS.iter().map(|protocol| (*protocol, text(*protocol))).collect(),
        told: seen("The sky is blue."),
        otherwise: vec![],
        named: &["content"],
    }
}

fn refusal() -> Answer {
    let part = json!({"type": "refusal", "refusal": "I cannot help"});
    Answer {
        name: "refusals",
        gives: vec![
            (P::Openai, openai(json!({"refusal": "I cannot help"}), "stop")),
            (P::Anthropic, anthropic(json!([{"type": "text", "text": "I cannot help"}]), "refusal")),
            (P::Responses, responses(json!([message(json!([part]))]), json!({}))),
        ],
        told: vec![
            (Chat, vec!["choices/0/message/refusal=I cannot help"]),
            (Anthropic, vec!["content/*/text=I cannot help", "stop_reason=refusal"]),
            (Responses, vec!["output/*/content/*/refusal=I cannot help"]),
        ],
        otherwise: vec![
            (Chat, vec!["choices/0/message/content=I cannot help", "choices/0/finish_reason=content_filter"]),
            (Completions, vec!["choices/0/text=I cannot help", "choices/0/finish_reason=content_filter"]),
            (Responses, vec!["output/*/content/*/text=I cannot help", "incomplete_details/reason=content_filter"]),
            (Gemini, vec!["candidates/0/content/parts/*/text=I cannot help", "candidates/0/finishReason=SAFETY"]),
            (Ollama, vec!["message/content=I cannot help", "done_reason=refusal"]),
        ],
        named: &["content", "stop_reason", "finish_reason", "done_reason"],
    }
}

fn thinking() -> Answer {
    let thought = "Six times seven";
    Answer {
        name: "thoughts",
        gives: vec![
            (P::Openai, openai(json!({"reasoning_content": thought, "content": "42"}), "stop")),
            (
                P::Anthropic,
                anthropic(
                    json!([{"type": "thinking", "thinking": thought, "signature": "c2ln"}, {"type": "text", "text": "42"}]),
                    "end_turn",
                ),
            ),
            (
                P::Responses,
                responses(
                    json!([{"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": thought}], "encrypted_content": "gAAA"}, message(json!([output_text(json!({}))]))]),
                    json!({}),
                ),
            ),
            (
                P::Gemini,
                gemini(
                    json!([{"text": thought, "thought": true}, {"text": "42", "thoughtSignature": "c2ln"}]),
                    "STOP",
                    json!({}),
                ),
            ),
            (P::Ollama, ollama(json!({"thinking": thought, "content": "42"}), "stop")),
            (
                P::Cohere,
                cohere(
                    json!({"content": [{"type": "thinking", "thinking": thought}, {"type": "text", "text": "42"}]}),
                    "COMPLETE",
                ),
            ),
        ],
        told: vec![
            (Chat, vec!["choices/0/message/reasoning_content=Six times seven"]),
            (Anthropic, vec!["content/*/thinking=Six times seven"]),
            (
                Gemini,
                vec!["candidates/0/content/parts/*/text=Six times seven", "candidates/0/content/parts/*/thought=true"],
            ),
            (Responses, vec!["output/*/summary/*/text=Six times seven"]),
            (Ollama, vec!["message/thinking=Six times seven"]),
        ],
        otherwise: vec![],
        named: &["content"],
    }
}

fn redacted() -> Answer {
    Answer {
        name: "thoughts that only the provider can read",
        gives: vec![(
            P::Anthropic,
            anthropic(
                json!([{"type": "redacted_thinking", "data": "cmVkYWN0"}, {"type": "text", "text": "42"}]),
                "end_turn",
            ),
        )],
        told: vec![(Anthropic, vec!["content/*/data=cmVkYWN0"])],
        otherwise: vec![
            (Chat, vec!["choices/0/message/thinking_blocks/*/data=cmVkYWN0"]),
            (Responses, vec!["output/*/encrypted_content=cmVkYWN0"]),
            (Gemini, vec!["candidates/0/content/parts/*/thoughtSignature"]),
        ],
        named: &["content"],
    }
}

/// Calls of functions in each provider's words.
fn called(calls: &[(&str, &str, Value)]) -> Vec<(P, Value)> {
    let functions: Vec<Value> = calls.iter().map(|(id, name, input)| json!({"id": id, "type": "function", "function": {"name": name, "arguments": input.to_string()}})).collect();
    let blocks: Vec<Value> = calls
        .iter()
        .map(|(id, name, input)| json!({"type": "tool_use", "id": id, "name": name, "input": input}))
        .collect();
    let items: Vec<Value> = calls.iter().map(|(id, name, input)| json!({"id": format!("fc_{id}"), "type": "function_call", "status": "completed", "call_id": id, "name": name, "arguments": input.to_string()})).collect();
    let parts: Vec<Value> = calls
        .iter()
        .map(|(id, name, input)| json!({"functionCall": {"id": id, "name": name, "args": input}}))
        .collect();
    let whole: Vec<Value> = calls
        .iter()
        .map(|(id, name, input)| json!({"id": id, "function": {"name": name, "arguments": input}}))
        .collect();
    vec![
        (P::Openai, openai(json!({"tool_calls": functions}), "tool_calls")),
        (P::Anthropic, anthropic(json!(blocks), "tool_use")),
        (P::Responses, responses(json!(items), json!({}))),
        (P::Gemini, gemini(json!(parts), "STOP", json!({}))),
        (P::Ollama, ollama(json!({"tool_calls": whole}), "stop")),
        (P::Cohere, cohere(json!({"tool_calls": functions}), "TOOL_CALL")),
    ]
}

fn calls() -> Vec<Answer> {
    let paris = || ("call_1", "get_weather", json!({"city": "Paris"}));
    let rome = || ("call_2", "get_weather", json!({"city": "Rome"}));
    vec![
        Answer {
            name: "calls of functions, with their arguments",
            gives: called(&[paris()]),
            told: vec![
                (
                    Chat,
                    vec![
                        "choices/0/message/tool_calls/0/function/name=get_weather",
                        "choices/0/message/tool_calls/0/function/arguments={\"city\":\"Paris\"}",
                        "choices/0/message/tool_calls/0/id=call_1",
                        "choices/0/finish_reason=tool_calls",
                    ],
                ),
                (
                    Anthropic,
                    vec![
                        "content/*/name=get_weather",
                        "content/*/input/city=Paris",
                        "content/*/id=call_1",
                        "stop_reason=tool_use",
                    ],
                ),
                (
                    Gemini,
                    vec![
                        "candidates/0/content/parts/*/functionCall/name=get_weather",
                        "candidates/0/content/parts/*/functionCall/args/city=Paris",
                    ],
                ),
                (
                    Responses,
                    vec![
                        "output/*/name=get_weather",
                        "output/*/arguments={\"city\":\"Paris\"}",
                        "output/*/call_id=call_1",
                    ],
                ),
                (
                    Ollama,
                    vec![
                        "message/tool_calls/*/function/name=get_weather",
                        "message/tool_calls/*/function/arguments/city=Paris",
                    ],
                ),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Answer {
            name: "several calls at once",
            gives: called(&[paris(), rome()]),
            told: vec![
                (
                    Chat,
                    vec![
                        "choices/0/message/tool_calls/0/function/arguments={\"city\":\"Paris\"}",
                        "choices/0/message/tool_calls/1/function/arguments={\"city\":\"Rome\"}",
                        "choices/0/message/tool_calls/1/id=call_2",
                    ],
                ),
                (Anthropic, vec!["content/0/input/city=Paris", "content/1/input/city=Rome", "content/1/id=call_2"]),
                (
                    Gemini,
                    vec![
                        "candidates/0/content/parts/0/functionCall/args/city=Paris",
                        "candidates/0/content/parts/1/functionCall/args/city=Rome",
                    ],
                ),
                (
                    Responses,
                    vec![
                        "output/0/arguments={\"city\":\"Paris\"}",
                        "output/1/arguments={\"city\":\"Rome\"}",
                        "output/1/call_id=call_2",
                    ],
                ),
                (
                    Ollama,
                    vec![
                        "message/tool_calls/0/function/arguments/city=Paris",
                        "message/tool_calls/1/function/arguments/city=Rome",
                    ],
                ),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Answer {
            name: "calls without arguments",
            gives: called(&[("call_1", "now", json!({}))]),
            told: vec![
                (
                    Chat,
                    vec![
                        "choices/0/message/tool_calls/0/function/name=now",
                        "choices/0/message/tool_calls/0/function/arguments={}",
                    ],
                ),
                (Anthropic, vec!["content/*/name=now", "content/*/input={}"]),
                (Gemini, vec!["candidates/0/content/parts/*/functionCall/name=now"]),
                (Responses, vec!["output/*/name=now", "output/*/arguments={}"]),
                (Ollama, vec!["message/tool_calls/*/function/name=now", "message/tool_calls/*/function/arguments={}"]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
    ]
}

fn endings() -> Vec<Answer> {
    let all =
        |words: [(P, &str); 6]| words.into_iter().map(|(protocol, word)| (protocol, ended(protocol, word))).collect();
    let mut stopped = anthropic(json!([{"type": "text", "text": "The sky is blue."}]), "stop_sequence");
    stopped["stop_sequence"] = json!("END");
    let paused = anthropic(json!([{"type": "text", "text": "The sky is blue."}]), "pause_turn");
    vec![
        Answer {
            name: "the limit ended it",
            gives: all([
                (P::Openai, "length"),
                (P::Anthropic, "max_tokens"),
                (P::Responses, "max_output_tokens"),
                (P::Gemini, "MAX_TOKENS"),
                (P::Ollama, "length"),
                (P::Cohere, "MAX_TOKENS"),
            ]),
            told: vec![
                (Chat, vec!["choices/0/finish_reason=length"]),
                (Completions, vec!["choices/0/finish_reason=length"]),
                (Anthropic, vec!["stop_reason=max_tokens"]),
                (Gemini, vec!["candidates/0/finishReason=MAX_TOKENS"]),
                (Responses, vec!["status=incomplete", "incomplete_details/reason=max_output_tokens"]),
                (Ollama, vec!["done_reason=length"]),
            ],
            otherwise: vec![],
            named: &["reason"],
        },
        Answer {
            name: "a stop sequence ended it, and which",
            gives: vec![(P::Anthropic, stopped)],
            told: vec![(Anthropic, vec!["stop_reason=stop_sequence", "stop_sequence=END"])],
            otherwise: vec![],
            named: &["stop_sequence", "reason"],
        },
        Answer {
            name: "a filter ended it",
            gives: vec![
                (P::Openai, ended(P::Openai, "content_filter")),
                (P::Responses, ended(P::Responses, "content_filter")),
                (P::Gemini, ended(P::Gemini, "SAFETY")),
                (P::Cohere, ended(P::Cohere, "ERROR_TOXIC")),
            ],
            told: vec![
                (Chat, vec!["choices/0/finish_reason=content_filter"]),
                (Completions, vec!["choices/0/finish_reason=content_filter"]),
                (Gemini, vec!["candidates/0/finishReason=SAFETY"]),
                (Responses, vec!["incomplete_details/reason=content_filter"]),
            ],
            otherwise: vec![(Anthropic, vec!["stop_reason=refusal"]), (Ollama, vec!["done_reason=content_filter"])],
            named: &["reason"],
        },
        Answer {
            name: "a pause in a long turn",
            gives: vec![(P::Anthropic, paused)],
            told: vec![(Anthropic, vec!["stop_reason=pause_turn"])],
            otherwise: vec![(Ollama, vec!["done_reason=pause"])],
            named: &["reason"],
        },
    ]
}

const PLACE: &str = "https://example.com/sky";

fn evidence() -> Vec<Answer> {
    let note = json!({"type": "url_citation", "url": PLACE, "title": "Sky", "start_index": 0, "end_index": 16});
    let chat_note = json!({"type": "url_citation", "url_citation": {"url": PLACE, "title": "Sky", "start_index": 0, "end_index": 16}});
    let cited = json!([{"type": "web_search_result_location", "cited_text": "blue", "url": PLACE, "title": "Sky", "encrypted_index": "Eo8"}]);
    let grounding = json!({"groundingMetadata": {"webSearchQueries": ["sky"], "groundingChunks": [{"web": {"uri": PLACE, "title": "Sky"}}],
        "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 16, "text": "The sky is blue."}, "groundingChunkIndices": [0]}]}});
    let citations = json!([{"start": 0, "end": 16, "text": "The sky is blue.", "type": "TEXT_CONTENT", "sources": [{"type": "document", "id": "d1", "document": {"id": "d1", "title": "Sky", "url": PLACE}}]}]);
    let search = json!([
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "why is the sky blue"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result", "url": PLACE, "title": "Sky", "encrypted_content": "Eo8"}]},
        {"type": "text", "text": "The sky is blue."}]);
    let searched = json!([{"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "why is the sky blue", "sources": [{"type": "url", "url": PLACE}]}}, message(json!([output_text(json!({}))]))]);
    let queries = json!({"groundingMetadata": {"webSearchQueries": ["why is the sky blue"], "groundingChunks": [{"web": {"uri": PLACE, "title": "Sky"}}]}});
    vec![
        Answer {
            name: "citations of pages",
            gives: vec![
                (P::Openai, openai(json!({"content": "The sky is blue.", "annotations": [chat_note]}), "stop")),
                (
                    P::Anthropic,
                    anthropic(json!([{"type": "text", "text": "The sky is blue.", "citations": cited}]), "end_turn"),
                ),
                (
                    P::Responses,
                    responses(json!([message(json!([output_text(json!({"annotations": [note]}))]))]), json!({})),
                ),
                (P::Gemini, gemini(json!([{"text": "The sky is blue."}]), "STOP", grounding)),
                (
                    P::Cohere,
                    cohere(
                        json!({"content": [{"type": "text", "text": "The sky is blue."}], "citations": citations}),
                        "COMPLETE",
                    ),
                ),
            ],
            told: vec![
                (
                    Chat,
                    vec![
                        "choices/0/message/annotations/*/url_citation/url=https://example.com/sky",
                        "choices/0/message/annotations/*/url_citation/title=Sky",
                        "choices/0/message/annotations/*/url_citation/end_index=16",
                    ],
                ),
                (
                    Anthropic,
                    vec!["content/*/citations/*/url=https://example.com/sky", "content/*/citations/*/title=Sky"],
                ),
                (
                    Gemini,
                    vec![
                        "candidates/0/groundingMetadata/groundingChunks/*/web/uri=https://example.com/sky",
                        "candidates/0/groundingMetadata/groundingSupports/*/segment/endIndex=16",
                    ],
                ),
                (
                    Responses,
                    vec![
                        "output/*/content/*/annotations/*/url=https://example.com/sky",
                        "output/*/content/*/annotations/*/end_index=16",
                    ],
                ),
            ],
            otherwise: vec![],
            named: &["content", "citations", "annotations"],
        },
        Answer {
            name: "searches, and what they found",
            gives: vec![
                (P::Anthropic, anthropic(search, "end_turn")),
                (P::Responses, responses(searched, json!({}))),
                (P::Gemini, gemini(json!([{"text": "The sky is blue."}]), "STOP", queries)),
            ],
            told: vec![
                (
                    Anthropic,
                    vec![
                        "content/*/input/query=why is the sky blue",
                        "content/*/content/*/url=https://example.com/sky",
                    ],
                ),
                (
                    Gemini,
                    vec![
                        "candidates/0/groundingMetadata/webSearchQueries=why is the sky blue",
                        "candidates/0/groundingMetadata/groundingChunks/*/web/uri=https://example.com/sky",
                    ],
                ),
                (
                    Responses,
                    vec![
                        "output/*/type=web_search_call",
                        "output/*/action/query=why is the sky blue",
                        "output/*/action/sources/*/url=https://example.com/sky",
                    ],
                ),
            ],
            otherwise: vec![],
            named: &["content"],
        },
    ]
}

fn media() -> Vec<Answer> {
    let picture = "iVBORw0KGgo=";
    let sound = "UklGRiQAAABXQVZF";
    vec![
        Answer {
            name: "pictures",
            gives: vec![
                (
                    P::Openai,
                    openai(
                        json!({"content": "Here.", "images": [{"index": 0, "type": "image_url", "image_url": {"url": format!("data:image/png;base64,{picture}")}}]}),
                        "stop",
                    ),
                ),
                (
                    P::Responses,
                    responses(
                        json!([{"id": "ig_1", "type": "image_generation_call", "status": "completed", "output_format": "png", "result": picture}]),
                        json!({}),
                    ),
                ),
                (
                    P::Gemini,
                    gemini(
                        json!([{"text": "Here."}, {"inlineData": {"mimeType": "image/png", "data": picture}}]),
                        "STOP",
                        json!({}),
                    ),
                ),
            ],
            told: vec![
                (Chat, vec!["choices/0/message/images/*/image_url/url=data:image/png;base64,iVBORw0KGgo="]),
                (Gemini, vec!["candidates/0/content/parts/*/inlineData/data=iVBORw0KGgo="]),
                (Responses, vec!["output/*/type=image_generation_call", "output/*/result=iVBORw0KGgo="]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Answer {
            name: "speech",
            gives: vec![
                (
                    P::Openai,
                    openai(
                        json!({"audio": {"id": "audio_1", "data": sound, "transcript": "Hello", "expires_at": 1}}),
                        "stop",
                    ),
                ),
                (
                    P::Gemini,
                    gemini(
                        json!([{"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": sound}}]),
                        "STOP",
                        json!({}),
                    ),
                ),
            ],
            told: vec![
                (Chat, vec!["choices/0/message/audio/data=UklGRiQAAABXQVZF"]),
                (Gemini, vec!["candidates/0/content/parts/*/inlineData/data=UklGRiQAAABXQVZF"]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
    ]
}

fn numbers() -> Vec<Answer> {
    let mut likely = openai(json!({"content": "blue"}), "stop");
    let tokens = json!([{"token": "blue", "logprob": -0.5, "bytes": [98], "top_logprobs": []}]);
    likely["choices"][0]["logprobs"] = json!({"content": tokens, "refusal": null});
    let mut two = openai(json!({"content": "blue"}), "stop");
    two["choices"] = json!([two["choices"][0], {"index": 1, "message": {"role": "assistant", "content": "green"}, "logprobs": null, "finish_reason": "stop"}]);
    let mut counted = openai(json!({"content": "blue"}), "stop");
    counted["usage"] = json!({"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42, "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 5}});
    let mut tiered = text(P::Openai);
    tiered["service_tier"] = json!("flex");
    let mut claude = text(P::Anthropic);
    claude["usage"] =
        json!({"input_tokens": 22, "cache_read_input_tokens": 8, "output_tokens": 12, "service_tier": "priority"});
    let mut claude_counts = claude.clone();
    claude_counts["usage"]["service_tier"] = Value::Null;
    let mut google = text(P::Gemini);
    google["usageMetadata"] = json!({"promptTokenCount": 30, "cachedContentTokenCount": 8, "candidatesTokenCount": 7, "thoughtsTokenCount": 5, "totalTokenCount": 42});
    let mut google_two = text(P::Gemini);
    google_two["candidates"] = json!([google_two["candidates"][0], {"index": 1, "content": {"role": "model", "parts": [{"text": "green"}]}, "finishReason": "STOP"}]);
    let logprobs = json!({"logprobsResult": {"topCandidates": [{"candidates": [{"token": "blue", "logProbability": -0.5}]}], "chosenCandidates": [{"token": "blue", "logProbability": -0.5}]}});
    let mut sky =
        responses(json!([message(json!([output_text(json!({"logprobs": tokens}))]))]), json!({"service_tier": "flex"}));
    sky["usage"] = json!({"input_tokens": 30, "input_tokens_details": {"cached_tokens": 8}, "output_tokens": 12, "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 42});
    let mut lines = ollama(json!({"content": "blue"}), "stop");
    lines["logprobs"] = tokens.clone();
    vec![
        Answer {
            name: "likelihoods",
            gives: vec![
                (P::Openai, likely),
                (P::Responses, sky.clone()),
                (P::Gemini, gemini(json!([{"text": "blue"}]), "STOP", logprobs)),
                (P::Ollama, lines),
            ],
            told: vec![
                (Chat, vec!["choices/0/logprobs/content/*/logprob=-0.5"]),
                (Gemini, vec!["candidates/0/logprobsResult/chosenCandidates/*/logProbability=-0.5"]),
                (Responses, vec!["output/*/content/*/logprobs/*/logprob=-0.5"]),
                (Ollama, vec!["logprobs/*/logprob=-0.5"]),
            ],
            otherwise: vec![(Completions, vec!["choices/0/logprobs/token_logprobs=-0.5"])],
            named: &["logprobs"],
        },
        Answer {
            name: "several answers",
            gives: vec![(P::Openai, two), (P::Gemini, google_two)],
            told: vec![
                (Chat, vec!["choices/1/message/content=green"]),
                (Completions, vec!["choices/1/text=green"]),
                (Gemini, vec!["candidates/1/content/parts/*/text=green"]),
            ],
            otherwise: vec![],
            named: &["choices[1]", "choices"],
        },
        Answer {
            name: "counts of tokens",
            gives: super::PROVIDERS.iter().map(|protocol| (*protocol, text(*protocol))).collect(),
            told: vec![
                (Chat, vec!["usage/prompt_tokens=30", "usage/completion_tokens=12"]),
                (Completions, vec!["usage/prompt_tokens=30", "usage/completion_tokens=12"]),
                (Anthropic, vec!["usage/input_tokens=30", "usage/output_tokens=12"]),
                (Gemini, vec!["usageMetadata/promptTokenCount=30", "usageMetadata/totalTokenCount=42"]),
                (Responses, vec!["usage/input_tokens=30", "usage/output_tokens=12"]),
                (Ollama, vec!["prompt_eval_count=30", "eval_count=12"]),
            ],
            otherwise: vec![],
            named: &["usage"],
        },
        Answer {
            name: "tokens from a cache",
            gives: vec![
                (P::Openai, counted.clone()),
                (P::Anthropic, claude_counts),
                (P::Responses, sky.clone()),
                (P::Gemini, google.clone()),
            ],
            told: vec![
                (Chat, vec!["usage/prompt_tokens=30", "usage/prompt_tokens_details/cached_tokens=8"]),
                (Completions, vec!["usage/prompt_tokens=30", "usage/prompt_tokens_details/cached_tokens=8"]),
                (Anthropic, vec!["usage/input_tokens=22", "usage/cache_read_input_tokens=8"]),
                (Gemini, vec!["usageMetadata/cachedContentTokenCount=8"]),
                (Responses, vec!["usage/input_tokens_details/cached_tokens=8"]),
            ],
            otherwise: vec![],
            named: &["usage"],
        },
        Answer {
            name: "tokens of thinking",
            gives: vec![(P::Openai, counted), (P::Responses, sky.clone()), (P::Gemini, google)],
            told: vec![
                (Chat, vec!["usage/completion_tokens=12", "usage/completion_tokens_details/reasoning_tokens=5"]),
                (Completions, vec!["usage/completion_tokens=12", "usage/completion_tokens_details/reasoning_tokens=5"]),
                (Anthropic, vec!["usage/output_tokens=12", "usage/output_tokens_details/thinking_tokens=5"]),
                (Gemini, vec!["usageMetadata/thoughtsTokenCount=5", "usageMetadata/candidatesTokenCount=7"]),
                (Responses, vec!["usage/output_tokens_details/reasoning_tokens=5"]),
            ],
            otherwise: vec![],
            named: &["usage"],
        },
        Answer {
            name: "the tier that served it",
            gives: vec![(P::Openai, tiered), (P::Anthropic, claude), (P::Responses, sky)],
            told: vec![
                (Chat, vec!["service_tier"]),
                (Completions, vec!["service_tier"]),
                (Anthropic, vec!["usage/service_tier"]),
                (Gemini, vec!["usageMetadata/serviceTier"]),
                (Responses, vec!["service_tier"]),
            ],
            otherwise: vec![],
            named: &["service_tier"],
        },
    ]
}
