//! `policy add`.

use super::record::{COLUMNS, Record};
use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::when::duration;
use crate::cli::words;
use crate::records::{Effect, PolicyRule, Stage};
use std::time::Duration;

/// Add a policy: which guardrails apply, and when
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy add mask-pii --guardrail pii
  optscale-ai policy add no-keys --guardrail keys --stage input
  optscale-ai policy add trial --guardrail pii --sampling 10 --dry-run
  optscale-ai policy add mask --guardrail pii --when 'team != \"legal\"'
  optscale-ai policy add short --max-output-tokens 500 --when 'key == \"ci\"'
  optscale-ai policy add tagged --require-tag project")]
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
    /// When it applies, as a condition in CEL over request (type, stream, size, model, protocol), provider, model, user, team,
    /// key, tags, headers, stage and now (hour, weekday, month, day; UTC); an empty one means always
    #[arg(long, value_name = "CEL")]
    when: Option<String>,
    /// How long its guardrails may take: 200ms, 2s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Let a call pass when they take longer, and do not refuse it
    #[arg(long, overrides_with = "no_pass_on_timeout")]
    pass_on_timeout: bool,
    /// Refuse a call when they take longer [default]
    #[arg(long, overrides_with = "pass_on_timeout")]
    no_pass_on_timeout: bool,
    /// Let calls through, whatever --deny policies behind it say
    #[arg(long, conflicts_with = "deny")]
    allow: bool,
    /// Refuse calls
    #[arg(long)]
    deny: bool,
    /// Refuse calls without this tag; may be repeated
    #[arg(long = "require-tag", value_name = "TAG")]
    require_tags: Vec<String>,
    /// Lower the limit of answers to so many tokens
    #[arg(long, value_name = "N")]
    max_output_tokens: Option<u64>,
    /// Set a parameter of the request, whatever the caller set: temperature=0. A path leads inside:
    /// generationConfig.temperature=0. May be repeated; an empty value takes it back
    #[arg(long = "set", value_name = "PARAM=VALUE", value_parser = words::pair)]
    set: Vec<(String, String)>,
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
        if let Some(when) = self.when {
            rule.when = Some(when).filter(|when| !when.trim().is_empty());
        }
        if let Some(timeout) = self.timeout {
            rule.timeout_ms = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        }
        rule.pass_on_timeout = self.pass_on_timeout || (rule.pass_on_timeout && !self.no_pass_on_timeout);
        rule.effect = match (self.allow, self.deny) {
            (true, _) => Some(Effect::Allow),
            (_, true) => Some(Effect::Deny),
            _ => rule.effect,
        };
        if !self.require_tags.is_empty() {
            rule.require_tags = self.require_tags;
        }
        rule.max_output_tokens = self.max_output_tokens.or(rule.max_output_tokens);
        for (name, value) in self.set {
            if value.is_empty() {
                rule.set.remove(&name);
            } else {
                rule.set.insert(name, value);
            }
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
