//! What clouds have beside a model: tokens, and paths of their own.

use super::http::{Answer, Request};
use serde_json::json;

/// The tokens that are made here.
pub const TOKEN: &str = "token-of-the-fake";
/// Who knows this gets one.
pub const CLIENT_SECRET: &str = "provider-secret";

/// The answer of a token endpoint; none where another was asked.
pub fn token(request: &Request, path: &str) -> Option<Answer> {
    let form = String::from_utf8_lossy(&request.body).into_owned();
    if !path.ends_with("/oauth2/v2.0/token") {
        return None;
    }
    if path.starts_with("/wrong/") {
        let said = "AADSTS90002: Tenant 'wrong' not found.\r\nTrace ID: 1";
        return Some(Answer::json(400, &json!({"error": "invalid_request", "error_description": said})));
    }
    Some(match form.contains(&format!("client_secret={CLIENT_SECRET}&")) {
        true => Answer::json(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})),
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
