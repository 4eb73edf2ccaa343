//! `doctor`: finds what is wrong, and says how to mend it. A file a row of the table of faults.
//!
//! It changes nothing but the sheet of the model that it was asked about, and prints no secret. What can be wrong, and what is then seen, is in `docs/troubleshooting.md`.

mod authentication;
mod calls;
mod check;
mod connection;
mod fetch;
mod home;
mod model;
mod provider;
mod sheet;
mod streaming;
mod tls;
mod tools;

use super::complete;
use super::error::Outcome;
use super::secret_input::KeyText;
use super::session::Session;
use calls::Setting;
use check::Report;
use connection::Asked;
use fetch::Fetcher;
use std::path::PathBuf;

/// Find out what is wrong, and how to mend it
///
/// Looks at home, database, master key, the running gateway, the key and every provider. With a model: at its name, and by
/// real calls through the gateway, in each protocol that callers speak, at what it can do: answer, stream, call tools, one and
/// several, see pictures, keep to a schema, think, report tokens, end where it is told to and when a caller hangs up. That costs
/// a few thousand tokens. What was found out is kept: `model show` shows it, and calls obey it.
/// Exit code 0 where nothing is broken, 5 where a provider or the network is to blame for all that is, else 1.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai doctor
  optscale-ai doctor openai/gpt-4o-mini
  optscale-ai doctor --base-url https://gw.example.com/v1 --key-env GATEWAY_KEY
  optscale-ai doctor -o json")]
pub struct Doctor {
    /// The model, as callers name it
    #[arg(value_name = "MODEL", add = complete::models())]
    model: Option<String>,
    #[command(flatten)]
    key: KeyText,
    /// The base URL that a client has [default: that of the running gateway]
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    base_url: Option<String>,
    /// More trusted certificate authorities, as PEM
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
}

impl Doctor {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let given = self.key.read()?;
        let ca_file = self.ca_file.as_deref();
        let fetcher = Fetcher::new(ca_file)?;
        let mut report = Report::default();
        let known = home::examine(session, self.base_url.is_some(), &mut report)?;
        let asked =
            Asked { base_url: self.base_url.as_deref(), calls_follow: self.model.is_some(), has_home: known.is_some() };
        let reached = connection::examine(&session.home()?, asked, &fetcher, &mut report);
        let key = authentication::examine(known.as_ref(), given, &mut report)?;
        if let (Some(base_url), Some(key)) = (&reached.base_url, &key) {
            report.add(authentication::ask(base_url, key, ca_file)?);
        }
        let setting = Setting { known: known.as_ref(), reached: &reached, key: key.as_ref(), ca_file, ui: &session.ui };
        match (&self.model, &known) {
            (Some(model), _) => calls::examine(model, &setting, &mut report)?,
            (None, Some(known)) => provider::examine(known, ca_file, &mut report)?,
            (None, None) => {}
        }
        report.show(&session.ui)
    }
}
