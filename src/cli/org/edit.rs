//! `org edit`.

use super::record::{COLUMNS, Record};
use crate::admin::orgs;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::records::Bodies;

/// Give an organisation another name (its id stays), or say what is kept of the words of its calls
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai org edit default --name acme
  optscale-ai org edit --bodies full")]
pub struct Edit {
    /// The organisation [default: the selected one]
    #[arg(value_name = "ORG", add = complete::orgs())]
    selected: Option<String>,
    /// Its new name
    #[arg(long, value_name = "NAME", required_unless_present = "bodies")]
    name: Option<String>,
    /// What is kept of prompts and answers: none and metadata keep no words; redacted keeps them as policies
    /// masked them, of calls that a masking policy looks at; full keeps them, so that answers can be gone on
    /// from (`previous_response_id`) whoever made them
    #[arg(long, value_name = "CHOICE", value_parser = ["none", "metadata", "redacted", "full"])]
    bodies: Option<String>,
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let mut org = match &self.selected {
            Some(name) => orgs::find(&store, name)?,
            None => session.org(&store)?,
        };
        if let Some(bodies) = self.bodies.as_deref().and_then(Bodies::parse) {
            org = orgs::set_bodies(&store, &org.name, bodies)?;
            session.ui.say(format_args!("organisation `{}` keeps bodies: {}", org.name, bodies.as_str()));
        }
        if let Some(name) = &self.name {
            let before = org.name;
            org = orgs::rename(&store, &before, name)?;
            session.ui.say(format_args!("organisation `{before}` is called `{}` now", org.name));
        }
        session.ui.changed(COLUMNS, &Record::new(&store, org)?)
    }
}
