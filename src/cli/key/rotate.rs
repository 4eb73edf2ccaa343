//! `key rotate`.

use super::record::hand_out;
use crate::admin::keys;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::when::duration;
use crate::types::Time;
use serde_json::json;
use std::time::Duration;

/// Give a key a new text; it is shown once
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai key rotate my-app                   the old text ends at once
  optscale-ai key rotate my-app --grace 24h       the old text works for another day")]
pub struct Rotate {
    /// The key
    #[arg(value_name = "NAME", add = complete::keys())]
    key: String,
    /// How long the old text stays valid
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    grace: Duration,
}

impl Rotate {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let opened = session.open()?;
        let made = keys::rotate(&opened.store, &opened.sealer, opened.org.id, &self.key, self.grace)?;
        match self.grace.is_zero() {
            true => session.ui.say("the old text is not valid any more"),
            false => {
                let end = Shape::Time.words(&json!(Time::now().after(self.grace)));
                session.ui.say(format_args!("the old text stays valid until {end}"));
            }
        }
        hand_out(session, &made, "rotated key")
    }
}
