//! The fields that decisions rest on, and the edits that name the target's model.
//!
//! The URL names the model and says whether the answer is streamed. Some bodies name the model once more
//! (`model`, `generateContentRequest.model`, `requests[].model`): it must be the same there, and is edited
//! together. One pass over the top of the body; what stands below is passed over unread.

use super::wire::{At, Members, count, encode, list, object, span, string};
use crate::body::Body;
use crate::canonical::Complaint;
use crate::dialect::{Field, Peek, Target, UrlFacts};
use crate::types::Task;
use serde_json::value::RawValue;

/// Reads the fields that decisions rest on.
pub(super) fn peek(task: Task, body: &str, url: &UrlFacts) -> Result<Peek, Complaint> {
    let named = url.model.clone().unwrap_or_default();
    if named.is_empty() {
        return Err(At::Top
            .member("model")
            .invalid("is missing: the URL names it, as in /v1beta/models/MODEL:generateContent"));
    }
    for (raw, at) in models(task, body)? {
        if bare(&string(raw, &At::Member(&At::Top, &at))?) != named {
            let why = format!("names another model than the URL, which has `{named}`");
            return Err(At::Member(&At::Top, &at).invalid(&why));
        }
    }
    let top = At::Top;
    let mut members = request(task, body)?;
    let mut limit = None;
    let mut n = 1;
    let at = top.member("generationConfig");
    if let Some(mut config) = take_once(&mut members, "generationConfig")?.map(|raw| object(raw, &at)).transpose()? {
        if let Some(raw) = config.take("maxOutputTokens") {
            let value = count(raw, &at.member("maxOutputTokens"))?;
            limit = Some(Field { value, span: span(body, raw.get()) });
        }
        n = config.take_as("candidateCount", &at, count)?.unwrap_or(1).max(1);
    }
    let tools = take_once(&mut members, "tools")?;
    Ok(Peek {
        model: Field { value: named, span: 0..0 },
        stream: task == Task::Chat && url.stream.is_some(),
        include_usage: true,
        stream_options: None,
        max_output_tokens: limit,
        n,
        tools: tools.map(|raw| list(raw, &top.member("tools"))).transpose()?.is_some_and(|tools| !tools.is_empty()),
        first_member: body.find('{').map_or(0, |brace| brace + 1),
    })
}

/// The members of the request for an answer: a count of tokens may hold one whole.
pub(super) fn request(task: Task, body: &str) -> Result<Members<'_>, Complaint> {
    let top = At::Top;
    let mut members = Members::lenient(body, &top)?;
    if task == Task::CountTokens
        && let Some(raw) = take_once(&mut members, "generateContentRequest")?
    {
        return Members::lenient(object(raw, &top.member("generateContentRequest")).map(|_| raw.get())?, &top);
    }
    Ok(members)
}

fn take_once<'a>(members: &mut Members<'a>, name: &str) -> Result<Option<&'a RawValue>, Complaint> {
    if members.0.iter().filter(|(other, _)| other == name).count() > 1 {
        return Err(At::Top.member(name).invalid("stands there twice"));
    }
    Ok(members.take(name))
}

/// A model's id without the collection that it is in.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}

/// Where the body names the model, and the path of each place.
fn models(task: Task, body: &str) -> Result<Vec<(&RawValue, String)>, Complaint> {
    let top = At::Top;
    let mut members = Members::lenient(body, &top)?;
    let mut found = Vec::new();
    found.extend(take_once(&mut members, "model")?.map(|raw| (raw, "model".to_owned())));
    if task == Task::CountTokens
        && let Some(raw) = take_once(&mut members, "generateContentRequest")?
    {
        let at = top.member("generateContentRequest");
        found.extend(object(raw, &at)?.take("model").map(|raw| (raw, at.member("model").to_string())));
    }
    if task == Task::EmbeddingBatch
        && let Some(raw) = take_once(&mut members, "requests")?
    {
        let at = top.member("requests");
        for (index, raw) in list(raw, &at)?.into_iter().enumerate() {
            let at = at.item(index);
            found.extend(object(raw, &at)?.take("model").map(|raw| (raw, at.member("model").to_string())));
        }
    }
    Ok(found)
}

/// Names the target's model where the body names one, and changes nothing else.
pub(super) fn splice(task: Task, body: &mut Body, target: &Target<'_>) {
    let original = body.original().clone();
    let Ok(text) = std::str::from_utf8(&original) else { return };
    let wanted = format!("models/{}", target.model);
    for (raw, _) in models(task, text).unwrap_or_default() {
        let same = serde_json::from_str::<String>(raw.get()).is_ok_and(|name| bare(&name) == target.model);
        if !same {
            body.replace(span(text, raw.get()), encode(&wanted));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::StreamForm;
    use crate::records::Quirks;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn url(model: &str, stream: Option<StreamForm>) -> UrlFacts {
        UrlFacts { model: Some(model.to_owned()), stream }
    }

    fn spliced(task: Task, body: &str, model: &str) -> Bytes {
        let mut edited = Body::new(Bytes::copy_from_slice(body.as_bytes()));
        let quirks = Quirks::default();
        splice(task, &mut edited, &Target { model, max_output_tokens: None, quirks: &quirks });
        edited.finish()
    }

    #[test]
    fn the_url_names_the_model_and_the_body_the_rest() {
        let body = r#" {"contents":[],"generation_config":{"max_output_tokens":"64","candidateCount":2},"tools":[{}]}"#;
        let peek = peek(Task::Chat, body, &url("p/m:1", Some(StreamForm::JsonArray))).unwrap();
        assert_eq!((peek.model.value.as_str(), peek.model.span), ("p/m:1", 0..0));
        let limit = peek.max_output_tokens.unwrap();
        assert_eq!((limit.value, &body[limit.span]), (64, "\"64\""));
        assert_eq!((peek.stream, peek.tools, peek.n, peek.first_member), (true, true, 2, 2));
    }

    #[test]
    fn faults_are_named_by_place() {
        let fault = |task, body: &str| peek(task, body, &url("m", None)).unwrap_err().param.unwrap();
        assert_eq!(fault(Task::Chat, "[]"), "");
        assert_eq!(fault(Task::Chat, r#"{"model":"models/n"}"#), "model");
        assert_eq!(fault(Task::Chat, r#"{"tools":[],"tools":[]}"#), "tools");
        assert_eq!(fault(Task::Chat, r#"{"generationConfig":{},"generation_config":{}}"#), "generationConfig");
        assert_eq!(
            fault(Task::Chat, r#"{"generationConfig":{"maxOutputTokens":-1}}"#),
            "generationConfig.maxOutputTokens"
        );
        assert_eq!(
            fault(Task::EmbeddingBatch, r#"{"requests":[{"model":"models/m"},{"model":"n"}]}"#),
            "requests[1].model"
        );
        assert_eq!(peek(Task::Chat, "{}", &UrlFacts::default()).unwrap_err().param.unwrap(), "model");
    }

    #[test]
    fn every_place_that_names_the_model_is_edited() {
        let batch = r#"{"requests":[{"model":"models/p/m","content":1.0},{"content":2}]}"#;
        let expected = r#"{"requests":[{"model":"models/m","content":1.0},{"content":2}]}"#;
        assert_eq!(spliced(Task::EmbeddingBatch, batch, "m"), expected);
        let count = r#"{"generateContentRequest":{"model":"models/p/m","contents":[]}}"#;
        assert!(
            spliced(Task::CountTokens, count, "m").starts_with(br#"{"generateContentRequest":{"model":"models/m","#)
        );
        assert_eq!(spliced(Task::Chat, r#"{"a":1.0}"#, "m"), r#"{"a":1.0}"#);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in any::<String>(), cut in 0usize..90) {
            let whole = r#"{"model":"models/m","generationConfig":{"maxOutputTokens":1},"tools":[{"a":1}],"requests":[{}]}"#;
            for task in Task::ALL {
                let _ = peek(task, &body, &url("m", None));
                let _ = peek(task, whole.get(..cut.min(whole.len())).unwrap(), &url("m", None));
            }
        }
    }
}
