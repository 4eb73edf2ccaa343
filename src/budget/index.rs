//! Which accounts apply to a call, found without looking at the others.

use super::account::AccountId;
use crate::records::{Budget, Payer, Scope};
use crate::types::{BudgetId, KeyId, OrgId, ProviderId, TeamId, UserId};
use std::collections::HashMap;

type Ids = Vec<AccountId>;
type ByText = HashMap<String, Ids>;

/// Accounts by what they apply to.
#[derive(Default)]
pub(super) struct Index {
    orgs: HashMap<OrgId, Ids>,
    teams: HashMap<TeamId, Ids>,
    users: HashMap<UserId, Ids>,
    keys: HashMap<KeyId, Ids>,
    providers: HashMap<ProviderId, Ids>,
    models: HashMap<ProviderId, ByText>,
    tags: HashMap<OrgId, HashMap<String, ByText>>,
    /// The accounts from which those of each session are made.
    templates: HashMap<OrgId, Vec<(BudgetId, AccountId)>>,
    sessions: HashMap<BudgetId, HashMap<String, AccountId>>,
}

impl Index {
    /// Enters an account of a budget; one of a session under its name.
    pub fn put(&mut self, budget: &Budget, session: Option<&str>, id: AccountId) {
        match (&budget.scope, session) {
            (Scope::Session, Some(session)) => {
                self.sessions.entry(budget.id).or_default().insert(session.to_owned(), id);
            }
            (Scope::Session, None) => self.templates.entry(budget.org).or_default().push((budget.id, id)),
            (scope, _) => self.put_scope(budget.org, scope, id),
        }
    }

    /// Enters an account of a scope; of sessions it has none.
    pub fn put_scope(&mut self, org: OrgId, scope: &Scope, id: AccountId) {
        match scope {
            Scope::Org => self.orgs.entry(org).or_default().push(id),
            Scope::Team(team) => self.teams.entry(*team).or_default().push(id),
            Scope::User(user) => self.users.entry(*user).or_default().push(id),
            Scope::Key(key) => self.keys.entry(*key).or_default().push(id),
            Scope::Provider(provider) => self.providers.entry(*provider).or_default().push(id),
            Scope::Model(provider, model) => {
                self.models.entry(*provider).or_default().entry(model.clone()).or_default().push(id);
            }
            Scope::Tag(name, value) => {
                let values = self.tags.entry(org).or_default().entry(name.clone()).or_default();
                values.entry(value.clone()).or_default().push(id);
            }
            Scope::Session => {}
        }
    }

    /// A session has no account any more.
    pub fn forget_session(&mut self, budget: BudgetId, session: &str) {
        if let Some(sessions) = self.sessions.get_mut(&budget) {
            sessions.remove(session);
        }
    }

    /// Adds the accounts that apply to `ids`. Gives those of which the call's session needs one of its own.
    pub fn find(&self, payer: &Payer, ids: &mut Ids) -> Vec<AccountId> {
        let mut add = |found: Option<&Ids>| ids.extend(found.into_iter().flatten());
        add(self.orgs.get(&payer.org));
        add(payer.team.and_then(|team| self.teams.get(&team)));
        add(payer.user.and_then(|user| self.users.get(&user)));
        add(payer.key.and_then(|key| self.keys.get(&key)));
        if let Some(provider) = payer.provider {
            add(self.providers.get(&provider));
            let models = self.models.get(&provider);
            add(models.zip(payer.model.as_deref()).and_then(|(models, model)| models.get(model)));
        }
        if let Some(tags) = self.tags.get(&payer.org) {
            payer.tags.iter().for_each(|(name, value)| add(tags.get(name).and_then(|values| values.get(value))));
        }
        self.sessions_of(payer, ids)
    }

    fn sessions_of(&self, payer: &Payer, ids: &mut Ids) -> Vec<AccountId> {
        let Some(session) = payer.session.as_deref() else { return Vec::new() };
        let mut fresh = Vec::new();
        for (budget, template) in self.templates.get(&payer.org).into_iter().flatten() {
            match self.sessions.get(budget).and_then(|sessions| sessions.get(session)) {
                Some(id) => ids.push(*id),
                None => fresh.push(*template),
            }
        }
        fresh
    }
}
