//! `traces list`.

use super::COLUMNS;
use super::filter::{AtLeast, Which};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::ui::Ui;
use crate::cli::when::Watch;
use crate::store::TraceFilter;

/// List calls, newest first
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai traces list --since 1h --status error
  optscale-ai traces list --tag env=prod --min-latency 2s -o csv")]
pub struct List {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    at_least: AtLeast,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
    #[command(flatten)]
    watch: Watch,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.ui.repeat(self.watch.every(), |ui| self.show(session, ui))
    }

    fn show(&self, session: &Session, ui: &Ui) -> Outcome {
        let store = session.store()?;
        let filter = self.at_least.clone().narrow(self.which.clone().filter(&session.org(&store)?));
        let rows = store.traces(&TraceFilter { limit: self.limit, ..filter })?;
        ui.list(COLUMNS, &rows, "no traces yet, or none that match; `optscale-ai connect` shows how to make a call")?;
        if self.limit > 0 && rows.len() as u64 == self.limit && ui.is_table() {
            ui.say(format_args!("the newest {}; see more with --limit N, or all with --limit 0", self.limit));
        }
        Ok(())
    }
}
