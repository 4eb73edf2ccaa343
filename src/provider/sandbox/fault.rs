//! Errors in OpenAI's shape (<https://platform.openai.com/docs/guides/error-codes>).

use super::body::{Ending, SandboxBody};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::json;
use std::time::Duration;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

impl Fault {
    fn invalid(code: Option<&'static str>, param: Option<String>, message: String) -> Fault {
        Fault { status: StatusCode::BAD_REQUEST, kind: "invalid_request_error", code, param, message }
    }

    /// The body is no JSON object.
    pub fn malformed(why: &str) -> Fault {
        Fault::invalid(None, None, format!("We could not parse the JSON body of your request: {why}."))
    }

    /// A field that must be there is not.
    pub fn missing(param: &str) -> Fault {
        let message = format!("Missing required parameter: '{param}'.");
        Fault::invalid(Some("missing_required_parameter"), Some(param.to_owned()), message)
    }

    /// A field has the wrong type. `expected` reads like "a boolean".
    pub fn wrong_type(param: &str, expected: &str) -> Fault {
        let message = format!("Invalid type for '{param}': expected {expected}.");
        Fault::invalid(Some("invalid_type"), Some(param.to_owned()), message)
    }

    /// A field has a value that makes no sense. `expected` reads like "a number from 1 to 128".
    pub fn wrong_value(param: &str, expected: &str) -> Fault {
        let message = format!("Invalid value for '{param}': expected {expected}.");
        Fault::invalid(Some("invalid_value"), Some(param.to_owned()), message)
    }

    /// There is no such model.
    pub fn unknown_model(name: &str) -> Fault {
        let message = format!(
            "The model `{name}` does not exist. The sandbox has echo, fixed, tools, slow, cut and error-STATUS, \
             such as error-429."
        );
        Fault {
            status: StatusCode::NOT_FOUND,
            code: Some("model_not_found"),
            ..Fault::invalid(None, Some("model".to_owned()), message)
        }
    }

    /// The protocol has no such task.
    pub fn no_such_endpoint() -> Fault {
        let message =
            "The sandbox has chat completions, completions, embeddings, models, images/generations, audio/speech, \
                       audio/transcriptions, audio/translations, moderations and rerank."
                .to_owned();
        Fault { status: StatusCode::NOT_FOUND, ..Fault::invalid(Some("unknown_url"), None, message) }
    }

    /// What the models `error-STATUS` answer.
    pub fn on_demand(status: StatusCode) -> Fault {
        let (kind, code) = match status.as_u16() {
            401 => ("invalid_request_error", Some("invalid_api_key")),
            404 => ("invalid_request_error", Some("model_not_found")),
            429 => ("requests", Some("rate_limit_exceeded")),
            400..=499 => ("invalid_request_error", None),
            _ => ("server_error", None),
        };
        let message = format!("The sandbox model `error-{0}` always fails with status {0}.", status.as_u16());
        Fault { status, kind, code, param: None, message }
    }

    /// The error as it travels. 429 and 503 ask to wait for one second.
    pub fn into_response(self) -> Response<SandboxBody> {
        let error = json!({"message": self.message, "type": self.kind, "param": self.param, "code": self.code});
        let text = json!({"error": error}).to_string();
        let mut response =
            Response::new(SandboxBody::new(vec![text.into_bytes().into()], Duration::ZERO, Ending::Whole));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
