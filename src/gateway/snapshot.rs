//! All configuration as one immutable value, made ready for calls: secrets opened, headers signed,
//! addresses taken apart. A call reads it without a lock; it is rebuilt when the store's version moves.

use super::guarding::Guards;
use super::side::SideState;
use super::spares::Spares;
use crate::catalogue::{self, Agreed, Agreement};
use crate::provider::{self, Own, sandbox};
use crate::records::{
    Auth, Contract, Guardrail, Key, Org, Policy, Provider, Quirks, Route, Sheet, Side, Team, User, UserRole,
};
use crate::secrets::{self, KeyHash, Sealer, Slot};
use crate::store::{self, KeyRow, ProviderRow, StoredSecret};
use crate::types::{OrgId, Protocol, ProviderId, Secret, Task, TeamId, Time, UserId};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The configuration at one moment.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// The store's version of it.
    pub version: i64,
    orgs: HashMap<OrgId, Arc<OrgState>>,
    /// By hash, which is compared in constant time.
    keys: HashMap<KeyHash, Arc<KeyEntry>>,
    /// What is configured and cannot be used, in words for the log.
    pub faults: Vec<String>,
}

/// An organisation with what belongs to it.
pub(crate) struct OrgState {
    pub org: Org,
    /// By name.
    pub providers: HashMap<String, Arc<ProviderState>>,
    /// By name.
    pub routes: HashMap<String, Arc<Route>>,
    /// The names of those who may let others call something: owners and managers, owners first.
    pub administrators: Vec<String>,
    /// What guards its calls.
    pub guards: Arc<Guards>,
}

/// A virtual key with its owner.
pub(crate) struct KeyEntry {
    pub key: Key,
    pub user: User,
    /// The team that the user is in.
    pub team: Option<Arc<Team>>,
    /// When this text of the key ends, where it was replaced by another.
    pub grace_ends: Option<Time>,
}

/// A provider, ready to be called.
pub(crate) struct ProviderState {
    pub record: Provider,
    pub link: Link,
    /// What its models turned out to do, by their names.
    pub sheets: HashMap<String, Sheet>,
    /// Its further keys.
    pub spares: Spares,
    /// What is paid for its models by contract, by their names.
    pub contracts: HashMap<String, Agreement>,
    /// What it speaks; never empty.
    sides: Vec<SideState>,
}

impl ProviderState {
    /// What it speaks first of all.
    pub fn main(&self) -> &SideState {
        &self.sides[0]
    }

    /// What it is spoken to in by a caller of that protocol: the caller's own where it does the task for the
    /// model, else the first that does. What is there for some models goes before what is there for all.
    pub fn side(&self, caller: Protocol, task: Task, model: &str) -> &SideState {
        let model = self.record.wire_name(model);
        let named = self.sides.iter().any(|side| side.names(model));
        let fitting = || self.sides.iter().filter(|side| if named { side.names(model) } else { side.admits(model) });
        let doing = || fitting().filter(|side| side.serves(task));
        let own = doing().find(|side| side.dialect.protocol() == caller);
        own.or_else(|| doing().next()).or_else(|| fitting().next()).unwrap_or(self.main())
    }
}

/// How a provider is reached.
pub(crate) enum Link {
    /// Over the network.
    Network,
    /// In this process.
    Sandbox,
    /// Not at all, because of this fault in its configuration.
    Faulty(String),
}

impl OrgState {
    /// An organisation that has nothing yet but its people.
    fn of(org: Org, users: &[User]) -> OrgState {
        let named = |role| users.iter().filter(move |user| user.org == org.id && user.role == role);
        let administrators = named(UserRole::Owner).chain(named(UserRole::Manager)).map(|user| user.name.clone());
        let administrators = administrators.collect();
        OrgState { org, providers: HashMap::new(), routes: HashMap::new(), administrators, guards: Arc::default() }
    }
}

impl Snapshot {
    /// Makes a stored configuration ready for calls. What cannot be used is a fault and does not keep
    /// the rest from working.
    pub fn build(stored: store::Snapshot, sealer: &Sealer) -> Snapshot {
        let mut snapshot = Snapshot { version: stored.version, ..Snapshot::default() };
        let mut orgs: HashMap<OrgId, OrgState> =
            stored.orgs.into_iter().map(|org| (org.id, OrgState::of(org, &stored.users))).collect();
        let mut sheets: HashMap<ProviderId, HashMap<String, Sheet>> = HashMap::new();
        for row in stored.sheets {
            sheets.entry(row.provider).or_default().insert(row.model, row.sheet);
        }
        let mut contracts = agreements(stored.contracts);
        for row in stored.providers {
            let Some(state) = orgs.get_mut(&row.org) else { continue };
            let mut provider = ready(row, sealer);
            provider.sheets = sheets.remove(&provider.record.id).unwrap_or_default();
            provider.contracts = contracts.remove(&provider.record.id).unwrap_or_default();
            provider.spares.learn(&provider.sheets, &provider.contracts);
            if let Link::Faulty(fault) = &provider.link {
                snapshot.faults.push(format!("provider `{}`: {fault}", provider.record.name));
            }
            state.providers.insert(provider.record.name.clone(), Arc::new(provider));
        }
        for route in stored.routes {
            if let Some(state) = orgs.get_mut(&route.org) {
                state.routes.insert(route.name.clone(), Arc::new(route));
            }
        }
        guard(&mut orgs, (stored.guardrails, stored.policies), &mut snapshot.faults);
        snapshot.orgs = orgs.into_iter().map(|(id, state)| (id, Arc::new(state))).collect();
        snapshot.keys = keys(stored.keys, stored.users, stored.teams);
        snapshot
    }

    /// The key with that hash.
    pub fn key(&self, hash: &KeyHash) -> Option<&Arc<KeyEntry>> {
        self.keys.get(hash)
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<KeyEntry>> {
        self.keys.values()
    }

    /// The organisation with that id.
    pub fn org(&self, id: OrgId) -> Option<&Arc<OrgState>> {
        self.orgs.get(&id)
    }
}

/// The contract prices of each provider's models.
fn agreements(contracts: Vec<Contract>) -> HashMap<ProviderId, HashMap<String, Agreement>> {
    let mut prices: HashMap<ProviderId, HashMap<String, Vec<Agreed>>> = HashMap::new();
    for Contract { provider, model, from, rates, .. } in contracts {
        prices.entry(provider).or_default().entry(model).or_default().push(Agreed { from, rates });
    }
    let of_models = |models: HashMap<String, Vec<Agreed>>| {
        models.into_iter().map(|(model, prices)| (model, catalogue::agreement(prices))).collect()
    };
    prices.into_iter().map(|(provider, models)| (provider, of_models(models))).collect()
}

/// Makes ready what guards the calls of each organisation.
fn guard(
    orgs: &mut HashMap<OrgId, OrgState>,
    (guardrails, policies): (Vec<Guardrail>, Vec<Policy>),
    faults: &mut Vec<String>,
) {
    for (id, state) in orgs.iter_mut().filter(|(id, _)| policies.iter().any(|policy| policy.org == **id)) {
        let guardrails = guardrails.iter().filter(|guardrail| guardrail.org == *id).cloned().collect();
        let policies = policies.iter().filter(|policy| policy.org == *id).cloned().collect();
        state.guards = Arc::new(Guards::build(guardrails, policies, faults));
    }
}

fn keys(rows: Vec<KeyRow>, users: Vec<User>, teams: Vec<Team>) -> HashMap<KeyHash, Arc<KeyEntry>> {
    let teams: HashMap<TeamId, Arc<Team>> = teams.into_iter().map(|team| (team.id, Arc::new(team))).collect();
    let users: HashMap<UserId, User> = users.into_iter().map(|user| (user.id, user)).collect();
    let mut keys = HashMap::with_capacity(rows.len());
    for row in rows {
        // The keys of a removed user are revoked: they are here for the refusal alone.
        let former = || row.key.revoked.map(|_| former_user(&row.key));
        let Some(user) = users.get(&row.key.user).cloned().or_else(former) else { continue };
        let team = user.team.and_then(|team| teams.get(&team)).cloned();
        let entry = |key, grace_ends| Arc::new(KeyEntry { key, user: user.clone(), team: team.clone(), grace_ends });
        if let Some((hash, ends)) = row.previous {
            keys.insert(KeyHash(hash), entry(row.key.clone(), Some(ends)));
        }
        keys.insert(KeyHash(row.hash), entry(row.key, None));
    }
    keys
}

fn former_user(key: &Key) -> User {
    User {
        id: key.user,
        org: key.org,
        name: "a removed user".to_owned(),
        role: UserRole::Member,
        team: None,
        allowed: Vec::new(),
        created: key.created,
    }
}

/// Makes one stored provider ready for calls, with all its keys.
pub(crate) fn ready(row: ProviderRow, sealer: &Sealer) -> ProviderState {
    let further = further_keys(&row);
    let mut state = ready_with_one(row, sealer);
    state.spares = Spares::of(further.into_iter().map(|row| ready_with_one(row, sealer)));
    state
}

/// The row once for each key behind the first, with that key alone.
fn further_keys(row: &ProviderRow) -> Vec<ProviderRow> {
    let first = usize::from(row.sealed_secret.is_none());
    let alone = |secret: &StoredSecret| {
        let more_secrets = vec![secret.clone()];
        ProviderRow { sealed_secret: None, more_secrets, ..row.clone() }
    };
    row.more_secrets.iter().skip(first).map(alone).collect()
}

fn ready_with_one(row: ProviderRow, sealer: &Sealer) -> ProviderState {
    let name = row.name.clone();
    let (record, fault) = match opened(row, sealer) {
        Ok(record) => (record, None),
        Err((record, fault)) => (*record, Some(fault)),
    };
    let mut state = link(record);
    if let Some(fault) = fault {
        state.link = Link::Faulty(fault);
    }
    if let Link::Faulty(fault) = &mut state.link {
        fault.push_str(&format!("; mend it with `optscale-ai provider edit {name}`"));
    }
    state
}

/// A server at this base URL that speaks this protocol and takes this key, registered nowhere.
pub(crate) fn remote(base_url: &str, key: &Secret, protocol: Protocol) -> ProviderState {
    let record = Provider {
        id: ProviderId(0),
        org: OrgId(0),
        name: "gateway".to_owned(),
        kind: "custom".to_owned(),
        protocol,
        sides: vec![Side::plain(protocol)],
        base_url: base_url.trim_end_matches('/').to_owned(),
        auth: Auth::Bearer,
        settings: BTreeMap::new(),
        wire_names: BTreeMap::new(),
        secret: Some(key.clone()),
        headers: Vec::new(),
        models: Vec::new(),
        catalogue: None,
        quirks: Quirks::default(),
        enabled: true,
        created: Time::from_millis(0),
    };
    link(record)
}

/// Signs the headers and takes the addresses apart.
fn link(record: Provider) -> ProviderState {
    let plain = || record.sides.iter().map(SideState::unreachable).collect();
    let (link, sides) = if record.kind == sandbox::KIND {
        (Link::Sandbox, plain())
    } else {
        match record.sides.iter().map(|side| SideState::new(side, &record)).collect() {
            Ok(sides) => (Link::Network, sides),
            Err(fault) => (Link::Faulty(fault), plain()),
        }
    };
    let (sheets, contracts, spares) = (HashMap::new(), HashMap::new(), Spares::default());
    ProviderState { link, sheets, spares, contracts, sides, record }
}

/// Puts a stored provider together with what its kind brings along; on a fault as far as that goes.
fn opened(row: ProviderRow, sealer: &Sealer) -> Result<Provider, (Box<Provider>, String)> {
    let kind = provider::find(&row.kind);
    let protocol = row.protocol.or(kind.map(|kind| kind.protocol)).unwrap_or(Protocol::Openai);
    let own = if row.base_url.is_some() { Own::Elsewhere } else { Own::Address };
    let mut record = Provider {
        id: row.id,
        org: row.org,
        name: row.name,
        protocol,
        sides: kind.map_or_else(|| vec![Side::plain(protocol)], |kind| kind.sides(protocol, &row.settings, own)),
        base_url: String::new(),
        auth: kind.map_or(Auth::None, |kind| kind.auth(protocol)),
        settings: kind.map(|kind| kind.with_defaults(&row.settings)).unwrap_or_default(),
        wire_names: kind.map(|kind| kind.wire_names(&row.settings)).unwrap_or_default(),
        secret: None,
        headers: Vec::new(),
        models: row.models,
        catalogue: kind.and_then(|kind| kind.catalogue.clone()),
        quirks: kind.map(|kind| kind.quirks.clone()).unwrap_or_default(),
        enabled: row.enabled,
        created: row.created,
        kind: row.kind,
    };
    let result = (|| {
        let kind = kind.ok_or_else(|| format!("this version knows no kind `{}`", record.kind))?;
        let given = row.base_url.as_deref();
        kind.check_settings(&row.settings, given.is_some()).map_err(|error| error.to_string())?;
        let base_url = provider::base_url(kind, protocol, (given, &row.settings), row.allow_http);
        record.base_url = base_url.map_err(|error| error.to_string())?;
        record.secret = first_secret(row.id, row.sealed_secret, row.more_secrets, sealer)?;
        record.headers = headers(&row.sealed_headers, row.id, sealer)?;
        Ok(())
    })();
    match result {
        Ok(()) => Ok(record),
        Err(fault) => Err((Box::new(record), fault)),
    }
}

/// The first of its keys, opened, or read where it is.
fn first_secret(
    id: ProviderId,
    sealed: Option<Vec<u8>>,
    more: Vec<StoredSecret>,
    sealer: &Sealer,
) -> Result<Option<Secret>, String> {
    let first = sealed.map(StoredSecret::Sealed).or_else(|| more.into_iter().next());
    let opened = match first {
        None => return Ok(None),
        Some(StoredSecret::Sealed(sealed)) => sealer.open(Slot::ProviderSecret(id), &sealed),
        Some(StoredSecret::Source(source)) => secrets::read_source(&source),
    };
    opened.map(Some).map_err(|error| error.to_string())
}

fn headers(sealed: &[(String, Vec<u8>)], id: ProviderId, sealer: &Sealer) -> Result<Vec<(String, Secret)>, String> {
    let open = |(name, value): &(String, Vec<u8>)| {
        let opened = sealer.open(Slot::ProviderHeader(id, name), value);
        opened.map(|value| (name.clone(), value)).map_err(|error| error.to_string())
    };
    sealed.iter().map(open).collect()
}
