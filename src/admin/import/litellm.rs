//! LiteLLM's `config.yaml`: `model_list`, and the settings around it.

use super::draft::{Connection, Draft, Verdict};
use crate::provider;
use crate::records::SecretSource;
use serde_json::{Map, Value};

/// LiteLLM's words for vendors, and ours, where they differ.
const VENDORS: &[(&str, &str)] = &[
    ("gemini", "google"),
    ("vertex_ai", "vertex"),
    ("vertex_ai_beta", "vertex"),
    ("azure_ai", "azure"),
    ("together_ai", "together"),
    ("fireworks_ai", "fireworks"),
    ("cohere_chat", "cohere"),
    ("ollama_chat", "ollama"),
    ("hosted_vllm", "vllm"),
    ("lm_studio", "lmstudio"),
    ("nvidia_nim", "nvidia"),
    ("text-completion-openai", "openai"),
    ("litellm_proxy", "litellm"),
    ("dashscope", "alibaba"),
];

/// Settings that are known, and what becomes of them.
const SETTINGS: &[(&str, Verdict, &str)] = &[
    (
        "litellm_settings.drop_params",
        Verdict::Exact,
        "what a provider does not take is left out, and named in x-optscale-dropped",
    ),
    ("litellm_settings.set_verbose", Verdict::Exact, "`serve -v` says more"),
    (
        "litellm_settings.request_timeout",
        Verdict::Manual,
        "time-outs are the gateway's own; see `optscale-ai serve --help`",
    ),
    ("litellm_settings.num_retries", Verdict::Unsupported, "a call is tried once; SDKs try again by themselves"),
    ("litellm_settings.fallbacks", Verdict::Unsupported, "a routing rule has one target"),
    ("litellm_settings.context_window_fallbacks", Verdict::Unsupported, "a routing rule has one target"),
    ("litellm_settings.default_fallbacks", Verdict::Unsupported, "a routing rule has one target"),
    ("litellm_settings.cache", Verdict::Unsupported, "answers are not cached; providers' own prompt caches work"),
    ("litellm_settings.cache_params", Verdict::Unsupported, "answers are not cached"),
    ("litellm_settings.callbacks", Verdict::Manual, "traces are kept here: `optscale-ai traces`"),
    ("litellm_settings.success_callback", Verdict::Manual, "traces are kept here: `optscale-ai traces`"),
    ("litellm_settings.failure_callback", Verdict::Manual, "traces are kept here: `optscale-ai traces --status error`"),
    ("litellm_settings.max_budget", Verdict::Manual, "set a budget for the organisation: `optscale-ai budget --help`"),
    (
        "litellm_settings.turn_off_message_logging",
        Verdict::Exact,
        "words of calls are not kept unless `org edit --bodies` says so",
    ),
    ("router_settings.routing_strategy", Verdict::Unsupported, "a routing rule has one target"),
    ("router_settings.num_retries", Verdict::Unsupported, "a call is tried once; SDKs try again by themselves"),
    ("router_settings.timeout", Verdict::Manual, "time-outs are the gateway's own; see `optscale-ai serve --help`"),
    (
        "general_settings.database_url",
        Verdict::Unsupported,
        "virtual keys there are hashes, and no key is made of a hash: make new ones with `optscale-ai key create`",
    ),
    (
        "general_settings.store_model_in_db",
        Verdict::Unsupported,
        "models that stand in LiteLLM's database alone are not read",
    ),
    ("general_settings.alerting", Verdict::Manual, "events are listed by the gateway: `optscale-ai --help`"),
    ("general_settings.disable_spend_logs", Verdict::Unsupported, "traces and costs are always kept"),
];

/// Parameters of a model that are seen to elsewhere.
const USED: &[&str] = &["model", "api_base", "base_url", "api_key"];

pub(super) fn read(file: &Value, draft: &mut Draft) {
    let Some(file) = file.as_object() else { return };
    for (name, value) in file {
        match name.as_str() {
            "model_list" => models(value, draft),
            "environment_variables" => {
                draft.note(name, Verdict::Manual, "set these for the gateway's process, as your service manager does");
            }
            "general_settings" | "litellm_settings" | "router_settings" => settings(name, value, draft),
            _ => draft.note(name, Verdict::Unsupported, "nothing here reads it"),
        }
    }
}

fn models(list: &Value, draft: &mut Draft) {
    for (place, model) in list.as_array().into_iter().flatten().enumerate() {
        let part = format!("model_list[{place}]");
        let name = model["model_name"].as_str().unwrap_or_default();
        match model["litellm_params"].as_object() {
            Some(params) if params.get("model").is_some_and(Value::is_string) => one(&part, name, params, draft),
            _ => draft.note(&part, Verdict::Unsupported, "it has no litellm_params.model"),
        }
        if let Some(info) = model["model_info"].as_object() {
            let priced = info.keys().any(|key| key.contains("cost_per"));
            let words = "prices are the catalogue's; contract prices are set apart";
            match priced {
                true => draft.note(format!("{part}.model_info"), Verdict::Manual, words),
                false => {
                    draft.note(format!("{part}.model_info"), Verdict::Exact, "what the catalogue knows of the model")
                }
            }
        }
    }
}

fn one(part: &str, name: &str, params: &Map<String, Value>, draft: &mut Draft) {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let full = text("model").unwrap_or_default();
    let (kind, model) = vendor(full);
    if !draft.has_kind(part, &kind) {
        return;
    }
    let key = key(part, &kind, text("api_key"), draft);
    let base_url = text("api_base").or(text("base_url")).filter(|url| !url.starts_with("os.environ/"));
    let provider = draft.provider(&Connection { kind: &kind, name: &kind, base_url, key });
    let target = format!("{provider}/{model}");
    match model.contains('*') {
        true => {
            let words = format!("every model of `{provider}` may be asked for as {provider}/MODEL");
            let verdict = if name == target || name == "*" { Verdict::Exact } else { Verdict::Approximate };
            draft.note(part, verdict, words);
        }
        false => draft.route(part, name, &target),
    }
    for name in params.keys().filter(|name| !USED.contains(&name.as_str())) {
        draft.note(format!("{part}.litellm_params.{name}"), Verdict::Manual, parameter(name));
    }
}

/// Our kind, and the model as the vendor names it. Without a vendor before it, the name tells.
fn vendor(full: &str) -> (String, &str) {
    if let Some((vendor, model)) = full.split_once('/') {
        let ours = VENDORS.iter().find(|(theirs, _)| *theirs == vendor).map_or(vendor, |(_, ours)| *ours);
        if provider::find(ours).is_some() || VENDORS.iter().any(|(theirs, _)| *theirs == vendor) {
            return (ours.to_owned(), model);
        }
        return (vendor.to_owned(), model);
    }
    let kind = match full {
        name if name.starts_with("claude") => "anthropic",
        name if name.starts_with("gemini") => "google",
        name if name.starts_with("mistral") => "mistral",
        name if name.starts_with("command") => "cohere",
        _ => "openai",
    };
    (kind.to_owned(), full)
}

fn key(part: &str, kind: &str, said: Option<&str>, draft: &mut Draft) -> Option<SecretSource> {
    let needs = || provider::find(kind).is_some_and(|kind| kind.needs_secret);
    let usual = || provider::find(kind).and_then(|kind| kind.api_key_env.first().cloned()).map(SecretSource::Env);
    match said {
        None | Some("") => usual().filter(|_| needs()),
        Some(text) => match text.strip_prefix("os.environ/") {
            Some(variable) => Some(SecretSource::Env(variable.to_owned())),
            None => draft.secret(&format!("{part}.litellm_params.api_key"), kind),
        },
    }
}

fn parameter(name: &str) -> String {
    match name {
        "rpm" | "tpm" | "max_parallel_requests" => "limits are set for keys: `optscale-ai key edit --help`".to_owned(),
        "timeout" | "stream_timeout" | "max_retries" => "the gateway's own time-outs apply".to_owned(),
        "input_cost_per_token" | "output_cost_per_token" => {
            "prices are the catalogue's; contract prices are set apart".to_owned()
        }
        "organization" | "extra_headers" => {
            "give the provider a header: `optscale-ai provider edit NAME --header K=V`".to_owned()
        }
        _ => "the caller sends it, or the provider is told with `optscale-ai provider edit`".to_owned(),
    }
}

fn settings(section: &str, value: &Value, draft: &mut Draft) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let part = format!("{section}.{name}");
        match part.as_str() {
            "router_settings.model_group_alias" => aliases(&part, value, draft),
            "general_settings.master_key" => {
                let words =
                    "administration is by command on this machine; make keys for callers with `optscale-ai key create`";
                draft.note(part, Verdict::Manual, words);
            }
            _ => match SETTINGS.iter().find(|(known, ..)| *known == part) {
                Some((_, verdict, words)) => draft.note(part, *verdict, *words),
                None => draft.note(part, Verdict::Unsupported, "nothing here reads it"),
            },
        }
    }
}

/// Other names for model groups: routes to what the group leads to.
fn aliases(part: &str, value: &Value, draft: &mut Draft) {
    for (alias, group) in value.as_object().into_iter().flatten() {
        let part = format!("{part}.{alias}");
        let group = group.as_str().or_else(|| group["model"].as_str()).unwrap_or_default().to_owned();
        match draft.target_of(&group) {
            Some(target) => draft.route(&part, alias, &target),
            None => draft.note(part, Verdict::Manual, format!("there is no model group `{group}` in the file")),
        }
    }
}
