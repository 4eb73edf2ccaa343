//! `policy enable`, `policy disable`.

use super::record::{COLUMNS, Record};
use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Let a policy apply again
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy enable mask-pii")]
pub struct Enable {
    /// The policy
    #[arg(value_name = "NAME", add = complete::policies())]
    policy: String,
}

/// Let a policy apply no more; what it says stays
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy disable mask-pii")]
pub struct Disable {
    /// The policy
    #[arg(value_name = "NAME", add = complete::policies())]
    policy: String,
}

impl Enable {
    pub(super) fn run(self, session: &Session) -> Outcome {
        switch(session, &self.policy, true)
    }
}

impl Disable {
    pub(super) fn run(self, session: &Session) -> Outcome {
        switch(session, &self.policy, false)
    }
}

fn switch(session: &Session, name: &str, enabled: bool) -> Outcome {
    let store = session.store_to_change()?;
    let policy = policies::switch(&store, session.org(&store)?.id, name, enabled)?;
    let state = if enabled { "applies" } else { "applies no more" };
    session.ui.say(format_args!("policy `{}` {state}", policy.name));
    session.ui.changed(COLUMNS, &Record::from(policy))
}
