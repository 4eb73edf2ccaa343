//! How much a model is asked to think, and the limit on its answer that goes with it.
//!
//! Callers of other dialects name a step of effort. Models that are told by effort get it, with
//! adaptive thinking; all others get a budget of tokens by [`budget_of`], at most half of the limit
//! on the answer, which counts thinking as OpenAI's limit does. Thinking is left out, and named,
//! where Anthropic would refuse the request for it: the model cannot, a tool must be called, the
//! limit leaves no room, or the conversation goes on behind tool results whose calls were made
//! without thinking blocks.

use super::generation::{Generation, ThinkingStyle};
use super::wire::Object;
use super::write_blocks::is_own_seal;
use crate::canonical::{Effort, Part, Prompt, Reasoning, Role, Thinking, ToolChoice};
use crate::dialect::Target;

/// The limit on an answer when neither the caller nor the catalogue names one.
const USUAL_LIMIT: u64 = 4096;

/// The least that Anthropic takes as a budget.
const LEAST_BUDGET: u64 = 1024;

/// What goes out.
#[derive(Default)]
pub(super) struct Plan {
    /// The `thinking` object; empty where the field is left out.
    pub(super) thinking: Object,
    /// `output_config.effort`.
    pub(super) effort: Option<&'static str>,
    /// `max_tokens`.
    pub(super) max_tokens: u64,
    /// Whether the model thinks.
    pub(super) thinks: bool,
    /// What could not be said.
    pub(super) dropped: Vec<&'static str>,
}

const EFFORT_FIELD: &str = "reasoning_effort";
const BUDGET_FIELD: &str = "thinking.budget_tokens";

/// Decides.
pub(super) fn plan(prompt: &Prompt, target: &Target<'_>) -> Plan {
    let generation = Generation::of(target.model);
    let wish = &prompt.reasoning;
    let limit = prompt.max_output_tokens.or(target.max_output_tokens);
    let mut plan = Plan { max_tokens: limit.unwrap_or(USUAL_LIMIT), ..Plan::default() };
    let style = generation.thinking();
    match wanted(wish) {
        Wanted::Nothing => {}
        Wanted::Off if style == ThinkingStyle::Unable => {}
        Wanted::Off => {
            plan.thinking = Object::of("disabled");
            plan.effort = wish.effort.filter(|_| style == ThinkingStyle::Effort).and_then(effort_word);
        }
        Wanted::On => match style {
            ThinkingStyle::Unable => plan.dropped.push(EFFORT_FIELD),
            ThinkingStyle::Budget => think_by_budget(prompt, limit, &mut plan),
            ThinkingStyle::Effort => think_by_effort(prompt, generation, &mut plan),
        },
    }
    plan
}

enum Wanted {
    Nothing,
    Off,
    On,
}

fn wanted(wish: &Reasoning) -> Wanted {
    match (wish.thinking, wish.effort, wish.budget_tokens) {
        (Some(Thinking::Disabled), ..) | (None, Some(Effort::None), None) => Wanted::Off,
        (None, None, None) => Wanted::Nothing,
        _ => Wanted::On,
    }
}

/// The budget for a step of effort, in tokens.
fn budget_of(effort: Effort) -> u64 {
    match effort {
        Effort::None | Effort::Minimal => LEAST_BUDGET,
        Effort::Low => 2048,
        Effort::Medium => 8192,
        Effort::High => 16_384,
        Effort::XHigh => 24_576,
        Effort::Max => 32_000,
    }
}

fn think_by_budget(prompt: &Prompt, limit: Option<u64>, plan: &mut Plan) {
    let wish = &prompt.reasoning;
    let no_room = limit.is_some_and(|limit| limit <= LEAST_BUDGET);
    if no_room || forces_tool(prompt) || goes_on_without_thinking(prompt) {
        plan.dropped.push(if wish.budget_tokens.is_some() { BUDGET_FIELD } else { EFFORT_FIELD });
        return;
    }
    let budget = match (wish.budget_tokens, limit) {
        (Some(budget), None) => budget,
        // A budget of the caller's own is only kept below the limit.
        (Some(budget), Some(limit)) => budget.min(limit - 1),
        (None, None) => budget_of(wish.effort.unwrap_or(Effort::Medium)),
        (None, Some(limit)) => budget_of(wish.effort.unwrap_or(Effort::Medium)).min(limit / 2),
    };
    let budget = budget.max(LEAST_BUDGET);
    if limit.is_none() {
        plan.max_tokens = budget.saturating_add(USUAL_LIMIT);
    }
    plan.thinks = true;
    plan.thinking = Object::of("enabled").put("budget_tokens", &budget);
}

fn think_by_effort(prompt: &Prompt, generation: Generation, plan: &mut Plan) {
    let wish = &prompt.reasoning;
    let effort = match wish.effort {
        Some(Effort::XHigh) if !generation.has_xhigh() => {
            plan.dropped.push(EFFORT_FIELD);
            Some(Effort::High)
        }
        other => other,
    };
    plan.effort = effort.and_then(effort_word);
    if forces_tool(prompt) {
        plan.dropped.push(if plan.effort.is_some() { EFFORT_FIELD } else { "thinking" });
        return;
    }
    plan.thinks = true;
    plan.thinking = match wish.budget_tokens {
        Some(_) if generation.refuses_budgets() => {
            plan.dropped.push(BUDGET_FIELD);
            Object::of("adaptive")
        }
        Some(budget) if budget < plan.max_tokens => Object::of("enabled").put("budget_tokens", &budget),
        Some(_) => {
            plan.dropped.push(BUDGET_FIELD);
            Object::of("adaptive")
        }
        None => Object::of("adaptive"),
    };
}

fn effort_word(effort: Effort) -> Option<&'static str> {
    match effort {
        Effort::None => None,
        Effort::Minimal | Effort::Low => Some("low"),
        Effort::Medium => Some("medium"),
        Effort::High => Some("high"),
        Effort::XHigh => Some("xhigh"),
        Effort::Max => Some("max"),
    }
}

fn forces_tool(prompt: &Prompt) -> bool {
    matches!(prompt.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_))) && !prompt.tools.is_empty()
}

/// Whether the conversation ends in tool results whose calls came without a sealed thinking block:
/// with a budget, Anthropic wants the turn that made the calls to begin with one.
fn goes_on_without_thinking(prompt: &Prompt) -> bool {
    let calls = |part: &Part| matches!(part, Part::ToolCall { .. });
    let thinks = |part: &Part| match part {
        Part::Thinking { signature: Some(seal), .. } => is_own_seal(seal),
        Part::RedactedThinking { .. } => true,
        _ => false,
    };
    let results = |part: &Part| matches!(part, Part::ToolResult { .. });
    let tail = prompt.turns.iter().rposition(|turn| turn.role == Role::Assistant);
    let Some(tail) = tail.and_then(|last| prompt.turns.get(last..)) else { return false };
    let [assistant, after @ ..] = tail else { return false };
    let answered = after.iter().flat_map(|turn| &turn.parts).any(results);
    answered && assistant.parts.iter().any(calls) && !assistant.parts.first().is_some_and(thinks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Json, Tool, Turn};
    use crate::records::Quirks;

    fn of(prompt: &Prompt, model: &str) -> (String, Option<&'static str>, u64, Vec<&'static str>) {
        let quirks = Quirks::default();
        let plan = plan(prompt, &Target { model, max_output_tokens: None, quirks: &quirks });
        (plan.thinking.finish(), plan.effort, plan.max_tokens, plan.dropped)
    }

    fn asks(effort: Effort, limit: Option<u64>) -> Prompt {
        let reasoning = Reasoning { effort: Some(effort), ..Reasoning::default() };
        Prompt { reasoning, max_output_tokens: limit, ..Prompt::default() }
    }

    #[test]
    fn effort_is_said_as_the_model_takes_it() {
        let high = asks(Effort::High, None);
        assert_eq!(of(&high, "claude-opus-4-6"), (r#"{"type":"adaptive"}"#.into(), Some("high"), 4096, vec![]));
        let budget = r#"{"type":"enabled","budget_tokens":16384}"#;
        assert_eq!(of(&high, "claude-sonnet-4-5"), (budget.into(), None, 20_480, vec![]));
        assert_eq!(of(&high, "some-model").0, budget);
        assert_eq!(of(&high, "claude-3-5-haiku"), ("{}".into(), None, 4096, vec!["reasoning_effort"]));
        assert_eq!(of(&asks(Effort::XHigh, None), "claude-opus-4-6").1, Some("high"));
        assert_eq!(of(&asks(Effort::XHigh, None), "claude-opus-4-7").1, Some("xhigh"));
        assert_eq!(of(&asks(Effort::None, None), "claude-opus-4-6").0, r#"{"type":"disabled"}"#);
        assert_eq!(of(&Prompt::default(), "claude-opus-4-6"), ("{}".into(), None, 4096, vec![]));
    }

    #[test]
    fn a_budget_stays_below_the_limit() {
        let model = "claude-sonnet-4-5";
        assert_eq!(of(&asks(Effort::High, Some(8000)), model).0, r#"{"type":"enabled","budget_tokens":4000}"#);
        assert_eq!(of(&asks(Effort::High, Some(1200)), model).0, r#"{"type":"enabled","budget_tokens":1024}"#);
        assert_eq!(of(&asks(Effort::High, Some(1000)), model), ("{}".into(), None, 1000, vec!["reasoning_effort"]));
        let mut own = asks(Effort::High, Some(2000));
        own.reasoning.budget_tokens = Some(5000);
        assert_eq!(of(&own, model).0, r#"{"type":"enabled","budget_tokens":1999}"#);
        assert_eq!(of(&own, "claude-opus-4-7").3, vec!["thinking.budget_tokens"]);
    }

    #[test]
    fn thinking_gives_way_where_it_would_be_refused() {
        let mut forced = asks(Effort::Low, None);
        forced.tools =
            vec![Tool::Function { name: "f".into(), description: None, schema: None, strict: None, cache: None }];
        forced.tool_choice = Some(ToolChoice::Required);
        assert_eq!(of(&forced, "claude-sonnet-4-5").3, vec!["reasoning_effort"]);
        assert_eq!(of(&forced, "claude-opus-4-6").0, "{}");

        let call = Part::ToolCall { id: "c".into(), name: "f".into(), input: Json::empty_object(), cache: None };
        let result = Part::ToolResult { call: "c".into(), parts: vec![], is_error: false, cache: None };
        let turn = |role, parts| Turn { role, name: None, parts };
        let mut under_way = asks(Effort::Low, None);
        under_way.turns = vec![turn(Role::Assistant, vec![call.clone()]), turn(Role::User, vec![result.clone()])];
        assert_eq!(of(&under_way, "claude-sonnet-4-5").3, vec!["reasoning_effort"]);
        assert_eq!(of(&under_way, "claude-opus-4-6").0, r#"{"type":"adaptive"}"#);
        let sealed = Part::Thinking { text: "t".into(), signature: Some("s".into()) };
        under_way.turns = vec![turn(Role::Assistant, vec![sealed, call]), turn(Role::User, vec![result])];
        assert!(of(&under_way, "claude-sonnet-4-5").3.is_empty());
    }
}
