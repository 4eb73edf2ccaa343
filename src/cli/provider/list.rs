//! `provider list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::ui::Ui;
use crate::cli::when::Watch;

/// List registered providers
#[derive(clap::Args, Default)]
#[command(after_help = "Examples:
  optscale-ai provider list
  optscale-ai provider list --watch
  optscale-ai providers -o json")]
pub struct List {
    #[command(flatten)]
    watch: Watch,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.ui.repeat(self.watch.every(), |ui| show(session, ui))
    }
}

fn show(session: &Session, ui: &Ui) -> Outcome {
    let store = session.store()?;
    let rows = store.providers(session.org(&store)?.id)?;
    let records: Vec<Record> = rows.into_iter().map(Record::from).collect();
    ui.list(COLUMNS, &records, "no providers yet; add one with `optscale-ai provider add KIND`")
}
