//! `init`: home, database, master key, organisation and owner, and on a terminal the first providers.

use super::detect::{self, Candidate};
use super::error::{CliError, Outcome};
use super::provider::describe;
use super::session::Session;
use super::table::Column;
use crate::admin::{self, Init as Wanted, Initialised, Made};
use crate::config::{self, Home};
use crate::secrets::KeyPlace;
use crate::store::Store;
use serde::Serialize;

/// Create the home: database, master key, organisation and owner
///
/// Asks on a terminal, and offers providers whose keys the environment has. Running it twice changes nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai init
  optscale-ai init acme --yes
  optscale-ai init --home /srv/gateway --yes")]
pub struct Init {
    /// Name of the organisation [default: the selected one, else `default`]
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Name of its owner [default: your login name]
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// Where the master key is kept, if one is made [default: file]
    #[arg(long, value_name = "PLACE")]
    master_key: Option<Place>,
}

/// Where a master key is kept.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Place {
    /// In the file `master.key` of the home
    File,
    /// In the system's keyring; needs a build with the feature `keyring`
    Keyring,
}

#[derive(Serialize)]
struct Record<'a> {
    home: String,
    org: &'a str,
    org_id: &'a str,
    owner: &'a str,
    made: Vec<&'static str>,
}

const COLUMNS: &[Column] = &[
    Column::new("home", "HOME"),
    Column::new("org", "ORG"),
    Column::new("org_id", "ORG ID"),
    Column::new("owner", "OWNER"),
    Column::new("made", "MADE"),
];

impl Init {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let home = session.home()?;
        let name = match self.name.or_else(|| session.org_name()) {
            None if session.converses() && !home.database().exists() => {
                Some(session.ask("Name of the organisation", "default")?)
            }
            named => named,
        };
        let done =
            admin::init(&home, &Wanted { org: name, owner: self.owner, key_place: key_place(self.master_key)? })?;
        if self.master_key.is_some() && !done.made.contains(&Made::MasterKey) {
            session.ui.warn("the master key was there before; --master-key changed nothing");
        }
        say_what_was_made(session, &home, &done);
        session.ui.changed(COLUMNS, &record(&home, &done))?;
        if session.converses() {
            offer_providers(session, &done)?;
        }
        if !done.made.is_empty() {
            let providers = done.store.providers(done.org.id)?.len();
            let next = if providers == 0 { "optscale-ai provider add KIND" } else { "optscale-ai key create NAME" };
            session.ui.say(format_args!("next: `{next}`, or `optscale-ai up` for everything in one go"));
        }
        Ok(())
    }
}

/// Where a new master key goes: as the option says, else the environment, else into a file.
pub(super) fn key_place(option: Option<Place>) -> Outcome<KeyPlace> {
    let variable = config::variable(config::MASTER_KEY_SOURCE);
    let place = match (option, variable.as_deref()) {
        (Some(place), _) => place,
        (None, None | Some("file")) => Place::File,
        (None, Some("keyring")) => Place::Keyring,
        (None, Some(other)) => {
            let message = format!("{} is `{other}`", config::MASTER_KEY_SOURCE);
            return Err(CliError::usage(message).hint("set it to `file` or `keyring`"));
        }
    };
    Ok(if place == Place::Keyring { KeyPlace::Keyring } else { KeyPlace::File })
}

/// Says what is new, and for `up` nothing where all was there.
pub(super) fn say_what_was_made(session: &Session, home: &Home, done: &Initialised) {
    let words: Vec<&str> = done.made.iter().map(|made| word(*made)).collect();
    let path = home.path().display();
    match words.is_empty() {
        true => session.ui.say(format_args!(
            "nothing to do: {path} is set up, with organisation `{}` owned by {}",
            done.org.name, done.owner.name
        )),
        false => session.ui.say(format_args!(
            "set up {path}: made {}; organisation `{}` is owned by {}",
            words.join(", "),
            done.org.name,
            done.owner.name
        )),
    }
}

fn record<'a>(home: &Home, done: &'a Initialised) -> Record<'a> {
    Record {
        home: home.path().display().to_string(),
        org: &done.org.name,
        org_id: &done.org.public_id,
        owner: &done.owner.name,
        made: done.made.iter().map(|made| word(*made)).collect(),
    }
}

fn word(made: Made) -> &'static str {
    match made {
        Made::Home => "home",
        Made::Database => "database",
        Made::MasterKey => "master key",
        Made::Org => "organisation",
        Made::Owner => "owner",
    }
}

fn offer_providers(session: &Session, done: &Initialised) -> Outcome {
    let missing = missing_candidates(&done.store, done)?;
    for candidate in &missing {
        if session.agree(&format!("Add {} ({})?", candidate.kind.title, candidate.reason()))? {
            add(session, done, candidate)?;
        }
    }
    Ok(())
}

/// What the environment offers and is not registered yet.
pub(super) fn missing_candidates(store: &Store, done: &Initialised) -> Outcome<Vec<Candidate>> {
    let registered = store.providers(done.org.id)?;
    let is_new = |candidate: &Candidate| {
        let taken =
            |row: &crate::store::ProviderRow| row.kind == candidate.kind.name || row.name == candidate.kind.name;
        !registered.iter().any(taken)
    };
    Ok(detect::candidates().into_iter().filter(is_new).collect())
}

/// Registers what the environment offers.
pub(super) fn add(session: &Session, done: &Initialised, candidate: &Candidate) -> Outcome {
    let row = admin::providers::add(&done.store, &done.sealer, done.org.id, &candidate.wanted())?;
    session.ui.say(format_args!("added provider `{}` ({}): {}", row.name, candidate.reason(), describe(&row)));
    Ok(())
}
