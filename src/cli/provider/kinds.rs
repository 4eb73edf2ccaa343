//! `provider kinds`.

use crate::admin::providers;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::provider::{self, Kind, Setting};
use serde::Serialize;

/// List the kinds of providers that can be added, or the settings of one kind
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider kinds
  optscale-ai provider kinds azure                          what --set takes")]
pub struct Kinds {
    /// List the settings of this kind
    #[arg(value_name = "KIND", add = complete::kinds())]
    kind: Option<String>,
}

#[derive(Serialize)]
struct Record<'a> {
    kind: &'a str,
    title: &'a str,
    protocol: &'static str,
    base_url: Option<&'a str>,
    api_key_env: &'a [String],
    needs_api_key: bool,
    example_model: Option<&'a str>,
    docs: &'a str,
    note: Option<&'a str>,
    settings: Vec<String>,
}

/// A setting as it is shown.
#[derive(Serialize)]
struct SettingRecord<'a> {
    setting: String,
    required: bool,
    default: Option<&'a str>,
    env: &'a [String],
    help: &'a str,
}

const SETTINGS: &[Column] = &[
    Column::new("setting", "SETTING").shape(Shape::Word),
    Column::new("required", "REQUIRED").shape(Shape::Flag),
    Column::new("default", "DEFAULT").least(100),
    Column::new("env", "LOOKED FOR IN").wide(),
    Column::new("help", "WHAT IT IS"),
];

const COLUMNS: &[Column] = &[
    Column::new("kind", "KIND").shape(Shape::Word),
    Column::new("title", "PROVIDER").wide(),
    Column::hidden("protocol"),
    Column::hidden("base_url"),
    Column::new("api_key_env", "KEY FROM"),
    Column::hidden("needs_api_key"),
    Column::hidden("example_model"),
    Column::new("docs", "WHERE TO GET A KEY, OR HOW TO RUN IT"),
    Column::hidden("note"),
    Column::hidden("settings"),
];

impl Kinds {
    pub(super) fn run(self, session: &Session) -> Outcome {
        if let Some(name) = &self.kind {
            let kind = providers::find_kind(name)?;
            let records: Vec<SettingRecord<'_>> = kind.settings.iter().map(setting).collect();
            return session.ui.list(SETTINGS, &records, &format!("`{name}` has no settings"));
        }
        let records: Vec<Record<'_>> = provider::kinds().iter().map(record).collect();
        session.ui.list(COLUMNS, &records, "")
    }
}

fn record(kind: &Kind) -> Record<'_> {
    Record {
        kind: &kind.name,
        title: &kind.title,
        protocol: kind.protocol.as_str(),
        base_url: kind.base_url.as_deref(),
        api_key_env: &kind.api_key_env,
        needs_api_key: kind.needs_secret,
        example_model: kind.example_model.as_deref(),
        docs: &kind.docs,
        note: kind.note.as_deref(),
        settings: kind.settings.iter().map(Setting::written).collect(),
    }
}

fn setting(setting: &Setting) -> SettingRecord<'_> {
    SettingRecord {
        setting: setting.written(),
        required: setting.required,
        default: setting.default.as_deref(),
        env: &setting.env,
        help: &setting.help,
    }
}
