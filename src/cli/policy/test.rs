//! `policy test`.

use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::guardrail::text;
use crate::cli::session::Session;
use crate::cli::shape::millis;
use crate::cli::when::past;
use crate::gateway::{Trial, words_of};
use crate::records::{CheckOutcome, GuardVerdict, Policy};
use crate::store::Store;
use crate::types::Time;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Try a policy on a text, or on the words that are kept of past calls; exit code 4 where it would refuse one
///
/// It need not be enabled, and its condition is not looked at. Words of past calls are kept as `org edit --bodies` says.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy test mask-pii --text 'mail ana@example.com'
  optscale-ai policy test mask-pii --file prompts.txt
  optscale-ai policy test mask-pii --since 7d")]
pub struct Test {
    /// The policy
    #[arg(value_name = "NAME", add = complete::policies())]
    policy: String,
    /// A text
    #[arg(long, value_name = "TEXT", group = "what")]
    text: Option<String>,
    /// A file with a text; - is standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, group = "what")]
    file: Option<PathBuf>,
    /// The words of calls since then: 1h, 7d, 2026-11-01
    #[arg(long, value_name = "TIME", value_parser = past, group = "what", required_unless_present_any = ["text", "file"])]
    since: Option<Time>,
}

/// What came of many texts.
#[derive(Serialize, Default)]
struct Record {
    policy: String,
    texts: usize,
    blocked: usize,
    redacted: usize,
    flagged: usize,
    took_ms: f64,
    examples: Vec<Example>,
}

/// A text in which something was found, without its words.
#[derive(Serialize)]
struct Example {
    of: String,
    verdict: &'static str,
    checks: Vec<CheckOutcome>,
    /// The text as it would go on; only of a text that was typed or read from a file.
    text: Option<String>,
}

const MOST_EXAMPLES: usize = 10;

impl Test {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?.id;
        let policy = policies::find(&store, org, &self.policy)?;
        let trial = Trial::new(&policy, store.guardrails(org)?).map_err(CliError::failed)?;
        let record = match self.since {
            Some(since) => past_calls(&store, &policy, &trial, since)?,
            None => {
                let mut record = Record { policy: policy.name.clone(), ..Record::default() };
                record.add(&trial, "the text", &text(self.text, self.file)?, true);
                record
            }
        };
        match session.ui.is_table() {
            true => session.ui.data(&page(&record))?,
            false => session.ui.record(&[], &record)?,
        }
        match record.blocked {
            0 => Ok(()),
            count => Err(CliError::new(
                Kind::Refused,
                format!("the policy `{}` would refuse {count} of {}", record.policy, record.texts),
            )),
        }
    }
}

fn past_calls(store: &Store, policy: &Policy, trial: &Trial, since: Time) -> Outcome<Record> {
    let mut record = Record { policy: policy.name.clone(), ..Record::default() };
    for kept in store.answers_since(policy.org, since)? {
        let Some(words) = &kept.words else { continue };
        record.add(trial, &kept.id, &words_of(words), false);
    }
    Ok(record)
}

impl Record {
    fn add(&mut self, trial: &Trial, of: &str, text: &str, shows: bool) {
        let tried = trial.run(text);
        self.texts += 1;
        self.took_ms += tried.took.as_secs_f64() * 1000.0;
        let verdict = tried.outcomes.iter().map(|check| check.verdict).max().unwrap_or(GuardVerdict::Passed);
        self.blocked += usize::from(verdict == GuardVerdict::Blocked);
        self.redacted += usize::from(verdict == GuardVerdict::Redacted);
        self.flagged += usize::from(verdict == GuardVerdict::Flagged);
        if (verdict > GuardVerdict::Bypassed || shows) && self.examples.len() < MOST_EXAMPLES {
            let text = shows.then_some(tried.text);
            let checks = tried.outcomes;
            self.examples.push(Example { of: of.to_owned(), verdict: verdict.as_str(), checks, text });
        }
    }
}

fn page(record: &Record) -> String {
    let mut out = format!(
        "would have blocked {} of {}, masked {}, flagged {}; took {}\n",
        record.blocked,
        record.texts,
        record.redacted,
        record.flagged,
        millis(record.took_ms)
    );
    for example in &record.examples {
        let _ = writeln!(out, "{}: {}", example.of, example.verdict);
        for check in &example.checks {
            let found: Vec<String> = check.found.iter().map(|(label, count)| format!("{count} {label}")).collect();
            let score = check.score.map(|score| format!(" score {score:.2}")).unwrap_or_default();
            let why = check.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let _ = writeln!(out, "  {} {}{score}{why} {}", check.guardrail, check.verdict.as_str(), found.join(", "));
        }
        if let Some(text) = &example.text {
            let _ = writeln!(out, "  text: {}", text.trim_end());
        }
    }
    out
}
