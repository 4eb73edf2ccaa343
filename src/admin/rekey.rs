//! Changing the master key: everything that is sealed is sealed anew, and a crash at any moment leaves one key that fits.
//!
//! The new key is written beside the old one first, then everything is sealed with it in one transaction, then it takes
//! the old one's place. Who opens the database meanwhile takes whichever of the two opens its check
//! ([`MasterKey::load_fitting`]).

use super::{AdminError, care, init};
use crate::config::{self, Home};
use crate::secrets::{KeySource, MasterKey, Sealer, Slot};
use crate::store::{SealedText, Store};
use crate::types::{Secret, Time};

/// What changing the master key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many texts were sealed anew.
    pub texts: usize,
    /// Where the new key is.
    pub source: KeySource,
}

/// Changes the master key; to `given` where the key comes from the environment.
///
/// # Errors
/// [`AdminError::Secrets`], [`AdminError::Refused`] where the key comes from the environment and none is given, or a gateway
/// serves that could not learn of it. Nothing is changed then.
pub fn rekey(home: &Home, store: &Store, given: Option<&Secret>) -> Result<Rekeyed, AdminError> {
    let old = init::open_sealer(home, store)?;
    let in_environment = config::variable(config::MASTER_KEY).is_some();
    let new = match (given, in_environment) {
        (Some(text), true) => from_environment(home, text)?,
        (None, true) => return Err(needs_a_key()),
        (Some(_), false) => return Err(needs_none()),
        (None, false) => MasterKey::replacement(&home.master_key())?,
    };
    let sealer = Sealer::new(&new);
    let texts = store.change(|change| {
        let texts = change.sealed_texts()?;
        for text in &texts {
            let opened = old.open(care::slot(text), care::bytes(text))?;
            let sealed = sealer.seal(care::slot(text), &opened)?;
            change.reseal(&with(text, sealed))?;
        }
        change.set_master_check(&sealer.seal(Slot::Check, &Secret::new(init::CHECK_TEXT))?)?;
        change.note_rekeyed(Time::now())?;
        Ok::<_, AdminError>(texts.len())
    })?;
    if !in_environment {
        MasterKey::take_place(&home.master_key())?;
    }
    Ok(Rekeyed { texts, source: new.source().clone() })
}

/// A gateway under way has its variables from when it began, and would find nothing that fits.
fn from_environment(home: &Home, text: &Secret) -> Result<MasterKey, AdminError> {
    if let Some(serving) = home.serving() {
        let reason = format!(
            "a gateway serves this home (pid {}), with the master key from its environment; stop it first, and start it with \
             the new one",
            serving.pid
        );
        return Err(AdminError::Refused(reason));
    }
    Ok(MasterKey::from_variable(text.reveal())?)
}

fn needs_a_key() -> AdminError {
    let reason = "the master key comes from OPTSCALE_AI_MASTER_KEY, so the new one must, too: put it into another variable \
                  (`openssl rand -base64 32` makes one) and name that with --new-key-env VAR";
    AdminError::Refused(reason.to_owned())
}

fn needs_none() -> AdminError {
    AdminError::Refused(
        "the master key is in this home, and a new one is made for it; leave --new-key-env out".to_owned(),
    )
}

fn with(text: &SealedText, sealed: Vec<u8>) -> SealedText {
    match text {
        SealedText::Provider(id, _) => SealedText::Provider(*id, sealed),
        SealedText::ProviderMore(id, place, _) => SealedText::ProviderMore(*id, *place, sealed),
        SealedText::Header(id, name, _) => SealedText::Header(*id, name.clone(), sealed),
        SealedText::Key(id, _) => SealedText::Key(*id, sealed),
    }
}
