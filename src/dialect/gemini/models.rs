//! Lists of models.
//!
//! Source: ai.google.dev, "Models".

use super::wire::{Object, array};
use crate::canonical::{Code, Complaint};
use crate::dialect::ModelCard;
use bytes::Bytes;
use serde::Deserialize;

/// All models on one page.
pub(super) fn list(models: &[ModelCard]) -> Bytes {
    let models: Vec<String> = models.iter().map(model).collect();
    Object::default().raw("models", array(&models)).finish().into()
}

/// One model.
pub(super) fn one(card: &ModelCard) -> Bytes {
    model(card).into()
}

fn model(card: &ModelCard) -> String {
    let methods = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"];
    Object::default()
        .put("name", &format!("models/{}", card.id))
        .put("baseModelId", &card.id)
        .put("version", "")
        .put("displayName", &card.id)
        .put("description", &format!("By the provider {}", card.owner))
        .put_some("inputTokenLimit", card.context_window.as_ref())
        .put_some("outputTokenLimit", card.max_output_tokens.as_ref())
        .put("supportedGenerationMethods", &methods)
        .finish()
}

/// The ids of a provider's list, without the collection that they are in.
pub(super) fn ids(body: &[u8]) -> Result<Vec<String>, Complaint> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default, alias = "publisherModels")]
        models: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        name: String,
    }
    let list: List = serde_json::from_slice(body).map_err(|error| {
        Complaint::new(Code::ProviderMalformed, format!("the provider's list of models cannot be read: {error}"))
    })?;
    // Vertex writes `publishers/google/models/ID`.
    let id = |name: String| name.rsplit_once("models/").map_or(name.clone(), |(_, id)| id.to_owned());
    Ok(list.models.into_iter().map(|entry| id(entry.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Time;
    use serde_json::{Value, json};

    #[test]
    fn lists_on_one_page_and_reads_it_back() {
        let card = ModelCard {
            id: "p/a".into(),
            owner: "p".into(),
            created: Time::from_millis(0),
            context_window: Some(1000),
            max_output_tokens: None,
        };
        let page = list(&[card]);
        let body: Value = serde_json::from_slice(&page).unwrap();
        assert_eq!(
            (&body["models"][0]["name"], &body["models"][0]["inputTokenLimit"]),
            (&json!("models/p/a"), &json!(1000))
        );
        assert_eq!(ids(&page).unwrap(), ["p/a"]);
        assert_eq!(ids(br#"{"publisherModels":[{"name":"publishers/google/models/g"}]}"#).unwrap(), ["g"]);
        assert_eq!(ids(b"{}").unwrap(), Vec::<String>::new());
        assert_eq!(ids(b"<html>").unwrap_err().code, Code::ProviderMalformed);
    }
}
