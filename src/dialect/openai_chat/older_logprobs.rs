//! Likelihoods as the older endpoint has them: lists side by side, one place a token.
//!
//! Source: platform.openai.com, "Completions" (`logprobs`).

use crate::canonical::Json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number};

#[derive(Deserialize)]
struct Whole {
    content: Vec<Token>,
}

#[derive(Deserialize)]
struct Token {
    token: String,
    logprob: Number,
    #[serde(default)]
    top_logprobs: Vec<Token>,
}

#[derive(Serialize, Default)]
struct Older {
    tokens: Vec<String>,
    token_logprobs: Vec<Number>,
    top_logprobs: Vec<Map<String, serde_json::Value>>,
    /// Where each token begins in the text, in characters.
    text_offset: Vec<usize>,
}

/// The same likelihoods in the older form; none where they are in no form that is known. What has the older form
/// already stays as it is.
pub(super) fn of(given: &Json) -> Option<Json> {
    #[derive(Deserialize)]
    struct Known {
        token_logprobs: Option<serde::de::IgnoredAny>,
    }
    if serde_json::from_str::<Known>(given.get()).ok()?.token_logprobs.is_some() {
        return Some(given.clone());
    }
    let whole: Whole = serde_json::from_str(given.get()).ok()?;
    let (mut older, mut offset) = (Older::default(), 0);
    for token in whole.content {
        older.text_offset.push(offset);
        offset += token.token.chars().count();
        let top = token.top_logprobs.into_iter().map(|other| (other.token, other.logprob.into()));
        older.top_logprobs.push(top.collect());
        older.tokens.push(token.token);
        older.token_logprobs.push(token.logprob);
    }
    Json::of(&older).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stand_side_by_side() {
        let given = r#"{"content":[{"token":"é ","logprob":-0.5,"bytes":[1],"top_logprobs":[{"token":"e","logprob":-1}]},{"token":"b","logprob":-0.25}]}"#;
        let older = of(&Json::parse(given.into()).unwrap()).unwrap();
        let expected =
            r#"{"tokens":["é ","b"],"token_logprobs":[-0.5,-0.25],"top_logprobs":[{"e":-1},{}],"text_offset":[0,2]}"#;
        assert_eq!(older.get(), expected);
        assert_eq!(of(&older), Some(older.clone()));
        assert_eq!(of(&Json::empty_object()), None);
    }
}
