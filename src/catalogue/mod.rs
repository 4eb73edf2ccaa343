//! Models, what they can do, and dated prices.
//!
//! The facts are a sorted text inside the program, `models.tsv`. A look-up is a binary search in it
//! and reads the one line it finds: nothing is loaded at start, and nothing is kept in memory.
//! `docs/catalogue.md` describes the format, and how the file is made.
//!
//! It knows no configured provider and no arithmetic: [`crate::price`] adds up. Prices by contract are given to it.

mod card;
mod contract;
mod model;
mod table;
#[cfg(test)]
mod tests;

pub use contract::{Agreed, Agreement, agreement};
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

/// Reads newer facts, and uses them from now on where they are newer than the program's own. To be called before anything
/// else of the catalogue is used; a second call changes nothing.
///
/// # Errors
/// What is wrong with the text.
pub fn load(text: String) -> Result<Facts, String> {
    let facts = check(&text)?;
    if facts.as_of.as_str() > table::embedded_as_of() {
        table::use_instead(text);
    }
    Ok(facts)
}

/// What a list of facts holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The day of the facts.
    pub as_of: String,
    /// How many models it has.
    pub models: usize,
}

/// Checks a list of facts whole: its day, the order of its lines, and that each can be read.
///
/// # Errors
/// The first line that is wrong, and what is wrong with it.
pub fn check(text: &str) -> Result<Facts, String> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let day = first.strip_prefix("#\t").filter(|day| crate::types::Time::parse(day).is_some() && day.len() == 10);
    let Some(day) = day else { return Err("line 1 is not `#`, a tab and a day like 2026-11-22".to_owned()) };
    let (mut before, mut models) = ("", 0);
    for (number, line) in rest.lines().enumerate().map(|(index, line)| (index + 2, line)) {
        if line <= before {
            return Err(format!("line {number} does not sort behind the line before it"));
        }
        before = line;
        if let Some(target) = table::alias_target(line) {
            let vendor = line.split('\t').next().unwrap_or_default();
            if !rest.contains(&format!("{vendor}\t{target}\t")) {
                return Err(format!("line {number} is another name of `{target}`, which the list does not have"));
            }
        } else if !Model::can_be_read(line) {
            return Err(format!("line {number} is no model: {}", line.chars().take(60).collect::<String>()));
        } else {
            models += 1;
        }
    }
    Ok(Facts { as_of: day.to_owned(), models })
}

/// The day of the facts that the program brings along.
pub fn embedded_as_of() -> &'static str {
    table::embedded_as_of()
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
