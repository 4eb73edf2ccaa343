//! `key edit`.

use super::record::{Around, COLUMNS, Record};
use crate::admin::keys::{self, EditKey};
use crate::cli::budget::record::amount;
use crate::cli::error::{CliError, Outcome};
use crate::cli::limit::RateOptions;
use crate::cli::session::Session;
use crate::cli::when::{Expiry, expiry};
use crate::cli::{complete, words};
use crate::records::Period;
use crate::types::Money;

/// Change what a key may call and spend, its end, its tags or its user; its text stays
///
/// A list that is given replaces the whole list.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai key edit my-app --model openai/gpt-4o-mini --model openai/gpt-4o
  optscale-ai key edit my-app --any-model --expires never")]
pub struct Edit {
    /// The key
    #[arg(value_name = "NAME", add = complete::keys())]
    key: String,
    /// Provider that it may call; may be repeated
    #[arg(long = "provider", value_name = "NAME", value_delimiter = ',', add = complete::providers())]
    providers: Vec<String>,
    /// Every provider that its user may call
    #[arg(long, conflicts_with = "providers")]
    any_provider: bool,
    /// Model that it may call, as provider/model, or routing rule; may be repeated
    #[arg(long = "model", value_name = "MODEL", value_delimiter = ',', add = complete::models())]
    models: Vec<String>,
    /// Every model that its user may call
    #[arg(long, conflicts_with = "models")]
    any_model: bool,
    /// When it ends: 24h, 30d, 2027-01-31, never
    #[arg(long, value_name = "TIME", value_parser = expiry)]
    expires: Option<Expiry>,
    /// Note that each of its calls carries; may be repeated
    #[arg(long = "tag", value_name = "K=V", value_parser = words::pair)]
    tags: Vec<(String, String)>,
    /// Whose it is from now on; it calls what this user may
    #[arg(long, value_name = "USER", add = complete::users())]
    user: Option<String>,
    /// No notes any more
    #[arg(long, conflicts_with = "tags")]
    no_tags: bool,
    /// US dollars that it may spend, and the period that they are for: 10/month, 2/day, 100 (in total)
    #[arg(long, value_name = "AMOUNT/PERIOD", value_parser = amount)]
    budget: Option<(Money, Period)>,
    /// No budget of its own any more
    #[arg(long, conflicts_with = "budget")]
    no_budget: bool,
    #[command(flatten)]
    rates: RateOptions,
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let edit = EditKey {
            providers: (self.any_provider || !self.providers.is_empty()).then_some(self.providers),
            models: (self.any_model || !self.models.is_empty()).then_some(self.models),
            tags: (self.no_tags || !self.tags.is_empty()).then(|| self.tags.into_iter().collect()),
            expires: self.expires.map(Expiry::time),
            budget: (self.no_budget || self.budget.is_some()).then_some(self.budget),
            user: self.user,
            rates: self.rates.wanted(),
        };
        if edit == EditKey::default() {
            return Err(CliError::usage("nothing to change was named")
                .hint("name what is to change, for example --expires 30d; see `optscale-ai key edit --help`"));
        }
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let key = keys::edit(&store, org.id, &self.key, &edit)?;
        session.ui.say(format_args!("changed key `{}`", key.name));
        let row = keys::find(&store, org.id, &key.name)?;
        session.ui.changed(COLUMNS, &Record::new(row, &Around::of(&store, &org)?))
    }
}
