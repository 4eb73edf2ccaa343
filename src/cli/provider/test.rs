//! `provider test`.

use super::ask::{failed, probe};
use crate::canonical::Complaint;
use crate::cli::complete;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::shape::{Shape, millis};
use crate::cli::table::Column;
use crate::cli::words::count;
use crate::gateway::{Heard, Way};
use crate::provider;
use crate::store::ProviderRow;
use serde::Serialize;
use std::path::PathBuf;

/// Make real calls to a provider and say what works
///
/// Asks for the list of models, for a word, and for a word as a stream. Costs a few tokens; leaves no trace.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider test openai
  optscale-ai provider test ollama --model llama3.2")]
pub struct Test {
    /// The provider
    #[arg(value_name = "NAME", add = complete::providers())]
    provider: String,
    /// The model to ask, as the provider names it [default: a cheap one]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// More trusted certificate authorities, as PEM
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Check {
    check: &'static str,
    result: &'static str,
    model: Option<String>,
    latency_ms: Option<f64>,
    detail: String,
}

const COLUMNS: &[Column] = &[
    Column::new("check", "CHECK"),
    Column::new("result", "RESULT").shape(Shape::State),
    Column::hidden("model"),
    Column::hidden("latency_ms"),
    Column::new("detail", "DETAIL"),
];

impl Test {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let (row, probe) = probe(session, &self.provider, self.ca_file.as_deref())?;
        let listed = probe.models();
        let model = self.model(&row, listed.as_deref().unwrap_or_default());
        let mut checks = vec![listing(&listed)];
        let Some(model) = model else {
            session.ui.list(COLUMNS, &checks, "")?;
            return Err(match listed {
                Err(complaint) => failed(&row.name, &complaint),
                Ok(_) => CliError::usage("no model is known to ask").hint("name one with --model MODEL"),
            });
        };
        let mut fault = None;
        for (name, way) in [("answer", Way::Whole), ("stream", Way::Stream)] {
            let heard = probe.ask(&model, way);
            checks.push(answer(name, &model, &heard));
            fault = fault.or(heard.err());
        }
        session.ui.list(COLUMNS, &checks, "")?;
        fault.map_or(Ok(()), |complaint| Err(failed(&row.name, &complaint)))
    }

    /// The model that was named, else one that is offered, the vendor's cheap one, or the first that it lists.
    fn model(&self, row: &ProviderRow, listed: &[String]) -> Option<String> {
        let bare = |model: &String| model.strip_prefix(&format!("{}/", row.name)).unwrap_or(model).to_owned();
        let example = || provider::find(&row.kind).and_then(|kind| kind.example_model.clone());
        let named = self.model.as_ref().map(bare).or_else(|| row.models.first().cloned());
        named.or_else(example).or_else(|| listed.first().cloned())
    }
}

fn listing(listed: &Result<Vec<String>, Complaint>) -> Check {
    let (result, detail) = match listed {
        Ok(ids) => ("ok", format!("lists {}", count(ids.len() as u64, "model", "models"))),
        Err(complaint) => ("failed", complaint.message.to_string()),
    };
    Check { check: "models", result, model: None, latency_ms: None, detail }
}

fn answer(check: &'static str, model: &str, heard: &Result<Heard, Complaint>) -> Check {
    let (result, latency_ms, detail) = match heard {
        Ok(heard) => ("ok", Some(heard.took.as_secs_f64() * 1000.0), said(heard)),
        Err(complaint) => ("failed", None, complaint.message.to_string()),
    };
    Check { check, result, model: Some(model.to_owned()), latency_ms, detail }
}

fn said(heard: &Heard) -> String {
    let text: String = heard.text.chars().take(40).collect();
    let tokens = match heard.usage {
        Some(usage) => format!("{} tokens in, {} out", usage.input, usage.output),
        None => "no token counts".to_owned(),
    };
    format!("\"{}\" after {}, {tokens}", text.trim(), millis(heard.took.as_secs_f64() * 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_answer_is_said_in_one_line() {
        let heard = Heard { text: "Hello!".into(), took: Duration::from_millis(12), ..Heard::default() };
        assert_eq!(said(&heard), "\"Hello!\" after 12 ms, no token counts");
    }
}
