//! Tests of imports: files as people have them, and what is said of each part.

use super::*;
use crate::admin::file;

fn told(imported: &Imported) -> Vec<String> {
    let line = |note: &Note| format!("{:?} {}: {}", note.verdict, note.part, note.words);
    imported.notes.iter().map(line).collect()
}

fn has(imported: &Imported, verdict: Verdict, part: &str) -> bool {
    imported.notes.iter().any(|note| note.verdict == verdict && note.part == part)
}

const LITELLM: &str = r#"
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      rpm: 6
  - model_name: claude
    litellm_params:
      model: anthropic/claude-haiku-4-5
      api_key: sk-ant-literal-secret
  - model_name: gpt-4o
    litellm_params: { model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY }
  - model_name: "local model"
    litellm_params: { model: ollama_chat/llama3, api_base: "http://gpu:11434" }
  - model_name: "*"
    litellm_params: { model: "groq/*", api_key: os.environ/GROQ_API_KEY }
  - model_name: odd
    litellm_params: { model: nobody/x }
litellm_settings:
  drop_params: true
  fallbacks: [{gpt-4o: [claude]}]
  brand_new: 1
router_settings:
  model_group_alias: { gpt-4: gpt-4o }
general_settings:
  master_key: sk-1234
  database_url: postgres://x
"#;

#[test]
fn a_config_of_litellm_becomes_providers_and_routes() {
    let imported = import(Foreign::Litellm, LITELLM).unwrap();
    let configuration = &imported.configuration;
    let providers: Vec<_> =
        configuration.provider.iter().flatten().map(|p| (p.name.as_str(), p.kind.as_str())).collect();
    assert_eq!(
        providers,
        [("openai", "openai"), ("anthropic", "anthropic"), ("ollama", "ollama"), ("groq", "groq")],
        "{:#?}",
        told(&imported)
    );
    let routes: Vec<_> = configuration.route.iter().flatten().map(|r| (r.name.as_str(), r.target.as_str())).collect();
    assert_eq!(
        routes,
        [
            ("gpt-4o", "openai/gpt-4o"),
            ("claude", "anthropic/claude-haiku-4-5"),
            ("local-model", "ollama/llama3"),
            ("gpt-4", "openai/gpt-4o")
        ]
    );
    assert!(has(&imported, Verdict::Exact, "model_list[0]"));
    assert!(has(&imported, Verdict::Manual, "model_list[0].litellm_params.rpm"));
    assert!(has(&imported, Verdict::Manual, "model_list[1].litellm_params.api_key"));
    assert!(has(&imported, Verdict::Approximate, "model_list[2]"), "a second deployment of one name");
    assert!(has(&imported, Verdict::Approximate, "model_list[3]"), "a name that can be none");
    assert!(has(&imported, Verdict::Unsupported, "model_list[5]"));
    assert!(has(&imported, Verdict::Exact, "litellm_settings.drop_params"));
    assert!(has(&imported, Verdict::Unsupported, "litellm_settings.fallbacks"));
    assert!(has(&imported, Verdict::Unsupported, "litellm_settings.brand_new"));
    assert!(has(&imported, Verdict::Manual, "general_settings.master_key"));
    assert!(has(&imported, Verdict::Unsupported, "general_settings.database_url"));
    assert!(has(&imported, Verdict::Exact, "router_settings.model_group_alias.gpt-4"));
}

#[test]
fn what_comes_out_is_a_configuration_without_secrets() {
    let imported = import(Foreign::Litellm, LITELLM).unwrap();
    let text = file::written(&imported.configuration);
    assert!(!text.contains("literal-secret") && !format!("{:?}", imported.notes).contains("literal-secret"));
    assert!(text.contains("api_key = { env = \"ANTHROPIC_API_KEY\" }"), "{text}");
    assert_eq!(file::read(&text).unwrap(), imported.configuration);
}

#[test]
fn a_portkey_config_becomes_its_first_target() {
    let text = r#"{"strategy": {"mode": "fallback", "on_status_codes": [429]}, "retry": {"attempts": 3}, "cache": {"mode": "simple"},
        "targets": [{"provider": "openai", "api_key": "sk-literal", "override_params": {"model": "gpt-4o", "temperature": 0}},
                    {"provider": "mistral-ai", "api_key": "${MISTRAL_API_KEY}", "override_params": {"model": "mistral-large"}},
                    {"virtual_key": "anthropic-prod-1"}], "strange": true}"#;
    let imported = import(Foreign::Portkey, text).unwrap();
    let routes = imported.configuration.route.as_ref().unwrap();
    assert_eq!((routes.len(), routes[0].target.as_str()), (1, "openai/gpt-4o"));
    let providers = imported.configuration.provider.as_ref().unwrap();
    assert_eq!((providers.len(), providers[1].kind.as_str()), (2, "mistral"));
    assert!(has(&imported, Verdict::Unsupported, "strategy"), "{:#?}", told(&imported));
    assert!(has(&imported, Verdict::Manual, "targets[0].api_key"));
    assert!(has(&imported, Verdict::Manual, "targets[0].override_params.temperature"));
    assert!(has(&imported, Verdict::Approximate, "targets[1]"));
    assert!(has(&imported, Verdict::Manual, "targets[2]"));
    assert!(has(&imported, Verdict::Unsupported, "retry") && has(&imported, Verdict::Unsupported, "strange"));
    assert!(!file::written(&imported.configuration).contains("sk-literal"));
}

#[test]
fn claude_code_router_becomes_providers_and_named_models() {
    let text = r#"{"APIKEY": "x", "LOG": true, "Providers": [
        {"name": "openrouter", "api_base_url": "https://openrouter.ai/api/v1/chat/completions", "api_key": "$OPENROUTER_KEY",
         "models": ["anthropic/claude-sonnet-4"], "transformer": {"use": ["openrouter"]}},
        {"name": "mine", "api_base_url": "http://10.0.0.1:8000/v1/chat/completions", "api_key": "", "models": ["a"]}],
        "Router": {"default": "openrouter,anthropic/claude-sonnet-4", "longContext": "mine,a", "think": "gone,b"}}"#;
    let imported = import(Foreign::ClaudeCodeRouter, text).unwrap();
    let providers = imported.configuration.provider.as_ref().unwrap();
    assert_eq!((providers[0].kind.as_str(), providers[1].kind.as_str()), ("openrouter", "custom"));
    assert_eq!(providers[1].base_url.as_deref(), Some("http://10.0.0.1:8000/v1"));
    let routes: Vec<_> =
        imported.configuration.route.iter().flatten().map(|r| (r.name.as_str(), r.target.as_str())).collect();
    assert_eq!(routes, [("default", "openrouter/anthropic/claude-sonnet-4"), ("longContext", "mine/a")]);
    assert!(
        has(&imported, Verdict::Approximate, "Router.longContext") && has(&imported, Verdict::Manual, "Router.think")
    );
    assert!(
        has(&imported, Verdict::Manual, "APIKEY") && has(&imported, Verdict::Approximate, "Providers[0].transformer")
    );
}

#[test]
fn what_is_no_such_file_is_refused() {
    for (foreign, text) in
        [(Foreign::Litellm, "a: [1"), (Foreign::Litellm, "- 1"), (Foreign::Portkey, "{"), (Foreign::Portkey, "3")]
    {
        assert!(matches!(import(foreign, text), Err(AdminError::Invalid { field: "file", .. })), "{text}");
    }
    assert!(import(Foreign::Litellm, "{}").unwrap().notes.is_empty());
}
