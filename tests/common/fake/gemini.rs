//! The provider in Gemini's words: answers, streams, token counts, embeddings, models.

use super::http::{Answer, Request};
use super::script::{
    Ask, CACHE_READ, COUNTED, Choice, Ending, INPUT, MODELS, Play, REDACTED, SIGNATURE, Said, Words, compose,
    pieces_of, strings,
};
use serde_json::{Value, json};

const ID: &str = "fake-response";

/// Any request below `/v1beta/`.
pub fn answer(request: &Request, task: &str, query: &str) -> Answer {
    let body: Value = request.json();
    let decoded = task.replace("%3A", ":").replace("%2F", "/");
    let name = decoded.strip_prefix("models/");
    match (request.method.as_str(), name.and_then(|name| name.rsplit_once(':'))) {
        ("POST", Some((model, "generateContent"))) => generate(model, &body, false),
        ("POST", Some((model, "streamGenerateContent"))) if query.contains("alt=sse") => generate(model, &body, true),
        ("POST", Some((model, "countTokens"))) => count_tokens(model),
        ("POST", Some((_, "embedContent"))) => {
            Answer::json(200, &json!({"embedding": {"values": [0.5, -0.25, 0.0, 1.0]}}))
        }
        ("POST", Some((model, "batchEmbedContents"))) => batch(model, &body),
        ("GET", _) if task == "models" => Answer::json(200, &json!({"models": MODELS.map(card)})),
        ("GET", _) if name.is_some() => Answer::json(200, &card(name.unwrap())),
        _ => error(404, "no such endpoint"),
    }
}

fn card(id: &str) -> Value {
    json!({"name": format!("models/{id}"), "displayName": id, "supportedGenerationMethods": ["generateContent"]})
}

fn count_tokens(model: &str) -> Answer {
    Words::of(model).trouble(error).unwrap_or_else(|| Answer::json(200, &json!({"totalTokens": COUNTED})))
}

/// As Google does, refuses a batch that names another model than the URL.
fn batch(model: &str, body: &Value) -> Answer {
    let requests = body["requests"].as_array().cloned().unwrap_or_default();
    if requests.iter().any(|request| request["model"] != format!("models/{model}")) {
        return error(400, "BatchEmbedContentsRequest.requests[0].model: another model");
    }
    let vector = |index: usize| json!({"values": [0.5, -0.25, index, 1.0]});
    Answer::json(200, &json!({"embeddings": (0..requests.len()).map(vector).collect::<Vec<_>>()}))
}

fn generate(model: &str, body: &Value, stream: bool) -> Answer {
    let ask = read(model, body, stream);
    let words = Words::of(&ask.model);
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    if let Some(fault) = fault(body) {
        return error(400, &fault);
    }
    let play = compose(&ask);
    if stream {
        let failed = complaint(503, "the fake provider failed");
        return words.stream(frames(&ask, &play), &format!("data: {failed}\r\n\r\n"));
    }
    words.whole(&whole(&ask, &play))
}

/// What Google refuses: members that it does not know, results that stand alone, calls without their seals.
fn fault(body: &Value) -> Option<String> {
    let known = [
        "contents",
        "systemInstruction",
        "tools",
        "toolConfig",
        "safetySettings",
        "generationConfig",
        "cachedContent",
        "serviceTier",
        "labels",
        "system_instruction",
        "generation_config",
    ];
    let members = body.as_object()?;
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Some(format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."));
    }
    let contents = body["contents"].as_array().cloned().unwrap_or_default();
    if contents.is_empty() {
        return Some("contents is not specified".to_owned());
    }
    for content in &contents {
        for part in content["parts"].as_array().into_iter().flatten() {
            let seal = part["thoughtSignature"].as_str();
            let other =
                seal.is_some_and(|seal| ![SIGNATURE, REDACTED, "skip_thought_signature_validator"].contains(&seal));
            if other {
                return Some("Corrupted thought signature.".to_owned());
            }
        }
    }
    None
}

fn read(model: &str, body: &Value, stream: bool) -> Ask {
    let last = body["contents"].as_array().and_then(|contents| contents.last()).cloned().unwrap_or_default();
    let parts = last["parts"].as_array().cloned().unwrap_or_default();
    let config =
        if body["generationConfig"].is_object() { &body["generationConfig"] } else { &body["generation_config"] };
    let calling = &body["toolConfig"]["functionCallingConfig"];
    let allowed = strings(&calling["allowedFunctionNames"]);
    let tools = body["tools"].as_array().into_iter().flatten();
    let functions = tools.flat_map(|tool| tool["functionDeclarations"].as_array().into_iter().flatten());
    Ask {
        model: model.to_owned(),
        stream,
        limit: config["maxOutputTokens"].as_u64().map(|limit| limit as usize),
        stops: strings(&config["stopSequences"]),
        choice: match (calling["mode"].as_str(), allowed.first()) {
            (Some("NONE"), _) => Choice::None,
            (Some("ANY"), Some(name)) => Choice::Tool(name.clone()),
            (Some("ANY"), None) => Choice::Any,
            _ => Choice::Auto,
        },
        one_call: false,
        tools: functions.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect(),
        schema: config["responseJsonSchema"].is_object() || config["responseSchema"].is_object(),
        results: parts.iter().filter(|part| part["functionResponse"].is_object()).map(result).collect(),
    }
}

/// The words of a function's response.
fn result(part: &Value) -> String {
    let response = &part["functionResponse"]["response"];
    let only = |name: &str| response[name].as_str().map(str::to_owned);
    only("output").or_else(|| only("result")).or_else(|| only("error")).unwrap_or_else(|| response.to_string())
}

/// Parts of the whole answer; the seal stands on the first call, else on the text.
fn parts(play: &Play) -> Vec<Value> {
    let mut sealed = !play.said.iter().any(|said| matches!(said, Said::Thinking(_)));
    let mut parts: Vec<Value> = Vec::new();
    let has_calls = play.said.iter().any(|said| matches!(said, Said::Call { .. }));
    for said in &play.said {
        let mut part = match said {
            Said::Text(pieces) => json!({"text": pieces.concat()}),
            Said::Refusal(text) => json!({"text": text}),
            Said::Thinking(thought) => json!({"text": thought, "thought": true}),
            Said::Redacted(_) => continue,
            Said::Call { id, name, input } => {
                let args: Value = serde_json::from_str(input).unwrap();
                json!({"functionCall": {"id": id, "name": name, "args": args}})
            }
        };
        let seals = if has_calls { matches!(said, Said::Call { .. }) } else { !matches!(said, Said::Thinking(_)) };
        if seals && !std::mem::replace(&mut sealed, true) {
            part["thoughtSignature"] = SIGNATURE.into();
        }
        parts.push(part);
    }
    parts
}

fn reason(play: &Play) -> &'static str {
    match &play.ending {
        Ending::Stop | Ending::StopText(_) | Ending::Calls | Ending::Refusal => "STOP",
        Ending::Length => "MAX_TOKENS",
        Ending::Filter => "SAFETY",
    }
}

fn usage(play: &Play) -> Value {
    let cached = if play.cached { CACHE_READ } else { 0 };
    let said = play.output - play.reasoning;
    let mut usage = json!({
        "promptTokenCount": INPUT + cached, "candidatesTokenCount": said,
        "totalTokenCount": INPUT + cached + play.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": INPUT + cached}],
    });
    if play.reasoning > 0 {
        usage["thoughtsTokenCount"] = play.reasoning.into();
    }
    if cached > 0 {
        usage["cachedContentTokenCount"] = cached.into();
    }
    usage
}

fn response(ask: &Ask, candidate: Value) -> Value {
    json!({"candidates": [candidate], "modelVersion": ask.model, "responseId": ID})
}

fn whole(ask: &Ask, play: &Play) -> Value {
    let candidate = json!({
        "content": {"parts": parts(play), "role": "model"}, "finishReason": reason(play), "index": 0,
    });
    let mut body = response(ask, candidate);
    if play.usage {
        body["usageMetadata"] = usage(play);
    }
    body
}

fn frames(ask: &Ask, play: &Play) -> Vec<String> {
    let mut frames = Vec::new();
    let mut push = |candidate: Value, usage: Option<Value>| {
        let mut body = response(ask, candidate);
        if let Some(usage) = usage {
            body["usageMetadata"] = usage;
        }
        frames.push(format!("data: {body}\r\n\r\n"));
    };
    for part in parts(play) {
        let seal = part.get("thoughtSignature").cloned();
        let Some(text) = part["text"].as_str() else {
            push(json!({"content": {"parts": [part], "role": "model"}, "index": 0}), None);
            continue;
        };
        let pieces = play.said.iter().find_map(|said| match said {
            Said::Text(pieces) if pieces.concat() == text => Some(pieces.clone()),
            _ => None,
        });
        for piece in pieces.unwrap_or_else(|| pieces_of(text)) {
            let mut part = json!({"text": piece});
            if parts(play).iter().any(|whole| whole["thought"] == true && whole["text"] == text) {
                part["thought"] = true.into();
            }
            push(json!({"content": {"parts": [part], "role": "model"}, "index": 0}), None);
        }
        // As Google does: the seal of a text comes behind it, on a part without words.
        if let Some(seal) = seal {
            let part = json!({"text": "", "thoughtSignature": seal});
            push(json!({"content": {"parts": [part], "role": "model"}, "index": 0}), None);
        }
    }
    let last = json!({"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": reason(play), "index": 0});
    push(last, play.usage.then(|| usage(play)));
    frames
}

/// An error body.
pub fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, &complaint(status, message))
}

fn complaint(status: u16, message: &str) -> Value {
    let word = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    let mut error = json!({"code": status, "message": message, "status": word});
    if status == 429 {
        let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"});
        error["details"] = json!([retry]);
    }
    json!({"error": error})
}
