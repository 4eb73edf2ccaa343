//! Lists of models, in the protocol's shape.

use super::json::to_vec;
use crate::dialect::ModelCard;
use bytes::Bytes;
use serde::Serialize;

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

/// The protocol's four members, then two more that vendors add and clients look for.
#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    owned_by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_window: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
}

fn model(card: &ModelCard) -> Model<'_> {
    Model {
        id: &card.id,
        object: "model",
        created: card.created.millis() / 1000,
        owned_by: &card.owner,
        context_window: card.context_window,
        max_output_tokens: card.max_output_tokens,
    }
}

/// Writes the list.
pub(super) fn list(cards: &[ModelCard]) -> Bytes {
    to_vec(&List { object: "list", data: cards.iter().map(model).collect() }).into()
}

/// Writes one model.
pub(super) fn one(card: &ModelCard) -> Bytes {
    to_vec(&model(card)).into()
}

/// Writes a token count, in the shape of OpenAI's `responses/input_tokens`; chat has none of its own.
pub(super) fn token_count(input_tokens: u64) -> Bytes {
    #[derive(Serialize)]
    struct Tokens {
        object: &'static str,
        input_tokens: u64,
    }
    to_vec(&Tokens { object: "response.input_tokens", input_tokens }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Time;
    use serde_json::{Value, json};

    #[test]
    fn lists_models() {
        let card = ModelCard {
            id: "openai/gpt-5".into(),
            owner: "openai".into(),
            created: Time::from_millis(1_754_524_800_000),
            context_window: Some(400_000),
            max_output_tokens: None,
            abilities: Vec::new(),
        };
        let expected = json!({"id": "openai/gpt-5", "object": "model", "created": 1_754_524_800, "owned_by": "openai",
            "context_window": 400_000});
        assert_eq!(serde_json::from_slice::<Value>(&one(&card)).unwrap(), expected);
        let all = json!({"object": "list", "data": [expected]});
        assert_eq!(serde_json::from_slice::<Value>(&list(&[card])).unwrap(), all);
    }
}
