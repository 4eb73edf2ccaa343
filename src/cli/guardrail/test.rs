//! `guardrail test`.

use crate::admin::guardrails;
use crate::cli::complete;
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::session::Session;
use crate::cli::shape::millis;
use crate::gateway::{Tried, try_guardrail};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

/// See what a guardrail makes of a text, and how long it takes; exit code 4 where it would refuse the call
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail test pii --text 'mail ana@example.com'
  optscale-ai guardrail test pii --file prompt.txt
  cat prompt.txt | optscale-ai guardrail test pii --file -")]
pub struct Test {
    /// The guardrail
    #[arg(value_name = "NAME", add = complete::guardrails())]
    guardrail: String,
    /// The text
    #[arg(long, value_name = "TEXT", conflicts_with = "file", required_unless_present = "file")]
    text: Option<String>,
    /// A file with the text; - is standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Record {
    guardrail: String,
    verdict: &'static str,
    found: BTreeMap<String, u32>,
    score: Option<f64>,
    why: Option<String>,
    text: String,
    took_ms: f64,
}

impl Test {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let guardrail = guardrails::find(&store, session.org(&store)?.id, &self.guardrail)?;
        let text = text(self.text, self.file)?;
        let tried = try_guardrail(&guardrail, &text).map_err(CliError::failed)?;
        let record = record(guardrail.name, tried)?;
        match session.ui.is_table() {
            true => session.ui.data(&page(&record))?,
            false => session.ui.record(&[], &record)?,
        }
        match record.verdict {
            "blocked" => Err(CliError::new(
                Kind::Refused,
                format!("the guardrail `{}` would refuse this text", record.guardrail),
            )),
            _ => Ok(()),
        }
    }
}

/// The text that was given, or that a file has.
///
/// # Errors
/// The file cannot be read.
pub fn text(text: Option<String>, file: Option<PathBuf>) -> Outcome<String> {
    let Some(file) = file else { return Ok(text.unwrap_or_default()) };
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    let unread = |error| CliError::failed(format!("{} cannot be read: {error}", file.display()));
    std::fs::read_to_string(&file).map_err(unread)
}

fn record(guardrail: String, mut tried: Tried) -> Outcome<Record> {
    let outcome = tried.outcomes.pop().ok_or_else(|| CliError::failed("the guardrail was not asked"))?;
    Ok(Record {
        guardrail,
        verdict: outcome.verdict.as_str(),
        found: outcome.found,
        score: outcome.score,
        why: outcome.why,
        text: tried.text,
        took_ms: tried.took.as_secs_f64() * 1000.0,
    })
}

fn page(record: &Record) -> String {
    let found: Vec<String> = record.found.iter().map(|(label, count)| format!("{count} {label}")).collect();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
    let score = record.score.map(|score| format!("score:   {score:.2}\n")).unwrap_or_default();
    let why = record.why.as_ref().map(|why| format!("why:     {why}\n")).unwrap_or_default();
    format!(
        "verdict: {}\nfound:   {found}\n{score}{why}took:    {}\ntext:    {}\n",
        record.verdict,
        millis(record.took_ms),
        record.text.trim_end()
    )
}
