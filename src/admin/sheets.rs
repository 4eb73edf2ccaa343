//! Sheets of what models do: kept after a look, thrown away before the next.

use super::{AdminError, names};
use crate::records::Sheet;
use crate::store::Store;
use crate::types::OrgId;

/// Keeps what was found out about a model of a provider, in place of what was known before.
///
/// # Errors
/// [`AdminError::NotFound`] for the provider.
pub fn keep(store: &Store, org: OrgId, (provider, model): (&str, &str), sheet: &Sheet) -> Result<(), AdminError> {
    store.change(|change| {
        let row = names::find_provider(change, org, provider)?;
        Ok(change.keep_sheet(row.id, model, sheet)?)
    })
}

/// Throws away what was found out about a model, so that it can be looked at without prejudice.
///
/// # Errors
/// [`AdminError::NotFound`] for the provider.
pub fn forget(store: &Store, org: OrgId, (provider, model): (&str, &str)) -> Result<(), AdminError> {
    store.change(|change| {
        let row = names::find_provider(change, org, provider)?;
        Ok(change.forget_sheet(row.id, model)?)
    })
}
