//! What every command needs: the global options, the home, the organisation, a word with the user.

use super::Global;
use super::error::{CliError, Kind, Outcome};
use super::ui::{Paging, Ui};
use crate::admin;
use crate::catalogue;
use crate::config::{self, Home};
use crate::records::Org;
use crate::secrets::Sealer;
use crate::store::{Store, StoreError};
use dialoguer::{Confirm, Input, Password};

/// One run of the program.
pub struct Session {
    /// Where words go.
    pub ui: Ui,
    global: Global,
}

/// A home, opened.
pub struct Opened {
    /// The database.
    pub store: Store,
    /// What belongs to its master key.
    pub sealer: Sealer,
    /// The organisation that the command works on.
    pub org: Org,
}

impl Session {
    /// A run with these options.
    pub fn new(global: Global) -> Session {
        let paging = if global.no_pager { Paging::Never } else { Paging::Auto };
        Session { ui: Ui::new(global.output, global.color, global.talk()).paging(paging), global }
    }

    /// Uses the list of models and prices that `model update` left in the home, where it is newer than the program's own.
    pub fn use_newer_catalogue(&self) {
        let Ok(home) = Home::locate(self.global.home.as_deref()) else { return };
        let Ok(text) = std::fs::read_to_string(home.catalogue()) else { return };
        if let Err(why) = catalogue::load(text) {
            let path = home.catalogue();
            self.ui.say(format_args!(
                "{} is not used: {why}; load it anew with `optscale-ai model update`",
                path.display()
            ));
        }
    }

    /// The home that `--home` or the environment names, there or not.
    ///
    /// # Errors
    /// The platform names none.
    pub fn home(&self) -> Outcome<Home> {
        let home = Home::locate(self.global.home.as_deref())?;
        self.ui.detail(format_args!("home: {}", home.path().display()));
        Ok(home)
    }

    /// The database for reading, with all that was delivered until now. An older one is brought up to date first.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn store(&self) -> Outcome<Store> {
        let home = self.home()?;
        home.check_readable()?;
        let store = self.store_for_reading(&home)?;
        store.catch_up();
        Ok(store)
    }

    /// As [`Session::store`], in a home that is known to be there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn store_for_reading(&self, home: &Home) -> Result<Store, StoreError> {
        match Store::read_only(&home.database()) {
            Err(StoreError::ReadOnly(_)) => Store::open_existing(&home.database()),
            opened => opened,
        }
    }

    /// The database for writing, where nothing is sealed.
    ///
    /// # Errors
    /// As [`Session::store`].
    pub fn store_to_change(&self) -> Outcome<Store> {
        let home = self.home()?;
        home.check_readable()?;
        let store = Store::open_existing(&home.database())?;
        store.set_actor(&admin::login_name());
        Ok(store)
    }

    /// The organisation that the command works on: the one named, else the one selected, else the only one.
    ///
    /// # Errors
    /// There is none of that name, or none at all.
    pub fn org(&self, store: &Store) -> Outcome<Org> {
        Ok(admin::orgs::resolve(store, self.org_name().as_deref())?)
    }

    /// Database, organisation and sealer: for what keeps or opens a secret.
    ///
    /// # Errors
    /// As [`Session::org`]; the master key is missing or another one.
    pub fn open(&self) -> Outcome<Opened> {
        let (store, sealer) = admin::open(&self.home()?)?;
        let org = self.org(&store)?;
        Ok(Opened { store, sealer, org })
    }

    /// The organisation that was named for this run.
    pub fn org_name(&self) -> Option<String> {
        self.global.org.clone().or_else(|| config::variable(config::ORG))
    }

    /// Whether questions may be asked.
    pub fn converses(&self) -> bool {
        !self.global.yes && self.ui.is_conversation()
    }

    /// Asks before something is taken away for good.
    ///
    /// # Errors
    /// The answer is no; nobody is there to ask, and `--yes` was not given.
    pub fn confirm(&self, what: &str) -> Outcome {
        if self.global.yes {
            return Ok(());
        }
        if !self.ui.is_conversation() {
            return Err(CliError::usage(format!("this would {what}, and nobody is there to confirm it"))
                .hint("add --yes to go ahead without a question"));
        }
        let question = format!("This will {what}. Go ahead?");
        match Confirm::new().with_prompt(question).default(false).interact().map_err(interrupted)? {
            true => Ok(()),
            false => Err(CliError::failed("nothing was changed")),
        }
    }

    /// Asks whether to do something that can be undone; `yes` without a conversation.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn agree(&self, question: &str) -> Outcome<bool> {
        match self.converses() {
            true => Confirm::new().with_prompt(question).default(true).interact().map_err(interrupted),
            false => Ok(true),
        }
    }

    /// Asks for a line; `suggestion` is taken where the answer is empty.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn ask(&self, question: &str, suggestion: &str) -> Outcome<String> {
        let input = Input::new().with_prompt(question).default(suggestion.to_owned());
        input.interact_text().map_err(interrupted)
    }

    /// Asks for one of several; its place.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn choose(&self, question: &str, items: &[String]) -> Outcome<usize> {
        let select = dialoguer::Select::new().with_prompt(question).items(items).default(0).max_length(12);
        select.interact().map_err(interrupted)
    }

    /// Asks for a secret, unseen.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn ask_secret(&self, question: &str) -> Outcome<String> {
        Password::new().with_prompt(question).interact().map_err(interrupted)
    }
}

fn interrupted(error: dialoguer::Error) -> CliError {
    CliError::because(Kind::Failed, &error)
}
