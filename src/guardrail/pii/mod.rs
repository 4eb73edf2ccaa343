//! `pii`: what belongs to a person, by pattern, check sum and context; one file a family of entities.

mod account;
mod birth;
mod contact;
mod digits;
mod europe;
mod network;
mod number;
mod phone;
mod wallet;
mod world;

use super::rule::Rule;
use super::scanner::Spans;
use super::settings::{SettingError, Settings};
use super::{Check, Family, Kind, Setting};

/// The type.
pub const KIND: Kind = Kind {
    name: "pii",
    about: "e-mail, payment cards, IBAN, national ids, addresses of machines and other data of persons",
    how: "Finds each entity by its form, and where it has one by its check sum; forms that other numbers share need a word \
          beside them that says what they are (`SSN 123 45 6789`). Names and postal addresses have no form: a registered \
          model finds them (type model-judge). Decides for certain; there is no score.",
    family: Family::Span,
    scores: false,
    threshold: 0.5,
    settings: &SETTINGS,
    build,
};

/// The label of the one entity that may begin with a small number between words.
pub(super) const BIRTH: &str = birth::LABEL;

/// An entity: the name of its switch, and its rules.
struct Entity {
    name: &'static str,
    about: &'static str,
    rules: &'static [Rule],
}

const ENTITIES: [&Entity; 28] = [
    &contact::EMAIL,
    &account::CARD,
    &account::IBAN,
    &number::SSN,
    &world::PASSPORT,
    &europe::UK,
    &europe::SPAIN,
    &europe::ITALY,
    &world::AUSTRALIA,
    &europe::GERMANY,
    &europe::FRANCE,
    &europe::EUROPE,
    &europe::POLAND,
    &europe::NORDIC,
    &europe::BENELUX,
    &europe::ALPINE,
    &world::INDIA,
    &world::SINGAPORE,
    &world::KOREA,
    &world::BRAZIL,
    &world::AMERICAS,
    &world::ASIA,
    &world::AFRICA,
    &network::IP,
    &network::MAC,
    &wallet::WALLET,
    &birth::BIRTH,
    // What fits another entity, too, is more surely that one.
    &phone::PHONE,
];

const SETTINGS: [Setting; ENTITIES.len() + 1] = settings();

const fn settings() -> [Setting; ENTITIES.len() + 1] {
    const ONLY: Setting = Setting {
        name: "only",
        default: "",
        about: "the entities that are looked for, separated by commas; all where it is empty",
    };
    let mut all = [ONLY; ENTITIES.len() + 1];
    let mut place = 0;
    while place < ENTITIES.len() {
        all[place + 1] = Setting { name: ENTITIES[place].name, default: "on", about: ENTITIES[place].about };
        place += 1;
    }
    all
}

fn build(settings: &Settings) -> Result<Check, SettingError> {
    let only = settings.list("only");
    if let Some(unknown) = only.iter().find(|name| !ENTITIES.iter().any(|entity| entity.name == **name)) {
        let all: Vec<&str> = ENTITIES.iter().map(|entity| entity.name).collect();
        return Err(SettingError::new(
            "only",
            format!("there is no entity `{unknown}`; there are: {}", all.join(", ")),
        ));
    }
    let mut rules = Vec::new();
    for entity in ENTITIES {
        let is_on = settings.switch(entity.name)? && (only.is_empty() || only.contains(&entity.name));
        rules.extend(is_on.then_some(entity.rules).into_iter().flatten());
    }
    if rules.is_empty() {
        return Err(SettingError::new("only", "no entity is left to look for"));
    }
    Ok(Check::Span(Spans { rules, ..Spans::default() }))
}
