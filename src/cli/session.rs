//! What every command needs: the global options, the home, the organisation, a word with the user.

use super::error::{CliError, Kind, Outcome};
use super::ui::Ui;
use super::Global;
use crate::config::{self, Home};
use crate::records::Org;
use crate::store::{Store, StoreError};
use dialoguer::{Confirm, Input, Password};

/// One run of the program.
pub struct Session {
    /// Where words go.
    pub ui: Ui,
    global: Global,
}

impl Session {
    /// A run with these options.
    pub fn new(global: Global) -> Session {
        Session { ui: Ui::new(global.output, global.color, global.talk()), global }
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

    /// The database for reading. An older one is brought up to date first.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn store(&self) -> Outcome<Store> {
        let home = self.home()?;
        home.check_readable()?;
        match Store::read_only(&home.database()) {
            Err(StoreError::ReadOnly(_)) => Ok(Store::open_existing(&home.database())?),
            opened => Ok(opened?),
        }
    }

    /// The organisation that the command works on: the one named, else the one selected, else the only one.
    ///
    /// # Errors
    /// There is none of that name, or none at all.
    pub fn org(&self, store: &Store) -> Outcome<Org> {
        let orgs = store.orgs()?;
        if let Some(name) = self.org_name() {
            let found = orgs.iter().find(|org| org.name == name || org.public_id == name);
            let missing = || CliError::not_found("org", &name, orgs.iter().map(|org| org.name.as_str()));
            return found.cloned().ok_or_else(missing);
        }
        let selected = store.selected_org()?;
        let only = |orgs: Vec<Org>| <[Org; 1]>::try_from(orgs).ok().map(|[org]| org);
        let found = orgs.iter().find(|org| Some(org.id) == selected).cloned();
        found.or_else(|| only(orgs)).ok_or_else(|| {
            CliError::new(Kind::NotFound, "no organisation is selected")
                .hint("select one with `optscale-ai org use NAME`, or make one with `optscale-ai init`")
        })
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
