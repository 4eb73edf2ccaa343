//! `key create`.

use super::record::hand_out;
use crate::admin::keys::{self, CreateKey};
use crate::cli::budget::record::amount;
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::limit::RateOptions;
use crate::cli::secret_input::KeyText;
use crate::cli::session::Session;
use crate::cli::when::{Expiry, expiry};
use crate::cli::{complete, words};
use crate::records::Period;
use crate::secrets::VirtualKey;
use crate::types::{Money, Secret};

/// Create a virtual key; its text is shown once
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai key create my-app
  optscale-ai key create ci --model openai/gpt-4o-mini --expires 30d --budget 10/month --tag env=ci
  KEY=$(optscale-ai key create my-app)
  optscale-ai key create my-app --key-env GATEWAY_KEY       the text that `key generate` printed")]
pub struct Create {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// Whose it is [default: the owner]
    #[arg(long, value_name = "USER", add = complete::users())]
    user: Option<String>,
    /// Provider that it may call; may be repeated [default: all that its user may]
    #[arg(long = "provider", value_name = "NAME", value_delimiter = ',', add = complete::providers())]
    providers: Vec<String>,
    /// Model that it may call, as provider/model, or routing rule; may be repeated [default: all that its user may]
    #[arg(long = "model", value_name = "MODEL", value_delimiter = ',', add = complete::models())]
    models: Vec<String>,
    /// When it ends: 24h, 30d, 2027-01-31, never
    #[arg(long, value_name = "TIME", value_parser = expiry, default_value = "never")]
    expires: Expiry,
    /// Note that each of its calls carries; may be repeated
    #[arg(long = "tag", value_name = "K=V", value_parser = words::pair)]
    tags: Vec<(String, String)>,
    /// US dollars that it may spend, and the period that they are for: 10/month, 2/day, 100 (in total)
    #[arg(long, value_name = "AMOUNT/PERIOD", value_parser = amount)]
    budget: Option<(Money, Period)>,
    #[command(flatten)]
    rates: RateOptions,
    #[command(flatten)]
    text: KeyText,
    /// Refused: no key is made of a hash
    #[arg(long, value_name = "HASH", hide = true)]
    hash: Option<String>,
}

impl Create {
    pub(super) fn run(self, session: &Session) -> Outcome {
        if self.hash.is_some() {
            return Err(no_hashes());
        }
        let text = self.text.read()?.as_ref().map(checked).transpose()?;
        let opened = session.open()?;
        let wanted = CreateKey {
            name: self.name,
            user: self.user,
            providers: self.providers,
            models: self.models,
            expires: self.expires.time(),
            tags: self.tags.into_iter().collect(),
            text,
            budget: self.budget,
            rates: self.rates.wanted(),
            ..CreateKey::default()
        };
        let made = keys::create(&opened.store, &opened.sealer, opened.org.id, &wanted)?;
        hand_out(session, &made, "created key")
    }
}

/// Another gateway's hash is of a text without our check sum and is made in another way: no call could be told by it.
fn no_hashes() -> CliError {
    CliError::new(
        Kind::Refused,
        "no key is made of a hash: other gateways hash other texts in other ways, and a text that begins otherwise than \
         sk-osai- is no key here",
    )
    .hint("make a new key and hand it out: `optscale-ai key create NAME`")
    .hint("a key of this gateway moves with its text: `optscale-ai key create NAME --key-env VAR`")
}

/// A text that was generated before, with its check sum right.
fn checked(text: &Secret) -> Outcome<VirtualKey> {
    VirtualKey::parse(text.reveal()).map_err(|error| {
        CliError::usage(format!("that is no virtual key: {error}")).hint("make one with `optscale-ai key generate`")
    })
}
