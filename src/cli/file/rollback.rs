//! `rollback`.

use crate::admin::file;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::table::Column;
use crate::cli::words::count;
use crate::types::Time;
use serde::Serialize;

/// Take the last applied file back: everything that it changed is as it was, keys that it ended included
///
/// Refused where something of it was changed since. It can be done once.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai rollback --yes")]
pub struct Rollback {}

#[derive(Serialize)]
struct Record {
    applied: Time,
    by: String,
    restored: Vec<String>,
}

const COLUMNS: &[Column] =
    &[Column::new("applied", "APPLIED"), Column::new("by", "BY"), Column::new("restored", "RESTORED")];

impl Rollback {
    pub(in crate::cli) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        session.confirm("take the last applied file back")?;
        let undone = file::rollback(&store)?;
        let rows = count(undone.restored.len() as u64, "row is as it was", "rows are as they were");
        session.ui.say(format_args!("took back what {} applied on {}; {rows}", undone.actor, undone.at.day()));
        if session.ui.is_table() {
            return session.ui.data(&undone.restored.iter().map(|row| format!("{row}\n")).collect::<String>());
        }
        session.ui.record(COLUMNS, &Record { applied: undone.at, by: undone.actor, restored: undone.restored })
    }
}
