//! Models, what they can do, and dated prices.
//!
//! The facts are a sorted text inside the program, `models.tsv`. A look-up is a binary search in it
//! and reads the one line it finds: nothing is loaded at start, and nothing is kept in memory.
//! `docs/catalogue.md` describes the format, and how the file is made.
//!
//! It knows no configured provider, no contract price and no arithmetic: [`crate::price`] adds up.

mod card;
mod model;
mod table;
#[cfg(test)]
mod tests;

pub use model::{Capabilities, Lifecycle, Match, Mode, Model};

/// The model that a vendor's API calls `model`, or the nearest one that the catalogue knows.
///
/// In this order, and [`Model::matched`] says which:
/// 1. the id itself, or another name of the same model;
/// 2. for a snapshot (`gpt-4o-2099-01-31`, `claude-x-20990131`, `claude-x@20990131`), the id without its date;
/// 3. for a model that somebody fine-tuned (`ft:gpt-4.1-mini-2025-04-14:acme::x1`), its base (`ft:gpt-4.1-mini-2025-04-14`),
///    by the same steps: vendors price all models tuned from one base alike;
/// 4. the vendor's `*`, where all its models are alike: what runs on one's own machine costs nothing.
///
/// None where the catalogue knows nothing: the price is unknown then, not zero.
pub fn find(vendor: &str, model: &str) -> Option<Model> {
    by_name(vendor, model)
        .or_else(|| by_name(vendor, tuning_base(model)?).map(|found| found.matched_by(Match::Base)))
        .or_else(|| table::named(vendor, "*").and_then(Model::parse).map(|found| found.matched_by(Match::Wildcard)))
}

/// Every model of a vendor, by id; other names of a model are left out, and so is `*`.
pub fn models(vendor: &str) -> impl Iterator<Item = Model> + use<> {
    table::lines_of(vendor).filter_map(Model::parse).filter(|model| model.id != "*")
}

/// Every vendor, by name.
pub fn vendors() -> impl Iterator<Item = &'static str> {
    table::vendors()
}

/// The day on which the facts were gathered, as `2026-01-31`.
pub fn as_of() -> &'static str {
    table::as_of()
}

fn by_name(vendor: &str, model: &str) -> Option<Model> {
    exact(vendor, model)
        .or_else(|| exact(vendor, without_date(model)?).map(|found| found.matched_by(Match::WithoutDate)))
}

fn exact(vendor: &str, model: &str) -> Option<Model> {
    let line = table::named(vendor, model).filter(|_| model != "*")?;
    match table::alias_target(line) {
        Some(id) => Some(Model::parse(table::named(vendor, id)?)?.matched_by(Match::Alias)),
        None => Model::parse(line),
    }
}

/// `ft:BASE` of `ft:BASE:ORGANISATION:SUFFIX:ID`.
fn tuning_base(model: &str) -> Option<&str> {
    let base = model.strip_prefix("ft:")?.split(':').next()?;
    model.get(.."ft:".len() + base.len()).filter(|name| *name != model)
}

/// An id without `-2026-01-31`, `-20260131` or `@20260131` at its end.
fn without_date(model: &str) -> Option<&str> {
    let is_date = |text: &str| {
        let bytes = text.as_bytes();
        match bytes.len() {
            8 => bytes.starts_with(b"20") && bytes.iter().all(u8::is_ascii_digit),
            10 => {
                bytes.iter().enumerate().all(|(at, b)| if at == 4 || at == 7 { *b == b'-' } else { b.is_ascii_digit() })
            }
            _ => false,
        }
    };
    [10, 8].into_iter().find_map(|length| {
        let start = model.len().checked_sub(length)?;
        let (name, date) = (model.get(..start)?, model.get(start..)?);
        name.strip_suffix(['-', '@']).filter(|name| !name.is_empty() && is_date(date))
    })
}
