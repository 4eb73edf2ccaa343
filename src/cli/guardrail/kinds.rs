//! `guardrail kinds`.

use crate::cli::complete;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::table::Column;
use crate::guardrail::{self, KINDS, Kind};
use serde::Serialize;
use std::fmt::Write as _;

/// List the types of guardrails, or say how one decides and what can be set
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail kinds
  optscale-ai guardrail kinds pii")]
pub struct Kinds {
    /// One of them
    #[arg(value_name = "TYPE", add = complete::guardrail_kinds())]
    kind: Option<String>,
}

#[derive(Serialize)]
struct Record {
    name: &'static str,
    about: &'static str,
    how: &'static str,
    family: &'static str,
    scores: bool,
    settings: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    default: &'static str,
    about: &'static str,
}

const COLUMNS: &[Column] = &[
    Column::new("name", "TYPE"),
    Column::new("about", "LOOKS FOR"),
    Column::hidden("how"),
    Column::hidden("family"),
    Column::hidden("scores"),
];

impl From<&Kind> for Record {
    fn from(kind: &Kind) -> Record {
        let row =
            |setting: &guardrail::Setting| Row { name: setting.name, default: setting.default, about: setting.about };
        Record {
            name: kind.name,
            about: kind.about,
            how: kind.how,
            family: kind.family.as_str(),
            scores: kind.scores,
            settings: kind.settings.iter().map(row).collect(),
        }
    }
}

impl Kinds {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let Some(name) = &self.kind else {
            let records: Vec<Record> = KINDS.into_iter().map(Record::from).collect();
            return session.ui.list(COLUMNS, &records, "");
        };
        let kind = guardrail::kind(name).ok_or_else(|| {
            CliError::not_found("guardrail type", name, KINDS.into_iter().map(|kind| kind.name))
                .without_list_hint("list them with `optscale-ai guardrail kinds`")
        })?;
        match session.ui.is_table() {
            true => session.ui.data(&page(kind)),
            false => session.ui.record(COLUMNS, &Record::from(kind)),
        }
    }
}

fn page(kind: &Kind) -> String {
    let mut text = format!("{}: {}\n\n{}\n\nsettings:\n", kind.name, kind.about, wrapped(kind.how));
    let width =
        kind.settings.iter().map(|setting| setting.name.len() + setting.default.len()).max().unwrap_or_default() + 1;
    for setting in kind.settings {
        let pair = format!("{}={}", setting.name, setting.default);
        let _ = writeln!(text, "  {pair:<width$}  {}", setting.about);
    }
    text
}

/// Lines of at most 78 columns.
fn wrapped(text: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let gap = if column == 0 {
            ""
        } else if column + 1 + word.len() > 78 {
            "\n"
        } else {
            " "
        };
        column = if gap == "\n" { word.len() } else { column + gap.len() + word.len() };
        out.push_str(gap);
        out.push_str(word);
    }
    out
}
