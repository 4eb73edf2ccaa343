//! `connect`: what a client needs to be pointed here, ready to paste.

use super::error::{CliError, Outcome};
use super::secret_input::KeyText;
use super::session::{Opened, Session};
use super::table::{self, Column};
use super::{complete, target};
use crate::admin::keys;
use crate::connect::{self, Client, Connection};
use crate::types::Secret;
use serde::Serialize;

/// The name of the key that this machine's own tools use.
pub(super) const LOCAL_KEY: &str = "local";

/// Show how to point a client here: base URL, key, model and a snippet that works as pasted
///
/// Makes a key for this machine unless one is given.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai connect                             values and the list of clients
  optscale-ai connect openai-python
  optscale-ai connect curl --model sandbox/echo
  optscale-ai connect -o json --key-env GATEWAY_KEY
  eval \"$(optscale-ai connect env)\"")]
pub struct Connect {
    /// The client: openai-python, openai-node, anthropic-python, anthropic-node, langchain, litellm, codex, cursor,
    /// curl, env
    #[arg(value_name = "CLIENT", add = complete::clients())]
    client: Option<String>,
    /// The model [default: one that is registered]
    #[arg(long, value_name = "MODEL", add = complete::models())]
    model: Option<String>,
    /// Where the gateway is, as an OpenAI SDK takes it [default: the running gateway, else http://127.0.0.1:8642/v1]
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    base_url: Option<String>,
    #[command(flatten)]
    key: KeyText,
}

#[derive(Serialize)]
struct Record<'a> {
    base_url: &'a str,
    anthropic_base_url: &'a str,
    api_key: &'a str,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<String>,
}

const COLUMNS: &[Column] = &[
    Column::new("base_url", "BASE URL"),
    Column::new("anthropic_base_url", "ANTHROPIC BASE URL"),
    Column::new("api_key", "API KEY"),
    Column::new("model", "MODEL"),
];

impl Connect {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let client = self.client.as_deref().map(find).transpose()?;
        let given = self.key.read()?;
        let opened = session.open()?;
        let model = match self.model {
            Some(model) => model,
            None => target::default_model(&opened.store, &opened.org)?,
        };
        let base_url = match self.base_url {
            Some(url) => url,
            None => target::base_url(session.home()?.serving().as_ref()),
        };
        let api_key = match given {
            Some(key) => key,
            None => local_key(&opened)?,
        };
        show(session, client, &target::connection(&base_url, api_key, model))
    }
}

fn show(session: &Session, client: Option<&'static dyn Client>, connection: &Connection) -> Outcome {
    if let (Some(client), true) = (client, session.ui.is_table()) {
        return session.ui.data(&connect::guide(client, connection));
    }
    let record = Record {
        base_url: &connection.base_url,
        anthropic_base_url: &connection.anthropic_base_url,
        api_key: connection.api_key.reveal(),
        model: &connection.model,
        client: client.map(Client::name),
        snippet: client.map(|client| client.snippet(connection)),
    };
    if session.ui.is_table() {
        session.ui.data(&table::page(&values(connection)))?;
        let names: Vec<&str> = connect::clients().iter().map(|client| client.name()).collect();
        session.ui.say(format_args!("a ready snippet: `optscale-ai connect CLIENT` with {}", names.join(", ")));
        return Ok(());
    }
    session.ui.record(COLUMNS, &record)
}

/// What a client is told, as people read it.
pub(super) fn values(connection: &Connection) -> [(&'static str, String); 3] {
    [
        ("Base URL", connection.base_url.clone()),
        ("API key", connection.api_key.reveal().to_owned()),
        ("Model name", connection.model.clone()),
    ]
}

/// The key for use on this machine, made where there is none.
pub(super) fn local_key(opened: &Opened) -> Outcome<Secret> {
    let made = keys::local(&opened.store, &opened.sealer, opened.org.id, LOCAL_KEY)?;
    Ok(made.text.secret().clone())
}

fn find(name: &str) -> Outcome<&'static dyn Client> {
    connect::find(name).ok_or_else(|| {
        let names: Vec<&str> = connect::clients().iter().map(|client| client.name()).collect();
        let error = CliError::not_found("client", name, names.iter().copied());
        error.without_list_hint(format!("known are {}", names.join(", ")))
    })
}
