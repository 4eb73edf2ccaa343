//! `guardrail add`.

use super::record::{COLUMNS, Record};
use crate::admin::guardrails;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::words;
use crate::records::{Action, GuardrailRule, Stage};
use std::collections::BTreeMap;

/// Add a guardrail; a policy says when it applies
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail add pii --type pii --action redact --restore
  optscale-ai guardrail add keys --type secrets --stage input --action block
  optscale-ai guardrail add orders --type regex --set ORDER='ORD-[0-9]{6}' --action redact")]
pub struct Add {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// What it looks for; `guardrail kinds` lists the types and their settings
    #[arg(long = "type", value_name = "TYPE", required = true, add = complete::guardrail_kinds())]
    kind: String,
    #[command(flatten)]
    set: Set,
}

/// What can be said of a guardrail.
#[derive(clap::Args)]
pub struct Set {
    /// Which way it looks: input, output or both [default: both]
    #[arg(long, value_name = "STAGE", value_parser = ["input", "output", "both"])]
    stage: Option<String>,
    /// What becomes of what it finds: block, redact or flag [default: block]
    #[arg(long, value_name = "ACTION", value_parser = ["block", "redact", "flag"])]
    action: Option<String>,
    /// The score, 0 to 1, from which on something counts, for types that score
    #[arg(long, value_name = "SCORE")]
    threshold: Option<f64>,
    /// Put masked values in again where the answer has their placeholders
    #[arg(long, overrides_with = "no_restore")]
    restore: bool,
    /// Leave placeholders as they are in answers [default]
    #[arg(long, overrides_with = "restore")]
    no_restore: bool,
    /// A setting of the type; an empty value takes it back to its default. May be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = words::pair)]
    settings: Vec<(String, String)>,
}

impl Set {
    /// Lets a rule say what was named, and leaves the rest.
    pub fn apply(self, rule: &mut GuardrailRule) {
        if let Some(stage) = self.stage.as_deref().and_then(Stage::parse) {
            rule.stage = stage;
        }
        if let Some(action) = self.action.as_deref().and_then(Action::parse) {
            rule.action = action;
        }
        rule.threshold = self.threshold.or(rule.threshold);
        rule.restore = self.restore || (rule.restore && !self.no_restore);
        for (name, value) in self.settings {
            if value.is_empty() {
                rule.settings.remove(&name);
            } else {
                rule.settings.insert(name, value);
            }
        }
    }

    /// Whether anything was named.
    pub fn is_empty(&self) -> bool {
        self.stage.is_none()
            && self.action.is_none()
            && self.threshold.is_none()
            && !self.restore
            && !self.no_restore
            && self.settings.is_empty()
    }
}

impl Add {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let mut rule = GuardrailRule {
            stage: Stage::Both,
            action: Action::Block,
            threshold: None,
            restore: false,
            settings: BTreeMap::new(),
        };
        self.set.apply(&mut rule);
        let guardrail = guardrails::add(&store, session.org(&store)?.id, &self.name, (&self.kind, rule))?;
        session.ui.say(format_args!(
            "added guardrail `{0}`; let it apply with `optscale-ai policy add {0} --guardrail {0}`",
            guardrail.name
        ));
        session.ui.changed(COLUMNS, &Record::from(guardrail))
    }
}
