//! The only place that knows SQL: one SQLite file, one file here for each family of tables.
//!
//! It keeps what it is given: hashes and sealed bytes, never a secret; kinds and protocols, never what a vendor is.
//! Configuration is changed only inside [`Store::change`], which raises the version that a running gateway watches.

mod answers;
mod audit;
mod budgets;
mod care;
mod column;
mod contracts;
mod costs;
mod error;
mod events;
mod guards;
mod journal;
mod keys;
mod ledger;
mod limits;
mod meta;
mod open;
mod orgs;
mod providers;
mod rates;
mod routes;
mod sealed;
mod sheets;
mod teams;
pub mod traces;
mod undo;
mod users;
mod uses;

pub use audit::{AuditFault, AuditFilter, AuditReport, AuditRow};
pub use budgets::NewBudget;
pub use care::Stats;
pub use costs::{CostQuery, CostRow, Costs, Dimension, Total};
pub use error::StoreError;
pub use guards::{NewGuardrail, NewPolicy};
pub use keys::{KeyEdit, KeyRow, NewKey, Rotation};
pub use ledger::{Ledger, Ticket};
pub use orgs::NewOrg;
pub use providers::{NewProvider, ProviderRow, StoredSecret};
pub use routes::NewRoute;
pub use sealed::SealedText;
pub use sheets::SheetRow;
pub use teams::NewTeam;
pub use traces::{Found, TraceDetail, TraceFilter, TraceRow};
pub use undo::Undone;
pub use users::NewUser;

#[cfg(test)]
mod tests;

use crate::records::{Budget, Contract, Guardrail, Limit, Org, Policy, Route, Team, User};
use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior};
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// One connection to the database file. Reading is for everybody; a thread has its own.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// In whose name things are changed.
    actor: RefCell<String>,
    /// Whether this connection sees what is changed.
    watched: Cell<bool>,
    /// Whether an administrative act is under way.
    changing: Cell<bool>,
}

/// An administrative transaction under way: everything that a [`Store`] reads, and the functions that write
/// configuration. It is undone unless [`Store::change`] ends well.
#[derive(Debug)]
pub struct Change<'s> {
    store: &'s Store,
}

impl Deref for Change<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}

/// All that a gateway needs to know, as it stood at one moment. Removed rows are not there; revoked and expired
/// keys are, so that a refusal can say why.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The version; larger after each change.
    pub version: i64,
    /// Organisations.
    pub orgs: Vec<Org>,
    /// Users.
    pub users: Vec<User>,
    /// Teams.
    pub teams: Vec<Team>,
    /// Providers, disabled ones too.
    pub providers: Vec<ProviderRow>,
    /// Virtual keys.
    pub keys: Vec<KeyRow>,
    /// Routing rules.
    pub routes: Vec<Route>,
    /// What models turned out to do.
    pub sheets: Vec<SheetRow>,
    /// What is paid by contract, the oldest first.
    pub contracts: Vec<Contract>,
    /// Budgets.
    pub budgets: Vec<Budget>,
    /// Limits on requests, tokens and calls at once.
    pub limits: Vec<Limit>,
    /// Guardrails.
    pub guardrails: Vec<Guardrail>,
    /// Policies, disabled ones too.
    pub policies: Vec<Policy>,
}

/// In whose name a program changes things that nobody told to.
const NOBODY: &str = "system";

impl Store {
    fn new(connection: Connection, path: &Path) -> Store {
        let actor = RefCell::new(NOBODY.to_owned());
        Store { connection, path: path.to_owned(), actor, watched: Cell::new(false), changing: Cell::new(false) }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs one administrative act as one transaction, and raises the configuration's version if it wrote anything. What
    /// differs after it is written down in the same transaction, whatever the act was ([`audit`]). An act within an act is
    /// part of it: where the outer one fails, nothing of it is left.
    ///
    /// # Errors
    /// What the act says, after undoing it; [`StoreError`] where the file cannot be written.
    pub fn change<T, E: From<StoreError>>(&self, act: impl FnOnce(&Change<'_>) -> Result<T, E>) -> Result<T, E> {
        if self.changing.get() {
            return act(&Change { store: self });
        }
        self.changing.set(true);
        let done = self.change_alone(act);
        self.changing.set(false);
        done
    }

    fn change_alone<T, E: From<StoreError>>(&self, act: impl FnOnce(&Change<'_>) -> Result<T, E>) -> Result<T, E> {
        // Before the transaction: what is undone with it would be undone too.
        self.watch_changes()?;
        let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| self.explain(error))?;
        let before = self.connection.total_changes();
        let change = Change { store: self };
        let value = act(&change)?;
        if self.connection.total_changes() == before {
            return Ok(value);
        }
        let audited = self.write_audit()?;
        change.raise_version()?;
        transaction.commit().map_err(|error| self.explain(error))?;
        if audited {
            self.keep_audit_head();
        }
        Ok(value)
    }

    /// Reads the whole configuration as it stands at one moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred);
        let _moment = begun.map_err(|error| self.explain(error))?;
        Ok(Snapshot {
            version: self.config_version()?,
            orgs: self.orgs()?,
            users: self.all_users()?,
            teams: self.all_teams()?,
            providers: self.all_providers()?,
            keys: self.all_keys()?,
            routes: self.all_routes()?,
            sheets: self.all_sheets()?,
            contracts: self.all_contracts()?,
            budgets: self.all_budgets()?,
            limits: self.all_limits()?,
            guardrails: self.all_guardrails()?,
            policies: self.all_policies()?,
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = || self.connection.prepare_cached(sql)?.query_map(params, read)?.collect();
        let rows: rusqlite::Result<Vec<T>> = rows();
        rows.map_err(|error| self.explain(error))
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql, params, read)?.into_iter().next())
    }

    fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        let run = || self.connection.prepare_cached(sql)?.execute(params);
        let done: rusqlite::Result<usize> = run();
        done.map_err(|error| self.explain(error))
    }

    /// As [`Store::run`], for an insert: the new row's id.
    fn insert(&self, sql: &str, params: impl Params) -> Result<i64, StoreError> {
        self.run(sql, params)?;
        Ok(self.connection.last_insert_rowid())
    }

    fn explain(&self, error: rusqlite::Error) -> StoreError {
        StoreError::explain(&self.path, error)
    }
}
