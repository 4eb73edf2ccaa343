//! `audit list`.

use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::cli::when::past;
use crate::store::AuditFilter;
use crate::types::Time;

/// List changes, newest first
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai audit list
  optscale-ai audit list --since 7d --actor ana --act key
  optscale-ai audit list --limit 0 -o jsonl > audit.jsonl")]
pub struct List {
    /// Only changes since then: 1h, 30d, 2026-11-01
    #[arg(long, value_name = "TIME", value_parser = past)]
    since: Option<Time>,
    /// Only changes before then
    #[arg(long, value_name = "TIME", value_parser = past)]
    until: Option<Time>,
    /// Only what this person did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this act: key.revoke; or everything done to one kind of thing: key
    #[arg(long, value_name = "ACT")]
    act: Option<String>,
    /// Only what was done to the thing of this name
    #[arg(long, value_name = "NAME")]
    object: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
}

const COLUMNS: &[Column] = &[
    Column::new("seq", "NO"),
    Column::new("time", "TIME").shape(Shape::Time),
    Column::new("actor", "BY"),
    Column::hidden("org"),
    Column::new("act", "ACT").shape(Shape::Word),
    Column::new("object", "WHAT"),
    Column::new("before", "BEFORE"),
    Column::new("after", "AFTER"),
];

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let List { since, until, actor, act, object, limit } = self;
        let org = Some(session.org(&store)?.id);
        let rows = store.audit(&AuditFilter { org, since, until, actor, act, object, limit })?;
        session.ui.list(COLUMNS, &rows, "nothing was changed, or nothing that matches")
    }
}
