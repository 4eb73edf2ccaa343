//! How much a model is asked to think.
//!
//! Gemini 2.5 takes a budget of tokens, Gemini 3 and later a level; both take the other's word only in part, so
//! a step of effort is said as the model takes it, in the numbers that Google's own OpenAI-compatible endpoint has
//! for it. Thoughts are asked for wherever thinking was. Source: ai.google.dev, "Gemini thinking",
//! "OpenAI compatibility".

use super::wire::Object;
use crate::canonical::{Effort, Reasoning, Thinking};

/// What a model of some generation takes, told by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Style {
    /// It cannot: before 2.5, and Gemma.
    Unable,
    /// A budget of tokens, from the least that is above none to the most, and whether it can be none.
    Budget { least: u64, most: u64, off: bool },
    /// A level, and whether there are `minimal` and `medium`.
    Level { minimal: bool, medium: bool },
}

fn style(model: &str) -> Style {
    let model = model.to_ascii_lowercase();
    let version = model.split_once("gemini-").map(|(_, rest)| rest).and_then(version);
    let (flash, lite, pro) = (model.contains("flash"), model.contains("lite"), model.contains("pro"));
    match version {
        _ if model.contains("gemma") || model.contains("image") && version < Some((3, 0)) => Style::Unable,
        Some(version) if version < (2, 5) => Style::Unable,
        Some(version) if version < (3, 0) => match () {
            () if lite => Style::Budget { least: 512, most: 24_576, off: true },
            () if pro => Style::Budget { least: 128, most: 32_768, off: false },
            () => Style::Budget { least: 1, most: 24_576, off: true },
        },
        // Gemini 3 Pro has two levels; 3.1 Pro has one more in the middle.
        Some(version) => Style::Level { minimal: flash, medium: flash || version >= (3, 1) },
        // A name that tells nothing (`gemini-flash-latest`, a tuned model).
        None => Style::Budget { least: 512, most: 24_576, off: !pro },
    }
}

/// Whether the name tells that the model is Gemini 3 or later.
pub(super) fn since_3(model: &str) -> bool {
    matches!(style(model), Style::Level { .. })
}

/// The number at the beginning: `2.5-flash` is (2, 5), `3-pro` is (3, 0).
fn version(name: &str) -> Option<(u32, u32)> {
    let number = name.split('-').next()?;
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

const FIELD: &str = "reasoning_effort";

/// `thinkingConfig`; empty where it is left out. What cannot be said is named.
pub(super) fn write(wish: &Reasoning, model: &str, dropped: &mut Vec<String>) -> Object {
    let style = style(model);
    let off = wish.thinking == Some(Thinking::Disabled)
        || wish.thinking.is_none() && wish.budget_tokens.is_none() && wish.effort == Some(Effort::None);
    let silent = *wish == Reasoning::default();
    let shown = || Object::default().put("includeThoughts", &true);
    match style {
        _ if silent => Object::default(),
        Style::Unable => {
            if !off {
                dropped.push(FIELD.to_owned());
            }
            Object::default()
        }
        Style::Budget { off: true, .. } if off => Object::default().put("thinkingBudget", &0),
        Style::Budget { least, .. } if off => {
            dropped.push(FIELD.to_owned());
            Object::default().put("thinkingBudget", &least)
        }
        Style::Level { minimal, .. } if off => {
            dropped.push(FIELD.to_owned());
            Object::default().put("thinkingLevel", if minimal { "minimal" } else { "low" })
        }
        Style::Budget { least, most, .. } => {
            match wish.budget_tokens.or(wish.effort.map(|effort| budget_of(effort, most))) {
                Some(budget) => shown().put("thinkingBudget", &budget.clamp(least, most)),
                // The model decides.
                None if wish.thinking == Some(Thinking::Adaptive) => shown().put("thinkingBudget", &-1),
                None => shown(),
            }
        }
        Style::Level { minimal, medium } => match (wish.effort, wish.budget_tokens) {
            (Some(effort), _) => shown().put("thinkingLevel", level_of(effort, minimal, medium)),
            (None, Some(budget)) => shown().put("thinkingBudget", &budget.clamp(128, 32_768)),
            (None, None) => shown(),
        },
    }
}

fn budget_of(effort: Effort, most: u64) -> u64 {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => 1024,
        Effort::Medium => 8192,
        Effort::High => 24_576,
        Effort::XHigh | Effort::Max => most,
    }
}

fn level_of(effort: Effort, minimal: bool, medium: bool) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal if minimal => "minimal",
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium if medium => "medium",
        Effort::Medium | Effort::High | Effort::XHigh | Effort::Max => "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wish: &Reasoning, model: &str) -> (String, usize) {
        let mut dropped = Vec::new();
        let config = write(wish, model, &mut dropped).finish();
        (config, dropped.len())
    }

    fn effort(effort: Effort) -> Reasoning {
        Reasoning { effort: Some(effort), ..Reasoning::default() }
    }

    #[test]
    fn each_generation_hears_its_own_word() {
        let budget = r#"{"includeThoughts":true,"thinkingBudget":8192}"#;
        assert_eq!(of(&effort(Effort::Medium), "gemini-2.5-flash"), (budget.into(), 0));
        let level = |level| format!(r#"{{"includeThoughts":true,"thinkingLevel":"{level}"}}"#);
        assert_eq!(of(&effort(Effort::Medium), "gemini-3-pro-preview").0, level("high"));
        assert_eq!(of(&effort(Effort::Medium), "gemini-3.1-pro-preview").0, level("medium"));
        assert_eq!(of(&effort(Effort::Minimal), "gemini-3-flash-preview").0, level("minimal"));
        assert_eq!(of(&effort(Effort::High), "gemini-2.0-flash"), ("{}".into(), 1));
        assert_eq!(of(&effort(Effort::High), "gemma-3-27b-it"), ("{}".into(), 1));
        assert_eq!(of(&Reasoning::default(), "gemini-3-pro"), ("{}".into(), 0));
    }

    #[test]
    fn budgets_stay_in_their_bounds_and_off_is_said_where_it_can_be() {
        let budget = Reasoning { budget_tokens: Some(100_000), ..Reasoning::default() };
        assert!(of(&budget, "gemini-2.5-pro").0.contains(":32768"));
        assert_eq!(of(&effort(Effort::None), "gemini-2.5-flash"), (r#"{"thinkingBudget":0}"#.into(), 0));
        assert_eq!(of(&effort(Effort::None), "gemini-2.5-pro"), (r#"{"thinkingBudget":128}"#.into(), 1));
        assert_eq!(of(&effort(Effort::None), "gemini-3-pro"), (r#"{"thinkingLevel":"low"}"#.into(), 1));
        let adaptive = Reasoning { thinking: Some(Thinking::Adaptive), ..Reasoning::default() };
        assert_eq!(of(&adaptive, "gemini-2.5-pro").0, r#"{"includeThoughts":true,"thinkingBudget":-1}"#);
        assert_eq!(of(&adaptive, "gemini-3-pro").0, r#"{"includeThoughts":true}"#);
    }
}
