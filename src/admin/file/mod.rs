//! The configuration of one organisation as a file: read, compared with what is, applied in one transaction, written,
//! taken back.
//!
//! A kind of thing is a [`Table`] in a file of its own here: what an entry may say, how it reads what is there, and how it
//! adds, changes and removes. What a further one needs beside that is a line in [`Configuration`] and one in
//! [`each_table`]; the differences, the order, the JSON Schema and the text of exports come by themselves.

mod apply;
mod budget;
mod difference;
mod export;
mod guardrail;
mod key;
mod organization;
mod policy;
mod provider;
mod route;
mod team;
mod user;

pub use apply::{Applied, apply, plan, rollback};
pub use difference::{Difference, FieldChange, Kind};
pub use export::{export, update, written};
pub use provider::ProviderEntry;
pub use route::RouteEntry;

use super::AdminError;
use crate::secrets::{Sealer, VirtualKey};
use crate::store::Store;
use crate::types::OrgId;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::RefCell;

/// A whole file. A kind of thing that is not named at all is left as it is; `route = []` says that there are none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The organisation that all the rest belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<organization::Organization>,
    /// Registered connections to model providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Vec<provider::ProviderEntry>>,
    /// Other names for models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Vec<route::RouteEntry>>,
    /// Users who may call the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Vec<team::TeamEntry>>,
    /// Users. Owners that the file does not name stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Vec<user::UserEntry>>,
    /// Reusable checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail: Option<Vec<guardrail::GuardrailEntry>>,
    /// When which guardrails apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Vec<policy::PolicyEntry>>,
    /// Virtual keys. Keys for use on this machine are never in a file, and stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Vec<key::KeyEntry>>,
    /// How much may be spent. A plain budget of a key stands at the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Vec<budget::BudgetEntry>>,
}

/// Calls a macro for each kind of thing, in the order in which they refer to one another.
macro_rules! each_table {
    ($act:ident) => {
        $act!(provider);
        $act!(route);
        $act!(team);
        $act!(user);
        $act!(guardrail);
        $act!(policy);
        $act!(key);
        $act!(budget);
    };
}
use each_table;

/// One kind of thing in the file, and what an entry says of one.
trait Table: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The word for one: `key`.
    const WHAT: &'static str;

    /// What tells it from others.
    fn name(&self) -> Cow<'_, str>;

    /// The same, of an entry that stands in a document.
    fn name_in(table: &toml_edit::Table) -> Option<String> {
        table.get("name").and_then(toml_edit::Item::as_str).map(str::to_owned)
    }

    /// What is there, as a file would say it.
    fn current(store: &Store, org: OrgId) -> Result<Vec<Self>, AdminError>;

    /// The entry as it is to be compared with what is there: with what the file leaves to the program filled in.
    fn completed(&self, current: Option<&Self>) -> Result<Self, AdminError> {
        let _ = current;
        Ok(self.clone())
    }

    /// Adds it.
    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError>;

    /// Changes what is there into it.
    fn change(&self, before: &Self, desk: &Desk<'_>) -> Result<(), AdminError>;

    /// Whether it goes where a file does not name it.
    fn goes(&self) -> bool {
        true
    }

    /// Removes it.
    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError>;
}

/// What an entry is applied with: the transaction, and where new texts of keys go.
struct Desk<'a> {
    store: &'a Store,
    sealer: &'a Sealer,
    org: OrgId,
    by: &'a str,
    keys: RefCell<Vec<NewKey>>,
}

/// A key that was made, with its text.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: VirtualKey,
    /// Whether the file says where the text comes from, so that it need not be handed out.
    pub given: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Reads a file.
///
/// # Errors
/// [`AdminError::Invalid`] with line and column, for what is no TOML, for unknown keys and for wrong values.
pub fn read(text: &str) -> Result<Configuration, AdminError> {
    let configuration: Configuration = toml::from_str(text).map_err(|error| {
        // The first line says the place, the rest what is there.
        AdminError::invalid("file", error.to_string().trim_end().to_owned())
    })?;
    macro_rules! once {
        ($kind:ident) => {
            difference::check_names(configuration.$kind.as_deref().unwrap_or_default())?;
        };
    }
    each_table!(once);
    Ok(configuration)
}

/// The JSON Schema of a file, for editors.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Configuration);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests;
