//! `db check`.

use crate::admin::care;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;

/// Look the database over: pages, references, sealed secrets, the record of changes
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai db check
  optscale-ai db check -o json")]
pub struct Check {}

const COLUMNS: &[Column] =
    &[Column::new("check", "CHECK"), Column::new("ok", "OK").shape(Shape::Flag), Column::new("faults", "FAULTS")];

impl Check {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let (store, sealer) = crate::admin::open(&session.home()?)?;
        let findings = care::check(&store, &sealer)?;
        session.ui.list(COLUMNS, &findings, "")?;
        match findings.iter().all(|finding| finding.ok) {
            true => Ok(()),
            false => Err(CliError::failed("the database is not as it should be")
                .hint("take the last backup that is: `optscale-ai db restore FILE`")),
        }
    }
}
