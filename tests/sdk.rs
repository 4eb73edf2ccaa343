//! The vendors' own SDKs against the gateway, and the gateway against each protocol.
//!
//! Each suite in `tests/sdk/` is a child process that talks to a gateway and a fake provider of its
//! own. `./tests/run` installs the SDKs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/sdks.rs"]
mod sdks;

use fake::Fake;
use gateway::{Gateway, Home};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A provider, a gateway before it, and keys.
struct Stage {
    fake: Fake,
    home: Home,
    gateway: Gateway,
}

impl Stage {
    fn set() -> Stage {
        let fake = Fake::start();
        let home = Home::new();
        home.add_provider("oa", "openai", &fake.openai_url());
        home.add_provider("an", "anthropic", &fake.url());
        home.add_provider("ge", "gemini", &fake.url());
        home.add_provider("ol", "ollama", &fake.url());
        home.run(&["provider", "add", "sandbox"]);
        home.add_provider("rs", "responses", &fake.openai_url());
        let gateway = home.serve();
        Stage { fake, home, gateway }
    }

    fn environment(&self, providers: &str) -> Vec<(&'static str, String)> {
        let dead = self.home.key("dead", &[]);
        self.home.run(&["key", "revoke", "dead", "--yes"]);
        vec![
            ("OSAI_BASE_URL", self.gateway.base_url()),
            ("OSAI_ROOT", self.gateway.root().to_owned()),
            ("OSAI_KEY", self.home.key("all", &[])),
            ("OSAI_NARROW_KEY", self.home.key("narrow", &["--provider", "oa"])),
            ("OSAI_DEAD_KEY", dead),
            ("OSAI_FAKE", self.fake.url()),
            ("OSAI_PROVIDERS", providers.to_owned()),
        ]
    }
}

/// Runs a suite and shows what it said if a case failed. `OSAI_CASE` narrows it to cases with that
/// word in their name.
fn run(suite: &str, environment: Vec<(&'static str, String)>) {
    let sdks = sdks::folder();
    let program = if suite.ends_with(".mjs") { PathBuf::from("node") } else { sdks.join("venv/bin/python") };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(suite);
    let mut command = Command::new(program);
    command.arg(file).env_clear().envs(environment);
    command.args(std::env::var_os("OSAI_CASE"));
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", sdks.join("nobody"));
    command.env("OPTSCALE_AI_TEST_SDKS", &sdks).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
    // Nothing may be asked of the network: neither prices nor traces nor tokenizers.
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("LANGSMITH_TRACING", "false").env("HF_HUB_OFFLINE", "1");
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{suite}: {}\n{out}{err}", output.status);
}

fn through_the_gateway(suite: &str) {
    before_providers(suite, "oa an ge");
}

/// The same with a provider of each protocol behind, and an organisation that keeps answers.
fn through_the_gateway_to_all(suite: &str) {
    sdks::folder();
    let stage = Stage::set();
    stage.home.run(&["org", "edit", "--bodies", "full"]);
    run(suite, stage.environment("oa an ge rs"));
}

/// With these providers behind: see `cases.py`.
fn before_providers(suite: &str, providers: &str) {
    sdks::folder();
    let stage = Stage::set();
    run(suite, stage.environment(providers));
}

/// Without a gateway: the provider must be what the SDK takes for the vendor's.
fn without_the_gateway(suite: &str) {
    let fake = Fake::start();
    let key = ("OSAI_KEY", gateway::PROVIDER_KEY.to_owned());
    run(suite, vec![("OSAI_BASE_URL", fake.openai_url()), ("OSAI_ROOT", fake.url()), key, ("OSAI_FAKE", fake.url())]);
}

#[test]
fn openai_python_takes_the_fake_for_openai() {
    without_the_gateway("openai_python.py");
}

#[test]
fn anthropic_python_takes_the_fake_for_anthropic() {
    without_the_gateway("anthropic_python.py");
}

#[test]
fn openai_python() {
    through_the_gateway("openai_python.py");
}

#[test]
fn openai_node() {
    through_the_gateway("openai_node.mjs");
}

#[test]
fn anthropic_python() {
    through_the_gateway("anthropic_python.py");
}

#[test]
fn anthropic_node() {
    through_the_gateway("anthropic_node.mjs");
}

#[test]
fn langchain_python() {
    through_the_gateway("langchain_python.py");
}

#[test]
fn responses_python_takes_the_fake_for_openai() {
    without_the_gateway("responses_python.py");
}

#[test]
fn responses_python() {
    through_the_gateway_to_all("responses_python.py");
}

#[test]
fn responses_node() {
    through_the_gateway_to_all("responses_node.mjs");
}

#[test]
fn vercel_ai() {
    through_the_gateway_to_all("vercel_ai.mjs");
}

#[test]
fn google_genai_python_takes_the_fake_for_gemini() {
    without_the_gateway("google_genai_python.py");
}

#[test]
fn google_genai_python() {
    through_the_gateway("google_genai_python.py");
}

#[test]
fn langchain_google_python() {
    through_the_gateway("langchain_google_python.py");
}

#[test]
fn gemini_cli() {
    through_the_gateway("gemini_cli.py");
}

#[test]
fn litellm_python() {
    through_the_gateway("litellm_python.py");
}

#[test]
fn openai_carried_python() {
    through_the_gateway("openai_carried_python.py");
}

#[test]
fn ollama_python() {
    before_providers("ollama_python.py", "oa an ge ol");
}

#[test]
fn pydantic_ai_python() {
    through_the_gateway("pydantic_ai_python.py");
}
