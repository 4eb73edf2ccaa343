//! Lists of models, in the protocol's shape, and what a model is.

use super::complaint::malformed;
use crate::canonical::Complaint;
use crate::dialect::json::to_vec;
use crate::dialect::{Ability, ModelCard};
use crate::types::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

#[derive(Serialize)]
struct List<'a> {
    models: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    model: &'a str,
    modified_at: Time,
    size: u64,
    /// Clients show its beginning; of a model that is not here there is none, so it is one of the name.
    digest: String,
    details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    parent_model: &'static str,
    format: &'static str,
    family: &'a str,
    families: [&'a str; 1],
    parameter_size: &'static str,
    quantization_level: &'static str,
}

fn details(card: &ModelCard) -> Details<'_> {
    Details {
        parent_model: "",
        format: "",
        family: &card.owner,
        families: [&card.owner],
        parameter_size: "",
        quantization_level: "",
    }
}

/// Writes the list.
pub(super) fn list(cards: &[ModelCard]) -> Bytes {
    let models = cards.iter().map(|card| Model {
        name: &card.id,
        model: &card.id,
        modified_at: card.created,
        size: 0,
        digest: Sha256::digest(card.id.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect(),
        details: details(card),
    });
    to_vec(&List { models: models.collect() }).into()
}

#[derive(Serialize)]
struct Show<'a> {
    modelfile: String,
    parameters: String,
    template: &'static str,
    details: Details<'a>,
    model_info: Map<String, Value>,
    capabilities: Vec<&'static str>,
    modified_at: Time,
}

/// Writes what `api/show` says of a model.
pub(super) fn one(card: &ModelCard) -> Bytes {
    let mut model_info = Map::new();
    model_info.insert("general.architecture".into(), json!(card.owner));
    model_info.insert("general.basename".into(), json!(card.id));
    if let Some(window) = card.context_window {
        model_info.insert(format!("{}.context_length", card.owner), json!(window));
    }
    let show = Show {
        modelfile: format!("FROM {}\n", card.id),
        parameters: card.max_output_tokens.map(|most| format!("num_predict {most}")).unwrap_or_default(),
        template: "",
        details: details(card),
        model_info,
        capabilities: card.abilities.iter().filter_map(|ability| word(*ability)).collect(),
        modified_at: card.created,
    };
    to_vec(&show).into()
}

fn word(ability: Ability) -> Option<&'static str> {
    Some(match ability {
        Ability::Chat => "completion",
        Ability::Embedding => "embedding",
        Ability::Tools => "tools",
        Ability::Vision => "vision",
        Ability::Thinking => "thinking",
    })
}

/// Writes a token count; the protocol has none of its own, so it is named as answers name it.
pub(super) fn token_count(input_tokens: u64) -> Bytes {
    to_vec(&json!({"prompt_eval_count": input_tokens})).into()
}

/// Reads the names of a provider's models.
pub(super) fn read_ids(body: &[u8]) -> Result<Vec<String>, Complaint> {
    #[derive(Deserialize)]
    struct Tags {
        models: Vec<Tag>,
    }
    #[derive(Deserialize)]
    struct Tag {
        #[serde(alias = "name")]
        model: String,
    }
    #[derive(Deserialize)]
    struct Named {
        models: Vec<Name>,
    }
    #[derive(Deserialize)]
    struct Name {
        name: String,
    }
    // Both names stand in each entry, older versions have one of them.
    let named: Result<Named, _> = serde_json::from_slice(body);
    if let Ok(named) = named {
        return Ok(named.models.into_iter().map(|entry| entry.name).collect());
    }
    let tags: Tags = serde_json::from_slice(body).map_err(|error| malformed("list of models", body, &error))?;
    Ok(tags.models.into_iter().map(|entry| entry.model).collect())
}
