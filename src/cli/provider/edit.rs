//! `provider edit`.

use super::add::Describe;
use super::record::{COLUMNS, Record, describe};
use crate::admin::providers::{self, EditProvider};
use crate::cli::complete;
use crate::cli::error::{CliError, Outcome};
use crate::cli::secret_input::ApiKey;
use crate::cli::session::{Opened, Session};

/// Change a provider; what is not named stays
///
/// A list that is given (--model, --header) replaces the whole list; --set NAME= takes a setting away. Keys and routes follow a new name.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider edit openai --api-key-env NEW_OPENAI_KEY
  optscale-ai provider edit openai --add-api-key --api-key-env SECOND_OPENAI_KEY
  optscale-ai provider edit local --base-url http://127.0.0.1:9001/v1")]
pub struct Edit {
    /// The provider
    #[arg(value_name = "NAME", add = complete::providers())]
    provider: String,
    #[command(flatten)]
    describe: Describe,
    /// Refuse plain http again, but to private addresses
    #[arg(long, conflicts_with = "allow_http")]
    no_allow_http: bool,
    /// Offer no models by name any more: any may be asked for
    #[arg(long, conflicts_with = "models")]
    any_model: bool,
    #[command(flatten)]
    api_key: ApiKey,
    /// Keep the keys that it has and add this one: calls take all of them in turn
    #[arg(long)]
    add_api_key: bool,
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let opened = session.open()?;
        if self.add_api_key {
            return self.add_key(session, &opened);
        }
        let edit = self.wanted()?;
        let row = providers::edit(&opened.store, &opened.sealer, opened.org.id, &self.provider, &edit)?;
        session.ui.say(format_args!("changed provider `{}`: {}", row.name, describe(&row)));
        session.ui.changed(COLUMNS, &Record::from(row))
    }

    fn add_key(&self, session: &Session, opened: &Opened) -> Outcome {
        let secret = self.api_key.read()?.ok_or_else(|| {
            CliError::usage("no further key was named").hint("name where it is, for example --api-key-env SECOND_KEY")
        })?;
        let row = providers::add_secret(&opened.store, &opened.sealer, opened.org.id, &self.provider, &secret)?;
        let keys = usize::from(row.sealed_secret.is_some()) + row.more_secrets.len();
        session.ui.say(format_args!("provider `{}` has {keys} keys now; calls take them in turn", row.name));
        session.ui.changed(COLUMNS, &Record::from(row))
    }

    fn wanted(&self) -> Outcome<EditProvider> {
        let described = &self.describe;
        let models = Some(described.models.clone()).filter(|models| self.any_model || !models.is_empty());
        let allow_http = match (described.allow_http, self.no_allow_http) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        let edit = EditProvider {
            name: described.name.clone(),
            protocol: described.protocol,
            base_url: described.base_url.clone(),
            secret: self.api_key.read()?,
            headers: Some(described.secret_headers()).filter(|headers| !headers.is_empty()),
            models,
            settings: described.settings.clone(),
            allow_http,
            kinds_own: false,
        };
        match changes(&edit) {
            true => Ok(edit),
            false => Err(CliError::usage("nothing to change was named")
                .hint("name what is to change, for example --base-url URL; see `optscale-ai provider edit --help`")),
        }
    }
}

fn changes(edit: &EditProvider) -> bool {
    edit.name.is_some()
        || edit.protocol.is_some()
        || edit.base_url.is_some()
        || edit.secret.is_some()
        || edit.headers.is_some()
        || edit.models.is_some()
        || !edit.settings.is_empty()
        || edit.allow_http.is_some()
}
