//! `up`: everything for a laptop in one go.

use super::connect::{local_key, values};
use super::error::Outcome;
use super::init::{add, key_place, missing_candidates, say_what_was_made};
use super::serve::{How, serve};
use super::session::{Opened, Session};
use super::table::{self, Column};
use super::{complete, target};
use crate::admin::providers::AddProvider;
use crate::admin::{self, Init, Initialised};
use crate::connect::{self, Connection};
use crate::provider::sandbox;
use serde::Serialize;

/// Set up what is missing and serve, in one go
///
/// Makes the home, adds the providers whose keys the environment has and an Ollama that runs here, else the built-in
/// sandbox, makes a key for this machine, serves, and prints base URL, key, model and a snippet that works as pasted.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai up
  optscale-ai up --model openai/gpt-4o-mini --listen 127.0.0.1:9000")]
pub struct Up {
    /// The model of the snippet [default: one that is registered]
    #[arg(long, value_name = "MODEL", add = complete::models())]
    model: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Serialize)]
struct Record<'a> {
    base_url: &'a str,
    anthropic_base_url: &'a str,
    api_key: &'a str,
    model: &'a str,
}

const COLUMNS: &[Column] = &[
    Column::new("base_url", "BASE URL"),
    Column::new("anthropic_base_url", "ANTHROPIC BASE URL"),
    Column::new("api_key", "API KEY"),
    Column::new("model", "MODEL"),
];

impl Up {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let home = session.home()?;
        let options = self.how.options(home.clone())?;
        let done = admin::init(&home, &Init { org: session.org_name(), owner: None, key_place: key_place(None)? })?;
        if !done.made.is_empty() {
            say_what_was_made(session, &home, &done);
        }
        add_providers(session, &done)?;
        let opened = Opened { store: done.store, sealer: done.sealer, org: done.org };
        let model = match self.model {
            Some(model) => model,
            None => target::default_model(&opened.store, &opened.org)?,
        };
        let api_key = local_key(&opened)?;
        // The gateway opens the database for itself.
        drop(opened);
        serve(session, options, &mut |ui, base_url, _| {
            let connection = target::connection(base_url, api_key.clone(), model.clone());
            match ui.is_table() {
                true => {
                    ui.data(&page(&connection))?;
                    ui.say(
                        "serving until Ctrl-C; for curl, Node.js, anthropic and others: `optscale-ai connect CLIENT`",
                    );
                    Ok(())
                }
                false => ui.record(COLUMNS, &record(&connection)),
            }
        })
    }
}

fn add_providers(session: &Session, done: &Initialised) -> Outcome {
    for candidate in missing_candidates(&done.store, done)? {
        // One key that is no key must not keep the rest from working.
        if let Err(error) = add(session, done, &candidate) {
            session.ui.warn(format_args!("{} was not added: {error}", candidate.kind.title));
        }
    }
    if done.store.providers(done.org.id)?.is_empty() {
        let wanted = AddProvider { kind: sandbox::KIND.to_owned(), ..AddProvider::default() };
        admin::providers::add(&done.store, &done.sealer, done.org.id, &wanted)?;
        session.ui.say("added provider `sandbox`, since the environment has no provider key: it answers by itself");
    }
    Ok(())
}

fn page(connection: &Connection) -> String {
    let snippet = connect::find("openai-python").map(|client| client.snippet(connection)).unwrap_or_default();
    format!("{}\n{snippet}", table::page(&values(connection)))
}

fn record(connection: &Connection) -> Record<'_> {
    Record {
        base_url: &connection.base_url,
        anthropic_base_url: &connection.anthropic_base_url,
        api_key: connection.api_key.reveal(),
        model: &connection.model,
    }
}
