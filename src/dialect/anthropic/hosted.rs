//! Anthropic's messages at a cloud: the model stands in the URL, and the version in the body.
//!
//! Source: platform.claude.com, "Claude on Vertex AI", "Claude on Amazon Bedrock".

use super::wire::{At, Members, encode, span};
use crate::body::Body;
use crate::dialect::Peek;
use crate::records::Hosted;
use crate::types::Task;
use bytes::Bytes;
use http::HeaderMap;
use std::ops::Range;

const VERSION: &str = "anthropic_version";
const BETAS: &str = "anthropic_beta";

/// Takes out what the URL says, and says the version. All else stays byte for byte.
pub(super) fn splice(task: Task, body: &mut Body, peek: &Peek, hosted: &Hosted) {
    let original = body.original().clone();
    let Ok(text) = std::str::from_utf8(&original) else { return };
    let Ok(members) = Members::lenient(text, &At::Top) else { return };
    let version = format!("\"{VERSION}\":{}", encode(&hosted.version));
    let has_version = members.0.iter().any(|(name, _)| name == VERSION);
    // Where tokens are counted there is one URL for all models.
    let keeps_model = task == Task::CountTokens;
    let stream = members.0.iter().find(|(name, _)| name == "stream" && !hosted.stream);
    let stream = stream.map(|(_, raw)| with_comma(text, member(text, span(text, raw.get()))));
    let model = member(text, peek.model.span.clone());
    match (keeps_model, has_version) {
        (true, true) => {}
        (true, false) => drop(body.insert(peek.first_member, format!("{version},"))),
        // In the place of the model, so that no comma is to be cared for.
        (false, false) => drop(body.replace(model, version)),
        (false, true) if stream.is_some() => {
            // Two that go may share a comma.
            let kept = members.0.iter().filter(|(name, _)| !matches!(name.as_ref(), "model" | "stream"));
            let kept: Vec<String> = kept.map(|(name, raw)| format!("{}:{}", encode(name), raw.get())).collect();
            body.replace(0..text.len(), format!("{{{}}}", kept.join(",")));
            return;
        }
        (false, true) => drop(body.replace(with_comma(text, model), "")),
    }
    if let Some(stream) = stream {
        body.replace(stream, "");
    }
}

/// The features of a caller's header `anthropic-beta`, in the body: AWS takes them there.
pub(super) fn with_betas(body: Bytes, headers: &HeaderMap) -> Bytes {
    let said = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    let betas: Vec<&str> =
        said.flat_map(|value| value.split(',')).map(str::trim).filter(|beta| !beta.is_empty()).collect();
    let Ok(text) = std::str::from_utf8(&body) else { return body };
    let members = Members::lenient(text, &At::Top).map(|members| members.0).unwrap_or_default();
    let has_own = members.iter().any(|(name, _)| name == BETAS);
    if betas.is_empty() || members.is_empty() || has_own {
        return body;
    }
    let first = text.find('{').map_or(0, |brace| brace + 1);
    let mut edited = Body::new(body.clone());
    edited.insert(first, format!("\"{BETAS}\":{},", encode(&betas)));
    edited.finish()
}

/// Where a member stands, by where its value stands. Its name has no quotation mark in it.
fn member(text: &str, value: Range<usize>) -> Range<usize> {
    let closing = text[..value.start].rfind('"').unwrap_or_default();
    text[..closing].rfind('"').unwrap_or_default()..value.end
}

/// A member with the comma that must go with it: the one behind it, else the one before.
fn with_comma(text: &str, member: Range<usize>) -> Range<usize> {
    let behind = text[member.end..].trim_start();
    if behind.starts_with(',') {
        return member.start..text.len() - behind.len() + 1;
    }
    let before = text[..member.start].trim_end();
    let start = if before.ends_with(',') { before.len() - 1 } else { member.start };
    start..member.end
}

#[cfg(test)]
mod tests {
    use super::super::peek::peek;
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn spliced(task: Task, body: &str, hosted: &Hosted) -> String {
        let peek = peek(task, body).unwrap();
        let mut edited = Body::new(Bytes::copy_from_slice(body.as_bytes()));
        splice(task, &mut edited, &peek, hosted);
        String::from_utf8(edited.finish().to_vec()).unwrap()
    }

    fn vertex() -> Hosted {
        Hosted { version: "v1".to_owned(), stream: true, binary: false }
    }

    #[test]
    fn the_version_takes_the_place_of_the_model() {
        for (body, expected) in [
            (r#"{ "model" : "m", "max_tokens":1,"x":1.50}"#, r#"{ "anthropic_version":"v1", "max_tokens":1,"x":1.50}"#),
            (r#"{"max_tokens":1,"\u006dodel":"m"}"#, r#"{"max_tokens":1,"anthropic_version":"v1"}"#),
            (
                r#"{"anthropic_version":"own","max_tokens":1 , "model":"m"}"#,
                r#"{"anthropic_version":"own","max_tokens":1 }"#,
            ),
            (
                r#"{"model":"m","max_tokens":1,"stream":true,"anthropic_version":"own"}"#,
                r#"{"max_tokens":1,"stream":true,"anthropic_version":"own"}"#,
            ),
        ] {
            assert_eq!(spliced(Task::Chat, body, &vertex()), expected);
        }
    }

    #[test]
    fn where_tokens_are_counted_the_model_stays() {
        assert_eq!(
            spliced(Task::CountTokens, r#"{"model":"m","messages":[]}"#, &vertex()),
            r#"{"anthropic_version":"v1","model":"m","messages":[]}"#
        );
    }

    #[test]
    fn features_of_the_header_go_into_the_body() {
        let mut headers = HeaderMap::new();
        let with = |headers: &HeaderMap, body: &'static str| with_betas(Bytes::from_static(body.as_bytes()), headers);
        assert_eq!(with(&headers, "{\"a\":1}"), "{\"a\":1}");
        headers.append("anthropic-beta", "one, two".parse().unwrap());
        headers.append("anthropic-beta", "three".parse().unwrap());
        assert_eq!(with(&headers, "{ \"a\":1}"), "{\"anthropic_beta\":[\"one\",\"two\",\"three\"], \"a\":1}");
        assert_eq!(with(&headers, "{\"anthropic_beta\":[]}"), "{\"anthropic_beta\":[]}");
    }

    proptest! {
        #[test]
        fn what_is_left_is_json_and_the_same(
            order in Just(vec![r#""model":"m""#, r#""max_tokens":1"#, r#""stream" : true"#, r#""a":"x,\",""#, r#""anthropic_version":"own""#]).prop_shuffle(),
            leave in any::<bool>(), space in "[ \n]{0,2}", stream in any::<bool>(),
        ) {
            let kept: Vec<&str> = order.into_iter().filter(|member| !leave || !member.contains("own")).collect();
            let body = format!("{{{space}{}{space}}}", kept.join(&format!("{space},{space}")));
            let hosted = Hosted { stream, ..vertex() };
            let after: Value = serde_json::from_str(&spliced(Task::Chat, &body, &hosted)).unwrap();
            let mut expected: Value = serde_json::from_str(&body).unwrap();
            let members = expected.as_object_mut().unwrap();
            members.remove("model");
            if !stream {
                members.remove("stream");
            }
            members.entry("anthropic_version").or_insert("v1".into());
            prop_assert_eq!(after, expected);
        }
    }
}
