//! The first act: home, database, master key, organisation, owner. Each is made only where it is missing.

use super::{AdminError, names, orgs};
use crate::config::{self, Home};
use crate::records::{Org, User, UserRole};
use crate::secrets::{KeyPlace, KeySource, MasterKey, Sealer, SecretsError, Slot};
use crate::store::{Store, StoreError};
use crate::types::Secret;

/// Sealed in each new database; opens only with the master key that belongs to it.
pub(super) const CHECK_TEXT: &str = "optscale-ai";
const DEFAULT_ORG: &str = "default";

/// What `init` is asked for.
#[derive(Clone, Debug, Default)]
pub struct Init {
    /// The organisation's name; without one, the selected organisation or a new `default`.
    pub org: Option<String>,
    /// The owner's name; without one, the login name.
    pub owner: Option<String>,
    /// Where the master key is kept, if one is made.
    pub key_place: KeyPlace,
}

/// Something that `init` made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// The directory.
    Home,
    /// The database.
    Database,
    /// The master key.
    MasterKey,
    /// The organisation.
    Org,
    /// Its owner.
    Owner,
}

/// What there is after `init`.
#[derive(Debug)]
pub struct Initialised {
    /// The database.
    pub store: Store,
    /// The sealer that belongs to it.
    pub sealer: Sealer,
    /// The organisation; it is selected if it was made or none was.
    pub org: Org,
    /// Its owner.
    pub owner: User,
    /// What was made; empty where everything was there.
    pub made: Vec<Made>,
}

/// Makes what is missing of a home. Done twice, it changes nothing.
///
/// # Errors
/// [`AdminError`]; a database whose master key is missing gets no new one.
pub fn init(home: &Home, wanted: &Init) -> Result<Initialised, AdminError> {
    wanted.org.as_deref().map_or(Ok(()), names::check_name)?;
    let mut made = Vec::new();
    if !home.path().exists() {
        made.push(Made::Home);
    }
    home.create()?;
    if !home.database().exists() {
        made.push(Made::Database);
    }
    let store = Store::open(&home.database())?;
    store.set_actor(&login_name());
    let sealer = first_sealer(home, &store, wanted.key_place, &mut made)?;
    let (org, owner) = first_org(&store, wanted, &mut made)?;
    Ok(Initialised { store, sealer, org, owner, made })
}

/// Opens a home that `init` made.
///
/// # Errors
/// [`AdminError`]: not there, not readable, another master key ...
pub fn open(home: &Home) -> Result<(Store, Sealer), AdminError> {
    home.check_readable()?;
    let store = Store::open_existing(&home.database())?;
    store.set_actor(&login_name());
    let sealer = open_sealer(home, &store)?;
    Ok((store, sealer))
}

/// The sealer that belongs to a database, checked.
///
/// # Errors
/// [`AdminError::Secrets`]: no master key, or another one.
pub fn open_sealer(home: &Home, store: &Store) -> Result<Sealer, AdminError> {
    let check = store.master_check()?;
    let variable = config::variable(config::MASTER_KEY);
    Ok(MasterKey::load_fitting(variable.as_deref(), &home.master_key(), check.as_deref())?)
}

/// Where the master key is.
///
/// # Errors
/// [`AdminError::Secrets`] where there is none.
pub fn master_key_source(home: &Home) -> Result<KeySource, AdminError> {
    let variable = config::variable(config::MASTER_KEY);
    Ok(MasterKey::load(variable.as_deref(), &home.master_key())?.source().clone())
}

/// The login name of whoever runs this; `owner` where the system does not say.
pub fn login_name() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(config::variable);
    named.filter(|name| names::check_user_name(name).is_ok()).unwrap_or_else(|| "owner".to_owned())
}

fn load(home: &Home) -> Result<Sealer, SecretsError> {
    let variable = config::variable(config::MASTER_KEY);
    MasterKey::load(variable.as_deref(), &home.master_key()).map(|key| Sealer::new(&key))
}

fn first_sealer(home: &Home, store: &Store, place: KeyPlace, made: &mut Vec<Made>) -> Result<Sealer, AdminError> {
    if store.master_check()?.is_some() {
        return open_sealer(home, store);
    }
    let sealer = match load(home) {
        Err(SecretsError::Missing(path)) => {
            let master = MasterKey::create(&path, place)?;
            made.push(Made::MasterKey);
            Sealer::new(&master)
        }
        loaded => loaded?,
    };
    let sealed = sealer.seal(Slot::Check, &Secret::new(CHECK_TEXT))?;
    store.change::<_, StoreError>(|change| change.set_master_check(&sealed))?;
    Ok(sealer)
}

fn first_org(store: &Store, wanted: &Init, made: &mut Vec<Made>) -> Result<(Org, User), AdminError> {
    store.change(|change| {
        let existing = match &wanted.org {
            Some(name) => change.orgs()?.into_iter().find(|org| org.name == *name),
            None => orgs::selected(change)?,
        };
        let org = match existing {
            Some(org) => org,
            None => {
                made.push(Made::Org);
                orgs::add_selected(change, wanted.org.as_deref().unwrap_or(DEFAULT_ORG))?
            }
        };
        let owner = change.users(org.id)?.into_iter().find(|user| user.role == UserRole::Owner);
        let owner = match owner {
            Some(owner) => owner,
            None => {
                made.push(Made::Owner);
                orgs::add_owner(change, org.id, &wanted.owner.clone().unwrap_or_else(login_name))?
            }
        };
        Ok((org, owner))
    })
}
