//! Likelihoods: Gemini's lists and the canonical form, `{"content":[{"token","logprob","bytes","top_logprobs"}]}`.
//!
//! Source: ai.google.dev, "Generating content" (`LogprobsResult`).

use super::wire::encode;
use crate::canonical::Json;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Result {
    top_candidates: Vec<Top>,
    chosen_candidates: Vec<Candidate>,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
struct Top {
    candidates: Vec<Candidate>,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Candidate {
    token: String,
    log_probability: f64,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
struct Content {
    content: Option<Vec<Token>>,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
struct Token {
    token: String,
    logprob: f64,
    bytes: Option<Vec<u8>>,
    top_logprobs: Vec<Alternative>,
}

#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
struct Alternative {
    token: String,
    logprob: f64,
    bytes: Option<Vec<u8>>,
}

/// The likelihoods of all pieces of an answer; none where there are none.
pub(super) fn read(pieces: &[Json]) -> Option<Json> {
    let mut content = Vec::new();
    for result in pieces.iter().filter_map(|piece| serde_json::from_str::<Result>(piece.get()).ok()) {
        let mut tops = result.top_candidates.into_iter();
        for chosen in result.chosen_candidates {
            let top = tops.next().unwrap_or_default().candidates.into_iter();
            let top_logprobs = top.map(|other| Alternative {
                bytes: Some(other.token.clone().into_bytes()),
                token: other.token,
                logprob: other.log_probability,
            });
            content.push(Token {
                bytes: Some(chosen.token.clone().into_bytes()),
                token: chosen.token,
                logprob: chosen.log_probability,
                top_logprobs: top_logprobs.collect(),
            });
        }
    }
    (!content.is_empty()).then(|| Json::of(&Content { content: Some(content) }).ok()).flatten()
}

/// The same in Gemini's words; none where they are in a form that has no content.
pub(super) fn write(logprobs: &Json) -> Option<String> {
    let content = serde_json::from_str::<Content>(logprobs.get()).ok()?.content?;
    let mut result = Result::default();
    for token in content {
        let top = token.top_logprobs.into_iter();
        let candidates = top.map(|other| Candidate { token: other.token, log_probability: other.logprob }).collect();
        result.top_candidates.push(Top { candidates });
        result.chosen_candidates.push(Candidate { token: token.token, log_probability: token.logprob });
    }
    Some(encode(&result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likelihoods_there_and_back() {
        let text = r#"{"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5}]}],"chosenCandidates":[{"token":"a","logProbability":-0.5}]}"#;
        let read = read(&[Json::parse(text.into()).unwrap()]).unwrap();
        let expected = r#"{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.5,"bytes":[97]}]}]}"#;
        assert_eq!((read.get(), write(&read).as_deref()), (expected, Some(text)));
        assert_eq!(super::read(&[]), None);
    }
}
