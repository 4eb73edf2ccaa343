//! Reads the fields that decisions rest on, and nothing else, in one pass over the body.

use super::brief;
use super::wire::{Obj, Str, Val, missing, not_an_object, span_of, twice};
use crate::canonical::Complaint;
use crate::dialect::{Field, Peek};
use crate::types::Task;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The fields, raw. Keys are compared unescaped, so that `"\u006dodel"` is `model` too.
#[derive(Default)]
struct Fields<'a> {
    model: Option<&'a RawValue>,
    stream: Option<&'a RawValue>,
    stream_options: Option<&'a RawValue>,
    max_tokens: Option<&'a RawValue>,
    max_completion_tokens: Option<&'a RawValue>,
    n: Option<&'a RawValue>,
    tools: Option<&'a RawValue>,
    functions: Option<&'a RawValue>,
    duplicate: Option<String>,
}

impl<'a> Fields<'a> {
    fn slot(&mut self, key: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match key {
            "model" => &mut self.model,
            "stream" => &mut self.stream,
            "stream_options" => &mut self.stream_options,
            "max_tokens" => &mut self.max_tokens,
            "max_completion_tokens" => &mut self.max_completion_tokens,
            "n" => &mut self.n,
            "tools" => &mut self.tools,
            "functions" => &mut self.functions,
            _ => return None,
        })
    }

    fn put<'de: 'a, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let Some(slot) = self.slot(key) else {
            map.next_value::<IgnoredAny>()?;
            return Ok(());
        };
        let earlier = slot.replace(map.next_value()?);
        if earlier.is_some() && self.duplicate.is_none() {
            self.duplicate = Some(key.to_owned());
        }
        Ok(())
    }
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
                    fields.put(&key, &mut map)?;
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Pick)
    }
}

/// Reads the decision fields of a request.
pub(super) fn peek(task: Task, body: &str) -> Result<Peek, Complaint> {
    match brief::peek(task, body) {
        Some(peek) => Ok(peek),
        None => in_full(task, body),
    }
}

fn in_full(task: Task, body: &str) -> Result<Peek, Complaint> {
    let fields: Fields<'_> = serde_json::from_str(body).map_err(|error| not_an_object(body, &error))?;
    if let Some(name) = &fields.duplicate {
        return Err(twice(name));
    }
    let model = value("model", fields.model).ok_or_else(|| missing("model"))?;
    let mut peek = Peek {
        model: Field { value: model.string()?, span: span_of(body, model.raw) },
        stream: false,
        include_usage: false,
        stream_options: None,
        max_output_tokens: None,
        n: 1,
        tools: false,
        first_member: body.find('{').map_or(0, |brace| brace + 1),
    };
    if peek.model.value.is_empty() {
        return Err(Complaint::invalid("model", "`model` is empty; name one, like `openai/gpt-5-mini`"));
    }
    // The other fields mean nothing to embeddings; whatever stands there is the provider's business.
    if task != Task::Embedding {
        rest(&fields, body, &mut peek)?;
    }
    Ok(peek)
}

fn value<'a>(name: &str, raw: Option<&'a RawValue>) -> Option<Val<'a>> {
    raw.filter(|raw| raw.get() != "null").map(|raw| Val { raw, path: name.to_owned() })
}

fn rest(fields: &Fields<'_>, body: &str, peek: &mut Peek) -> Result<(), Complaint> {
    if let Some(stream) = value("stream", fields.stream) {
        peek.stream = stream.boolean()?;
    }
    if let Some(n) = value("n", fields.n) {
        peek.n = n.whole_number()?;
    }
    if let Some(options) = value("stream_options", fields.stream_options) {
        peek.include_usage = include_usage(&mut options.object()?)?;
    }
    peek.stream_options = fields.stream_options.map(|raw| span_of(body, raw));
    peek.max_output_tokens = limit(fields, body)?;
    for (name, raw) in [("tools", fields.tools), ("functions", fields.functions)] {
        if let Some(list) = value(name, raw) {
            peek.tools |= is_filled(&list)?;
        }
    }
    Ok(())
}

/// Both names are checked; the newer one wins.
fn limit(fields: &Fields<'_>, body: &str) -> Result<Option<Field<u64>>, Complaint> {
    let mut limit = None;
    for (name, raw) in [("max_tokens", fields.max_tokens), ("max_completion_tokens", fields.max_completion_tokens)] {
        if let Some(given) = value(name, raw) {
            limit = Some(Field { value: given.whole_number()?, span: span_of(body, given.raw) });
        }
    }
    Ok(limit)
}

fn is_filled(list: &Val<'_>) -> Result<bool, Complaint> {
    if list.raw.get().starts_with('[') { Ok(!list.is_empty_array()) } else { Err(list.wrong("an array")) }
}

/// Takes `include_usage` out of `stream_options`.
pub(super) fn include_usage(options: &mut Obj<'_>) -> Result<bool, Complaint> {
    options.take("include_usage").map_or(Ok(false), |wanted| wanted.boolean())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Code;

    fn read(body: &str) -> Result<Peek, Complaint> {
        peek(Task::Chat, body)
    }

    #[test]
    fn reads_every_decision_field() {
        let body = r#" {"messages":[],"model":"openai/gpt-5","stream":true,"n":2,"max_tokens":7,
            "max_completion_tokens":9,"stream_options":{"include_usage":true},"tools":[{"type":"function"}]}"#;
        let peek = read(body).unwrap();
        assert_eq!(peek.model.value, "openai/gpt-5");
        assert_eq!(&body[peek.model.span.clone()], "\"openai/gpt-5\"");
        let limit = peek.max_output_tokens.clone().unwrap();
        assert_eq!((limit.value, &body[limit.span]), (9, "9"));
        assert_eq!(&body[peek.stream_options.clone().unwrap()], r#"{"include_usage":true}"#);
        assert!(peek.stream && peek.include_usage && peek.tools);
        assert_eq!((peek.n, peek.first_member), (2, 2));
    }

    #[test]
    fn null_is_not_there() {
        let peek = read(r#"{"model":"m","stream":null,"n":null,"max_tokens":null,"tools":null,"stream_options":null}"#);
        let peek = peek.unwrap();
        assert!(!peek.stream && !peek.tools && !peek.include_usage);
        assert_eq!((peek.n, peek.max_output_tokens), (1, None));
        assert!(peek.stream_options.is_some());
    }

    #[test]
    fn duplicates_are_refused_by_name_even_when_escaped() {
        for (body, name) in [
            (r#"{"model":"a","model":"b"}"#, "model"),
            (r#"{"model":"a","\u006dodel":"b"}"#, "model"),
            (r#"{"model":"a","stream":true,"str\u0065am":false}"#, "stream"),
            (
                r#"{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}"#,
                "stream_options.include_usage",
            ),
        ] {
            let complaint = read(body).unwrap_err();
            assert_eq!(complaint.code, Code::InvalidRequest);
            assert_eq!(complaint.param.as_deref(), Some(name), "{body}");
        }
    }

    #[test]
    fn complaints_name_the_place() {
        for (body, message) in [
            (r#"{"model":"m","stream":"yes"}"#, "`stream` must be true or false, not a string"),
            (r#"{"model":7}"#, "`model` must be a string, not a number"),
            (r#"{"model":"m","n":1.5}"#, "`n` must be a whole number, zero or more, not 1.5"),
            (r#"{"model":"m","max_tokens":-1}"#, "`max_tokens` must be a whole number, zero or more, not -1"),
            (r#"{"model":"m","tools":{}}"#, "`tools` must be an array, not an object"),
            (r#"{"model":"m","stream_options":[]}"#, "`stream_options` must be an object, not an array"),
            (r#"{"messages":[]}"#, "`model` is missing"),
            (r#"{"model":null}"#, "`model` is missing"),
            ("[1]", "the body must be a JSON object, not an array"),
        ] {
            assert_eq!(read(body).unwrap_err().message, message);
        }
        assert!(read("").unwrap_err().message.starts_with("the body is not valid JSON"));
        assert!(read(r#"{"model":"m"} x"#).unwrap_err().message.starts_with("the body is not valid JSON"));
        assert!(read(r#"{"model":"m","a":}"#).unwrap_err().message.contains("line 1 column"));
    }

    #[test]
    fn the_short_way_reads_what_the_long_way_reads() {
        let ordinary = [
            r#"{"model":"m","messages":[{"role":"user","content":"a\"b"}]}"#,
            r#" { "stream" : true , "model" : "a/b" , "n": 3, "tools":[{}], "functions":[] } "#,
            r#"{"model":"m","max_tokens":5,"max_completion_tokens":9,"stream_options":{"include_usage":true}}"#,
        ];
        for body in ordinary {
            assert_eq!(brief::peek(Task::Chat, body), Some(in_full(Task::Chat, body).unwrap()), "{body}");
        }
        for body in [
            r#"{"model":"a","model":"b"}"#,
            r#"{"model":"a","\u006dodel":"b"}"#,
            r#"{"model":"a","stream":true,"stream":false}"#,
            r#"{"model":"a"}}"#,
            r#"{"model":7}"#,
            r#"{"model":""}"#,
            r#"{"messages":[]}"#,
            r#"{"model":"a","n":-1}"#,
            r#"{"model":"a","messages":[1,]}"#,
        ] {
            assert_eq!(brief::peek(Task::Chat, body), None, "{body}");
        }
    }

    #[test]
    fn embeddings_have_a_model_only() {
        let peek = peek(Task::Embedding, r#"{"model":"m","input":"x","stream":"?"}"#).unwrap();
        assert!(!peek.stream);
    }
}
