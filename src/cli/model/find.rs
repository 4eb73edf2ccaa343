//! Which models there are for a reader: those of the registered providers, else the whole catalogue.

use crate::catalogue::{self, Model};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::provider;
use crate::store::ProviderRow;

/// A model under the name that callers use.
pub struct Named {
    /// `provider/model`; `vendor/model` where no provider is registered for it.
    pub name: String,
    /// What the catalogue knows; nothing for a model that only its provider knows.
    pub known: Option<Model>,
}

/// The models that the registered providers offer, as far as the catalogue or the administrator names them.
pub fn offered(rows: &[ProviderRow]) -> Vec<Named> {
    rows.iter()
        .flat_map(|row| {
            let vendor = vendor(row);
            let listed = |model: &String| (model.clone(), vendor.and_then(|vendor| catalogue::find(vendor, model)));
            let whole = |model: Model| (model.id.to_owned(), Some(model));
            let models: Vec<(String, Option<Model>)> = match (row.models.is_empty(), vendor) {
                (false, _) => row.models.iter().map(listed).collect(),
                (true, Some(vendor)) => catalogue::models(vendor).map(whole).collect(),
                (true, None) => Vec::new(),
            };
            let named = |(model, known)| Named { name: format!("{}/{model}", row.name), known };
            models.into_iter().map(named).collect::<Vec<_>>()
        })
        .collect()
}

/// Every model of the catalogue.
pub fn everything() -> Vec<Named> {
    let named = |model: Model| Named { name: format!("{}/{}", model.vendor, model.id), known: Some(model) };
    catalogue::vendors().flat_map(catalogue::models).map(named).collect()
}

/// Whose prices apply to a provider.
pub fn vendor(row: &ProviderRow) -> Option<&'static str> {
    provider::find(&row.kind)?.catalogue.as_deref()
}

/// The registered providers; none where there is no home yet, since the catalogue can be read without one.
pub fn registered(session: &Session) -> Outcome<Vec<ProviderRow>> {
    if !session.home()?.database().exists() {
        return Ok(Vec::new());
    }
    let store = session.store()?;
    let org = session.org(&store)?;
    Ok(store.providers(org.id)?)
}
