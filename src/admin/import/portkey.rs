//! A Portkey config: a target, or a strategy over several.

use super::draft::{Connection, Draft, Verdict};
use crate::records::SecretSource;
use serde_json::{Map, Value};

/// Portkey's words for vendors, and ours, where they differ.
const VENDORS: &[(&str, &str)] = &[
    ("azure-openai", "azure"),
    ("vertex-ai", "vertex"),
    ("mistral-ai", "mistral"),
    ("together-ai", "together"),
    ("fireworks-ai", "fireworks"),
    ("perplexity-ai", "perplexity"),
    ("x-ai", "xai"),
    ("dashscope", "alibaba"),
];

/// What is said of a target and is no part of it.
const AROUND: &[(&str, Verdict, &str)] = &[
    ("retry", Verdict::Unsupported, "a call is tried once; SDKs try again by themselves"),
    ("cache", Verdict::Unsupported, "answers are not cached; providers' own prompt caches work"),
    ("request_timeout", Verdict::Manual, "time-outs are the gateway's own; see `optscale-ai serve --help`"),
    ("input_guardrails", Verdict::Manual, "guardrails are set apart; see `optscale-ai --help`"),
    ("output_guardrails", Verdict::Manual, "guardrails are set apart; see `optscale-ai --help`"),
    ("before_request_hooks", Verdict::Manual, "guardrails are set apart; see `optscale-ai --help`"),
    ("after_request_hooks", Verdict::Manual, "guardrails are set apart; see `optscale-ai --help`"),
    ("forward_headers", Verdict::Unsupported, "only listed headers go on to a provider"),
    ("weight", Verdict::Unsupported, "a routing rule has one target"),
    ("on_status_codes", Verdict::Unsupported, "a routing rule has one target"),
];

const USED: &[&str] =
    &["provider", "api_key", "virtual_key", "override_params", "custom_host", "strategy", "targets", "name", "id"];

pub(super) fn read(file: &Value, draft: &mut Draft) {
    let Some(config) = file.as_object() else { return };
    target("", config, draft);
}

fn target(part: &str, config: &Map<String, Value>, draft: &mut Draft) {
    let below = |name: &str| if part.is_empty() { name.to_owned() } else { format!("{part}.{name}") };
    if config.contains_key("provider") || config.contains_key("virtual_key") {
        connection(part, config, draft);
    }
    if let Some(mode) = config.get("strategy").and_then(|strategy| strategy["mode"].as_str()) {
        match mode {
            "single" => draft.note(below("strategy"), Verdict::Exact, "one target"),
            _ => draft.note(
                below("strategy"),
                Verdict::Unsupported,
                format!("`{mode}` over several targets: a routing rule has one, the first is taken"),
            ),
        }
    }
    for (place, inner) in config.get("targets").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let part = below(&format!("targets[{place}]"));
        match inner.as_object() {
            Some(inner) => target(&part, inner, draft),
            None => draft.note(part, Verdict::Unsupported, "it is no target"),
        }
    }
    for name in config.keys().filter(|name| !USED.contains(&name.as_str())) {
        match AROUND.iter().find(|(known, ..)| known == name) {
            Some((_, verdict, words)) => draft.note(below(name), *verdict, *words),
            None => draft.note(below(name), Verdict::Unsupported, "nothing here reads it"),
        }
    }
}

fn connection(part: &str, config: &Map<String, Value>, draft: &mut Draft) {
    let part = if part.is_empty() { "target" } else { part };
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let Some(vendor) = text("provider").filter(|vendor| !vendor.starts_with('@')) else {
        let name = text("virtual_key").or(text("provider")).unwrap_or_default();
        let words = format!("`{name}` is kept at Portkey; register the provider here: `optscale-ai provider add KIND`");
        draft.note(part, Verdict::Manual, words);
        return;
    };
    let kind = VENDORS.iter().find(|(theirs, _)| *theirs == vendor).map_or(vendor, |(_, ours)| *ours);
    if !draft.has_kind(part, kind) {
        return;
    }
    let key = match (text("api_key"), text("virtual_key")) {
        (Some(key), _) => placeholder(key).or_else(|| draft.secret(&format!("{part}.api_key"), kind)),
        (None, Some(_)) => draft.secret(&format!("{part}.virtual_key"), kind),
        (None, None) => None,
    };
    let provider = draft.provider(&Connection { kind, name: vendor, base_url: text("custom_host"), key });
    let params = config.get("override_params").and_then(Value::as_object);
    match params.and_then(|params| params.get("model")).and_then(Value::as_str) {
        Some(model) => draft.route(part, "portkey", &format!("{provider}/{model}")),
        None => draft.note(part, Verdict::Exact, format!("provider `{provider}`; callers name {provider}/MODEL")),
    }
    for name in params.into_iter().flat_map(Map::keys).filter(|name| name.as_str() != "model") {
        let words = "parameters are the caller's; forced ones need a policy";
        draft.note(format!("{part}.override_params.{name}"), Verdict::Manual, words);
    }
}

/// `${VAR}`, `{{VAR}}` and `$VAR` name a variable.
pub(super) fn placeholder(text: &str) -> Option<SecretSource> {
    let inner = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")))
        .or_else(|| text.strip_prefix('$'))?
        .trim();
    let named = !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    named.then(|| SecretSource::Env(inner.to_owned()))
}
