//! `policy add`.

use super::record::{COLUMNS, Record};
use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::records::{PolicyRule, Stage};

/// Add a policy: which guardrails apply, and when
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy add mask-pii --guardrail pii
  optscale-ai policy add no-keys --guardrail keys --stage input
  optscale-ai policy add trial --guardrail pii --sampling 10 --dry-run")]
pub struct Add {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    set: Set,
}

/// What can be said of a policy.
#[derive(clap::Args)]
pub struct Set {
    /// A guardrail that applies; may be repeated
    #[arg(long = "guardrail", value_name = "NAME", add = complete::guardrails())]
    guardrails: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Which way it looks: input, output or both [default: both]
    #[arg(long, value_name = "STAGE", value_parser = ["input", "output", "both"])]
    stage: Option<String>,
    /// Of a hundred calls, look at so many; the same call always falls alike [default: 100]
    #[arg(long, value_name = "PERCENT")]
    sampling: Option<u8>,
    /// Higher ones come first [default: 0]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    priority: Option<i64>,
    /// Only write down what it would do
    #[arg(long, overrides_with = "no_dry_run")]
    dry_run: bool,
    /// Do it, too [default]
    #[arg(long, overrides_with = "dry_run")]
    no_dry_run: bool,
}

impl Set {
    /// Lets a rule say what was named, and leaves the rest.
    pub fn apply(self, rule: &mut PolicyRule) {
        if !self.guardrails.is_empty() {
            rule.guardrails = self.guardrails;
        }
        if let Some(description) = self.description {
            rule.description = description;
        }
        if let Some(stage) = self.stage.as_deref().and_then(Stage::parse) {
            rule.stage = stage;
        }
        rule.sampling = self.sampling.unwrap_or(rule.sampling);
        rule.priority = self.priority.unwrap_or(rule.priority);
        rule.dry_run = self.dry_run || (rule.dry_run && !self.no_dry_run);
    }
}

impl Add {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let mut rule = PolicyRule::default();
        self.set.apply(&mut rule);
        let policy = policies::add(&store, session.org(&store)?.id, &self.name, rule)?;
        let how = if policy.rule.dry_run { "it only writes down what it would do" } else { "it applies from now on" };
        session.ui.say(format_args!("added policy `{}`; {how}", policy.name));
        session.ui.changed(COLUMNS, &Record::from(policy))
    }
}
