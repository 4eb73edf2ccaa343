//! Rules of policies that need no guardrail: who may pass, which tags must be there, what the parameters are.

use super::ready::{Guards, Ruling};
use crate::canonical::{Code, Complaint};
use crate::dialect;
use crate::gateway::call::{Call, Outcome};
use crate::records::{Effect, LimitField, PolicyRule, Stage};
use crate::types::Protocol;
use bytes::Bytes;
use std::collections::BTreeMap;

/// What rules came to: the policy that refuses, and why.
pub(super) struct Refusal {
    /// Place of the policy.
    pub policy: usize,
    pub complaint: Complaint,
}

/// Whether a rule refuses the call. The first policy that allows or denies decides; a missing tag always refuses.
pub(super) fn refusal(guards: &Guards, ruling: &Ruling, tags: &BTreeMap<String, String>) -> Option<Refusal> {
    let mut decided = false;
    for (place, policy) in guards.policies.iter().enumerate() {
        let rule = &policy.record.rule;
        if ruling.matched[place] != Some(true) || ruling.way != Stage::Input || rule.dry_run {
            continue;
        }
        let name = &policy.record.name;
        if let Some(tag) = rule.require_tags.iter().find(|tag| tags.get(*tag).is_none_or(String::is_empty)) {
            let message =
                format!("the policy `{name}` asks for the tag `{tag}`; send the header x-optscale-tags: {tag}=VALUE");
            return Some(Refusal { policy: place, complaint: Complaint::new(Code::PolicyViolation, message) });
        }
        match rule.effect {
            Some(Effect::Deny) if !decided => {
                let message = format!("the policy `{name}` does not let this call through");
                let complaint = Complaint::new(Code::PolicyViolation, message).with_status(403);
                return Some(Refusal { policy: place, complaint });
            }
            Some(_) => decided = true,
            None => {}
        }
    }
    None
}

/// The body with the parameters that rules force; none where they force nothing. The first policy that sets a parameter wins.
///
/// # Errors
/// The body cannot be read.
pub(super) fn forced(guards: &Guards, ruling: &Ruling, (call, field): (&Call, LimitField)) -> Outcome<Option<Bytes>> {
    let applies = |place: &usize| ruling.matched[*place] == Some(true) && !guards.policies[*place].record.rule.dry_run;
    let rules: Vec<&PolicyRule> =
        (0..guards.policies.len()).filter(applies).map(|place| &guards.policies[place].record.rule).collect();
    let mut body: Option<String> = None;
    let mut done: Vec<&str> = Vec::new();
    for (name, value) in rules.iter().flat_map(|rule| &rule.set).map(|(name, value)| (name.as_str(), value.as_str())) {
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        let json = if serde_json::from_str::<serde_json::Value>(value).is_ok() {
            value.to_owned()
        } else {
            serde_json::to_string(value).unwrap_or_default()
        };
        let path: Vec<&str> = name.split('.').collect();
        body = Some(dialect::with_member(body.as_deref().unwrap_or(call.text()), &path, &json)?);
    }
    if let Some(most) = rules.iter().filter_map(|rule| rule.max_output_tokens).min()
        && call.peek.max_output_tokens.as_ref().is_none_or(|field| field.value > most)
    {
        let path = limit_path(call, field);
        body = Some(dialect::with_member(body.as_deref().unwrap_or(call.text()), &path, &most.to_string())?);
    }
    Ok(body.map(Bytes::from))
}

/// Where the caller's protocol has the limit of an answer.
fn limit_path(call: &Call, field: LimitField) -> Vec<&'static str> {
    match call.dialect.protocol() {
        Protocol::Anthropic | Protocol::Cohere => vec!["max_tokens"],
        Protocol::Responses => vec!["max_output_tokens"],
        Protocol::Gemini => vec!["generationConfig", "maxOutputTokens"],
        Protocol::Ollama => vec!["options", "num_predict"],
        Protocol::Bedrock => vec!["inferenceConfig", "maxTokens"],
        Protocol::Openai => {
            let has = |name: &str| dialect::has_member(call.text(), name);
            match (has("max_completion_tokens"), has("max_tokens"), field) {
                (true, _, _) => vec!["max_completion_tokens"],
                (_, true, _) => vec!["max_tokens"],
                (_, _, LimitField::MaxCompletionTokens) => vec!["max_completion_tokens"],
                (_, _, LimitField::MaxTokens) => vec!["max_tokens"],
            }
        }
    }
}
