//! `audit verify`.

use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::table::Column;
use crate::cli::words::count;
use crate::store::{AuditFault, AuditReport};

/// Prove that the record of changes is whole: no row altered, missing, moved, or taken from the end
///
/// The end is compared with the file audit.head beside the database. Who can write both could make both anew: keep the
/// hash that this prints elsewhere, and hand it over with --head later.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai audit verify
  optscale-ai audit verify --head 5f1c...            a hash that was printed before
  optscale-ai audit verify -o json")]
pub struct Verify {
    /// Hash that an earlier look printed: it must still be in the chain
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
}

const COLUMNS: &[Column] = &[
    Column::new("rows", "ROWS"),
    Column::new("head", "HEAD"),
    Column::new("end_checked", "END CHECKED"),
    Column::new("faults", "FAULTS"),
];

impl Verify {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let report = session.store()?.verify_audit(self.head.as_deref())?;
        if !session.ui.is_table() {
            session.ui.record(COLUMNS, &report)?;
        }
        match report.faults.as_slice() {
            [] => {
                say_whole(session, &report);
                Ok(())
            }
            faults => {
                let words: Vec<String> = faults.iter().map(words).collect();
                Err(CliError::failed(format!("the record of changes is not whole: {}", words.join("; "))).hint(
                    "compare it with a backup: `optscale-ai --home DIR audit list --limit 0` in a home made of one",
                ))
            }
        }
    }
}

fn say_whole(session: &Session, report: &AuditReport) {
    let rows = count(report.rows, "change", "changes");
    session.ui.say(format_args!("{rows}, each as it was written"));
    if let Some(head) = &report.head {
        session.ui.say(format_args!("the last one is {head}"));
    }
    if !report.end_checked && report.rows > 0 {
        session.ui.warn("the file audit.head is not there, so that nobody can say whether rows are missing at the end");
    }
}

fn words(fault: &AuditFault) -> String {
    match fault {
        AuditFault::Altered { seq } => format!("row {seq} was altered or moved"),
        AuditFault::Missing { seq, until } if seq == until => format!("row {seq} is missing"),
        AuditFault::Missing { seq, until } => format!("rows {seq} to {until} are missing"),
        AuditFault::OtherChain { seq: 0 } => "there is no row with the hash that was kept".to_owned(),
        AuditFault::OtherChain { seq } => {
            format!("the rows up to {seq} are not those whose hash was kept: the chain was made anew")
        }
    }
}
