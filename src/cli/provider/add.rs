//! `provider add`.

use super::record::{COLUMNS, Record, describe};
use crate::admin::providers::{self, AddProvider};
use crate::cli::error::{CliError, Outcome};
use crate::cli::secret_input::ApiKey;
use crate::cli::session::Session;
use crate::cli::{complete, detect, words};
use crate::provider::{self, Kind};
use crate::types::{Protocol, Secret};

/// Register a provider
///
/// Its key is read from an environment variable, standard input, a file or a prompt, and kept sealed. Without any of
/// these, the vendor's usual variable (OPENAI_API_KEY ...) is read. Nobody is contacted.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider add openai --api-key-env OPENAI_API_KEY
  printenv ANTHROPIC_API_KEY | optscale-ai provider add anthropic --api-key-stdin
  optscale-ai provider add ollama --base-url http://gpu-box.local:11434 --allow-http
  optscale-ai provider add custom --name local --base-url http://127.0.0.1:9000/v1 --protocol openai
  optscale-ai provider add azure --set resource=my-resource --api-key-env AZURE_OPENAI_API_KEY
  optscale-ai provider add bedrock --set region=eu-west-1 --api-key-file keys.json
  optscale-ai provider add vertex --set location=europe-west4 --api-key-file account.json
  optscale-ai provider add sandbox                          answers by itself; costs nothing")]
pub struct Add {
    /// What it is; `provider kinds` lists them [a prompt asks on a terminal]
    #[arg(value_name = "KIND", add = complete::kinds())]
    kind: Option<String>,
    #[command(flatten)]
    describe: Describe,
    #[command(flatten)]
    api_key: ApiKey,
}

/// What can be said of a provider beside its kind and its key.
#[derive(clap::Args)]
pub struct Describe {
    /// Its name, the part of a model's name before the slash; a new provider is named as its kind unless said
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where it is, as the vendor's own SDK takes it
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub base_url: Option<String>,
    /// What it speaks, where the kind leaves a choice
    #[arg(long, value_name = "PROTOCOL", value_parser = words::protocol())]
    pub protocol: Option<Protocol>,
    /// Header to send with every request; may be repeated
    #[arg(long = "header", value_name = "K=V", value_parser = words::pair)]
    pub headers: Vec<(String, String)>,
    /// Model to offer by name, as the provider names it; may be repeated
    #[arg(long = "model", value_name = "MODEL", value_delimiter = ',')]
    pub models: Vec<String>,
    /// What the kind needs to know beside the key; `provider kinds KIND` lists it; may be repeated
    #[arg(long = "set", value_name = "SETTING=VALUE", value_parser = words::pair)]
    pub settings: Vec<(String, String)>,
    /// Allow plain http to an address that is not private
    #[arg(long)]
    pub allow_http: bool,
}

impl Describe {
    /// The headers as they are kept.
    pub fn secret_headers(&self) -> Vec<(String, Secret)> {
        self.headers.iter().map(|(name, value)| (name.clone(), Secret::new(value.as_str()))).collect()
    }
}

impl Add {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let opened = session.open()?;
        let name = self.kind_name(session)?;
        let (secret, settings) = match provider::find(&name) {
            Some(kind) => (self.secret(session, kind)?, self.settings(session, kind)),
            None => (None, Vec::new()),
        };
        let described = self.describe;
        let wanted = AddProvider {
            kind: name,
            headers: described.secret_headers(),
            name: described.name,
            protocol: described.protocol,
            base_url: described.base_url,
            secret,
            models: described.models,
            settings,
            allow_http: described.allow_http,
        };
        let row = providers::add(&opened.store, &opened.sealer, opened.org.id, &wanted)?;
        session.ui.say(format_args!("added provider `{}`: {}", row.name, describe(&row)));
        session.ui.changed(COLUMNS, &Record::from(row))
    }

    fn kind_name(&self, session: &Session) -> Outcome<String> {
        match &self.kind {
            Some(name) => Ok(name.clone()),
            None if session.converses() => {
                let kinds = provider::kinds();
                let items: Vec<String> = kinds.iter().map(|kind| format!("{} ({})", kind.title, kind.name)).collect();
                let chosen = session.choose("Which provider?", &items)?;
                Ok(kinds.get(chosen).map(|kind| kind.name.clone()).unwrap_or_default())
            }
            None => Err(CliError::usage("KIND is missing: which provider is to be added?")
                .hint("list them with `optscale-ai provider kinds`, then `optscale-ai provider add KIND`")),
        }
    }

    /// What was said, and for the rest what the vendor's usual variables say. A server at an address of one's own gets
    /// nothing that was not meant for it.
    fn settings(&self, session: &Session, kind: &Kind) -> Vec<(String, String)> {
        let said = &self.describe.settings;
        if self.describe.base_url.is_some() {
            return said.clone();
        }
        let mut settings = said.clone();
        for (variable, name, value) in detect::settings_in_environment(kind) {
            if said.iter().all(|(other, _)| *other != name) {
                session.ui.say(format_args!("{name} comes from {variable}"));
                settings.push((name, value));
            }
        }
        settings
    }

    /// The key that was named, else the one in the vendor's usual variable, else an answer. A server at an address of
    /// one's own may need none, and gets none that was not meant for it.
    fn secret(&self, session: &Session, kind: &Kind) -> Outcome<Option<Secret>> {
        if let Some(secret) = self.api_key.read()? {
            return Ok(Some(secret));
        }
        if self.describe.base_url.is_none()
            && let Some((variable, secret)) = detect::key_file_in_environment(kind)?
        {
            session.ui.say(format_args!("the key comes from the file that {variable} names"));
            return Ok(Some(secret));
        }
        if !kind.needs_secret || self.describe.base_url.is_some() {
            return Ok(None);
        }
        if let Some((variable, secret)) = detect::key_in_environment(kind) {
            session.ui.say(format_args!("the key comes from {variable}"));
            return Ok(Some(secret));
        }
        let question = format!("Key for {} ({})", kind.title, kind.docs);
        match self.api_key.read_or_ask(session, &question)? {
            Some(secret) => Ok(Some(secret)),
            None => Err(missing_key(kind)),
        }
    }
}

fn missing_key(kind: &Kind) -> CliError {
    let variable = kind.api_key_env.first().map_or("MY_KEY", String::as_str);
    CliError::usage(format!("{} needs a key, and none was given", kind.title))
        .hint(format!("make one at {}", kind.docs))
        .hint(format!(
            "then `optscale-ai provider add {} --api-key-env {variable}`, or --api-key-stdin, or --api-key-file FILE",
            kind.name
        ))
}
