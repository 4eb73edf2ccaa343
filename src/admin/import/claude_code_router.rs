//! `config.json` of claude-code-router: providers, and which model is asked for what.

use super::draft::{Connection, Draft, Verdict, clean};
use super::portkey::placeholder;
use crate::provider;
use serde_json::Value;

/// Hosts that are a vendor's own.
const HOSTS: &[(&str, &str)] = &[
    ("openrouter.ai", "openrouter"),
    ("api.deepseek.com", "deepseek"),
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "google"),
    ("api.groq.com", "groq"),
    ("api.moonshot.", "moonshot"),
    ("dashscope", "alibaba"),
    ("api.z.ai", "zai"),
    ("localhost:11434", "ollama"),
    ("127.0.0.1:11434", "ollama"),
];

pub(super) fn read(file: &Value, draft: &mut Draft) {
    let mut names = Vec::new();
    for (place, entry) in file["Providers"].as_array().into_iter().flatten().enumerate() {
        names.extend(connection(&format!("Providers[{place}]"), entry, draft));
    }
    for (role, model) in file["Router"].as_object().into_iter().flatten() {
        router(role, model, &names, draft);
    }
    for (name, _) in file.as_object().into_iter().flatten() {
        match name.as_str() {
            "Providers" | "Router" => {}
            "APIKEY" => {
                draft.note(name, Verdict::Manual, "callers get keys of their own: `optscale-ai key create NAME`")
            }
            "HOST" | "PORT" => draft.note(name, Verdict::Manual, "`optscale-ai serve --listen ADDRESS`"),
            "LOG" | "LOG_LEVEL" => draft.note(name, Verdict::Exact, "calls are traced: `optscale-ai traces`"),
            "PROXY_URL" => draft.note(name, Verdict::Manual, "set HTTPS_PROXY for the gateway's process"),
            "API_TIMEOUT_MS" => draft.note(name, Verdict::Manual, "time-outs are the gateway's own"),
            "transformers" | "CUSTOM_ROUTER_PATH" => {
                draft.note(name, Verdict::Unsupported, "code of others is not run; translation is built in");
            }
            _ => draft.note(name, Verdict::Unsupported, "nothing here reads it"),
        }
    }
}

/// Adds a provider; its name there and here.
fn connection(part: &str, entry: &Value, draft: &mut Draft) -> Option<(String, String)> {
    let text = |name: &str| entry[name].as_str();
    let (name, url) = (text("name")?, text("api_base_url").unwrap_or_default());
    let vendor = HOSTS.iter().find(|(host, _)| url.contains(host)).map(|(_, kind)| *kind);
    let kind = vendor.filter(|kind| provider::find(kind).is_some()).unwrap_or("custom");
    let base_url = (kind == "custom").then(|| base_of(url));
    let key = match text("api_key") {
        None | Some("") => None,
        Some(key) => placeholder(key).or_else(|| draft.secret(&format!("{part}.api_key"), kind)),
    };
    let ours = draft.provider(&Connection { kind, name, base_url: base_url.as_deref(), key });
    let models = entry["models"].as_array().map_or(0, Vec::len);
    draft.note(
        part,
        Verdict::Exact,
        format!("provider `{ours}` ({kind}); its {models} models are asked for as {ours}/MODEL"),
    );
    if entry.get("transformer").is_some() {
        draft.note(
            format!("{part}.transformer"),
            Verdict::Approximate,
            "what vendors want otherwise is known by their kind",
        );
    }
    Some((name.to_owned(), ours))
}

/// The base URL that an endpoint stands below.
fn base_of(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let ends = ["/chat/completions", "/responses", "/messages", "/completions"];
    ends.iter().find_map(|end| url.strip_suffix(end)).unwrap_or(url).to_owned()
}

fn router(role: &str, model: &Value, names: &[(String, String)], draft: &mut Draft) {
    let part = format!("Router.{role}");
    let Some((theirs, model)) = model.as_str().and_then(|text| text.split_once(',')) else {
        draft.note(part, Verdict::Unsupported, "it names no provider and model");
        return;
    };
    match names.iter().find(|(name, _)| name == theirs) {
        None => draft.note(part, Verdict::Manual, format!("there is no provider `{theirs}` in the file")),
        Some((_, ours)) => {
            draft.route(&part, &clean(role), &format!("{ours}/{}", model.trim()));
            if role != "default" {
                let words = format!(
                    "which call is a `{role}` one is not guessed; the client names `{}` as the model",
                    clean(role)
                );
                draft.note(part, Verdict::Approximate, words);
            }
        }
    }
}
