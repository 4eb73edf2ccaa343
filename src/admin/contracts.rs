//! Prices by contract: what an organisation pays for a model from a day on.

use super::{AdminError, names};
use crate::price::{Meter, Rates};
use crate::records::Contract;
use crate::store::Store;
use crate::types::{Money, OrgId, Time};

/// Sets what a model costs from `from` on, in place of a price that holds from the same moment.
///
/// # Errors
/// [`AdminError::Invalid`] where no rate is given or the name is none of a model; [`AdminError::NotFound`] for the provider.
pub fn set(
    store: &Store,
    org: OrgId,
    model: &str,
    (from, agreed): (Time, &[(Meter, Money)]),
) -> Result<Contract, AdminError> {
    if agreed.is_empty() {
        return Err(AdminError::invalid("price", "none is given; give at least one, like `--in 2.5 --out 10`"));
    }
    let mut rates = Rates::new(format!("contract since {}", from.day()));
    agreed.iter().for_each(|(meter, money)| rates.set(*meter, *money));
    let (provider, name) = parts(model)?;
    store.change(|change| {
        let row = names::find_provider(change, org, provider)?;
        let (created, model) = (Time::now(), name.to_owned());
        let contract = Contract { provider: row.id, model, from, rates, created };
        change.keep_contract(&contract)?;
        Ok(contract)
    })
}

/// Takes the contract prices of a model away, or the one that holds from this moment on. How many there were.
///
/// # Errors
/// [`AdminError::NotFound`] for the provider, and where there is no such price.
pub fn remove(store: &Store, org: OrgId, model: &str, from: Option<Time>) -> Result<usize, AdminError> {
    let (provider, name) = parts(model)?;
    store.change(|change| {
        let row = names::find_provider(change, org, provider)?;
        match change.forget_contracts(row.id, name, from)? {
            0 => Err(AdminError::not_found("contract price", model, std::iter::empty())),
            count => Ok(count),
        }
    })
}

fn parts(model: &str) -> Result<(&str, &str), AdminError> {
    model.split_once('/').filter(|(provider, name)| !provider.is_empty() && !name.is_empty()).ok_or_else(|| {
        let why = format!("`{model}` names none; write it as provider/model, as `model list` shows it");
        AdminError::invalid("model", why)
    })
}
