//! Guardrails and policies as they are configured, and what they came to in a call.

use crate::types::{GuardrailId, OrgId, PolicyId, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which way of a call something is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// What the caller says.
    Input,
    /// What the model says.
    Output,
    /// Both.
    #[default]
    Both,
}

impl Stage {
    /// Every choice.
    pub const ALL: [Stage; 3] = [Stage::Input, Stage::Output, Stage::Both];

    /// The word on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Input => "input",
            Stage::Output => "output",
            Stage::Both => "both",
        }
    }

    /// The choice of that name.
    pub fn parse(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.as_str() == name)
    }

    /// Whether it is about that way, too.
    pub fn covers(self, way: Stage) -> bool {
        self == Stage::Both || self == way
    }
}

/// What becomes of what a guardrail finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The call is refused.
    Block,
    /// It is masked.
    Redact,
    /// It is written down, and nothing else.
    Flag,
}

impl Action {
    /// Every choice.
    pub const ALL: [Action; 3] = [Action::Block, Action::Redact, Action::Flag];

    /// The word on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Block => "block",
            Action::Redact => "redact",
            Action::Flag => "flag",
        }
    }

    /// The choice of that name.
    pub fn parse(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// A reusable check.
#[derive(Clone, PartialEq, Debug)]
pub struct Guardrail {
    /// Row id.
    pub id: GuardrailId,
    /// Its organisation.
    pub org: OrgId,
    /// Its name, unique in the organisation.
    pub name: String,
    /// Its type: `pii`, `secrets` ...
    pub kind: String,
    /// How it is set.
    pub rule: GuardrailRule,
    /// When it was made.
    pub created: Time,
}

/// How a guardrail is set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GuardrailRule {
    /// Which way it looks.
    pub stage: Stage,
    /// What becomes of what it finds.
    pub action: Action,
    /// The score from which on something counts, where the type scores; none for the type's own.
    pub threshold: Option<f64>,
    /// Whether masked values are put in again in the answer.
    pub restore: bool,
    /// The type's own settings, as they were typed.
    pub settings: BTreeMap<String, String>,
}

/// When which guardrails apply.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// Row id.
    pub id: PolicyId,
    /// Its organisation.
    pub org: OrgId,
    /// Its name, unique in the organisation.
    pub name: String,
    /// Whether it applies at all.
    pub enabled: bool,
    /// What it says.
    pub rule: PolicyRule,
    /// When it was made.
    pub created: Time,
}

/// Whether a policy lets calls through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It does, whatever policies behind it say.
    Allow,
    /// It does not.
    Deny,
}

/// What a policy says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRule {
    /// What it is for, in words.
    pub description: String,
    /// Which way it looks.
    pub stage: Stage,
    /// Of a hundred calls, so many.
    pub sampling: u8,
    /// Higher ones come first.
    pub priority: i64,
    /// Whether it only writes down what it would have done.
    pub dry_run: bool,
    /// Names of its guardrails.
    pub guardrails: Vec<String>,
    /// When it applies, in CEL; none for always.
    pub when: Option<String>,
    /// How long its guardrails may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Whether a call passes when they take longer; else it is refused.
    pub pass_on_timeout: bool,
    /// Whether it lets calls through or not.
    pub effect: Option<Effect>,
    /// Tags that a call must have.
    pub require_tags: Vec<String>,
    /// The longest answer, in tokens.
    pub max_output_tokens: Option<u64>,
    /// Parameters of the request that are set, by their path, whatever the caller set.
    pub set: BTreeMap<String, String>,
}

impl Default for PolicyRule {
    fn default() -> PolicyRule {
        PolicyRule {
            description: String::new(),
            stage: Stage::Both,
            sampling: 100,
            priority: 0,
            dry_run: false,
            guardrails: Vec::new(),
            when: None,
            timeout_ms: None,
            pass_on_timeout: false,
            effect: None,
            require_tags: Vec::new(),
            max_output_tokens: None,
            set: BTreeMap::new(),
        }
    }
}

/// What a check came to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It found nothing.
    Passed,
    /// It was not asked, or could not answer and was told to pass.
    Bypassed,
    /// It found something, and that was written down.
    Flagged,
    /// It found something, and that was masked.
    Redacted,
    /// It refused the call.
    Blocked,
}

impl Verdict {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Bypassed => "bypassed",
            Verdict::Flagged => "flagged",
            Verdict::Redacted => "redacted",
            Verdict::Blocked => "blocked",
        }
    }
}

/// What a policy came to in a call, one way.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// The policy's name.
    pub policy: String,
    /// Which way.
    pub stage: Stage,
    /// Whether it applied to the call.
    pub matched: bool,
    /// Whether it only wrote down what it would have done.
    pub dry_run: bool,
    /// What it came to, or would have.
    pub verdict: Verdict,
    /// How long its guardrails took, in microseconds.
    pub took_us: u64,
    /// What else there is to say, without the caller's words.
    pub note: Option<String>,
    /// Its guardrails.
    pub checks: Vec<CheckOutcome>,
}

/// What a guardrail came to in a call, one way.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CheckOutcome {
    /// Its name.
    pub guardrail: String,
    /// What it came to, or would have.
    pub verdict: Verdict,
    /// What it found, and how often.
    pub found: BTreeMap<String, u32>,
    /// Its score, where the type scores.
    pub score: Option<f64>,
    /// What made up the score, or what went wrong; never the caller's words.
    pub why: Option<String>,
}
