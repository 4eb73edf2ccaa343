//! Reads the fields that decisions rest on, and edits them for a target of the same protocol.

use super::seal;
use super::wire::{Str, Val, missing, not_an_object, span_of, to_vec, twice};
use crate::body::Body;
use crate::canonical::Complaint;
use crate::dialect::{Field, Peek, Target};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

const NAMES: [&str; 5] = ["model", "stream", "max_output_tokens", "tools", "input"];

/// The fields, raw, in the order of [`NAMES`]. Keys are compared unescaped.
#[derive(Default)]
struct Fields<'a> {
    values: [Option<&'a RawValue>; NAMES.len()],
    duplicate: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        struct Pick;
        impl<'de> Visitor<'de> for Pick {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(Str(key)) = map.next_key()? {
                    let Some(place) = NAMES.iter().position(|name| *name == key) else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if fields.values[place].replace(map.next_value()?).is_some() {
                        fields.duplicate.get_or_insert(NAMES[place]);
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Pick)
    }
}

/// Reads the decision fields of a request.
pub(super) fn peek(body: &str) -> Result<Peek, Complaint> {
    let fields: Fields<'_> = serde_json::from_str(body).map_err(|error| not_an_object(body, &error))?;
    if let Some(name) = fields.duplicate {
        return Err(twice(name));
    }
    let value = |place: usize| {
        let raw = fields.values[place].filter(|raw| raw.get() != "null")?;
        Some(Val { raw, path: NAMES[place].to_owned() })
    };
    let model = value(0).ok_or_else(|| missing("model"))?;
    let mut peek = Peek {
        model: Field { value: model.string()?, span: span_of(body, model.raw) },
        stream: value(1).map_or(Ok(false), |stream| stream.boolean())?,
        include_usage: true,
        stream_options: None,
        max_output_tokens: None,
        n: 1,
        tools: false,
        first_member: body.find('{').map_or(0, |brace| brace + 1),
    };
    if peek.model.value.is_empty() {
        return Err(Complaint::invalid("model", "`model` is empty; name one, like `openai/gpt-5-mini`"));
    }
    if let Some(limit) = value(2) {
        peek.max_output_tokens = Some(Field { value: limit.whole_number()?, span: span_of(body, limit.raw) });
    }
    if let Some(tools) = value(3) {
        peek.tools = !tools.items()?.is_empty();
    }
    Ok(peek)
}

/// Names the target's model, and takes out thoughts that another protocol's provider sealed: this one would
/// refuse the whole request for them.
pub(super) fn splice(body: &mut Body, peek: &Peek, target: &Target<'_>) {
    if peek.model.value != target.model {
        body.replace(peek.model.span.clone(), to_vec(&target.model));
    }
    let original = body.original().clone();
    let Ok(text) = std::str::from_utf8(&original) else { return };
    if !seal::may_hold_foreign(text) {
        return;
    }
    let fields: Option<Fields<'_>> = serde_json::from_str(text).ok();
    let input = fields.and_then(|fields| fields.values[4]);
    let Some(items) = input.and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()) else { return };
    let kept = |raw: &&&RawValue| !seal::is_foreign(raw.get());
    if items.iter().filter(kept).count() < items.len() {
        let list: Vec<&str> = items.iter().filter(kept).map(|raw| raw.get()).collect();
        body.replace(input.map(|raw| span_of(text, raw)).unwrap_or_default(), format!("[{}]", list.join(",")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Quirks;
    use bytes::Bytes;

    fn spliced(body: &str, model: &str) -> String {
        let quirks = Quirks::default();
        let mut edited = Body::new(Bytes::copy_from_slice(body.as_bytes()));
        splice(&mut edited, &peek(body).unwrap(), &Target { model, max_output_tokens: None, quirks: &quirks });
        String::from_utf8(edited.finish().to_vec()).unwrap()
    }

    #[test]
    fn reads_every_decision_field() {
        let body = r#" {"model":"openai/gpt-5","input":"x","stream":true,"max_output_tokens":7,"tools":[{"type":"web_search"}]}"#;
        let peek = peek(body).unwrap();
        assert_eq!((peek.model.value.as_str(), &body[peek.model.span.clone()]), ("openai/gpt-5", "\"openai/gpt-5\""));
        let limit = peek.max_output_tokens.clone().unwrap();
        assert_eq!((limit.value, &body[limit.span]), (7, "7"));
        assert!(peek.stream && peek.tools && peek.include_usage);
        assert_eq!((peek.n, peek.first_member), (1, 2));
    }

    #[test]
    fn complaints_name_the_place() {
        for (body, param) in [
            (r#"{"input":"x"}"#, "model"),
            (r#"{"model":""}"#, "model"),
            (r#"{"model":"m","stream":1}"#, "stream"),
            (r#"{"model":"m","max_output_tokens":"9"}"#, "max_output_tokens"),
            (r#"{"model":"m","tools":{}}"#, "tools"),
            (r#"{"model":"m","mod\u0065l":"n"}"#, "model"),
            (r#"{"model":"m","input":"a","input":"b"}"#, "input"),
        ] {
            assert_eq!(peek(body).unwrap_err().param.as_deref(), Some(param), "{body}");
        }
    }

    #[test]
    fn all_but_the_model_stays_byte_for_byte() {
        let body = r#"{ "zz":1.50,"input":[ {"role":"user","content":"\u0041"} ], "model" :"p/m" }"#;
        assert_eq!(spliced(body, "m"), body.replace("p/m", "m"));
    }

    #[test]
    fn thoughts_of_other_providers_are_taken_out() {
        let foreign = format!(r#"{{"type":"reasoning","summary":[],"encrypted_content":"{}"}}"#, seal::wrap("sig"));
        let own = r#"{"type":"reasoning","summary":[],"encrypted_content":"gAAA"}"#;
        let body = format!(r#"{{"model":"m","input":[{own}, {foreign},"x"],"a":1}}"#);
        assert_eq!(spliced(&body, "m"), format!(r#"{{"model":"m","input":[{own},"x"],"a":1}}"#));
    }
}
