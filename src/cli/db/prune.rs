//! `db prune`.

use crate::admin::care;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::table::Column;
use crate::cli::when::duration;
use crate::cli::words::count;
use crate::types::Time;
use serde::Serialize;
use std::time::Duration;

/// Delete old traces and kept answers, in steps that hold no call up
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai db prune --older-than 90d
  optscale-ai db prune --older-than 90d --compact --yes       gives the room back; no gateway may serve")]
pub struct Prune {
    /// How old they must be
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    older_than: Duration,
    /// Give the room back to the system afterwards; without, it is used for new rows
    #[arg(long)]
    compact: bool,
}

#[derive(Serialize)]
struct Record {
    deleted: u64,
    before: Time,
}

const COLUMNS: &[Column] = &[Column::new("deleted", "DELETED"), Column::new("before", "BEFORE")];

impl Prune {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let before = Time::now().before(self.older_than);
        let store = session.store_to_change()?;
        if self.compact
            && let Some(serving) = session.home()?.serving()
        {
            let message = format!("a gateway serves this home (pid {}), and nobody can write meanwhile", serving.pid);
            return Err(CliError::failed(message).hint("stop it first, or leave --compact out"));
        }
        session.confirm(&format!("delete all traces and answers from before {}", before.day()))?;
        let deleted = care::prune(&store, before, &mut |gone| session.ui.progress(&format!("{gone} deleted")))?;
        session.ui.progress("");
        if self.compact {
            store.compact()?;
        }
        session.ui.say(format_args!("deleted {} from before {}", count(deleted, "row", "rows"), before.day()));
        session.ui.changed(COLUMNS, &Record { deleted, before })
    }
}
