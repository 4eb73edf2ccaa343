//! One thing that was looked at, and the list of all of them as it is shown.

use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::cli::ui::Ui;
use crate::cli::words::count;
use crate::records::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;

/// How it stands with one thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Well.
    Ok,
    /// It works, and may become or cause trouble.
    Warn,
    /// It does not work.
    Fail,
    /// It was not looked at, and why.
    Skip,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    check: String,
    /// How it stands with it.
    pub status: Status,
    detail: String,
    remedy: Option<String>,
    /// Of a feature of a model: how it stands with it in each protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocols: Option<BTreeMap<&'static str, Stand>>,
    #[serde(skip)]
    is_remote: bool,
}

/// How it stands with a feature in one protocol.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Stand {
    /// Works, does not, unknown.
    pub verdict: Verdict,
    /// Why, in short.
    pub reason: Option<String>,
}

const COLUMNS: &[Column] = &[
    Column::new("check", "CHECK").shape(Shape::Word),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("detail", "DETAIL"),
    Column::hidden("remedy"),
];

impl Check {
    fn new(check: impl Into<String>, status: Status, detail: impl Display) -> Check {
        Check {
            check: check.into(),
            status,
            detail: detail.to_string(),
            remedy: None,
            protocols: None,
            is_remote: false,
        }
    }

    /// All is well.
    pub fn ok(check: impl Into<String>, detail: impl Display) -> Check {
        Check::new(check, Status::Ok, detail)
    }

    /// It works, but.
    pub fn warn(check: impl Into<String>, detail: impl Display) -> Check {
        Check::new(check, Status::Warn, detail)
    }

    /// It does not work.
    pub fn fail(check: impl Into<String>, detail: impl Display) -> Check {
        Check::new(check, Status::Fail, detail)
    }

    /// It was not looked at.
    pub fn skip(check: impl Into<String>, detail: impl Display) -> Check {
        Check::new(check, Status::Skip, detail)
    }

    /// It does not work, in the words of one of this program's errors, which say what to do behind a semicolon.
    pub fn fault(check: impl Into<String>, error: impl Display) -> Check {
        let words = error.to_string();
        match words.split_once("; ") {
            Some((detail, remedy)) => Check::fail(check, detail).remedy(remedy),
            None => Check::fail(check, words),
        }
    }

    /// The same with one more way to mend it.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Check {
        let remedy = remedy.into();
        self.remedy = Some(self.remedy.map_or(remedy.clone(), |before| format!("{before}\n{remedy}")));
        self
    }

    /// The same with a way to mend it, where the error's own words had none.
    pub fn or_remedy(self, remedy: impl Into<String>) -> Check {
        if self.remedy.is_some() { self } else { self.remedy(remedy) }
    }

    /// The same, with how it stands in each protocol.
    pub fn in_protocols(mut self, protocols: BTreeMap<&'static str, Stand>) -> Check {
        self.protocols = Some(protocols);
        self
    }

    /// The same with more words behind its own.
    pub fn also(mut self, words: &str) -> Check {
        self.detail = format!("{}; {words}", self.detail);
        self
    }

    /// The same, where a provider or the network is at fault and nothing on this machine.
    pub fn remote(mut self) -> Check {
        self.is_remote = true;
        self
    }
}

/// Everything that was looked at, in order.
#[derive(Default)]
pub struct Report(Vec<Check>);

impl Report {
    /// Adds one.
    pub fn add(&mut self, check: Check) {
        self.0.push(check);
    }

    /// Shows it.
    ///
    /// # Errors
    /// Something does not work.
    pub fn show(&self, ui: &Ui) -> Outcome {
        ui.list(COLUMNS, &self.0, "")?;
        if ui.is_table() {
            ui.data(&remedies(&self.0))?;
        }
        let failed: Vec<&Check> = self.0.iter().filter(|check| check.status == Status::Fail).collect();
        if failed.is_empty() {
            ui.say("nothing is broken");
            return Ok(());
        }
        let kind = if failed.iter().all(|check| check.is_remote) { Kind::Provider } else { Kind::Failed };
        let all = count(self.0.len() as u64, "check", "checks");
        Err(CliError::new(kind, format!("{} of {all} failed", failed.len())))
    }
}

/// What to do, a line each, under the name of its check.
fn remedies(checks: &[Check]) -> String {
    let lines = checks.iter().flat_map(|check| {
        let remedies = check.remedy.as_deref().unwrap_or_default().lines();
        remedies.map(move |remedy| format!("  {}: {}\n", check.check, visible(remedy)))
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\nWhat to do:\n{lines}") }
}

/// A terminal obeys control characters, and a remedy may hold a name that somebody else chose.
fn visible(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_taken_apart_into_what_and_what_to_do() {
        let check = Check::fault("home", "there is none; make it with `x`; or not");
        assert_eq!(
            (check.detail.as_str(), check.remedy.as_deref()),
            ("there is none", Some("make it with `x`; or not"))
        );
        assert_eq!(Check::fault("home", "broken").remedy, None);
    }

    #[test]
    fn remedies_stand_below_each_on_its_line() {
        let checks = [Check::ok("a", "fine"), Check::fail("b", "no").remedy("do x").remedy("or \u{1b}y")];
        assert_eq!(remedies(&checks), "\nWhat to do:\n  b: do x\n  b: or y\n");
        assert_eq!(remedies(&checks[..1]), "");
    }
}
