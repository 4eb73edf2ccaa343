//! Any error that a caller may hear, in no dialect.

use std::borrow::Cow;
use std::time::Duration;

/// What went wrong, as a word that scripts match on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// No key, an unknown one, or one that was revoked.
    InvalidApiKey,
    /// The key's time is over.
    ApiKeyExpired,
    /// The key or its user may not call that provider or model.
    ModelNotAllowed,
    /// No such provider or model.
    ModelNotFound,
    /// Several allowed providers have a model of that name.
    ModelAmbiguous,
    /// The provider is switched off.
    ProviderDisabled,
    /// The body cannot be read, or a field that the gateway reads is wrong.
    InvalidRequest,
    /// No such endpoint.
    NotFound,
    /// The endpoint exists, under another method.
    MethodNotAllowed,
    /// The body is larger than allowed.
    RequestTooLarge,
    /// The sender was too slow.
    RequestTimeout,
    /// A budget is used up.
    BudgetExceeded,
    /// A budget needs to know what the call can cost, and nobody does.
    PriceUnknown,
    /// Too many calls, or too many tokens, in a minute or at once.
    RateLimitExceeded,
    /// The model or protocol lacks something that the request needs.
    UnsupportedFeature,
    /// A policy does not let the request, or the answer, through.
    PolicyViolation,
    /// The provider refused, with a status of its own.
    ProviderError,
    /// The provider refused the key that the gateway holds.
    ProviderKeyRejected,
    /// The provider cannot be reached, or broke off.
    ProviderUnreachable,
    /// The provider answered what is no answer.
    ProviderMalformed,
    /// The provider was too slow.
    ProviderTimeout,
    /// The gateway has more to do than it can.
    Overloaded,
    /// The gateway cannot write its records.
    StorageUnavailable,
    /// A fault of the gateway.
    Internal,
}

impl Code {
    /// The word.
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// The HTTP status that goes with it unless a provider's own is passed on.
    pub fn status(self) -> u16 {
        self.entry().1
    }

    fn entry(self) -> (&'static str, u16) {
        match self {
            Code::InvalidApiKey => ("invalid_api_key", 401),
            Code::ApiKeyExpired => ("api_key_expired", 401),
            Code::ModelNotAllowed => ("model_not_allowed", 403),
            Code::ModelNotFound => ("model_not_found", 404),
            Code::ModelAmbiguous => ("model_ambiguous", 400),
            Code::ProviderDisabled => ("provider_disabled", 403),
            Code::InvalidRequest => ("invalid_request_error", 400),
            Code::NotFound => ("not_found", 404),
            Code::MethodNotAllowed => ("method_not_allowed", 405),
            Code::RequestTooLarge => ("request_too_large", 413),
            Code::RequestTimeout => ("request_timeout", 408),
            Code::BudgetExceeded => ("budget_exceeded", 402),
            Code::PriceUnknown => ("price_unknown", 402),
            Code::RateLimitExceeded => ("rate_limit_exceeded", 429),
            Code::UnsupportedFeature => ("unsupported_feature", 400),
            Code::PolicyViolation => ("policy_violation", 400),
            Code::ProviderError => ("provider_error", 502),
            Code::ProviderKeyRejected => ("provider_key_rejected", 502),
            Code::ProviderUnreachable => ("provider_unreachable", 502),
            Code::ProviderMalformed => ("provider_malformed", 502),
            Code::ProviderTimeout => ("provider_timeout", 504),
            Code::Overloaded => ("overloaded", 503),
            Code::StorageUnavailable => ("storage_unavailable", 503),
            Code::Internal => ("internal_error", 500),
        }
    }
}

/// An error for a caller: each dialect writes it in its own shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint {
    /// What went wrong.
    pub code: Code,
    /// The HTTP status.
    pub status: u16,
    /// What failed, on what, and what to do about it.
    pub message: Cow<'static, str>,
    /// The field at fault, as a path like `messages[2].content`.
    pub param: Option<String>,
    /// The provider's own type and code, where it refused.
    pub provider_type: Option<Box<str>>,
    /// The provider's own code, where it refused.
    pub provider_code: Option<String>,
    /// When it is worth another try.
    pub retry_after: Option<Duration>,
    /// More that programs can read.
    pub facts: Option<Box<Facts>>,
}

/// Names, and values as texts, that an error has besides.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Facts(pub Vec<(&'static str, String)>);

impl Complaint {
    /// A complaint with the code's usual status.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Complaint {
        Complaint {
            code,
            status: code.status(),
            message: message.into(),
            param: None,
            provider_type: None,
            provider_code: None,
            retry_after: None,
            facts: None,
        }
    }

    /// The request is at fault, at this place.
    pub fn invalid(param: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Complaint {
        Complaint { param: Some(param.into()), ..Complaint::new(Code::InvalidRequest, message) }
    }

    /// The same with more that programs can read.
    pub fn with_facts(self, facts: Vec<(&'static str, String)>) -> Complaint {
        Complaint { facts: Some(Box::new(Facts(facts))), ..self }
    }

    /// Names and values that it has besides.
    pub fn facts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.facts.iter().flat_map(|facts| facts.0.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// The same with another status.
    pub fn with_status(self, status: u16) -> Complaint {
        Complaint { status, ..self }
    }

    /// The same, worth another try after `wait`.
    pub fn with_retry_after(self, wait: Option<Duration>) -> Complaint {
        Complaint { retry_after: wait, ..self }
    }
}
