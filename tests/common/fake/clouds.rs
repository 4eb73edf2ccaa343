//! What clouds have beside a model: tokens, and paths of their own.

use super::http::{Answer, Request};
use super::{anthropic, gemini, openai};
use serde_json::{Value, json};

/// The tokens that are made here.
pub const TOKEN: &str = "token-of-the-fake";
/// Who knows this gets one.
pub const CLIENT_SECRET: &str = "provider-secret";

/// The answer of a token endpoint; none where another was asked.
pub fn token(request: &Request, path: &str) -> Option<Answer> {
    let form = String::from_utf8_lossy(&request.body).into_owned();
    let made = || Some(Answer::json(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})));
    if path.starts_with("/computeMetadata/v1/") {
        return if request.header("metadata-flavor") == Some("Google") { made() } else { Some(refused("no flavor")) };
    }
    if path == "/token" {
        let good =
            form.contains("jwt-bearer&assertion=eyJ") || form.ends_with(&format!("refresh_token={CLIENT_SECRET}"));
        return if good { made() } else { Some(refused("Invalid JWT Signature.")) };
    }
    if !path.ends_with("/oauth2/v2.0/token") {
        return None;
    }
    if path.starts_with("/wrong/") {
        let said = "AADSTS90002: Tenant 'wrong' not found.\r\nTrace ID: 1";
        return Some(Answer::json(400, &json!({"error": "invalid_request", "error_description": said})));
    }
    Some(match form.contains(&format!("client_secret={CLIENT_SECRET}&")) {
        true => made()?,
        false => Answer::json(401, &json!({"error": "invalid_client"})),
    })
}

/// A path of Azure as OpenAI has it.
pub fn azure_path(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/openai/") else { return path };
    match rest.strip_prefix("deployments/") {
        Some(deployment) => deployment.split_once('/').map_or("", |(_, task)| task),
        None => rest.strip_prefix("v1/").unwrap_or(rest),
    }
}

fn refused(why: &str) -> Answer {
    Answer::json(400, &json!({"error": "invalid_grant", "error_description": why}))
}

/// The answer of Vertex; none for a path that is not its own.
pub fn vertex(request: &Request, path: &str, query: &str) -> Option<Answer> {
    if path.ends_with("/endpoints/openapi/chat/completions") {
        return Some(openai::chat(&request.json()));
    }
    let (_, task) = path.split_once("/publishers/")?;
    let (publisher, task) = task.split_once('/')?;
    let (model, verb) = task
        .strip_prefix("models")
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(task)
        .rsplit_once(':')
        .unwrap_or_default();
    Some(match (publisher, verb) {
        ("google", "predict") => predicted(&request.json()),
        ("google", _) => gemini::answer(request, task, query),
        ("anthropic", "rawPredict") if model == "count-tokens" => anthropic::count_tokens(&request.json()),
        ("anthropic", "rawPredict" | "streamRawPredict") => hosted(request, model, verb == "streamRawPredict"),
        _ => return None,
    })
}

/// Anthropic's messages at a cloud: the version in the body, the model only in the path.
fn hosted(request: &Request, model: &str, streams: bool) -> Answer {
    let mut body = request.json();
    let is_streamed = body["stream"] == true;
    if body["anthropic_version"] != "vertex-2023-10-16" || body.get("model").is_some() || streams != is_streamed {
        return anthropic::error(400, "anthropic_version is missing, or model is there, or stream is said otherwise");
    }
    body["model"] = model.replace("%40", "@").into();
    anthropic::messages(&body)
}

fn predicted(body: &Value) -> Answer {
    let texts = body["instances"].as_array().cloned().unwrap_or_default();
    let vector = |index: usize| json!({"embeddings": {"values": [0.5, -0.25, index, 1.0], "statistics": {"token_count": 3, "truncated": false}}});
    Answer::json(200, &json!({"predictions": (0..texts.len()).map(vector).collect::<Vec<_>>()}))
}
