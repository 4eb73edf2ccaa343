//! Lists of models in Anthropic's shape.

use super::wire::{Object, array, encode};
use crate::dialect::ModelCard;
use bytes::Bytes;

/// The list: all on one page.
pub(super) fn list(models: &[ModelCard]) -> Bytes {
    let data: Vec<String> = models.iter().map(model_object).collect();
    Object::default()
        .raw("data", array(&data))
        .put("has_more", &false)
        .raw("first_id", encode(&models.first().map(|model| &model.id)))
        .raw("last_id", encode(&models.last().map(|model| &model.id)))
        .finish()
        .into()
}

/// One model.
pub(super) fn one(model: &ModelCard) -> Bytes {
    model_object(model).into()
}

fn model_object(model: &ModelCard) -> String {
    Object::of("model")
        .put("id", &model.id)
        .put("display_name", &model.id)
        .put("created_at", &model.created)
        .put_some("max_input_tokens", model.context_window.as_ref())
        .put_some("max_tokens", model.max_output_tokens.as_ref())
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Time;
    use serde_json::{Value, json};

    #[test]
    fn lists_on_one_page() {
        let card = |id: &str| ModelCard {
            id: id.into(),
            owner: "p".into(),
            created: Time::from_millis(0),
            context_window: Some(200_000),
            max_output_tokens: None,
            abilities: Vec::new(),
        };
        let body: Value = serde_json::from_slice(&list(&[card("p/a"), card("p/b")])).unwrap();
        assert_eq!(
            body["data"][0],
            json!({"type": "model", "id": "p/a", "display_name": "p/a", "created_at": "1970-01-01T00:00:00.000Z", "max_input_tokens": 200_000})
        );
        assert_eq!(
            (&body["first_id"], &body["last_id"], &body["has_more"]),
            (&json!("p/a"), &json!("p/b"), &json!(false))
        );
        let empty: Value = serde_json::from_slice(&list(&[])).unwrap();
        assert_eq!(empty, json!({"data": [], "has_more": false, "first_id": null, "last_id": null}));
    }
}
