//! `secrets rotate`.

use super::status::place;
use crate::admin::rekey;
use crate::cli::error::Outcome;
use crate::cli::secret_input::from_env;
use crate::cli::session::Session;
use crate::cli::words::count;

/// Change the master key: everything that is sealed is sealed anew, at once
///
/// A running gateway takes the new key by itself. A crash at any moment leaves a key that fits. Backups from before need
/// the old key.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai secrets rotate --yes
  optscale-ai secrets rotate --new-key-env NEW_KEY --yes     where OPTSCALE_AI_MASTER_KEY holds it")]
pub struct Rotate {
    /// Variable with the new key, where the master key comes from the environment
    #[arg(long, value_name = "VAR")]
    new_key_env: Option<String>,
}

impl Rotate {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let given = self.new_key_env.as_deref().map(|name| from_env(name, "--new-key-env")).transpose()?;
        let store = session.store_to_change()?;
        session.confirm("change the master key; backups from before need the old one, which is not kept")?;
        let done = rekey::rekey(&session.home()?, &store, given.as_ref())?;
        let texts = count(done.texts as u64, "secret was", "secrets were");
        session.ui.say(format_args!("{texts} sealed anew; the master key is in {}", place(&done.source)));
        if self.new_key_env.is_some() {
            session.ui.say("set OPTSCALE_AI_MASTER_KEY to the new key now; the old one opens nothing any more");
        }
        Ok(())
    }
}
