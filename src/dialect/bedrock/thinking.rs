//! How much to think, and other fields that each family of models has under another name.
//!
//! Converse has no field for it: what a family takes goes into `additionalModelRequestFields`. An ARN does not tell the
//! family, and then nothing is said. Source: docs.aws.amazon.com, "Inference request parameters", "Amazon Nova: extended thinking".

use crate::canonical::{Effort, Prompt, Reasoning, Thinking};
use serde_json::{Map, Value, json};

/// The least that Anthropic's models take as a budget.
const LEAST_BUDGET: u64 = 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Claude,
    /// Nova from version 2 on thinks.
    Nova2,
    Nova,
    /// OpenAI's open models.
    Oss,
    Other,
}

fn family(model: &str) -> Family {
    match model {
        _ if model.contains("anthropic.") => Family::Claude,
        _ if model.contains("amazon.nova-2") => Family::Nova2,
        _ if model.contains("amazon.nova") => Family::Nova,
        _ if model.contains("openai.") => Family::Oss,
        _ => Family::Other,
    }
}

/// Puts into `fields` what the model's family takes.
pub(super) fn put(prompt: &Prompt, model: &str, fields: &mut Map<String, Value>, dropped: &mut Vec<String>) {
    let family = family(model);
    if let Some(top_k) = &prompt.sampling.top_k {
        match family {
            Family::Claude => drop(fields.insert("top_k".to_owned(), Value::Number(top_k.clone()))),
            Family::Nova | Family::Nova2 => {
                fields.insert("inferenceConfig".to_owned(), json!({"topK": top_k}));
            }
            Family::Oss | Family::Other => dropped.push("top_k".to_owned()),
        }
    }
    let wish = &prompt.reasoning;
    let off = wish.thinking == Some(Thinking::Disabled) || wish.effort == Some(Effort::None);
    if off || *wish == Reasoning::default() {
        return;
    }
    match family {
        Family::Claude => think_by_budget(prompt, fields, dropped),
        Family::Nova2 => {
            let effort = word(wish.effort.unwrap_or(Effort::Medium));
            fields.insert("reasoningConfig".to_owned(), json!({"type": "enabled", "maxReasoningEffort": effort}));
        }
        Family::Oss => {
            let effort = word(wish.effort.unwrap_or(Effort::Medium));
            fields.insert("reasoning_effort".to_owned(), effort.into());
        }
        Family::Nova | Family::Other => dropped.push("reasoning_effort".to_owned()),
    }
}

fn word(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::XHigh | Effort::Max => "high",
    }
}

/// A budget below the limit on the answer, which counts thinking too.
fn think_by_budget(prompt: &Prompt, fields: &mut Map<String, Value>, dropped: &mut Vec<String>) {
    let wanted = prompt.reasoning.budget_tokens.unwrap_or(match prompt.reasoning.effort.unwrap_or(Effort::Medium) {
        Effort::None | Effort::Minimal => LEAST_BUDGET,
        Effort::Low => 2048,
        Effort::Medium => 8192,
        Effort::High => 16_384,
        Effort::XHigh | Effort::Max => 32_000,
    });
    let room = prompt.max_output_tokens.map_or(u64::MAX, |limit| limit.saturating_sub(1));
    if room < LEAST_BUDGET {
        return dropped.push("reasoning_effort".to_owned());
    }
    let budget = wanted.clamp(LEAST_BUDGET, room);
    fields.insert("thinking".to_owned(), json!({"type": "enabled", "budget_tokens": budget}));
}
